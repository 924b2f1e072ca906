//! Facts about answers, for texts in which `|` is where the cursor stands.

use super::*;

const ENTITIES: &str = "\
project: p
config: { calendar: \"\" }
secrets: [token]
---
entity: Slot
attributes:
  places: int
  owner: { type: string, optional: true, description: Who rents it. }
---
workflow: other
input: { a: string }
activities: [{ activity: x, steps: [commit] }]
";

/// The index, and the offset of the cursor in `a.yaml`.
fn index(text: &str) -> (Index, usize) {
    let offset = text.find('|').expect("the text has a cursor");
    let mut index = Index::default();
    index.set(Source::new("e.yaml", ENTITIES));
    index.set(Source::new("a.yaml", text.replacen('|', "", 1)));
    (index, offset)
}

fn labels(text: &str) -> Vec<String> {
    let (index, offset) = index(text);
    index.completions("a.yaml", offset).into_iter().map(|found| found.label).collect()
}

#[track_caller]
fn offers(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let labels = labels(text);
    for label in wanted {
        assert!(labels.iter().any(|found| found == label), "no `{label}` in {labels:?} of {text}");
    }
    for label in unwanted {
        assert!(labels.iter().all(|found| found != label), "`{label}` in {labels:?} of {text}");
    }
}

/// A workflow with these lines as its only activity.
fn activity(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    let lines = lines.concat();
    format!("workflow: w\ninput: {{ day: string }}\nactivities:\n  - activity: a\n{lines}")
}

#[test]
fn keys_are_offered_where_they_can_stand() {
    offers("|", &["workflow", "entity", "project"], &[]);
    offers("workflow: w\n|", &["input", "activities"], &["workflow", "attributes"]);
    offers("entity: E\nattr|\n", &["attributes", "unique"], &["input"]);
    offers(&activity("|"), &["steps", "exclusive_lock", "when"], &["activity", "load"]);
    offers(&activity("exclusive_lock:\n  |"), &["context", "scope"], &["steps"]);
    offers(&activity("exclusive_lock: { scope: system, | }"), &["context"], &["scope", "steps"]);
    offers(&activity("exclusive_lock: {|"), &["context", "scope"], &["steps"]);
    offers("workflow: w\nexclusive_lock: { | }", &["context", "while_waiting"], &["steps"]);
    offers(&activity("steps:\n  - |"), &["load", "http", "for_each", "commit"], &["context"]);
    offers(&activity("steps:\n  - lo|\n  - commit"), &["load", "log"], &[]);
    offers(&activity("steps:\n  - load: { | }"), &["entity", "id"], &["load"]);
    offers(
        &activity("steps:\n  - http: { url: 'http://x' }\n    |"),
        &["as", "timeout", "retry", "when"],
        &["load", "http", "set"],
    );
    offers(&activity("steps:\n  - create: Slot\n    set: { | }"), &["places", "owner"], &["id"]);
    offers(&activity("steps:\n  - workflow: { call: other, input: { | } }"), &["a"], &[]);
    offers(&activity("allow:\n  |"), &["unused-name"], &["unknown-key"]);
}

#[test]
fn values_are_offered_where_they_can_stand() {
    offers(&activity("on_conflict: |"), &["retry", "fail", "force"], &["system"]);
    offers(&activity("exclusive_lock: { scope: wo| }"), &["system", "workflow"], &[]);
    offers(&activity("exclusive_lock: { mode: | }"), &["exclusive", "shared"], &[]);
    offers(&activity("exclusive_lock: { while_waiting: | }"), &["hold", "release"], &[]);
    offers("workflow: w\nexclusive_lock: { while_waiting: | }", &["hold"], &["release"]);
    offers("workflow: w\nexclusive_lock: { scope: | }", &["workflow"], &["activity"]);
    offers(&activity("timeout: |"), &["5s", "1m"], &[]);
    offers(&activity("next: { goto: | }"), &["a", "end"], &["other"]);
    offers(&activity("catch:\n  - error: |"), &["*", "data.conflict"], &[]);
    offers(&activity("steps:\n  - load: { entity: | }"), &["Slot"], &["w"]);
    offers(&activity("steps:\n  - workflow: { call: | }"), &["other", "w"], &["Slot"]);
    offers(&activity("steps:\n  - find: { entity: Slot, order_by: | }"), &["places"], &[]);
    offers("entity: E\nattributes:\n  a: |\n", &["string", "int", "ref<Slot>"], &[]);
    offers(
        &activity("steps:\n  - load: { entity: Slot, id: x }\n    as: slot\n  - update: |"),
        &["slot"],
        &["input"],
    );
}

#[test]
fn names_and_fields_are_offered_in_expressions() {
    let bound = "steps:\n  - load: { entity: Slot, id: x }\n    as: slot\n";
    let with = |line: &str| activity(&format!("{bound}  - {line}"));
    offers(&with("require: |"), &["slot", "input", "now", "workflow", "size"], &["lock", "error"]);
    offers(&with("require: slot.|"), &["places", "owner", "id", "metadata"], &["input"]);
    offers(&with("require: 1 + slot.metadata.ver|"), &["version", "created_at"], &["places"]);
    offers(&with("require: slot.places > 1 && input.|"), &["day"], &["slot"]);
    offers(&with("log: \"${slot.|}\""), &["places"], &[]);
    offers(&with("log: \"${slot.|"), &["places"], &[]);
    offers(&with("log: \"of ${input.day} and ${|}\""), &["slot"], &[]);
    offers(&with("log: \"slot.|\""), &[], &["places"]);
    offers(&with("require: \"'slot.|'\""), &[], &["places"]);
    offers(&with("http: { url: \"${config.|}\" }"), &["calendar"], &[]);
    offers(&with("set: { n: \"${slot.places}\" }\n  - require: n.|"), &[], &["places"]);
    offers(&activity("exclusive_lock: { context: input.| }\nsteps: [commit]"), &["day"], &[]);
    let whole = |keys: &str| {
        let text = activity(&format!("{bound}  - require: |"));
        let at = if keys.contains('|') { text.replace('|', "") } else { text };
        at.replace("activities:", &format!("exclusive_lock: {{ {keys} }}\nactivities:"))
    };
    offers(&whole("context: |"), &["input", "config", "workflow"], &["now", "slot", "lock"]);
    offers(&whole("context: input.|"), &["day"], &["slot"]);
    offers(&whole("context: input.day"), &["slot", "lock"], &[]);
    offers(&activity("steps:\n  - require: input.day.|"), &["startsWith", "contains"], &[]);
    offers(&activity("steps:\n  - find: { entity: Slot, where: object.| }"), &["places"], &[]);
    offers(
        &activity(
            "steps:\n  - for_each: \"${[input]}\"\n    item: x\n    steps:\n      - log: \"${x.|}\"",
        ),
        &["day"],
        &[],
    );
}

fn hover(text: &str) -> String {
    let (index, offset) = index(text);
    index.hover("a.yaml", offset).map(|hover| hover.markdown).unwrap_or_default()
}

#[test]
fn words_are_explained() {
    let bound = "steps:\n  - load: { entity: Slot, id: x }\n    as: slot\n";
    let with = |line: &str| activity(&format!("{bound}  - {line}"));
    for (text, part) in [
        (activity("exclusive_lock: { con|text: input.day }"), "lock key"),
        (activity("on_conflict: fo|rce"), "Write anyway"),
        (activity("exclusive_lock: { mo|de: shared }"), "at the same time"),
        (activity("exclusive_lock: { while_waiting: rel|ease }"), "committed before"),
        ("workflow: w\nexcl|usive_lock: { context: a }".to_owned(), "kept to the end"),
        (with("require: sl|ot.places > 0"), "slot: Slot"),
        (with("require: slot.pla|ces > 0"), "places: int"),
        (with("require: slot.own|er != null"), "Who rents it."),
        (with("log: \"${slot.metadata.vers|ion}\""), "version: int"),
        (with("log: \"${si|ze(input.day)}\""), "size"),
        (with("update: slot\n    set: { pla|ces: 1 }"), "places: int"),
        (activity("steps:\n  - load: { entity: Sl|ot, id: x }"), "places"),
    ] {
        assert!(hover(&text).contains(part), "{:?} of {text}", hover(&text));
    }
    assert_eq!(hover(&activity("steps:\n  - |")), "");
}

#[test]
fn word_leads_to_its_definition() {
    let bound = "steps:\n  - load: { entity: Slot, id: x }\n    as: slot\n";
    let with = |line: &str| activity(&format!("{bound}  - {line}"));
    for (text, path, word) in [
        (with("require: sl|ot.places > 0"), "a.yaml", "slot"),
        (with("update: sl|ot"), "a.yaml", "slot"),
        (with("require: slot.pla|ces > 0"), "e.yaml", "places"),
        (with("require: input.d|ay != ''"), "a.yaml", "day"),
        (with("log: '${ref(\"Sl|ot\", input.day)}'"), "e.yaml", "Slot"),
        (with("log: '${config.cal|endar}'"), "e.yaml", "calendar"),
        (activity("next: { goto: |a }"), "a.yaml", "a"),
        (activity("steps:\n  - workflow: { call: ot|her }"), "e.yaml", "other"),
        ("entity: E\nattributes: { a: 'list<ref<Sl|ot>>' }\n".to_owned(), "e.yaml", "Slot"),
    ] {
        let (index, offset) = index(&text);
        let found = index.definition("a.yaml", offset).unwrap_or_else(|| panic!("none of {text}"));
        assert_eq!(&*found.path, path, "of {text}");
        let file = index.files.iter().find(|file| *file.source.path == *path).unwrap();
        let told = file.source.text.get(found.span.start..found.span.end);
        assert_eq!(told, Some(word), "of {text}");
    }
}

#[test]
fn activity_is_renamed_everywhere_in_its_workflow() {
    let text = "workflow: w\nactivities:\n  - activity: a\n    steps: [commit]\n    \
                next: [{ goto: a }, { goto: b }]\n    catch: { error: x, goto: '|a' }\n  \
                - activity: b\n    steps: [commit]\n---\nworkflow: v\nactivities:\n  \
                - activity: a\n    steps: [commit]\n";
    let (index, offset) = index(text);
    let found = index.rename("a.yaml", offset, "c").unwrap();
    let places: Vec<usize> = found.iter().map(|target| target.span.start).collect();
    let plain = text.replacen('|', "", 1);
    assert_eq!(places.len(), 3);
    assert!(found.iter().all(|target| plain.get(target.span.start..target.span.end) == Some("a")));
    assert!(places.iter().all(|at| *at < plain.find("---").unwrap()));
    assert_eq!(index.rename("a.yaml", offset, "b"), Err(RenameError::Taken));
    assert_eq!(index.rename("a.yaml", offset, "end"), Err(RenameError::Form));
    assert_eq!(index.rename("a.yaml", 0, "c"), Err(RenameError::NoActivity));
}

#[test]
fn symbols_are_the_definitions_and_their_parts() {
    let (index, _) = index("|");
    let told: Vec<String> = index
        .symbols("e.yaml")
        .iter()
        .map(|symbol| {
            let parts: Vec<&str> = symbol.parts.iter().map(|part| part.name.as_str()).collect();
            format!("{} {parts:?}", symbol.name)
        })
        .collect();
    assert_eq!(told, ["p []", "Slot [\"places\", \"owner\"]", "other [\"x\"]"]);
}

/// Goal: no place of any text has no answer. Method: all places of an example, whole, cut off, and
/// with parts taken out.
#[test]
fn every_place_has_an_answer() {
    let text = crate::check::tests::EXAMPLE;
    let cut = text.replace('"', "").replace(": {", ": ");
    for text in [text, &cut, &text.replace(':', ""), &text.replace("  ", " "), "é: |\n", "\u{feff}"]
    {
        let mut index = Index::default();
        index.set(Source::new("a.yaml", text));
        for offset in 0..text.len() + 2 {
            drop(index.completions("a.yaml", offset));
            drop(index.hover("a.yaml", offset));
            drop(index.definition("a.yaml", offset));
            drop(index.rename("a.yaml", offset, "x"));
        }
    }
}

#[test]
fn first_key_tells_definitions_from_other_files() {
    assert!(is_definition("# x\nworkflow: w\n"));
    assert!(is_definition("version: 1\n---\nentity: E\n"));
    assert!(!is_definition("version: 1\nworkflow: w\n"));
    assert!(!is_definition(""));
}
