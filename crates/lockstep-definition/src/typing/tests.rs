//! Facts about names and types: correct flows without a finding, and each mistake at its token.

mod rounds;
mod ways;

use lockstep_expr::StaticType;

use crate::{Source, check, inspect};

const HEAD: &str = "\
project: p
config: { calendar: 'http://x', retries: 3, later: null }
allowed_programs: [a]
---
entity: Slot
attributes:
  n: int
  ratio: { type: double, default: 1.0 }
  owner: { type: string, optional: true }
  at: { type: timestamp, optional: true }
  tags: { type: list<string>, default: [] }
  parent: { type: ref<Slot>, optional: true }
---
entity: Other
attributes: { n: int }
---
workflow: child
input: { id: string, count: { type: int, optional: true } }
activities: [{ activity: a, steps: [{ log: '${input}' }] }]
output: { parcel: '${input.id}', count: '${input.count}' }
---
workflow: w
input:
  id: string
  count: int
  note: { type: string, optional: true }
  lines: list<map<string, int>>
  ids: list<string>
allow: { unused-input: Each test uses some of them. }
activities:
";
const LOAD: &str = "{ load: { entity: Slot, id: '${input.id}' }, as: slot }";
const MAYBE: &str = "{ load: { entity: Slot, id: '${input.id}', optional: true }, as: slot }";

