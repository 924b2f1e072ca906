//! Facts about what steps, triggers and rules become, and where names and warnings end.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Value;

use crate::{
    ChangeKind, ChildMode, Code, Definitions, Missed, OnConflict, Operation, Payload, Source, Step,
    TriggerSource, Wait, WhileWaiting, check,
};

#[track_caller]
fn definitions(text: &str) -> Definitions {
    let checked = check(&[Source::new("a.yaml", text)]);
    assert_eq!(checked.diagnostics, [], "a correct text has no finding");
    checked.definitions.expect("no error, so there are definitions")
}

/// What is found in a file: the code and the part of the file.
fn found(text: &str) -> Vec<(Code, &str)> {
    let checked = check(&[Source::new("a.yaml", text)]);
    let place = |span: crate::Span| text.get(span.start..span.end).unwrap();
    checked.diagnostics.iter().map(|found| (found.code, place(found.span))).collect()
}

/// The steps of the only activity.
#[track_caller]
fn steps(steps: &str) -> Vec<Step> {
    let text = format!(
        "workflow: w\ninput: {{ lines: list<string>, id: string }}\noutput: \"${{input}}\"\nactivities:\n  - activity: a\n    steps:\n{steps}\
         ---\nworkflow: other\ninput: {{ due: {{ type: timestamp, optional: true }} }}\n\
         activities: [{{ activity: a, steps: [{{ log: \"${{input}}\" }}] }}]\n"
    );
    let mut workflow = definitions(&text).workflows.remove("w").unwrap();
    let workflow = Arc::get_mut(&mut workflow).unwrap();
    workflow.activities.remove(0).steps
}

#[test]
fn waits_become_what_they_wait_for() {
    let steps = steps(
        "      - wait: { signal: paid }\n        as: _payment\n        timeout: 1h\n\
         \x20     - wait: { for: 1m30s }\n\
         \x20     - wait: { for: \"${input.id}\" }\n\
         \x20     - wait: { until: now + duration('1h') }\n\
         \x20     - wait: { form: ask, title: \"${input.id}?\", fields: { ok: bool, n: { type: int, default: 3 } } }\n",
    );
    assert_eq!(steps[0].timeout, Some(Duration::from_hours(1)));
    assert_eq!(steps[0].bind.as_deref(), Some("_payment"));
    let waits: Vec<&Wait> = steps
        .iter()
        .map(|step| {
            let Operation::Wait(wait) = &step.operation else { panic!("{step:?}") };
            wait
        })
        .collect();
    assert!(matches!(waits[0], Wait::Signal(name) if &**name == "paid"));
    let Wait::For(Payload::Literal(Value::Duration(length))) = waits[1] else {
        panic!("{waits:?}");
    };
    assert_eq!(length.as_seconds(), 90);
    assert!(matches!(waits[2], Wait::For(Payload::Template(_))));
    assert!(matches!(waits[3], Wait::Until(until) if until.text() == "now + duration('1h')"));
    let Wait::Form(form) = waits[4] else { panic!("{waits:?}") };
    assert_eq!((&*form.name, form.fields.len()), ("ask", 2));
    assert!(matches!(form.title, Some(Payload::Template(_))));
    assert_eq!(form.fields[1].default, Some(Value::Int(3)));
}

#[test]
fn literals_for_a_child_become_what_it_declares() {
    let steps = steps(
        "      - workflow: { call: other, input: { due: '2030-01-31T12:00:00Z' } }\n\
         \x20     - workflow: { start: other, input: { due: null } }\n        as: _started\n",
    );
    let Operation::Workflow { name, input, mode } = &steps[0].operation else { panic!() };
    assert_eq!((&**name, *mode), ("other", ChildMode::Call));
    assert!(matches!(&input[0].1, Payload::Literal(Value::Timestamp(_))), "{input:?}");
    let Operation::Workflow { input, mode, .. } = &steps[1].operation else { panic!() };
    assert_eq!(*mode, ChildMode::Start);
    assert!(matches!(&input[0].1, Payload::Literal(Value::Null)));
}

