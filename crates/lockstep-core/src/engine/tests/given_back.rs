//! Locks that are given back for a wait (`while_waiting: release`), and taken again behind it.

use expect_test::expect;

use super::check;

/// A lock that is given back for a wait.
const GIVEN_BACK: &str = r#"
workflow: hold
input: { id: string }
activities:
  - activity: hold
    exclusive_lock: { context: input.id, while_waiting: release, waiting_timeout: 10s, hold_timeout: 20s }
    steps:
      - wait: { signal: paid }
        timeout: 1h
        as: paid
      - http: { url: "http://shop/${input.id}" }
output: "${paid}"
---
workflow: use
input: { id: string }
activities:
  - activity: use
    exclusive_lock: { context: input.id }
    steps:
      - http: { url: "http://shop/use" }
"#;

#[test]
fn a_lock_that_is_given_back_for_a_wait_is_taken_again_in_order() {
    check(
        GIVEN_BACK,
        "
        start a hold id=s1
        queues
        start b use id=s1
        start c use id=s1
        signal a paid yes
        explain a
        crash
        queues
        ok b
        ok c
        ok a
        journal a
        locks
        ",
        expect![[r#"
            b calls GET http://shop/use, call 1 attempt 1, token #1.2
            signal 1 is kept
            a waits for "s1" (input.id) for 10s, 1 ahead
              "s1" is held by b for 300s
              "s1" goes to c first
            crashed
            b calls GET http://shop/use, call 1 attempt 2, token #2.0
            "s1": b Exclusive (input.id); then c, a
            b done: null
            c calls GET http://shop/use, call 1 attempt 1, token #2.1
            c done: null
            a calls GET http://shop/s1, call 1 attempt 1, token #2.2
            a done: "yes"
            a: Started
            a: LockGranted { key: "\"s1\"", token: 1099511627777, waited: 0 }
            a: LockReleased { key: "\"s1\"" }
            a: Waited { signal: Some("paid"), title: None, until: Some(1000003600000000) }
            a: Signalled { name: "paid", by: "somebody" }
            a: LockWaited { key: "\"s1\"", holder: Some("b") }
            a: LockGranted { key: "\"s1\"", token: 2199023255554, waited: 0 }
            a: SignalTaken { name: "paid", by: "somebody" }
            a: Called { key: "a:1", attempt: 1 }
            a: Returned { key: "a:1", error: None }
            a: Finished
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_lock_that_is_not_got_again_in_time_is_an_error() {
    check(
        GIVEN_BACK,
        "
        start a hold id=s1
        start b use id=s1
        signal a paid yes
        +9999
        +1
        ok b
        locks
        ",
        expect![[r#"
            b calls GET http://shop/use, call 1 attempt 1, token #1.2
            signal 1 is kept
            a failed: lock.waiting_timeout: waited 10s for the lock "s1", which is held by instance b since 2001-09-09T01:46:40Z
            b done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_wait_that_ends_in_its_timeout_needs_the_lock_no_more() {
    check(
        GIVEN_BACK,
        "
        start a hold id=s1
        +3599000
        start b use id=s1
        +1000
        ok b
        locks
        ",
        expect![[r#"
            b calls GET http://shop/use, call 1 attempt 1, token #1.2
            a failed: wait.timeout: `paid` has not come in time
            b done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_wait_that_outlasts_the_hold_timeout_is_fine_while_the_lock_is_given_back() {
    check(
        GIVEN_BACK,
        "
        start a hold id=s1
        +1000000
        signal a paid yes
        ok a
        start b hold id=s1
        +3600000
        locks
        ",
        expect![[r#"
            signal 1 is kept
            a calls GET http://shop/s1, call 1 attempt 1, token #1.2
            a done: "yes"
            b failed: wait.timeout: `paid` has not come in time
            rows [], idle true
        "#]],
    );
}
