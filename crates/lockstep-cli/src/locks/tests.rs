//! Facts about the locks as people see them.

use std::time::Duration;

use expect_test::{Expect, expect};
use lockstep_core::InstanceId;
use lockstep_core::explain::{HeldLock, LockHolder, LockWaiter};
use lockstep_core::transition::Origin;
use lockstep_definition::LockMode;
use uuid::Uuid;

use super::*;

const NOW: Time = Time(1_000_000_000_000_000);

fn id(number: u128) -> InstanceId {
    InstanceId(Uuid::from_u128(number))
}

fn ago(seconds: u64) -> Time {
    Time(NOW.0 - i64::try_from(Duration::from_secs(seconds).as_micros()).unwrap())
}

fn holder(number: u128, key: &str, client: Option<(&str, &str)>) -> LockHolder {
    let origin = match client {
        Some((owner, note)) => {
            Origin::Client { owner: owner.into(), note: note.into(), taker: None }
        }
        None => Origin::Activity(0),
    };
    let key: Arc<str> = key.into();
    let lock = HeldLock {
        keys: [key].into(),
        context: client.is_none().then(|| "ref(\"Slot\", input.slot)".into()),
        token: 7,
        mode: LockMode::Exclusive,
        since: ago(17),
        until: NOW.after(Duration::from_secs(13)),
        origin,
    };
    LockHolder { who: id(number), workflow: client.is_none().then(|| "book".into()), lock }
}

fn waiter(number: u128, priority: i64) -> LockWaiter {
    LockWaiter {
        who: id(number),
        workflow: Some("book".into()),
        client: None,
        ticket: 1,
        mode: LockMode::Shared,
        priority,
        since: ago(5),
        context: Some("ref(\"Slot\", input.slot)".into()),
    }
}

fn view(key: &str, holders: Vec<LockHolder>, waiters: Vec<LockWaiter>) -> LockView {
    LockView {
        key: key.into(),
        holding: holders.len(),
        holders,
        waiting: waiters.len(),
        before: 0,
        waiters,
        system_is_held: false,
    }
}

fn some() -> Vec<LockView> {
    let long = format!("Document/{}", "x".repeat(60));
    let mut shared =
        view(&long, (10..15).map(|number| holder(number, &long, None)).collect(), vec![]);
    for holder in &mut shared.holders {
        holder.lock.mode = LockMode::Shared;
    }
    let waiters = (2..7).map(|number| waiter(number, i64::from(number == 2))).collect();
    let slot = view("Slot/a", vec![holder(1, "Slot/a", None)], waiters);
    let held = holder(8, "\"t\"", Some(("ann@desk", "edits\u{1b}[2J")));
    let mut client = waiter(20, 0);
    client.workflow = None;
    client.client = Some("bob".into());
    client.context = None;
    let text = view("\"t\"", vec![held], vec![client]);
    let free = view("Slot/b", Vec::new(), vec![waiter(9, 0)]);
    vec![shared, slot, text, free]
}

fn table() -> Vec<Lock> {
    some().iter().map(|lock| Lock::of(lock, NOW)).collect()
}

/// Finds a lock; `system` tells whether that of the whole system is held.
fn found(written: &str, system: bool) -> Lock {
    let lock = |key: &Arc<str>| {
        let found = some().into_iter().find(|lock| lock.key == *key);
        let free = || LockView { system_is_held: system, ..view(key, vec![], vec![]) };
        found.unwrap_or_else(free)
    };
    Lock::of(&find(written, lock), NOW)
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(text);
}

