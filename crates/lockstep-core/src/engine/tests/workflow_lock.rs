//! The lock that a workflow keeps to its end, and workflows that are called under it.

use expect_test::expect;

use super::super::rig::{Rig, id};
use super::check;
use crate::transition::Status;

/// A lock that a workflow keeps, another one taken meanwhile, and workflows called under it.
pub(super) const KEPT: &str = r#"
workflow: order
input: { id: string, pause: { type: int, default: 0 } }
exclusive_lock: { context: input.id, hold_timeout: 1h, waiting_timeout: 10s, while_waiting: hold }
activities:
  - activity: first
    exclusive_lock: { context: '"stock"' }
    steps:
      - http: { url: "http://shop/first" }
  - activity: second
    steps:
      - wait: { signal: paid }
  - activity: third
    steps:
      - workflow: { call: ship, input: { id: "${input.id}" } }
---
workflow: ship
input: { id: string }
activities:
  - activity: ship
    exclusive_lock: { context: input.id }
    steps:
      - http: { url: "http://shop/ship" }
---
workflow: everything
activities:
  - activity: everything
    # lockstep: allow lock-without-context
    exclusive_lock: {}
    steps:
      - set: { done: true }
output: "done"
---
workflow: once
input: { id: string }
exclusive_lock: { context: input.id, on_busy: skip }
activities:
  - activity: once
    steps:
      - set: { done: true }
output: "done"
---
workflow: pair
input: { id: string }
activities:
  - activity: pair
    exclusive_lock: { context: input.id }
    steps:
      - parallel:
          left:
            - workflow: { call: ship, input: { id: "${input.id}" } }
          right:
            - workflow: { call: ship, input: { id: "${input.id}" } }
"#;

