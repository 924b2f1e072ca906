//! Locks in all their forms: several keys, shared, of workflows, given back for a wait, of clients.

use expect_test::expect;

use super::super::rig::{Rig, id};
use super::check;
use crate::transition::Status;

const BOOKS: &str = r#"
entity: Account
attributes: { balance: { type: int, default: 0 } }
---
workflow: move
input: { from: string, to: string, priority: { type: int, default: 0 } }
activities:
  - activity: move
    exclusive_lock:
      context: "[input.from, input.to]"
      priority: input.priority
      waiting_timeout: 10s
      hold_timeout: 1m
    steps:
      - http: { url: "http://bank/${input.from}${input.to}" }
output: done
---
workflow: one
input: { key: string }
activities:
  - activity: one
    exclusive_lock: { context: input.key, max_waiting: 1 }
    steps:
      - http: { url: "http://bank/${input.key}" }
---
workflow: read
input: { key: string }
activities:
  - activity: read
    exclusive_lock: { context: input.key, mode: shared }
    steps:
      - http: { url: "http://bank/${input.key}" }
---
workflow: skip
input: { key: string }
activities:
  - activity: skip
    exclusive_lock: { context: input.key, on_busy: skip }
    steps:
      - set: { done: true }
output: "done"
"#;

#[test]
fn two_keys_are_taken_together_whatever_their_order() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b move from=y to=x
        start c move from=x to=x
        queues
        ok a
        ok b
        ok c
        locks
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            "x": a Exclusive ([input.from, input.to]); then b, c
            "y": a Exclusive ([input.from, input.to]); then b
            a done: "done"
            b calls GET http://bank/yx, call 1 attempt 1, token #1.2
            b done: "done"
            c calls GET http://bank/xx, call 1 attempt 1, token #1.3
            c done: "done"
            rows [], idle true
        "#]],
    );
}

#[test]
fn one_who_waits_for_two_keys_does_not_keep_others_from_the_free_one() {
    check(
        BOOKS,
        "
        start a one key=x
        start b move from=x to=y
        start c one key=y
        explain b
        ok c
        ok a
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            c calls GET http://bank/y, call 1 attempt 1, token #1.2
            b waits for "x", "y" ([input.from, input.to]) for 10s, 0 ahead
              "x" is held by a for 300s
              "y" is held by c for 300s
            c done: null
            a done: null
            b calls GET http://bank/xy, call 1 attempt 1, token #1.3
            b done: "done"
            rows [], idle true
        "#]],
    );
}

#[test]
fn readers_share_and_a_writer_goes_before_readers_that_come_after_it() {
    check(
        BOOKS,
        "
        start a read key=x
        start b read key=x
        start c one key=x
        start d read key=x
        queues
        ok a
        ok b
        ok c
        ok d
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            b calls GET http://bank/x, call 1 attempt 1, token #1.2
            "x": a Shared (input.key), b Shared (input.key); then c, d
            a done: null
            b done: null
            c calls GET http://bank/x, call 1 attempt 1, token #1.3
            c done: null
            d calls GET http://bank/x, call 1 attempt 1, token #1.4
            d done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn higher_priorities_go_first() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b move from=x to=y
        start c move from=x to=y priority=5
        start d move from=x to=y priority=5
        ok a
        ok c
        ok d
        ok b
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            a done: "done"
            c calls GET http://bank/xy, call 1 attempt 1, token #1.2
            c done: "done"
            d calls GET http://bank/xy, call 1 attempt 1, token #1.3
            d done: "done"
            b calls GET http://bank/xy, call 1 attempt 1, token #1.4
            b done: "done"
        "#]],
    );
}

#[test]
fn a_queue_that_is_full_and_a_lock_that_is_busy_are_told() {
    check(
        BOOKS,
        "
        start a one key=x
        start b one key=x
        start c one key=x
        start d skip key=x
        ok a
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            c failed: lock.queue_full: 1 wait for the lock "x" already, 1 may
            d done: "done"
            a done: null
            b calls GET http://bank/x, call 1 attempt 1, token #1.2
            b done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn several_keys_and_shared_holders_outlive_a_crash() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b read key=z
        start c read key=z
        start d one key=y
        start e one key=z
        start f read key=z
        locks
        crash
        queues
        ok a
        ok d
        ok b
        ok c
        ok e
        ok f
        locks
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            b calls GET http://bank/z, call 1 attempt 1, token #1.2
            c calls GET http://bank/z, call 1 attempt 1, token #1.3
            rows ["\"x\" by a", "\"y\" by a", "\"z\" by b", "\"z\" by c"], idle false
            crashed
            a calls GET http://bank/xy, call 1 attempt 2, token #1.1
            b calls GET http://bank/z, call 1 attempt 2, token #1.2
            c calls GET http://bank/z, call 1 attempt 2, token #1.3
            "x": a Exclusive ([input.from, input.to]); then 
            "y": a Exclusive ([input.from, input.to]); then d
            "z": b Shared (input.key), c Shared (input.key); then e, f
            a done: "done"
            d calls GET http://bank/y, call 1 attempt 1, token #2.1
            d done: null
            b done: null
            c done: null
            e calls GET http://bank/z, call 1 attempt 1, token #2.2
            e done: null
            f calls GET http://bank/z, call 1 attempt 1, token #2.3
            f done: null
            rows [], idle true
        "#]],
    );
}

