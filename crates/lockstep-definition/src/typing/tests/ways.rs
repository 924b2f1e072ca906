//! Facts about what holds on each way through a workflow: names that are bound, values that are not
//! null.

use super::{HEAD, found, in_steps, table};
use crate::{Source, check};

#[test]
fn null_is_looked_at_before_it_is_used() {
    table(
        &[
            ("LOAD, { log: '${slot.owner.size()}' }", "may-be-null slot.owner"),
            ("LOAD, { require: slot.owner != null }, { log: '${slot.owner.size()}' }", ""),
            ("LOAD, { log: '${slot.owner.size()}', when: slot.owner != null }", ""),
            (
                "LOAD, { require: slot.owner != null }, { update: slot, set: { owner: null } }, { log: '${slot.owner.size()}' }",
                "may-be-null slot.owner",
            ),
            ("LOAD, { log: '${slot.owner == null ? 0 : slot.owner.size()}' }", ""),
            (
                "{ create: Slot, set: { n: 1, owner: '${input.id}' }, as: s }, { log: '${s.owner.size()} ${s.at.getHours()}' }",
                "may-be-null s.at",
            ),
            (
                "LOAD, { update: slot, set: { owner: '${input.id}' } }, { log: '${slot.owner.size()}' }",
                "",
            ),
            (
                "{ create: Slot, set: { n: 1, owner: a } }, LOAD, { log: '${slot.owner.size()}' }",
                "may-be-null slot.owner",
            ),
            ("LOAD, { log: '${slot.parent.id}', when: slot.parent != null }", ""),
            ("MAYBE, { update: slot, set: { n: 1 } }", "may-be-null slot"),
            ("MAYBE, { update: slot, set: { n: 1 }, when: slot != null }", ""),
            ("MAYBE, { require: slot != null }, { delete: slot }", ""),
            (
                "MAYBE, { create: Slot, set: { n: 1 }, as: slot, when: slot == null }, { update: slot, set: { n: '${slot.n + 1}' } }",
                "",
            ),
            (
                "MAYBE, { set: { slot: null }, when: slot == null }, { log: '${slot.n}' }",
                "may-be-null slot",
            ),
            ("MAYBE, { log: x, when: slot != null }, { log: '${slot.n}' }", "may-be-null slot"),
            ("MAYBE, { raise: a.b, when: slot == null }, { log: '${slot.n}' }", ""),
        ],
        in_steps,
    );
    // A way out that is taken if there is nothing.
    let text = "  - { activity: a, steps: [MAYBE], next: { when: slot == null, goto: end } }\n\
                \x20 - { activity: b, steps: [{ log: '${slot.n}' }] }\n";
    assert_eq!(found(text), "");
    let text = text.replace("==", "!=");
    assert_eq!(found(&text), "may-be-null slot");
}

#[test]
fn names_are_bound_on_every_way() {
    table(
        &[
            ("{ set: { x: 1 }, when: input.count > 1 }, { log: '${x}' }", "may-be-unbound x"),
            (
                "{ set: { x: 1 }, when: input.count > 1 }, { log: '${x} ${x}' }, { log: '${x}' }",
                "may-be-unbound x",
            ),
            (
                "{ set: { x: 1 }, when: input.count > 1 }, { log: '${x}', when: 'input.count>1' }",
                "",
            ),
            (
                "{ set: { x: 1 }, when: input.count > 1 }, { log: '${input.count <= 1 ? 0 : x}' }",
                "",
            ),
            (
                "{ set: { x: 1 }, when: input.count > 1 }, { log: '${input.count > 2 ? x : 0}' }",
                "may-be-unbound x",
            ),
            ("{ set: { x: 1 }, when: input.count > 1 }, { require: input.count > 1 && x > 2 }", ""),
            (
                "{ set: { k: 1 } }, { set: { x: 1 }, when: k > 1 }, { set: { k: 2 } }, { log: '${x}', when: k > 1 }",
                "may-be-unbound x",
            ),
            (
                "{ set: { x: 1 } }, { set: { x: 2 }, when: input.count > 1 }, { log: '${x + 1}' }",
                "",
            ),
            (
                "{ set: { x: 1 } }, { set: { x: a }, when: input.count > 1 }, { log: '${x + 1}' }",
                "",
            ),
            (
                "{ set: { x: 1 }, when: input.count > 1 }, { set: { x: 2 }, when: input.count <= 1 }, { log: '${x}' }",
                "",
            ),
            ("{ raise: a.b, when: input.count > 1 }, { set: { x: 1 } }, { log: '${x}' }", ""),
            ("{ log: '${x}' }, { set: { x: 1 } }", "unbound-name x"),
            (
                "{ for_each: [1], steps: [{ set: { x: 1 } }, { log: '${x}' }] }, { log: '${x}' }",
                "unbound-name x",
            ),
            (
                "{ parallel: { one: [{ set: { x: 1 } }], two: [{ set: { y: 1 } }] } }, { log: '${x + y}' }",
                "",
            ),
            (
                "{ parallel: { one: [{ set: { x: 1 } }], two: [{ log: '${x}' }] } }",
                "unbound-name x",
            ),
            (
                "{ parallel: { one: [{ set: { x: 1 }, when: input.count > 1 }], two: [{ log: a }] } }, { log: '${x}' }",
                "may-be-unbound x",
            ),
        ],
        in_steps,
    );
}