#[test]
fn steps_hold_steps() {
    let steps = steps(
        "      - for_each: \"${input.lines}\"\n        steps: [{ log: \"${item}\" }]\n\
         \x20     - for_each: [1, 2]\n        item: n\n        index: i\n        max_parallel: 3\n\
         \x20       steps: [{ task: { type: count, input: \"${n + i}\" }, as: done }]\n\
         \x20       collect: \"${done}\"\n        as: all\n\
         \x20     - parallel:\n          a: [{ log: \"${all}\" }]\n          b-2: [{ log: x }, { log: y }]\n\
         \x20     - stop: { all: \"${all}\" }\n        when: input.id == ''\n      - stop\n",
    );
    let Operation::ForEach(first) = &steps[0].operation else { panic!() };
    assert_eq!((&*first.item, &first.index, first.max_parallel), ("item", &None, 1));
    let Operation::ForEach(second) = &steps[1].operation else { panic!() };
    assert_eq!((&*second.item, second.index.as_deref(), second.max_parallel), ("n", Some("i"), 3));
    assert!(second.collect.is_some());
    assert!(
        matches!(&second.steps[0].operation, Operation::Task { kind, input: Some(_) } if &**kind == "count")
    );
    let Operation::Parallel(branches) = &steps[2].operation else { panic!() };
    let branches: Vec<(&str, usize)> =
        branches.iter().map(|branch| (&*branch.name, branch.steps.len())).collect();
    assert_eq!(branches, [("a", 1), ("b-2", 2)]);
    assert!(matches!(steps[3].operation, Operation::Stop(Some(_))));
    assert!(matches!(steps[4].operation, Operation::Stop(None)));
}

#[test]
fn project_gives_what_definitions_leave_out() {
    let definitions = definitions(
        "workflow: w\nactivities:\n  - activity: a\n    exclusive_lock: { context: '\"a\"', while_waiting: hold }\n\
         \x20   steps: [{ http: { url: 'https://a.example/' } }, { task: { type: t }, timeout: 1m }, { wait: { for: 1s } }]\n\
         \x20 - activity: b\n    on_conflict: retry\n    exclusive_lock: { context: '\"a\"', hold_timeout: 9s }\n    steps: [commit]\n\
         ---\nproject: p\nsecrets: [a, b]\n\
         defaults: { waiting_timeout: 0s, hold_timeout: 2m, timeout: 7s, on_conflict: force }\n",
    );
    assert_eq!(definitions.project.secrets, [Arc::from("a"), Arc::from("b")]);
    let [a, b] = definitions.workflows["w"].activities.as_slice() else { panic!() };
    let lock = a.exclusive_lock.as_ref().unwrap();
    assert_eq!((lock.waiting_timeout.as_secs(), lock.hold_timeout.as_secs()), (0, 120));
    assert_eq!(lock.while_waiting, Some(WhileWaiting::Hold));
    assert_eq!(b.exclusive_lock.as_ref().unwrap().hold_timeout.as_secs(), 9);
    assert_eq!((a.on_conflict, b.on_conflict), (OnConflict::Force, OnConflict::Retry));
    let timeouts: Vec<Option<u64>> =
        a.steps.iter().map(|step| step.timeout.map(|time| time.as_secs())).collect();
    assert_eq!(timeouts, [Some(7), Some(60), None]);
}

#[test]
fn invariants_keep_their_messages() {
    let definitions = definitions(
        "entity: Slot\nattributes: { places: int, booked: int }\n\
         invariants:\n  - booked <= places\n  - { check: id != '', message: Named }\n",
    );
    let slot = &definitions.entities["Slot"];
    assert_eq!(slot.invariants[0].condition.text(), "booked <= places");
    assert_eq!(slot.invariants[0].message, None);
    assert_eq!(slot.invariants[1].message.as_deref(), Some("Named"));
    assert_eq!(slot.invariants[1].place.line, 5);
}