#[test]
fn table_tells_holders_and_first_waiters() {
    check(
        &table::human(&table(), NOW, true),
        expect![[r#"
            LOCK                                      MODE       HELD BY                                                   SINCE     ENDS     WAITING  EXPRESSION
            Document/xxxxxxxxxxxxxxxxxxxxxxxxxxxx...  shared     instance 00000000-0000-0000-0000-00000000000a of `book`   17 s ago  in 13 s  0        ref("Slot", input.slot)
                                                      shared     instance 00000000-0000-0000-0000-00000000000b of `book`   17 s ago  in 13 s
                                                      shared     instance 00000000-0000-0000-0000-00000000000c of `book`   17 s ago  in 13 s
                held by 2 more
            Slot/a                                    exclusive  instance 00000000-0000-0000-0000-000000000001 of `book`   17 s ago  in 13 s  5        ref("Slot", input.slot)
                instance 00000000-0000-0000-0000-000000000002 of `book` has waited 5 s
                instance 00000000-0000-0000-0000-000000000003 of `book` has waited 5 s
                instance 00000000-0000-0000-0000-000000000004 of `book` has waited 5 s
                and 2 more
            "t"                                       exclusive  client `ann@desk` (00000000-0000-0000-0000-000000000008)  17 s ago  in 13 s  1
                note: edits�[2J
                client `bob` (00000000-0000-0000-0000-000000000014) has waited 5 s
            Slot/b                                               nobody                                                                       1        ref("Slot", input.slot)
                instance 00000000-0000-0000-0000-000000000009 of `book` has waited 5 s
        "#]],
    );
}

#[test]
fn long_key_is_whole_where_nobody_looks() {
    let key = "x".repeat(60);
    assert!(table::human(&table(), NOW, false).contains(&key));
    assert!(!table::human(&table(), NOW, true).contains(&key));
    assert!(console::json_line(&table()[0]).contains(&key));
}

#[test]
fn empty_table_says_so() {
    check(
        &table::human(&[], NOW, true),
        expect![[r#"
        No lock is held, and nobody waits for one.
    "#]],
    );
}

#[test]
fn queue_is_told_whole() {
    check(
        &queue::human(&found("Slot/a", false)),
        expect![[r#"
        The lock Slot/a, which the expression `ref("Slot", input.slot)` came to:
          held by instance 00000000-0000-0000-0000-000000000001 of `book`
            since 2001-09-09T01:46:23Z (17 s ago), token 7, at the latest until 2001-09-09T01:46:53Z (in 13 s)
        5 wait for it, in this order:
           1. instance 00000000-0000-0000-0000-000000000002 of `book`, shared, priority 1, since 2001-09-09T01:46:35Z (5 s ago)
           2. instance 00000000-0000-0000-0000-000000000003 of `book`, shared, since 2001-09-09T01:46:35Z (5 s ago)
           3. instance 00000000-0000-0000-0000-000000000004 of `book`, shared, since 2001-09-09T01:46:35Z (5 s ago)
           4. instance 00000000-0000-0000-0000-000000000005 of `book`, shared, since 2001-09-09T01:46:35Z (5 s ago)
           5. instance 00000000-0000-0000-0000-000000000006 of `book`, shared, since 2001-09-09T01:46:35Z (5 s ago)
    "#]],
    );
    check(
        &queue::human(&found("t", false)),
        expect![[r#"
            The lock "t":
              held by client `ann@desk` (00000000-0000-0000-0000-000000000008)
                since 2001-09-09T01:46:23Z (17 s ago), token 7, at the latest until 2001-09-09T01:46:53Z (in 13 s)
                note: edits�[2J
            One waits for it:
               1. client `bob` (00000000-0000-0000-0000-000000000014), shared, since 2001-09-09T01:46:35Z (5 s ago)
        "#]],
    );
    check(
        &queue::human(&found("Slot/c", true)),
        expect![[r#"
        Nobody holds the lock Slot/c itself, but the lock of the whole system is held, which keeps it, too: `lockstep locks '*'`.
    "#]],
    );
    check(
        &queue::human(&found("Slot/c", false)),
        expect![[r#"
        The lock Slot/c is free: nobody holds it, and nobody waits for it.
        `lockstep locks` tells the keys of those that are not.
    "#]],
    );
}

#[test]
fn text_is_found_with_and_without_its_quotes() {
    for written in ["t", "\"t\""] {
        assert_eq!(found(written, false).holders.len(), 1, "{written}");
    }
}

#[test]
fn line_for_programs_holds_all() {
    check(
        &console::json_line(&table()[2]),
        expect![[r#"
            {"key":"\"t\"","context":null,"holding":1,"holders":[{"lock":"00000000-0000-0000-0000-000000000008","workflow":null,"keys":["\"t\""],"context":null,"mode":"exclusive","token":7,"since":"2001-09-09T01:46:23Z","ends_at":"2001-09-09T01:46:53Z","client":"ann@desk","note":"edits\u001b[2J"}],"waiting":1,"waiters":[{"place":1,"lock":"00000000-0000-0000-0000-000000000014","workflow":null,"client":"bob","context":null,"mode":"shared","priority":0,"ticket":1,"since":"2001-09-09T01:46:35Z"}],"as_of":"2001-09-09T01:46:40Z"}
        "#]],
    );
    let whole = console::json_line(&table()[1]);
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["waiters"].as_array().unwrap().len(), 5);
    assert_eq!(whole["waiters"][4]["place"], 5);
}