#[test]
fn names_flow_along_the_ways_between_activities() {
    let bind = "{ activity: a, steps: [{ set: { x: 1 } }] }";
    let used = "{ activity: z, steps: [{ log: '${x}' }] }";
    for (activities, expected) in [
        (format!("  - {bind}\n  - {used}\n"), ""),
        (format!("  - {}\n  - {used}\n", bind.replace("steps", "when: input.count > 1, steps")), "may-be-unbound x"),
        (format!("  - {}\n  - {}\n", bind.replace("steps", "when: input.count > 1, steps"), used.replace("steps", "when: input.count > 1, steps")), ""),
        (format!("  - {}\n  - {used}\n", bind.replace("steps", "exclusive_lock: { context: input.id, on_busy: skip }, steps")), "may-be-unbound x"),
        (format!("  - {}\n  - {used}\n", bind.replace("] }", "], catch: { error: '*', goto: z } }")), "may-be-unbound x"),
        (format!("  - {}\n  - {used}\n", bind.replace("] }", "], catch: { error: '*', goto: end } }")), ""),
        (format!("  - {}\n  - {used}\n", bind.replace("] }", "], catch: { error: '*', steps: [{ set: { x: 2 } }] } }")), ""),
        (format!("  - {}\n  - {used}\n", bind.replace("] }", "], catch: { error: '*', steps: [{ log: '${x}' }] } }")), "unbound-name x"),
        (format!("  - {}\n  - {used}\n", bind.replace("] }", ", commit, { log: a }], catch: { error: '*', steps: [{ log: '${x}' }] } }")), "may-be-unbound x"),
        (format!("  - {{ activity: s, steps: [commit], next: {{ when: input.count > 1, goto: z }} }}\n  - {bind}\n  - {used}\n"), "may-be-unbound x"),
        (format!("  - {{ activity: s, steps: [commit], next: {{ when: input.count > 1, goto: z }} }}\n  - {bind}\n  - {}\n", used.replace("] }", ", when: input.count <= 1 }] }").replace(" }, when", ", when")), ""),
        // The second round of a loop sees what the first has bound; the first does not.
        ("  - { activity: a, steps: [{ log: '${x}' }] }\n  - { activity: b, steps: [{ set: { x: 1 } }], next: { when: x < 3, goto: a } }\n".to_owned(), "may-be-unbound x"),
        ("  - { activity: a, steps: [{ set: { x: 1 } }] }\n  - { activity: b, steps: [{ set: { x: '${[x]}' } }], next: { when: input.count > 1, goto: b } }\n".to_owned(), "goto-loop activity: b"),
        ("  - { activity: a, steps: [{ log: '${error.code}' }], catch: { error: '*', steps: [{ log: '${error.code + error.details.x} ${error.cod}' }] } }\n".to_owned(), "unavailable-name error; unknown-name cod"),
        // An activity that cannot be read may bind what seems absent.
        ("  - { activity: a, steps: { set: { x: 1 } } }\n  - { activity: b, steps: [{ log: '${x + y}' }] }\n".to_owned(), "wrong-kind {"),
    ] {
        let found = found(&activities);
        let found = if expected == "wrong-kind {" { found.get(..12).unwrap_or_default() } else { &found };
        assert_eq!(found, expected, "{activities}");
    }
}

#[test]
fn way_on_which_a_name_is_not_bound_is_told() {
    let text = format!(
        "{HEAD}  - {{ activity: a, steps: [{{ set: {{ x: 1 }}, when: input.count > 1 }}, {{ log: '${{x}}' }}] }}\n"
    );
    let checked = check(&[Source::new("a.yaml", text.as_str())]);
    let [told] = checked.diagnostics.as_slice() else { panic!("{:?}", checked.diagnostics) };
    assert_eq!(told.message, "`x` may not be bound here");
    let labels: Vec<(&str, &str)> = told
        .labels
        .iter()
        .map(|label| (text.get(label.span.start..label.span.end).unwrap(), label.message.as_str()))
        .collect();
    let left_out = ("input.count > 1", "the step is left out if this is false");
    assert_eq!(labels, [("x", "bound here"), left_out]);
    assert!(checked.definitions.is_some(), "a warning does not stop");
}