#[test]
fn triggers_become_what_they_listen_to() {
    let definitions = definitions(
        "project: p\nsecrets: [key]\n---\nentity: Order\nattributes: { total: int }\n---\n\
         workflow: w\ninput: { at: { type: timestamp, optional: true } }\noutput: \"${input}\"\non:\n\
         \x20 - schedule: { cron: '0 3 * * *' }\n    input: { at: \"${schedule.time}\" }\n\
         \x20 - schedule: { cron: '0 3 * * *', time_zone: Europe/Berlin, missed: all }\n    input: { at: '2030-01-31T12:00:00Z' }\n\
         \x20 - change: { entity: Order, kinds: [create, delete], when: change.object.total > 10 }\n\
         \x20 - webhook: { name: pay, secret: key }\nactivities: [{ activity: a, steps: [commit] }]\n",
    );
    let triggers = &definitions.workflows["w"].triggers;
    let TriggerSource::Schedule { time_zone, missed, .. } = &triggers[0].source else { panic!() };
    assert_eq!((&**time_zone, *missed), ("UTC", Missed::Once));
    assert!(matches!(&triggers[0].input[0].1, Payload::Template(_)));
    let TriggerSource::Schedule { time_zone, missed, .. } = &triggers[1].source else { panic!() };
    assert_eq!((&**time_zone, *missed), ("Europe/Berlin", Missed::All));
    assert!(matches!(&triggers[1].input[0].1, Payload::Literal(Value::Timestamp(_))));
    let TriggerSource::Change { kinds, when, .. } = &triggers[2].source else { panic!() };
    assert_eq!(kinds, &[ChangeKind::Create, ChangeKind::Delete]);
    assert!(when.is_some());
    assert!(
        matches!(&triggers[3].source, TriggerSource::Webhook { secret, .. } if &**secret == "key")
    );
    assert_eq!(triggers[3].place.line, 16);
}

#[test]
fn allowance_reaches_from_the_first_key_to_the_end_of_the_last_value() {
    // The warning stands at the very end, in each style of YAML.
    for body in [
        "    steps:\n      - log: x\n      - set:\n          x: 1\n",
        "    steps: [{ log: x }, { set: { x: 1 } }]\n",
        "    steps:\n    - log: >\n        folded\n        text\n    - set: {\n        x: 1 }\n",
        "    steps: &steps\n      - set: { x: 1 }\n    catch: { error: '*', steps: *steps }\n",
    ] {
        let head = "workflow: w\nactivities:\n  - activity: a\n    allow: { unused-name: So }\n";
        assert_eq!(found(&format!("{head}{body}")), [], "{body}");
        let next = "  - activity: b\n    steps: [{ set: { y: 1 } }]\n";
        assert_eq!(found(&format!("{head}{body}{next}")), [(Code::UnusedName, "y")], "{body}");
    }
}

#[test]
fn allowance_for_an_unused_allowance_is_possible() {
    let text = "workflow: w\nallow: { unused-allow: Written by a program }\nactivities:\n\
                \x20 - { activity: a, allow: { unused-name: So }, steps: [{ log: x }] }\n";
    assert_eq!(found(text), []);
    let text = text.replace("allow: { unused-name: So }, ", "");
    assert_eq!(found(&text), [(Code::UnusedAllow, "unused-allow")]);
}

#[test]
fn allowance_is_not_called_unused_where_something_else_is_wrong() {
    let text = "workflow: w\nallow: { unused-name: So }\nactivities:\n\
                \x20 - { activity: a, steps: [{ set: { x: 1 } }, { lgo: x }] }\n";
    assert_eq!(found(text), [(Code::UnknownKey, "lgo")]);
}

