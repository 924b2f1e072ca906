//! Unique constraints, which only the store can judge.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;
use super::crashes::assert_nothing_is_left;

const UNIQUE: &str = r#"
entity: Seat
attributes: { row: int, number: int, who: string }
unique: [[row, number]]
---
workflow: seat
input: { number: int, who: string }
activities:
  - activity: seat
    steps:
      - set: { result: booked }
      - create: Seat
        set: { row: 1, number: "${input.number}", who: "${input.who}" }
        as: seat
    catch:
      - error: data.unique
        steps:
          - set: { result: "${error.code}" }
output: "${input.who}: ${result}"
"#;

#[test]
fn what_the_store_judges_keeps_its_effects_until_it_has_judged() {
    check(
        UNIQUE,
        "
        start a seat number=1 who=anna
        hold
        start b seat number=1 who=bert
        start c seat number=2 who=carl
        land
        ",
        expect![[r#"
            a done: "anna: booked"
            b done: "bert: data.unique"
            c done: "carl: booked"
        "#]],
    );
}

/// A unique key, judged by the store, in the middle of an activity that goes on under its lock.
const UNIQUE_UNDER_A_LOCK: &str = r#"
entity: Seat
attributes: { number: int }
unique: [[number]]
---
workflow: seat
input: { number: int }
activities:
  - activity: seat
    exclusive_lock: { context: '"hall"' }
    steps:
      - create: Seat
        set: { number: "${input.number}" }
        as: seat
      - commit
      - http: { url: "http://outside/ticket" }
      - update: seat
        set: { number: "${seat.number + 100}" }
output: "${seat.number}"
"#;

#[test]
fn a_commit_that_the_store_judges_leaves_its_lock_and_its_rows_in_step() {
    check(
        UNIQUE_UNDER_A_LOCK,
        "
        start a seat number=1
        start b seat number=1
        locks
        crash
        ok a
        start c seat number=101
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://outside/ticket, call 1 attempt 1, token #1.1
            rows ["\"hall\" by a"], idle false
            crashed
            a calls GET http://outside/ticket, call 1 attempt 2, token #2.0
            a done: 101
            b calls GET http://outside/ticket, call 1 attempt 1, token #2.1
            b failed: data.unique: Seat/00e8d4a5-1000-75b9-9a77-13fb5a0f8e7e has the same number as Seat/00e8d4a5-1000-757f-a208-3ced74bff100: [101]
            c failed: data.unique: Seat/00e8d4a5-1000-769c-bb44-05fbf6a627c6 has the same number as Seat/00e8d4a5-1000-757f-a208-3ced74bff100: [101]
            rows [], idle true
        "#]],
    );
}

/// Goal: a crash behind any batch of a history with unique keys and uncommitted work, too.
#[test]
fn a_crash_behind_any_batch_applies_no_unique_key_twice() {
    let run = |crash_after: Option<usize>| {
        let mut rig = Rig::new(UNIQUE_UNDER_A_LOCK);
        rig.crash_after = crash_after;
        for (name, number) in [("a", "number=1"), ("b", "number=1"), ("c", "number=2")] {
            rig.start(name, "seat", &[number]);
            rig.settle();
        }
        for _ in 0..20 {
            rig.answer_all("fine");
        }
        assert_nothing_is_left(&rig);
        let mut numbers: Vec<String> = rig
            .objects
            .values()
            .map(|object| format!("{:?}", object.attributes.get("number")))
            .collect();
        numbers.sort();
        (numbers, rig.batches)
    };
    let (numbers, batches) = run(None);
    // b's second commit would have been a second seat 101; its first one stands.
    assert_eq!(numbers, ["Some(Int(1))", "Some(Int(101))", "Some(Int(102))"]);
    for crash_after in 1..=batches {
        assert_eq!(run(Some(crash_after)).0, numbers, "a crash behind batch {crash_after}");
    }
}
