//! Locks of clients, and locks that somebody breaks.

use std::time::Duration;

use expect_test::expect;

use super::super::rig::{Rig, id};
use super::check;
use super::workflow_lock::KEPT;
use crate::timer::Alarm;

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
fn a_lock_whose_time_is_over_cannot_be_renewed_before_the_timer_is_looked_at() {
    check(
        KEPT,
        r#"
        client k "o1" ttl=5000
        sleep 4999
        renew k 5000
        sleep 5000
        renew k 5000
        +0
        locks
        "#,
        expect![[r#"
            k holds ["\"o1\""] under #1.1
            k: done
            k: lock.lost: the lock k is not held under this token any more
            rows [], idle true
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
fn a_client_that_waits_gets_the_lock_in_its_turn_and_has_its_own_time() {
    check(
        KEPT,
        r#"
        client k "o1" ttl=5000
        client l "o1" wait=8000 ttl=3000
        client m "o1" wait=8000
        client n "o1" wait=8000
        +2000
        cancel m
        unlock k
        queues
        +2999
        queues
        +1
        queues
        unlock n
        locks
        journal l
        "#,
        expect![[r#"
            k holds ["\"o1\""] under #1.1
            m does not hold it: cancelled: by hand
            k: done
            l holds ["\"o1\""] under #1.2
            "o1": l Exclusive (-); then n
            "o1": l Exclusive (-); then n
            n holds ["\"o1\""] under #1.3
            "o1": n Exclusive (-); then 
            n: done
            rows [], idle true
            l: ClientAsked { key: "\"o1\"", owner: "owner of l", note: "" }
            l: LockGranted { key: "\"o1\"", token: 1099511627778, waited: 2000000 }
            l: LockLost { key: "\"o1\"", token: 1099511627778 }
        "#]],
    );
}

#[test]
fn what_a_client_says_has_limits() {
    check(
        KEPT,
        r#"
        start a ship id=o1
        client a "free"
        client k "1" owner=0
        client k "1" owner=201
        client k "1" note=1001
        client k "1" ttl=0
        client k "1" ttl=2592000001
        client k "1" owner=200 note=1000 ttl=2592000000
        client k "2"
        renew k 0
        renew k 2592000001
        renew k 2592000000
        client l null
        "#,
        expect![[r#"
            a calls GET http://shop/ship, call 1 attempt 1, token #1.1
            a does not hold it: data.unique: there is a lock with this id already
            k does not hold it: data.invalid: the owner of a lock has 1 to 200 bytes
            k does not hold it: data.invalid: the owner of a lock has 1 to 200 bytes
            k does not hold it: data.invalid: the note of a lock has at most 1000 bytes
            k does not hold it: data.invalid: the time to live of a lock is more than 0 and at most 2592000s
            k does not hold it: data.invalid: the time to live of a lock is more than 0 and at most 2592000s
            k holds ["\"1\""] under #1.2
            k does not hold it: data.unique: there is a lock with this id already
            k: data.invalid: the time to live of a lock is more than 0 and at most 2592000s
            k: data.invalid: the time to live of a lock is more than 0 and at most 2592000s
            k: done
            l does not hold it: lock.context: null cannot be locked: it is null
        "#]],
    );
}

#[test]
fn a_client_waits_since_it_asked() {
    let mut rig = Rig::new(KEPT);
    rig.run("client k \"o1\"\n+1000\nclient l \"o1\" wait=8000\n+1000");
    let [view] = &*rig.engine.locks() else { panic!("one lock") };
    let [waiter] = &*view.waiters else { panic!("one waits") };
    let [holder] = &*view.holders else { panic!("one holds it") };
    assert_eq!(waiter.since.since(holder.lock.since), Duration::from_secs(1));
}

/// Goal: a timer is never enough to end a lock or a wait; see [`Timers`](crate::timer::Timers).
#[test]
fn a_timer_of_another_hold_or_wait_changes_nothing_for_a_client() {
    let mut rig = Rig::new(KEPT);
    rig.run("client k \"o1\"\nclient l \"o1\" wait=8000");
    let world = &mut rig.engine.world;
    let (token, ticket) = (world.locks.holds("\"o1\"")[0].token, world.locks.ticket_of(id("l")));
    let ticket = ticket.expect("it waits");
    world.client_alarm(id("k"), &Alarm::HoldTimeout(token + 1));
    world.client_alarm(id("k"), &Alarm::WaitingTimeout(ticket));
    world.client_alarm(id("l"), &Alarm::WaitingTimeout(ticket + 1));
    world.client_alarm(id("l"), &Alarm::HoldTimeout(token));
    expect![[r#"
        "o1": k Exclusive (-); then l
    "#]]
    .assert_eq(&rig.run("queues"));
}