#[test]
fn silenced_warnings_do_not_use_up_the_findings() {
    let mut text = "workflow: w\nallow: { unused-name: So }\nactivities:\n".to_owned();
    for n in 0..300 {
        writeln!(text, "  - {{ activity: a{n}, steps: [{{ set: {{ x{n}: 1 }} }}] }}").unwrap();
    }
    assert_eq!(found(&text), []);
}

#[test]
fn names_are_seen_where_their_scope_is() {
    let around =
        |steps: &str| format!("workflow: w\nactivities:\n  - activity: a\n    steps: [{steps}]\n");
    for (steps, expected) in [
        // The same name in one loop after the other, and one within the other.
        (
            "{ for_each: [1], item: x, steps: [{ log: \"${x}\" }] }, { for_each: [2], item: x, steps: [{ log: \"${x}\" }] }",
            "",
        ),
        (
            "{ for_each: [[1]], item: x, steps: [{ for_each: \"${x}\", item: x, steps: [{ log: \"${x}\" }] }, { log: \"${x}\" }] }",
            "",
        ),
        // Bound before, used within and behind.
        (
            "{ set: { y: 1 } }, { for_each: [1], steps: [{ log: \"${y + item}\" }] }, { log: \"${y}\" }",
            "",
        ),
        // The list itself is outside of the loop.
        ("{ for_each: \"${x}\", item: x, steps: [{ log: \"${x}\" }] }", "x"),
        // `collect` is inside, what follows is not.
        (
            "{ for_each: [1], steps: [{ set: { z: 1 } }], collect: \"${z}\", as: all }, { log: \"${all[0]} ${z}\" }",
            "z",
        ),
        // A branch sees what it binds itself, and not what the others bind.
        (
            "{ parallel: { a: [{ set: { p: 1 } }, { log: \"${p}\" }], b: [{ log: \"${p}\" }] } }",
            "p",
        ),
        (
            "{ parallel: { a: [{ log: \"${q}\" }], b: [{ set: { q: 1 } }] } }, { log: \"${q}\" }",
            "q",
        ),
        (
            "{ parallel: { a: [{ parallel: { c: [{ set: { r: 1 } }], d: [{ log: x }] } }, { log: \"${r}\" }], b: [{ log: y }] } }, { log: \"${r}\" }",
            "",
        ),
    ] {
        let text = around(steps);
        let expected: Vec<_> = Some((Code::UnboundName, expected))
            .filter(|(_, name)| !name.is_empty())
            .into_iter()
            .collect();
        assert_eq!(found(&text), expected, "{steps}");
    }
}

#[test]
fn mistake_in_one_document_is_the_only_thing_told_of_it() {
    let broken =
        "a: 'x\n---\nworkflow: w\nactivities: [{ activity: a, steps: [{ lgo: x }] }]\n---\nb: [\n";
    let codes: Vec<Code> = found(broken).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [Code::YamlSyntax, Code::UnknownKey, Code::YamlSyntax]);
    // Lines that only look like the beginning of a document.
    for text in [
        "workflow: w\nactivities: [{ activity: a, steps: [{ log: \"\n  ---\n  x\" }] }]\n",
        "workflow: w\ndescription: |\n  a\n\n  ---\n  b\nactivities: [{ activity: a, steps: [commit] }]\n",
        "workflow: w\ndescription: ---x\nactivities: [{ activity: a, steps: [commit] }]\n",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn many_calls_with_many_wrong_inputs_are_checked_soon() {
    let mut text = "workflow: callee\ninput:\n".to_owned();
    for n in 0..1_000 {
        writeln!(text, "  input_{n}: string").unwrap();
    }
    text += "activities: [{ activity: a, steps: [{ log: \"${input}\" }] }]\n---\nworkflow: w\nactivities:\n  - activity: a\n    steps:\n";
    text += &"      - workflow: { call: callee }\n".repeat(5_000);
    text += "      - workflow:\n          call: callee\n          input:\n";
    for n in 0..20_000 {
        writeln!(text, "            inptu_{n}: x").unwrap();
    }
    assert!(found(&text).len() > 200);
}