#[test]
fn the_lock_of_a_workflow_is_kept_to_its_end_and_through_a_crash() {
    check(
        KEPT,
        "
        start a order id=o1
        start b order id=o1
        start c once id=o1
        ok a
        explain a
        crash
        queues
        signal a paid
        locks
        ok a/ship
        explain b
        cancel b
        locks
        start d once id=o1
        ",
        expect![[r#"
            a calls GET http://shop/first, call 1 attempt 1, token #1.2
            c done: null
            a holds "o1" (input.id) for 3600s
            a waits: Signal { name: "paid", until: None, form: None }
            crashed
            "o1": a Exclusive (input.id); then b
            signal 1 is kept
            a/ship calls GET http://shop/ship, call 1 attempt 1, token #2.1
            rows ["\"o1\" by a", "\"o1\" by a/ship"], idle false
            a/ship done: null
            a done: null
            b calls GET http://shop/first, call 1 attempt 1, token #2.3
            b holds "o1" (input.id) for 3600s
            b holds "stock" ("stock") for 300s
            b waits: Call { attempt: 1, call: 2 }
            b's call 1 is cancelled
            b failed: cancelled: by hand
            rows [], idle true
            d done: "done"
        "#]],
    );
}

#[test]
fn calls_under_a_lock_carry_tokens_that_only_grow_and_those_of_called_workflows_too() {
    check(
        r#"
workflow: order
exclusive_lock: { context: '"order"', while_waiting: hold }
activities:
  - activity: outer
    steps:
      - http: { url: "http://shop/outer" }
  - activity: inner
    exclusive_lock: { context: '"inner"' }
    steps:
      - http: { url: "http://shop/inner" }
  - activity: behind
    steps:
      - http: { url: "http://shop/behind" }
      - workflow: { call: free }
      - workflow: { call: taking }
      - http: { url: "http://shop/last" }
---
workflow: free
activities:
  - activity: call
    steps:
      - http: { url: "http://shop/free" }
---
workflow: taking
activities:
  - activity: call
    exclusive_lock: { context: '"taken"' }
    steps:
      - http: { url: "http://shop/taken" }
"#,
        "
        start f free
        ok f
        start a order
        ok a
        ok a
        ok a
        ok a/free
        ok a/taking
        crash
        ok a
        ",
        expect![[r#"
            f calls GET http://shop/free, call 1 attempt 1, token -
            f done: null
            a calls GET http://shop/outer, call 1 attempt 1, token #1.1
            a calls GET http://shop/inner, call 2 attempt 1, token #1.2
            a calls GET http://shop/behind, call 3 attempt 1, token #1.2
            a/free calls GET http://shop/free, call 1 attempt 1, token #1.2
            a/free done: null
            a/taking calls GET http://shop/taken, call 1 attempt 1, token #1.3
            a/taking done: null
            a calls GET http://shop/last, call 6 attempt 1, token #1.3
            crashed
            a calls GET http://shop/last, call 6 attempt 2, token #2.0
            a done: null
        "#]],
    );
}

#[test]
fn a_workflow_that_loses_its_lock_fails() {
    check(
        KEPT,
        "
        start a order id=o1
        ok a
        +3600000
        locks
        ",
        expect![[r#"
            a calls GET http://shop/first, call 1 attempt 1, token #1.2
            a failed: lock.lost: the lock "o1" was taken away after 3600s: its hold timeout has ended; uncommitted changes are dropped
            rows [], idle true
        "#]],
    );
}

#[test]
fn called_workflows_enter_the_lock_of_their_caller_one_at_a_time() {
    check(
        KEPT,
        "
        start a pair id=p
        start b ship id=p
        queues
        ok a/ship
        queues
        ok a/ship2
        ok b
        locks
        ",
        expect![[r#"
            a/ship calls GET http://shop/ship, call 1 attempt 1, token #1.2
            "p": a Exclusive (input.id), a/ship Exclusive (input.id); then a/ship2, b
            a/ship done: null
            a/ship2 calls GET http://shop/ship, call 1 attempt 1, token #1.3
            "p": a Exclusive (input.id), a/ship2 Exclusive (input.id); then b
            a/ship2 done: null
            a done: null
            b calls GET http://shop/ship, call 1 attempt 1, token #1.4
            b done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn who_shares_a_ticket_after_a_restart_times_out_all_the_same() {
    let mut rig = Rig::new(KEPT);
    rig.run("start a order id=o1\nstart b order id=o1\nstart c order id=o1");
    let row = rig.rows.get_mut(&id("c")).expect("it waits");
    let Status::Running(state) = &row.status else { panic!("it has ended") };
    assert!(state.contains(r#""ticket":2"#), "{state}");
    row.status = Status::Running(state.replace(r#""ticket":2"#, r#""ticket":1"#).into());
    row.ticket = 1;
    expect![[r#"
        crashed
        a calls GET http://shop/first, call 1 attempt 2, token #2.0
        "o1": a Exclusive (input.id); then b, c
        "stock": a Exclusive ("stock"); then 
        b failed: lock.waiting_timeout: waited 10s for the lock "o1", which is held by instance a since 2001-09-09T01:46:40Z
        c failed: lock.waiting_timeout: waited 10s for the lock "o1", which is held by instance a since 2001-09-09T01:46:40Z
    "#]]
    .assert_eq(&rig.run("crash\nqueues\n+10000"));
}

/// Activities that are tried again, and that catch what then still fails, with and without a lock of
/// the workflow.
const TENACIOUS: &str = r#"
workflow: kept
exclusive_lock: { context: '"shop"', hold_timeout: 2500ms, while_waiting: hold }
activities:
  - activity: sell
    exclusive_lock: { context: '"till"', hold_timeout: 1s, while_waiting: hold }
    retry: { max_attempts: 3, backoff: 1s }
    steps:
      - http: { url: "http://shop" }
    catch:
      - error: lock.lost
        steps:
          - set: { result: caught }
output: "${result}"
---
workflow: free
activities:
  - activity: sell
    exclusive_lock: { context: '"till"', hold_timeout: 1s, while_waiting: hold }
    retry: { max_attempts: 2, backoff: 1s }
    steps:
      - http: { url: "http://shop" }
    catch:
      - error: lock.lost
        steps:
          - set: { result: caught }
output: "${result}"
"#;

#[test]
fn who_loses_the_lock_of_an_activity_tries_again_and_who_loses_its_workflow_does_not() {
    check(
        TENACIOUS,
        "
        start a kept
        +2000
        locks
        +500
        start b free
        +5000
        locks
        ",
        expect![[r#"
            a calls GET http://shop, call 1 attempt 1, token #1.2
            a's call 1 is cancelled
            a calls GET http://shop, call 2 attempt 1, token #1.3
            rows ["\"shop\" by a", "\"till\" by a"], idle false
            a's call 2 is cancelled
            a failed: lock.lost: the lock "shop" was taken away after 2.5s: its hold timeout has ended; uncommitted changes are dropped
            b calls GET http://shop, call 1 attempt 1, token #1.4
            b's call 1 is cancelled
            b calls GET http://shop, call 2 attempt 1, token #1.5
            b's call 2 is cancelled
            b done: "caught"
            rows [], idle true
        "#]],
    );
}
