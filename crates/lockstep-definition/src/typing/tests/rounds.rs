//! Facts about what is known around steps that run for each item or side by side, and about values
//! of which one way gives one form and another way another.

use super::{in_steps, table};

const OTHER: &str =
    "{ load: { entity: Slot, id: '${input.id}' }, as: other }, { require: slot.owner != null }";

#[test]
fn item_sees_what_was_made_of_an_object_for_the_one_before() {
    let owned = "LOAD, { require: slot.owner != null }";
    let gone = "{ update: slot, set: { owner: null } }";
    let used = "{ log: '${slot.owner + \"a\"}' }";
    let sometimes = "LOAD, { set: { x: 1 }, when: slot.n > 5 }";
    let counted = "{ update: slot, set: { n: 9 } }";
    let guarded = "{ log: '${x}', when: slot.n > 5 }";
    for (steps, expected) in [
        (format!("{owned}, {{ for_each: [1, 2], steps: [{used}] }}"), ""),
        (
            format!("{owned}, {{ for_each: [1, 2], steps: [{used}, {gone}] }}"),
            "may-be-null slot.owner",
        ),
        (
            format!("{owned}, {{ for_each: [1, 2], steps: [{gone}] }}, {used}"),
            "may-be-null slot.owner",
        ),
        (format!("{sometimes}, {{ for_each: [1, 2], steps: [{guarded}] }}"), ""),
        (
            format!("{sometimes}, {{ for_each: [1, 2], steps: [{guarded}, {counted}] }}"),
            "may-be-unbound x",
        ),
        (
            format!("{sometimes}, {{ for_each: [1, 2], steps: [{counted}] }}, {guarded}"),
            "may-be-unbound x",
        ),
    ] {
        assert_eq!(in_steps(&steps), expected, "{steps}");
    }
}

#[test]
fn steps_that_ran_at_once_may_have_changed_objects_of_other_names() {
    let used = "{ log: '${slot.owner + \"a\"}' }";
    let each = |steps: &str| {
        format!(
            "LOAD, {OTHER}, {{ find: {{ entity: Slot }}, as: all }}, {{ for_each: '${{all}}', {steps} }}, {used}"
        )
    };
    let branches = |step: &str| {
        format!("LOAD, {OTHER}, {{ parallel: {{ one: [{step}], two: [{{ log: a }}] }} }}, {used}")
    };
    let other = "{ load: { entity: Other, id: a }, as: b }, { update: b, set: { n: 1 } }";
    for (steps, expected) in [
        (branches("{ log: b }"), ""),
        (branches(other), ""),
        (branches("{ update: other, set: { owner: null } }"), "may-be-null slot.owner"),
        (
            each("max_parallel: 5, steps: [{ update: item, set: { owner: null } }]"),
            "may-be-null slot.owner",
        ),
        (each("max_parallel: 5, steps: [{ log: '${item}' }]"), ""),
        (each("steps: [{ update: item, set: { owner: null } }]"), ""),
    ] {
        assert_eq!(in_steps(&steps), expected, "{steps}");
    }
}

#[test]
fn condition_that_another_branch_may_change_guards_nothing() {
    table(
        &[
            (
                "{ set: { k: 3 } }, { parallel: { one: [{ set: { k: 10 } }], two: [{ set: { x: 1 }, when: k > 5 }] } }, { log: '${x}', when: k > 5 }",
                "may-be-unbound x",
            ),
            (
                "{ parallel: { one: [{ set: { k: 10 } }, { set: { x: 1 }, when: k > 5 }], two: [{ log: a }] } }, { log: '${x}', when: k > 5 }",
                "",
            ),
        ],
        in_steps,
    );
}

#[test]
fn maps_of_two_forms_are_known_by_what_both_have() {
    let two = "{ set: { a: { x: 1, z: 2 }, b: { y: '${input.id}', z: '${input.count}' } } }";
    for (value, used, expected) in [
        ("input.count > 1 ? a : b", "c.z + 1", ""),
        ("input.count > 1 ? a : b", "c.z + \"\"", "wrong-operand \"\""),
        // Whether it is there is seen when it runs; that nothing is called so is not.
        ("input.count > 1 ? a : b", "c.y + 1", ""),
        ("input.count > 1 ? a : b", "c.q", "unknown-name q"),
        ("[a, b]", "c[1].x + \"\"", ""),
        ("[a, b]", "c[1].z + \"\"", "wrong-operand \"\""),
        ("[{\"id\": 1}, input]", "c[1].id + \"\"", ""),
    ] {
        let steps = format!("{two}, {{ set: {{ c: '${{{value}}}' }} }}, {{ log: '${{{used}}}' }}");
        assert_eq!(in_steps(&steps), expected, "{steps}");
    }
}

#[test]
fn field_in_backticks_is_told_once() {
    assert_eq!(in_steps("{ log: '${input.`foo`}' }"), "unknown-name `foo`");
}

#[test]
fn very_many_entries_have_one_type() {
    let set = |count: usize| {
        let entries: Vec<String> = (0..count).map(|n| format!("k{n}: '${{{n}}}'")).collect();
        format!(
            "{{ set: {{ x: {{ {} }} }} }}, {{ log: '${{x.zz}} ${{x.k1 + \"\"}}' }}",
            entries.join(", ")
        )
    };
    assert_eq!(in_steps(&set(200)), "unknown-name zz; wrong-operand \"\"");
    assert_eq!(in_steps(&set(201)), "wrong-operand \"\"");
    let config: Vec<String> = (0..1_001).map(|n| format!("  k{n}: 1\n")).collect();
    let config = config.concat();
    let checked =
        crate::check(&[crate::Source::new("a.yaml", format!("project: p\nconfig:\n{config}"))]);
    let told: Vec<&str> = checked.diagnostics.iter().map(|told| &*told.message).collect();
    assert_eq!(told, ["a project has at most 1000 values in `config`"]);
}