/// The findings: each as its code and the text that it points at.
fn found(activities: &str) -> String {
    let text = format!("{HEAD}{}", activities.replace("LOAD", LOAD).replace("MAYBE", MAYBE));
    let checked = check(&[Source::new("a.yaml", text.as_str())]);
    let aside = ["unused-name", "unused-allow"];
    let told = checked.diagnostics.iter().filter(|told| !aside.contains(&told.code.as_str()));
    let told = told.map(|told| {
        let part = text.get(told.span.start..told.span.end).unwrap_or("?");
        format!("{} {part}", told.code)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The findings in one activity with these steps.
fn in_steps(steps: &str) -> String {
    found(&format!("  - {{ activity: a, steps: [{steps}] }}\n"))
}

#[track_caller]
fn table(cases: &[(&str, &str)], find: fn(&str) -> String) {
    for (text, expected) in cases {
        assert_eq!(find(text), *expected, "{text}");
    }
}

#[test]
fn values_fit_what_they_are_for() {
    table(
        &[
            ("LOAD, { log: '${slot.n}' }", ""),
            ("{ load: { entity: Slot, id: '${input.count}' } }", ""),
            ("{ load: { entity: Slot, id: '${true}' } }", "type-mismatch true"),
            (
                "{ load: { entity: Slot, id: '${ref(\"Other\", \"a\")}' } }",
                "type-mismatch ref(\"Other\", \"a\")",
            ),
            ("{ load: { entity: Slot, id: '${input.note}' } }", "may-be-null input.note"),
            ("LOAD, { update: slot, set: { n: '${slot.n + 1}', ratio: '${slot.n}' } }", ""),
            ("LOAD, { update: slot, set: { n: '${slot.ratio}' } }", "type-mismatch slot.ratio"),
            ("LOAD, { update: slot, set: { n: '${input.id}' } }", "type-mismatch input.id"),
            ("LOAD, { update: slot, set: { n: 'no ${1}' } }", "type-mismatch 'no ${1}'"),
            (
                "LOAD, { update: slot, set: { owner: '${input.note}', at: '${input.id}', parent: '${slot}' } }",
                "",
            ),
            ("LOAD, { update: slot, set: { n: '${null}' } }", "type-mismatch null"),
            (
                "LOAD, { update: slot, set: { tags: ['${input.id}', '${input.count}', 3] } }",
                "type-mismatch input.count; type-mismatch 3",
            ),
            (
                "LOAD, { update: slot, set: { tags: '${input.lines}' } }",
                "type-mismatch input.lines",
            ),
            (
                "LOAD, { update: slot, set: { n: 1 }, expect: { version: '${slot.metadata.version}' } }",
                "",
            ),
            (
                "LOAD, { update: slot, set: { n: 1 }, expect: { version: '${input.id}' } }",
                "type-mismatch input.id",
            ),
            (
                "{ http: { url: '${config.calendar}/a', headers: { a: '${input.count}' }, body: '${input}' }, as: x }, { log: '${x.body.any.thing}' }",
                "",
            ),
            ("{ http: { url: '${input.lines}' } }", "type-mismatch input.lines"),
            (
                "{ http: { url: '${config.calendar}', headers: { a: '${input.lines}' } } }",
                "type-mismatch input.lines",
            ),
            (
                "{ exec: { program: a, args: ['${input.lines}'] }, as: x }, { log: '${x.exit_cod}' }",
                "type-mismatch input.lines; unknown-name exit_cod",
            ),
            ("{ require: input.count }", "type-mismatch input.count"),
            ("{ log: x, when: input.count > 1 && input.note }", "wrong-operand input.note"),
            (
                "{ find: { entity: Slot, where: object.n }, as: x }, { log: '${x[0].m}' }",
                "type-mismatch object.n; unknown-attribute m",
            ),
        ],
        in_steps,
    );
}

#[test]
fn results_of_steps_have_types() {
    table(
        &[
            ("{ raise: { error: a.b, message: '${input.lines}' } }", "type-mismatch input.lines"),
            ("{ wait: { for: '${input.count}' } }", "type-mismatch input.count"),
            ("{ wait: { until: input.id } }", "type-mismatch input.id"),
            ("{ wait: { until: 'now + duration(\"1h\")' } }", ""),
            (
                "{ workflow: { call: child, input: { id: '${input.id}', count: '${input.count}' } }, as: c }, { log: '${c.parcel + c.parce}' }",
                "unknown-name parce",
            ),
            (
                "{ workflow: { call: child, input: { id: '${input.count}' } } }",
                "type-mismatch input.count",
            ),
            (
                "{ workflow: { call: child, input: { id: a } }, as: c }, { log: '${c.count + 1}' }",
                "may-be-null c.count",
            ),
            (
                "{ workflow: { start: child, input: { id: a } }, as: c }, { log: '${c.instance_id} ${c.parcel}' }",
                "unknown-name parcel",
            ),
            ("{ for_each: '${input.count}', steps: [{ log: x }] }", "type-mismatch input.count"),
            (
                "{ for_each: '${input.lines}', steps: [{ log: '${item.a + item.b}' }, { log: '${item.a + \"x\"}' }] }",
                "wrong-operand \"x\"",
            ),
            (
                "{ for_each: [1, 2], index: i, item: n, steps: [{ log: '${n + i}' }], collect: '${n * 2}', as: all }, { log: '${all[0] + \"x\"}' }",
                "wrong-operand \"x\"",
            ),
            (
                "{ wait: { form: f, fields: { yes: bool, why: { type: string, optional: true } } }, as: f }, { require: f.yes }, { require: f.why }",
                "type-mismatch f.why",
            ),
            (
                "{ wait: { signal: s }, as: s }, { log: '${s.any.thing + 1}' }, { task: { type: t }, as: t }, { require: t.ok }",
                "",
            ),
            (
                "{ set: { a: { b: 1, c: '${input.id}' } } }, { log: '${a.b + 1} ${a.c + \"\"} ${a.d}' }",
                "unknown-name d",
            ),
            ("{ log: '${config.later.any} ${config.retries + \"\"}' }", "wrong-operand \"\""),
            (
                "{ log: '${workflow.instance_id + workflow.started_at}' }",
                "wrong-operand workflow.started_at",
            ),
        ],
        in_steps,
    );
}

#[test]
fn lock_context_is_a_key() {
    let find = |context: &str| {
        found(&format!(
            "  - {{ activity: a, exclusive_lock: {{ context: '{context}' }}, steps: [commit] }}\n"
        ))
    };
    table(
        &[
            ("input.id", ""),
            ("[ref(\"Slot\", input.id), input.count]", ""),
            ("[input.id, dyn(input.lines)]", ""),
            ("input.ids", ""),
            ("input.ids.map(id, ref(\"Slot\", id))", ""),
            ("input.lines", "type-mismatch input.lines"),
            ("[[input.id]]", "type-mismatch [[input.id]]"),
            ("[now]", "type-mismatch [now]"),
            ("[]", "type-mismatch '[]'"),
            ("( [ ] )", "type-mismatch '( [ ] )'"),
            ("[null]", "type-mismatch [null]"),
            ("[input.id, input.note]", "lock-context-may-be-null [input.id, input.note]"),
            (
                "input.note == null ? null : [input.id]",
                "lock-context-may-be-null input.note == null ? null : [input.id]",
            ),
            ("[input.id, input.note].filter(key, key != null)", ""),
            ("input.note", "lock-context-may-be-null input.note"),
            ("input.note == null ? \"x\" : input.note", ""),
            ("null", "type-mismatch null"),
            ("{\"a\": 1}", "type-mismatch {\"a\": 1}"),
            ("now", "type-mismatch now"),
            ("input", "type-mismatch input"),
        ],
        find,
    );
}

#[test]
fn finding_stands_at_the_token_in_every_style_of_text() {
    for step in [
        "      - log: ${input.count} ${slot.bokked}\n",
        "      - log: 'it''s ${slot.bokked}'\n",
        "      - log: \"\\u00e9\\t${slot.bokked}\"\n",
        "      - log: |\n          first\n            ${slot.n}\n          é ${slot.bokked}\n",
        "      - log: >-\n          first\n          ${slot.n} and\n\n          ${slot.bokked}\n",
        "      - require: >\n          slot.n > 1 &&\n          slot.bokked > 2\n",
        "      - require: |\n          slot.n > 1 &&\n            slot.bokked > 2\n",
        "      - require: slot.n > 1\n          && slot.bokked > 2\n",
    ] {
        let steps = format!("  - activity: a\n    steps:\n      - LOAD\n{step}");
        assert_eq!(found(&steps), "unknown-attribute bokked", "{step}");
        let wrong = steps.replace("slot.bokked > 2", "slot.n + 'a' > 2");
        let wrong = wrong.replace("${slot.bokked}", "${slot.n + true}");
        let told = found(&wrong);
        assert!(
            ["wrong-operand 'a'", "wrong-operand true", "wrong-operand ''a''"].contains(&&*told),
            "{told} {step}"
        );
    }
}

#[test]
fn triggers_and_invariants_are_checked() {
    let on = |trigger: &str| {
        format!(
            "entity: Order\nattributes: {{ total: int, note: {{ type: string, optional: true }} }}\n\
             invariants: [total >= 0, 'note == null || note.size() > 1']\n---\nworkflow: t\n\
             input: {{ n: int }}\non:\n  - {trigger}\n\
             activities: [{{ activity: a, steps: [{{ log: '${{input.n}}' }}] }}]\n"
        )
    };
    for (text, expected) in [
        (
            on(
                "{ change: { entity: Order, when: change.object.total > 1 }, input: { n: '${change.object.total}' } }",
            ),
            "",
        ),
        (
            on(
                "{ change: { entity: Order, when: change.object.total }, input: { n: '${change.object.note}' } }",
            ),
            "type-mismatch change.object.total; type-mismatch change.object.note",
        ),
        (
            on("{ change: { entity: Order, when: change.before.total > 1 }, input: { n: 1 } }"),
            "may-be-null change.before",
        ),
        (
            on(
                "{ change: { entity: Order, kinds: [update], when: change.before.total > 1 }, input: { n: 1 } }",
            ),
            "",
        ),
        (
            on("{ schedule: { cron: '0 3 * * *' }, input: { n: '${schedule.time}' } }"),
            "type-mismatch schedule.time",
        ),
        (
            on("{ schedule: { cron: '0 3 * * *' }, input: { n: 1 } }")
                .replace("total >= 0", "total"),
            "type-mismatch total",
        ),
        (
            on("{ schedule: { cron: '0 3 * * *' }, input: { n: 1 } }")
                .replace("note == null || ", ""),
            "may-be-null note",
        ),
    ] {
        let checked = check(&[Source::new("a.yaml", text.as_str())]);
        let told = checked.diagnostics.iter().map(|told| {
            format!("{} {}", told.code, text.get(told.span.start..told.span.end).unwrap_or("?"))
        });
        assert_eq!(told.collect::<Vec<_>>().join("; "), expected, "{text}");
    }
}

#[test]
fn output_of_workflows_that_call_each_other_is_anything() {
    let workflow = |name: &str, other: &str| {
        format!(
            "workflow: {name}\nactivities: [{{ activity: a, steps: [{{ require: workflow.started_by != 'me' }}, {{ workflow: {{ call: {other} }}, as: x }}] }}]\n\
             output: {{ n: '${{x.n + 1}}' }}\n"
        )
    };
    let text = format!("{}---\n{}", workflow("one", "two"), workflow("two", "one"));
    assert_eq!(check(&[Source::new("a.yaml", text)]).diagnostics, []);
}

#[test]
fn inspection_knows_types_bindings_and_visible_names() {
    let text = format!(
        "{HEAD}  - {{ activity: a, steps: [{LOAD}, {{ set: {{ x: '${{slot.n}}' }} }}, {{ log: '${{x}} ${{slot.owner}}' }}] }}\n"
    )
    .replace("${slot.owner}", "${slot.n + 1}");
    let (checked, inspections) = inspect(&[Source::new("a.yaml", text.as_str())], 0);
    assert_eq!(checked.diagnostics, []);
    let inspection = inspections.last().unwrap();
    let at = text.rfind("slot.n").unwrap();
    let (_, slot) = inspection.type_at(at + 1).unwrap();
    assert_eq!(slot.to_string(), "Slot");
    assert_eq!(inspection.type_at(at + 6).unwrap().1, StaticType::Int);
    let visible: Vec<String> =
        inspection.names_at(at).iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    assert_eq!(visible, ["slot: Slot", "x: int"]);
    assert!(inspection.names_at(text.find("{ load").unwrap()).is_empty());
    let slot = inspection.names.iter().find(|name| &*name.name == "slot").unwrap();
    assert_eq!((slot.bindings.len(), slot.uses.len()), (1, 2));
    assert_eq!(text.get(slot.uses[1].start..slot.uses[1].end), Some("slot"));
}
