//! The engine as a whole, by scripts: see [`super::rig`].
//!
//! Here: one lock around an outside call, the oldest promises of all. The rooms below are named after
//! what they look at.

mod breaking;
mod changes;
mod children;
mod client_locks;
mod commits;
mod conflicts;
mod crashes;
mod given_back;
mod judgement;
mod locks;
mod nesting;
mod outside;
mod refused;
mod signals;
mod strands;
mod system_lock;
mod turns;
mod uncommitted;
mod unique;
mod waiting;
mod workflow_lock;
mod writes;

use expect_test::{Expect, expect};

use super::rig::Rig;

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
            a calls POST http://outside/x, call 1 attempt 2, token #2.0
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

/// Goal: what waits stays small; hundreds of thousands of instances may wait at once.
#[test]
fn a_waiting_instance_is_small() {
    let size = size_of::<crate::instance::Instance>();
    assert!(size <= 512, "an instance takes {size} bytes");
}