/// A lock that a workflow keeps, another one taken meanwhile, and workflows called under it.
const KEPT: &str = r#"
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
            a waits: Signal { name: "paid", until: None }
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
            b waits: Call { attempt: 1 }
            b's call 1 is cancelled
            b failed: cancelled: by hand
            rows [], idle true
            d done: "done"
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
            b calls GET http://shop/use, call 1 attempt 2, token #1.2
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

#[test]
fn clients_hold_wait_renew_and_release() {
    check(
        KEPT,
        r#"
        client k "o1" ttl=5000
        client l "o1"
        client m ["o1","o2"] wait=8000
        start a once id=o1
        start b ship id=o1
        explain b
        +4000
        renew k 5000
        crash
        +4999
        queues
        +1
        renew k 5000
        unlock k
        ok b
        locks
        journal k
        "#,
        expect![[r#"
            k holds ["\"o1\""] under #1.1
            l does not hold it: lock.busy: the lock "o1" is not free: it is held by client `owner of k` (lock k) since 2001-09-09T01:46:40Z
            a done: null
            b waits for "o1" (input.id) for 60s, 1 ahead
              "o1" is held by k for 5s
              "o1" goes to m first
            k: done
            crashed
            "o1": k Exclusive (-); then b
            b calls GET http://shop/ship, call 1 attempt 1, token #2.1
            k: lock.lost: the lock k is not held under this token any more
            k: lock.lost: the lock k is not held under this token any more
            b done: null
            rows [], idle true
            k: ClientAsked { key: "\"o1\"", owner: "owner of k", note: "" }
            k: LockGranted { key: "\"o1\"", token: 1099511627777, waited: 0 }
            k: LockRenewed { until: 1000000009000000 }
            k: LockLost { key: "\"o1\"", token: 1099511627777 }
        "#]],
    );
}

#[test]
fn a_clients_lock_is_told_when_it_is_durable_and_its_late_release_does_nothing() {
    check(
        KEPT,
        r#"
        hold
        client k "o1"
        land
        unlock k
        client n "o1"
        unlock k
        queues
        unlock n
        locks
        "#,
        expect![[r#"
            k holds ["\"o1\""] under #1.1
            k: done
            n holds ["\"o1\""] under #1.2
            k: lock.lost: the lock k is not held under this token any more
            "o1": n Exclusive (-); then 
            n: done
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_broken_lock_is_lost_with_the_reason_in_the_journal() {
    check(
        KEPT,
        r#"
        start a ship id=o1
        start b ship id=o1
        break "o1" it hangs since noon
        ok b
        journal a
        client k "o2"
        break "o2" she is on holiday
        unlock k
        journal k
        break "o3" nobody
        locks
        "#,
        expect![[r#"
            a calls GET http://shop/ship, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            breaker: done
            b calls GET http://shop/ship, call 1 attempt 1, token #1.2
            a failed: lock.lost: the lock "o1" was taken away after 0ns: operator broke it: it hangs since noon; uncommitted changes are dropped
            b done: null
            a: Started
            a: LockGranted { key: "\"o1\"", token: 1099511627777, waited: 0 }
            a: Called { key: "a:1", attempt: 1 }
            a: LockLost { key: "\"o1\"", token: 1099511627777 }
            a: LockBroken { key: "\"o1\"", by: "operator", reason: "it hangs since noon" }
            a: Failed { error: "lock.lost", message: "the lock \"o1\" was taken away after 0ns: operator broke it: it hangs since noon; uncommitted changes are dropped" }
            k holds ["\"o2\""] under #1.3
            breaker: done
            k: lock.lost: the lock k is not held under this token any more
            k: ClientAsked { key: "\"o2\"", owner: "owner of k", note: "" }
            k: LockGranted { key: "\"o2\"", token: 1099511627779, waited: 0 }
            k: LockLost { key: "\"o2\"", token: 1099511627779 }
            k: LockBroken { key: "\"o2\"", by: "operator", reason: "she is on holiday" }
            breaker: data.not_found: nobody holds the lock "o3"
            rows [], idle true
        "#]],
    );
}

#[test]
fn who_waits_too_long_behind_others_is_told_whom() {
    check(
        KEPT,
        r#"
        start a ship id=o1
        start b everything
        client k "o2" wait=1000
        client l "o2"
        +1000
        "#,
        expect![[r#"
            a calls GET http://shop/ship, call 1 attempt 1, token #1.1
            l does not hold it: lock.busy: the lock "o2" is not free: it is kept for instance b, which asked for * before
            k does not hold it: lock.waiting_timeout: waited 1s for the lock "o2", which is kept for instance b, which asked for * before
        "#]],
    );
}

#[test]
fn an_instance_is_not_started_under_the_identity_of_a_lock() {
    check(
        KEPT,
        r#"
        client k "o1" ttl=5000
        start k ship id=o1
        unlock k
        locks
        "#,
        expect![[r#"
            k holds ["\"o1\""] under #1.1
            k rejected: there is an instance or a lock with this id already
            k: done
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
        a calls GET http://shop/first, call 1 attempt 2, token #1.2
        "o1": a Exclusive (input.id); then b, c
        "stock": a Exclusive ("stock"); then 
        b failed: lock.waiting_timeout: waited 10s for the lock "o1", which is held by instance a since 2001-09-09T01:46:40Z
        c failed: lock.waiting_timeout: waited 10s for the lock "o1", which is held by instance a since 2001-09-09T01:46:40Z
    "#]]
    .assert_eq(&rig.run("crash\nqueues\n+10000"));
}
