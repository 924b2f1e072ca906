//! Locks: how long they are waited for and held, who gets them, how far they reach.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{Happening, InstanceId};
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::counter;
use crate::engine::{Ended, Engine, Written, ended, error_code, json};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

/// How much later than promised a timer may be: what is promised is 50 ms, the rest is for a
/// machine that does other things as well.
const SLACK: Duration = Duration::from_millis(500);

async fn counting(server: &Server, keys: &str) -> Engine {
    let written = Written::text(&counter::definitions(server, keys));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    engine
}

/// When the first entry of this kind was made, in microseconds.
async fn at(engine: &Engine, id: InstanceId, what: impl Fn(&Happening) -> bool) -> i64 {
    let journal = engine.journal(id).await;
    let entry = journal.iter().find(|entry| what(&entry.event));
    entry.unwrap_or_else(|| panic!("it is not in the journal: {journal:#?}")).at
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap()
}

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::LockWaited { .. })
}

fn granted(event: &Happening) -> bool {
    matches!(event, Happening::LockGranted { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holder_past_its_hold_timeout_loses_the_lock_and_its_commit() {
    const HOLD: Duration = Duration::from_millis(300);
    let first_is_held = |request: &crate::server::Request| {
        if request.number == 0 { Answer::held() } else { Answer::ok() }
    };
    let (shelf, server) = (Shelf::new(), Server::start(first_is_held).await);
    let keys = r#"exclusive_lock: { context: '"k"', hold_timeout: 300ms }"#;
    let written = Written::text(&counter::definitions(&server, keys));
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Counter", "c1", json!({})).await;

    let slow = engine.begin("count", json!({})).await;
    let slow_id = slow.id;
    server.has_seen(1).await;
    let next = engine.begin("count", json!({})).await;
    let next_id = next.id;
    assert_eq!(ended(next).await.expect("the next one gets the lock"), json!(1));
    server.release();
    assert_eq!(error_code(&ended(slow).await), "lock.lost", "bounded hold");

    let lost = |event: &Happening| matches!(event, Happening::LockLost { .. });
    let began = at(&engine, slow_id, granted).await;
    let held = at(&engine, slow_id, lost).await - began;
    assert!(held >= micros(HOLD), "bounded hold: the lock was taken away early, after {held} us");
    let handed_on = at(&engine, next_id, granted).await - began;
    let latest = micros(HOLD + SLACK);
    assert!(handed_on <= latest, "bounded hold: the next one got it only after {handed_on} us");
    assert_eq!(counter::value(&engine, "c1").await, 1, "fenced commit: one change, the second's");
    assert_eq!(engine.run("count", json!({})).await.expect("it works"), json!(2), "none is stuck");
    assert!(engine.store().locks().await.unwrap().is_empty(), "no lock row is left");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiter_past_its_waiting_timeout_is_told_the_holder() {
    const WAIT: Duration = Duration::from_millis(200);
    let server = Server::start(|_| Answer::held()).await;
    let keys = r#"exclusive_lock: { context: '"k"', waiting_timeout: 200ms }"#;
    let engine = counting(&server, keys).await;
    let holder = engine.begin("count", json!({})).await;
    let holder_id = holder.id.to_string();
    server.has_seen(1).await;

    let waiter = engine.begin("count", json!({})).await;
    let waiter_id = waiter.id;
    let failure = ended(waiter).await.expect_err("the lock is not free");
    assert_eq!(&*failure.code, "lock.waiting_timeout", "bounded wait");
    assert!(failure.message.contains(&holder_id), "the holder is named: {}", failure.message);
    let details = json(&failure.details);
    assert_eq!(details["holder"], json!(holder_id), "explained: {details}");
    assert_eq!(details["key"], json!("\"k\""), "explained: {details}");
    let failed = |event: &Happening| matches!(event, Happening::Failed { .. });
    let waited = at(&engine, waiter_id, failed).await - at(&engine, waiter_id, waits).await;
    let range = micros(WAIT)..=micros(WAIT + SLACK);
    assert!(range.contains(&waited), "bounded wait: it waited {waited} us");

    server.release();
    assert_eq!(ended(holder).await.expect("the holder goes on"), json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_closes_a_cycle_of_waits_ends_and_the_other_goes_on() {
    let server = Server::start(|_| Answer::held()).await;
    let url = server.url();
    let written = Written::text(&format!(
        r#"
entity: Account
attributes: {{ changes: {{ type: int, default: 0 }} }}
---
workflow: pair
input: {{ first: string, second: string }}
activities:
  - activity: first
    exclusive_lock: {{ context: input.first }}
    auto_commit: false
    steps:
      - load: {{ entity: Account, id: "${{input.first}}" }}
        as: first
      - update: first
        set: {{ changes: "${{first.changes + 1}}" }}
      - http: {{ url: "{url}/between" }}
  - activity: second
    exclusive_lock: {{ context: input.second }}
    steps:
      - load: {{ entity: Account, id: "${{input.second}}" }}
        as: second
      - update: second
        set: {{ changes: "${{second.changes + 1}}" }}
"#
    ));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Account", "a", json!({})).await;
    engine.seed("Account", "b", json!({})).await;
    let there = engine.begin("pair", json!({"first": "a", "second": "b"})).await;
    let back = engine.begin("pair", json!({"first": "b", "second": "a"})).await;
    let ids = [there.id.to_string(), back.id.to_string()];
    server.has_seen(2).await;
    server.release();
    let endings = [ended(there).await, ended(back).await];
    let failures: Vec<_> = endings.iter().filter_map(|ended| ended.as_ref().err()).collect();
    let [failure] = failures.as_slice() else { panic!("one of the two fails: {endings:?}") };
    assert_eq!(&*failure.code, "lock.deadlock", "{}", failure.message);
    assert!(
        ids.iter().all(|id| failure.message.contains(id)),
        "the cycle is named: {}",
        failure.message
    );
    for account in ["a", "b"] {
        let account = engine.object("Account", account).await.expect("the account is there");
        assert_eq!(account["changes"], json!(1), "all or nothing: only the other's changes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_are_served_in_the_order_in_which_they_asked() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, r#"exclusive_lock: { context: '"k"' }"#).await;
    let mut all = Vec::new();
    for n in 0..20 {
        all.push(engine.begin("count", json!({"note": n.to_string()})).await);
    }
    for started in all.iter().skip(1) {
        engine.told(started.id, waits).await;
    }
    server.release();
    for started in all {
        ended(started).await.expect("each gets its turn");
    }
    let served: Vec<Json> =
        server.requests().iter().map(|request| request.body["note"].clone()).collect();
    let asked: Vec<Json> = (0..20).map(|n: i32| json!(n.to_string())).collect();
    assert_eq!(served, asked, "fair: first come, first served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_waiter_ends_at_once_and_is_passed_over() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, r#"exclusive_lock: { context: '"k"' }"#).await;
    let holder = engine.begin("count", json!({})).await;
    server.has_seen(1).await;
    let waiter = engine.begin("count", json!({})).await;
    let last = engine.begin("count", json!({})).await;
    engine.told(last.id, waits).await;
    engine.cancel(waiter.id).await;
    assert_eq!(error_code(&ended(waiter).await), "cancelled", "a waiter can be cancelled");
    server.release();
    assert_eq!(ended(holder).await.expect("the holder goes on"), json!(1));
    assert_eq!(ended(last).await.expect("the last one gets the lock"), json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_holder_hands_the_lock_on_and_commits_nothing() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, r#"exclusive_lock: { context: '"k"' }"#).await;
    let holder = engine.begin("count", json!({})).await;
    server.has_seen(1).await;
    let next = engine.begin("count", json!({})).await;
    engine.cancel(holder.id).await;
    assert_eq!(error_code(&ended(holder).await), "cancelled", "a holder can be cancelled");
    server.release();
    assert_eq!(ended(next).await.expect("the lock is free"), json!(1), "nothing was committed");
}

/// Locks everything, or one key, while it calls outside.
fn everything_and_keys(server: &Server) -> Written {
    let url = server.url();
    Written::text(&format!(
        r#"
workflow: alone
activities:
  - activity: alone
    exclusive_lock: {{}}
    steps: [{{ http: {{ url: "{url}/alone" }} }}]
---
workflow: single
input: {{ key: string }}
activities:
  - activity: single
    exclusive_lock: {{ context: input.key }}
    steps: [{{ http: {{ url: "{url}/${{input.key}}" }} }}]
"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_of_everything_excludes_every_other_and_takes_its_turn() {
    let server = Server::start(|_| Answer::held()).await;
    let written = everything_and_keys(&server);
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    let one = engine.begin("single", json!({"key": "one"})).await;
    let other = engine.begin("single", json!({"key": "other"})).await;
    server.has_seen(2).await;
    let alone = engine.begin("alone", json!({})).await;
    engine.told(alone.id, waits).await;
    // The key of the late one is free, and yet it must not overtake whoever wants everything.
    let late = engine.begin("single", json!({"key": "late"})).await;
    engine.told(late.id, waits).await;
    assert_eq!(server.requests().len(), 2, "exclusion: everything is not free, one waits for it");

    server.release_one();
    server.release_one();
    ended(one).await.expect("it was not disturbed");
    ended(other).await.expect("it was not disturbed");
    server.has_seen(3).await;
    let last = engine.begin("single", json!({"key": "last"})).await;
    engine.told(last.id, waits).await;
    let paths = |server: &Server| -> Vec<String> {
        server.requests().into_iter().skip(2).map(|request| request.path).collect()
    };
    assert_eq!(paths(&server), ["/alone"], "exclusion: it holds everything");

    server.release();
    ended(alone).await.expect("it had its turn");
    ended(late).await.expect("it gets its key");
    ended(last).await.expect("it gets its key");
    assert_eq!(paths(&server).first().map(String::as_str), Some("/alone"), "fair");
}

/// Two workflows of two activities, all four of which ask for the same key with this scope.
fn scoped(server: &Server, scope: &str) -> Written {
    let url = server.url();
    let workflow = |name: &str| {
        let lock = format!("exclusive_lock: {{ context: '\"k\"', scope: {scope}, on_busy: fail }}");
        format!(
            r#"
workflow: {name}
input: {{ activity: string }}
activities:
  - activity: first
    when: input.activity == "first"
    {lock}
    steps: [{{ http: {{ url: "{url}" }}, when: workflow.name == "left" }}]
  - activity: second
    when: input.activity == "second"
    {lock}
    steps: [{{ log: here }}]
"#
        )
    };
    Written::text(&format!("{}---\n{}", workflow("left"), workflow("right")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_reaches_as_far_as_its_scope() {
    // Who else finds the lock of `left`'s first activity busy: right's first, left's second.
    for (scope, other_workflow, other_activity) in
        [("system", true, true), ("workflow", false, true), ("activity", false, false)]
    {
        let server = Server::start(|_| Answer::held()).await;
        let engine = Engine::start(Arc::new(Memory::new()), &scoped(&server, scope)).await;
        let holder = engine.begin("left", json!({"activity": "first"})).await;
        server.has_seen(1).await;
        let right = engine.run("right", json!({"activity": "first"})).await;
        assert_eq!(is_busy(&right), other_workflow, "{scope}: another workflow: {right:?}");
        let left = engine.run("left", json!({"activity": "second"})).await;
        assert_eq!(is_busy(&left), other_activity, "{scope}: another activity: {left:?}");
        let same = engine.run("left", json!({"activity": "first"})).await;
        assert!(is_busy(&same), "{scope}: the same activity: {same:?}");
        server.release();
        ended(holder).await.expect("the holder goes on");
    }
}

fn is_busy(ended: &Ended) -> bool {
    match ended {
        Ok(_) => false,
        Err(failure) => {
            assert_eq!(&*failure.code, "lock.busy", "{}", failure.message);
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_lock_can_leave_the_activity_out() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, r#"exclusive_lock: { context: '"k"', on_busy: skip }"#).await;
    let holder = engine.begin("count", json!({})).await;
    server.has_seen(1).await;
    let skipped = engine.begin("count", json!({})).await;
    let id = skipped.id;
    // The output names what the activity would have loaded.
    assert_eq!(error_code(&ended(skipped).await), "expr.unknown_name", "its steps did not run");
    let journal = engine.journal(id).await;
    let left_out = journal.iter().any(|entry| matches!(entry.event, Happening::Skipped));
    assert!(left_out, "the journal tells it: {journal:#?}");
    server.release();
    assert_eq!(ended(holder).await.expect("the holder goes on"), json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn context_without_a_value_is_an_error_and_never_the_lock_of_everything() {
    let written = Written::text(
        r#"
workflow: locked
input: { key: { type: any, optional: true } }
activities:
  - activity: locked
    exclusive_lock: { context: input.key }
    steps: [{ log: here }]
---
workflow: reference
input: { key: { type: any, optional: true } }
activities:
  - activity: locked
    exclusive_lock: { context: 'ref("Message", input.key)' }
    steps: [{ log: here }]
"#,
    );
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    for workflow in ["locked", "reference"] {
        for key in [json!(null), json!(""), json!({}), json!([])] {
            let ended = engine.run(workflow, json!({"key": key})).await;
            assert_eq!(error_code(&ended), "lock.context", "no silent widening: {workflow} {key}");
        }
    }
}
