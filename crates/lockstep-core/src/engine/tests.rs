//! The engine as a whole, by scripts: see [`super::rig`].

mod children;
mod crashes;
mod judgement;
mod locks;
mod nesting;
mod outside;
mod waiting;

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::rig::Rig;
use crate::transition::Status;

/// A counter under a lock, with an outside call between reading and writing.
const CALLING: &str = r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
workflow: count
input: { key: string }
activities:
  - activity: count
    exclusive_lock: { context: input.key, waiting_timeout: 5s, hold_timeout: 2s }
    steps:
      - load: { entity: Counter, id: "${input.key}", optional: true }
        as: counter
      - create: Counter
        id: "${input.key}"
        when: counter == null
        as: counter
      - http: { method: POST, url: "http://outside/${input.key}" }
        as: answer
      - update: counter
        set: { value: "${counter.value + 1}" }
output: "${counter.value}"
"#;

#[track_caller]
fn check(yaml: &str, script: &str, expected: Expect) {
    expected.assert_eq(&Rig::new(yaml).run(script));
}

#[test]
fn waiters_get_the_lock_in_the_order_in_which_they_asked() {
    check(
        CALLING,
        "
        start a count key=x
        start b count key=x
        start c count key=x
        start d count key=y
        ok a
        ok b
        ok c
        ok d
        show Counter/x
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            d calls POST http://outside/y, call 1 attempt 1, token #1.2
            a done: 1
            b calls POST http://outside/x, call 1 attempt 1, token #1.3
            b done: 2
            c calls POST http://outside/x, call 1 attempt 1, token #1.4
            c done: 3
            d done: 1
            Counter/x: v3 {"value":3}
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_holder_that_outlives_its_hold_timeout_loses_lock_call_and_changes() {
    check(
        CALLING,
        "
        start a count key=x
        +500
        start b count key=x
        +1499
        +1
        ok b
        show Counter/x
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            b calls POST http://outside/x, call 1 attempt 1, token #1.2
            a failed: lock.lost: the lock "x" was taken away after 2s: its hold timeout has ended; uncommitted changes are dropped
            b done: 1
            Counter/x: v1 {"value":1}
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_waiter_gives_up_at_its_waiting_timeout_and_names_the_holder() {
    check(
        &CALLING.replace("hold_timeout: 2s", "hold_timeout: 1h"),
        "
        start a count key=x
        start b count key=x
        +4999
        +1
        ok a
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            b failed: lock.waiting_timeout: waited 5s for the lock "x", which is held by instance a since 2001-09-09T01:46:40Z
            a done: 1
            rows [], idle true
        "#]],
    );
}

#[test]
fn nothing_leaves_the_engine_before_it_is_durable() {
    check(
        CALLING,
        "
        hold
        start a count key=x
        land
        hold
        ok a
        show Counter/x
        land
        show Counter/x
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            Counter/x: absent
            a done: 1
            Counter/x: v1 {"value":1}
        "#]],
    );
}

#[test]
fn a_call_is_made_again_after_a_crash_under_the_same_key() {
    check(
        CALLING,
        "
        start a count key=x
        start b count key=x
        crash
        ok a
        ok b
        show Counter/x
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            crashed
            a calls POST http://outside/x, call 1 attempt 2, token #1.1
            a done: 1
            b calls POST http://outside/x, call 1 attempt 1, token #2.1
            b done: 2
            Counter/x: v2 {"value":2}
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_cancelled_waiter_leaves_its_queue_and_a_cancelled_holder_its_lock() {
    check(
        CALLING,
        "
        start a count key=x
        start b count key=x
        start c count key=x
        cancel b
        cancel a
        ok c
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            b failed: cancelled: by hand
            a's call 1 is cancelled
            a failed: cancelled: by hand
            c calls POST http://outside/x, call 1 attempt 1, token #1.2
            c done: 1
            rows [], idle true
        "#]],
    );
}

/// Reads, calls outside, writes; without a lock.
fn unlocked(on_conflict: &str) -> String {
    CALLING.replace(
        "exclusive_lock: { context: input.key, waiting_timeout: 5s, hold_timeout: 2s }",
        &format!("on_conflict: {on_conflict}"),
    )
}

#[test]
fn without_a_lock_the_second_to_commit_is_told_of_the_conflict() {
    check(
        &unlocked("retry"),
        "
        start z count key=x
        ok z
        start a count key=x
        start b count key=x
        ok b
        ok a
        show Counter/x
        ",
        expect![[r#"
            z calls POST http://outside/x, call 1 attempt 1, token -
            z done: 1
            a calls POST http://outside/x, call 1 attempt 1, token -
            b calls POST http://outside/x, call 1 attempt 1, token -
            b done: 2
            a failed: data.conflict: Counter/x is expected at version 1, but tester changed it to version 2 at 2001-09-09T01:46:40Z
            Counter/x: v2 {"value":2}
        "#]],
    );
}

#[test]
fn force_writes_over_what_another_has_written() {
    check(
        &unlocked("force"),
        "
        start z count key=x
        ok z
        start a count key=x
        start b count key=x
        ok b
        ok a
        show Counter/x
        ",
        expect![[r#"
            z calls POST http://outside/x, call 1 attempt 1, token -
            z done: 1
            a calls POST http://outside/x, call 1 attempt 1, token -
            b calls POST http://outside/x, call 1 attempt 1, token -
            b done: 2
            a done: 2
            Counter/x: v3 {"value":2}
        "#]],
    );
}

/// Two activities that leave their changes uncommitted; keys in the order of the input.
const UNCOMMITTED: &str = r#"
entity: Note
attributes: { text: string }
---
workflow: two
input: { first: string, second: string }
activities:
  - activity: one
    exclusive_lock: { context: input.first }
    auto_commit: false
    steps:
      - create: Note
        id: "${input.first}"
        set: { text: one }
      - http: { url: "http://outside/one" }
  - activity: two
    exclusive_lock: { context: input.second }
    auto_commit: false
    steps:
      - create: Note
        id: "${input.second}"
        set: { text: two }
      - http: { url: "http://outside/two" }
---
workflow: look
input: { id: string }
activities:
  - activity: look
    steps:
      - load: { entity: Note, id: "${input.id}", optional: true }
        as: note
output: "${note == null ? 'nothing' : note.text}"
"#;

#[test]
fn uncommitted_changes_are_seen_by_nobody_and_survive_a_crash() {
    check(
        UNCOMMITTED,
        "
        start a two first=x second=y
        ok a
        start b look id=x
        locks
        crash
        start c look id=x
        ok a
        start d look id=x
        start e look id=y
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            a calls GET http://outside/two, call 2 attempt 1, token #1.2
            b done: "nothing"
            rows ["\"x\" by a", "\"y\" by a"], idle false
            crashed
            a calls GET http://outside/two, call 2 attempt 2, token #1.2
            c done: "nothing"
            a done: null
            d done: "one"
            e done: "two"
            rows [], idle true
        "#]],
    );
}

#[test]
fn who_closes_a_cycle_of_waits_fails() {
    check(
        UNCOMMITTED,
        "
        start a two first=x second=y
        start b two first=y second=x
        ok a
        ok b
        ok a
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            b calls GET http://outside/one, call 1 attempt 1, token #1.2
            b failed: lock.deadlock: b waits for "x", a waits for "y", which b holds
            a calls GET http://outside/two, call 2 attempt 1, token #1.3
            a done: null
            rows [], idle true
        "#]],
    );
}

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
            a calls GET http://outside/ticket, call 1 attempt 2, token #1.1
            a done: 101
            b calls GET http://outside/ticket, call 1 attempt 1, token #2.1
            b failed: data.unique: Seat/00e8d4a5-1000-75b9-9a77-13fb5a0f8e7e has the same number as Seat/00e8d4a5-1000-757f-a208-3ced74bff100: [101]
            c failed: data.unique: Seat/00e8d4a5-1000-769c-bb44-05fbf6a627c6 has the same number as Seat/00e8d4a5-1000-757f-a208-3ced74bff100: [101]
            rows [], idle true
        "#]],
    );
}

#[test]
fn the_lock_of_the_whole_system_excludes_everybody_and_is_fair() {
    let yaml = format!(
        "{CALLING}---
workflow: alone
activities:
  - activity: alone
    exclusive_lock: {{}}
    steps:
      - http: {{ url: \"http://outside/alone\" }}
"
    );
    check(
        &yaml,
        "
        start a count key=x
        start b alone
        start c count key=y
        ok a
        ok b
        ok c
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            a done: 1
            b calls GET http://outside/alone, call 1 attempt 1, token #1.2
            b done: null
            c calls POST http://outside/y, call 1 attempt 1, token #1.3
            c done: 1
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
        assert!(rig.locks.is_empty(), "crash {crash_after:?}: a lock row is left");
        assert_eq!(rig.engine.unfinished(), 0, "crash {crash_after:?}: an instance is stuck");
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

/// Goal: wherever a crash cuts a history, the end is the same and nothing is applied twice.
///
/// Method: one run without a crash counts the batches; then one run for every batch, with a crash
/// behind it. Calls are answered until everyone has ended.
#[test]
fn a_crash_behind_any_batch_changes_nothing() {
    let run = |crash_after: Option<usize>| {
        let mut rig = Rig::new(CALLING);
        rig.crash_after = crash_after;
        for name in ["a", "b", "c", "d"] {
            rig.start(name, "count", &["key=x"]);
            rig.settle();
        }
        for _ in 0..20 {
            rig.answer_all("fine");
        }
        let ended =
            rig.rows.values().filter(|row| matches!(row.status, Status::Done { .. })).count();
        let counters: BTreeMap<String, String> = rig
            .objects
            .iter()
            .map(|(key, object)| (key.to_string(), format!("{:?}", object.attributes.get("value"))))
            .collect();
        assert!(rig.locks.is_empty(), "crash {crash_after:?}: a lock row is left");
        assert!(rig.engine.locks_are_idle(), "crash {crash_after:?}: a lock is stuck");
        assert_eq!(rig.engine.unfinished(), 0, "crash {crash_after:?}: an instance is stuck");
        (ended, counters, rig.batches)
    };
    let (ended, counters, batches) = run(None);
    assert_eq!(ended, 4, "exactly-once: all four end");
    assert_eq!(counters["Counter/x"], "Some(Int(4))", "exactly-once: four counts");
    assert!(batches > 4, "the history has places to cut");
    for crash_after in 1..=batches {
        let (ended_now, counters_now, _) = run(Some(crash_after));
        assert_eq!(ended_now, ended, "a crash behind batch {crash_after}: all accepted end");
        assert_eq!(counters_now, counters, "a crash behind batch {crash_after}: exactly once");
    }
}

/// An activity that commits, and one that then wants a lock and calls outside under it.
const COMMIT_THEN_LOCK: &str = r#"
entity: Note
attributes: { text: string }
---
workflow: two
input: { id: string }
activities:
  - activity: one
    steps:
      - create: Note
        id: "${input.id}"
        set: { text: one }
  - activity: two
    exclusive_lock: { context: '"hall"' }
    timeout: 10s
    steps:
      - http: { url: "http://outside/two" }
      - create: Note
        id: "${input.id}-two"
        set: { text: two }
  - activity: three
    steps:
      - http: { url: "http://outside/three" }
---
workflow: note
input: { id: string }
activities:
  - activity: note
    steps:
      - create: Note
        id: "${input.id}"
        set: { text: note }
"#;

/// Goal: b's lock row, which voids a's token, takes effect behind a's commit under that token.
///
/// Method: n's commit keeps the store busy, so that b's first commit, a's commit and b's call come
/// into one batch, in this order.
#[test]
fn a_lock_row_never_goes_in_front_of_a_commit_under_the_lock_before() {
    check(
        COMMIT_THEN_LOCK,
        "
        start a two id=a
        hold
        start n note id=n
        start b two id=b
        ok a
        land
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://outside/two, call 1 attempt 1, token #1.1
            n done: null
            a calls GET http://outside/three, call 2 attempt 1, token -
            b calls GET http://outside/two, call 1 attempt 1, token #1.2
            b calls GET http://outside/three, call 2 attempt 1, token -
            rows [], idle true
        "#]],
    );
}

#[test]
fn the_timeout_of_an_activity_ends_with_it() {
    check(
        COMMIT_THEN_LOCK,
        "
        start a two id=a
        +3000
        ok a
        +8000
        ok a
        start b two id=b
        +10000
        ",
        expect![[r#"
            a calls GET http://outside/two, call 1 attempt 1, token #1.1
            a calls GET http://outside/three, call 2 attempt 1, token -
            a done: null
            b calls GET http://outside/two, call 1 attempt 1, token #1.2
            b's call 1 is cancelled
            b failed: activity.timeout: the activity has taken too long
        "#]],
    );
}

#[test]
fn who_holds_a_lock_is_not_kept_behind_one_who_waits_for_the_whole_system() {
    let yaml = format!(
        "{UNCOMMITTED}---
workflow: alone
activities:
  - activity: alone
    exclusive_lock: {{}}
    steps:
      - http: {{ url: \"http://outside/alone\" }}
"
    );
    check(
        &yaml,
        "
        start a two first=x second=y
        start s alone
        start w two first=y second=z
        ok a
        ok a
        ok s
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            a calls GET http://outside/two, call 2 attempt 1, token #1.2
            a done: null
            s calls GET http://outside/alone, call 1 attempt 1, token #1.3
            s done: null
            w failed: data.unique: there is a Note with id "y" already
            rows [], idle true
        "#]],
    );
}

/// A unit of work over two activities, with a pause between reading and committing.
const ACROSS: &str = r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
workflow: make
input: { id: string }
activities:
  - activity: make
    steps:
      - create: Counter
        id: "${input.id}"
---
workflow: across
activities:
  - activity: one
    auto_commit: false
    steps:
      - set: { result: counted }
      - load: { entity: Counter, id: x }
        as: counter
      - require: counter.value < 1
        else: { error: counter.full }
      - update: counter
        set: { value: "${counter.value + 1}" }
    catch:
      - error: counter.full
        steps:
          - set: { result: full }
  - activity: two
    steps:
      - find: { entity: Counter }
        as: all
output: "${result}"
---
workflow: bump
activities:
  - activity: bump
    steps:
      - load: { entity: Counter, id: x }
        as: counter
      - update: counter
        set: { value: "${counter.value + 1}" }
"#;

#[test]
fn a_unit_run_anew_fails_and_is_caught_as_if_it_ran_for_the_first_time() {
    check(
        ACROSS,
        "
        start n make id=x
        hold
        start m make id=y
        start a across
        start b bump
        land
        show Counter/x
        ",
        expect![[r#"
            n done: null
            m done: null
            b done: null
            a done: "full"
            Counter/x: v2 {"value":1}
        "#]],
    );
}

#[test]
fn a_cancel_is_not_tried_again() {
    let yaml = CALLING
        .replace("    steps:\n", "    retry: { max_attempts: 9, backoff: 1s }\n    steps:\n");
    check(
        &yaml,
        "
        start a count key=x
        start b count key=x
        cancel a
        cancel b
        +60000
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            a failed: cancelled: by hand
            b calls POST http://outside/x, call 1 attempt 1, token #1.2
            b's call 1 is cancelled
            b failed: cancelled: by hand
            rows [], idle true
        "#]],
    );
}

/// Goal: what waits stays small; hundreds of thousands of instances may wait at once.
#[test]
fn a_waiting_instance_is_small() {
    let size = size_of::<crate::instance::Instance>();
    assert!(size <= 512, "an instance takes {size} bytes");
}
