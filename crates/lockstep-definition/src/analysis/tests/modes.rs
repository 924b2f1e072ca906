//! Facts about shared locks and lists of keys.

use std::fmt::Write as _;

use super::{COUNT, LOAD, activity, codes, finds, silent, workflow};
use crate::{Code, Source, check};

const KEPT: &str = "auto_commit: false, allow: { uncommitted-under-lock: kept }";

/// A lock of the object that `LOAD` reads.
fn lock(keys: &str) -> String {
    format!("exclusive_lock: {{ context: \"ref('Slot', input.id)\"{keys} }}")
}

#[test]
fn object_is_changed_under_a_shared_lock_of_it() {
    let shared = lock(", mode: shared");
    let listed = shared.replace("ref('Slot', input.id)", "['all', ref('Slot', input.id)]");
    finds(
        Code::WriteUnderSharedLock,
        &[
            &activity("a", &shared, &[LOAD, COUNT]),
            &activity("a", &shared, &[LOAD, "{ delete: s }"]),
            &activity("a", &listed, &[LOAD, COUNT]),
            &activity("a", &shared, &[LOAD, &format!("{{ for_each: [1], steps: [{COUNT}] }}")]),
        ],
    );
    silent(&[
        &activity("a", &shared, &[LOAD, "{ log: '${s.n}' }"]),
        &activity("a", &lock(""), &[LOAD, COUNT]),
        &activity("a", &shared.replace("input.id", "'other'"), &[LOAD, COUNT]),
        &activity("a", &shared.replace("ref('Slot', input.id)", "'all'"), &[LOAD, COUNT]),
    ]);
    // Held alone by the workflow it is not changed by others.
    let text = workflow(&activity("a", &shared, &[LOAD, COUNT]));
    let whole = |lock: &str| text.replace("activities:", &format!("{lock}\nactivities:"));
    assert_eq!(codes(&whole(&lock(""))), [""; 0]);
    assert_eq!(codes(&whole(&shared)), ["write-under-shared-lock"]);
}

/// What is told of the order in which two workflows take locks, each keeping the first while it
/// takes the second; a lock is `A`, or `A shared`.
fn orders(first: [&str; 2], second: [&str; 2]) -> Vec<String> {
    let mut text = "entity: Note\nattributes: {}\n".to_owned();
    for (name, locks) in [("first", first), ("second", second)] {
        writeln!(text, "---\nworkflow: {name}\nactivities:").unwrap();
        for (number, lock) in locks.into_iter().enumerate() {
            let (key, mode) = lock.split_once(' ').unwrap_or((lock, "exclusive"));
            let context =
                if key == "*" { String::new() } else { format!("context: '\"{key}\"', ") };
            writeln!(
                text,
                "  - activity: a{number}\n    exclusive_lock: {{ {context}mode: {mode} }}\n    \
                 auto_commit: {}\n    steps: [{{ create: Note }}]",
                number == 1
            )
            .unwrap();
        }
    }
    let checked = check(&[Source::new("a.yaml", text)]);
    let told = checked.diagnostics.into_iter().filter(|told| told.code == Code::LockOrder);
    told.map(|told| told.message).collect()
}

#[test]
fn who_shares_a_lock_does_not_wait_for_who_shares_it() {
    assert_eq!(orders(["A", "B"], ["B", "A"]).len(), 1);
    assert_eq!(orders(["A shared", "B"], ["B", "A"]).len(), 1);
    assert_eq!(orders(["A shared", "B"], ["B shared", "A"]).len(), 1);
    assert_eq!(orders(["A shared", "B"], ["B", "A shared"]), [""; 0]);
    assert_eq!(orders(["A", "B shared"], ["B shared", "A"]), [""; 0]);
    assert_eq!(orders(["A shared", "B shared"], ["B shared", "A shared"]), [""; 0]);
    // Each waits for the other, in whatever mode it holds its own.
    assert_eq!(
        orders(["A shared", "B shared"], ["B", "A"]),
        [
            "`first` holds `\"A\"` (shared) and takes `\"B\"` (shared), `second` holds `\"B\"` and takes \
             `\"A\"`: they may wait for each other"
        ]
    );
}

#[test]
fn lock_of_the_whole_system_can_be_shared() {
    assert_eq!(orders(["A", "*"], ["B", "C"]).len(), 1);
    assert_eq!(orders(["A", "* shared"], ["B", "C"]).len(), 1);
    assert_eq!(orders(["A shared", "* shared"], ["B shared", "C shared"]), [""; 0]);
    // Who shares the whole system does not wait for who shares a part of it.
    assert_eq!(orders(["* shared", "A shared"], ["A shared", "* shared"]), [""; 0]);
    assert_eq!(orders(["* shared", "A"], ["B", "C"]).len(), 1);
}

#[test]
fn lock_that_is_shared_is_not_taken_alone_as_well() {
    let both = |first: &str, second: &str| {
        activity("a", &format!("{}, {KEPT}", lock(first)), &["{ create: Slot }"])
            + &activity("b", &lock(second), &["{ create: Slot }"])
    };
    let shared = ", mode: shared";
    finds(Code::LockOrder, &[&both(shared, "")]);
    silent(&[&both("", ""), &both("", shared), &both(shared, shared)]);
}

#[test]
fn keys_of_one_list_are_taken_at_once() {
    let told = |first: &str, second: &str| {
        let lock = |context: &str| format!("exclusive_lock: {{ context: \"{context}\" }}");
        let mut activities =
            activity("a", &format!("{}, {KEPT}", lock(first)), &["{ create: Slot }"]);
        if !second.is_empty() {
            activities += &activity("b", &lock(second), &["{ create: Slot }"]);
        }
        let inputs = "{ id: string, other: string, last: string, ids: list<string>, slots: list<ref<Slot>> }";
        let text = workflow(&activities).replace("{ id: string }", inputs);
        codes(&text.replace("${input.id}", "${input}")).join(" ")
    };
    let (one, two) = ("ref('Slot', input.id)", "[ref('Slot', input.id), ref('Slot', input.other)]");
    assert_eq!(told(two, ""), "");
    // What is held already is not waited for.
    assert_eq!(told(two, two), "");
    assert_eq!(told(two, one), "");
    assert_eq!(told("ref('Slot', input.last)", "['all', ref('Slot', input.last)]"), "");
    for list in [
        two,
        "['all', ref('Slot', input.other)]",
        "input.ids.map(id, ref('Slot', id))",
        "input.slots",
    ] {
        assert_eq!(told("ref('Slot', input.last)", list), "lock-order", "{list}");
    }
}
