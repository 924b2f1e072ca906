//! Timeouts with ten thousand waiters: in their order, never early, and never lost.
//!
//! How late they are is measured by `lockstep bench`; here a late one fails only if it is so late
//! that something else than a busy machine must be wrong.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::explain::LockPage;
use lockstep_core::{Entry, Happening, InstanceId};
use lockstep_store::Memory;
use serde_json::json;

use crate::chance::Chance;
use crate::engine::{Engine, Written, ended, error_code};
use crate::patience::{soon, until};
use crate::server::{Answer, Server};

const WAITERS: usize = 10_000;

/// How much later than promised an end may be: what is promised is 50 ms, the rest is for a machine
/// that does other things as well.
const SLACK: Duration = Duration::from_secs(5);

/// Workflows that want the key `k`: `hold`, `patient` and `stuck` call the server when they have it;
/// `wait-N` waits N times [`STEP`] for it.
fn definitions(server: &Server) -> String {
    let url = server.url();
    let locked = |name: &str, waiting: u128, hold: u128| {
        format!(
            r#"
---
workflow: {name}
activities:
  - activity: {name}
    exclusive_lock: {{ context: '"k"', waiting_timeout: {waiting}ms, hold_timeout: {hold}ms }}
    steps: [{{ http: {{ url: "{url}/{name}" }}, timeout: 1h }}]
"#
        )
    };
    let hour = Duration::from_hours(1).as_millis();
    let mut text = "project: punctual\nallowed_hosts: [\"127.0.0.1\"]".to_owned();
    text += &locked("hold", hour, hour);
    text += &locked("patient", hour, hour);
    text += &locked("stuck", hour, HOLD.as_millis());
    for steps in 1..=STEPS {
        text += &locked(&format!("wait-{steps}"), STEP.as_millis() * u128::from(steps), hour);
    }
    text
}

/// The hold timeout of `stuck`.
const HOLD: Duration = Duration::from_millis(100);

/// Waiting timeouts are 1 to [`STEPS`] of these.
const STEP: Duration = Duration::from_millis(100);
const STEPS: u32 = 20;

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap()
}

/// When the first entry of this kind was made, in microseconds.
#[track_caller]
fn at(journal: &[Entry], what: impl Fn(&Happening) -> bool) -> i64 {
    let entry = journal.iter().find(|entry| what(&entry.event));
    entry.unwrap_or_else(|| panic!("it is not in the journal: {journal:#?}")).at
}

async fn running(engine: &Engine) -> u64 {
    engine.store().counts().await.expect("the store answers").running
}

/// Starts instances that wait until the test is over.
async fn wait_patiently(engine: &Engine, count: usize) {
    for _ in 0..count {
        // Nobody waits for their ends.
        drop(engine.begin("patient", json!({})).await);
    }
}

/// When a waiter asked and ended, in microseconds since 1970, and how long it was to wait.
#[derive(Debug)]
struct Waited {
    asked: i64,
    due: i64,
    ended: i64,
}

async fn waited(engine: &Engine, id: InstanceId, timeout: Duration) -> Waited {
    let journal = engine.journal(id).await;
    let asked = at(&journal, |event| matches!(event, Happening::LockWaited { .. }));
    let ended = at(&journal, |event| matches!(event, Happening::Failed { .. }));
    Waited { asked, due: asked + micros(timeout), ended }
}

/// Goal: waiting timeouts of a thousand among ten thousand waiters end in the order in which they
/// are due, none early, each with an error that names the holder.
/// Method: twenty lengths of time in random order, so that whoever asked first seldom ends first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_timeouts_end_in_the_order_in_which_they_are_due() {
    const TIMED: usize = 1000;
    let server = Server::start(|_| Answer::held()).await;
    let written = Written::text(&definitions(&server));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    let holder = engine.begin("hold", json!({})).await;
    server.has_seen(1).await;
    wait_patiently(&engine, WAITERS - TIMED).await;
    until("all wait", async || running(&engine).await == 9_001).await;

    let mut chance = Chance::new(2);
    let mut all = Vec::new();
    for _ in 0..TIMED {
        let steps = 1 + u32::try_from(chance.below(20)).unwrap();
        all.push((steps, engine.begin(&format!("wait-{steps}"), json!({})).await));
    }
    let mut waits = Vec::new();
    for (steps, started) in all {
        let id = started.id;
        let failure = ended(started).await.expect_err("the lock is never free");
        assert_eq!(&*failure.code, "lock.waiting_timeout", "bounded wait: {}", failure.message);
        let holder = holder.id.to_string();
        assert!(failure.message.contains(&holder), "explained: {}", failure.message);
        waits.push(waited(&engine, id, STEP * steps).await);
    }
    waits.sort_by_key(|wait| wait.due);
    let late: Vec<i64> = waits.iter().map(|wait| wait.ended - wait.due).collect();
    println!("latest: {:?} us", late.iter().max());
    assert!(late.iter().all(|late| *late >= 0), "none ends early: {late:?}");
    let latest = micros(SLACK);
    assert!(late.iter().all(|late| *late <= latest), "bounded wait: {late:?}");
    assert!(waits.is_sorted_by_key(|wait| wait.ended), "in the order in which they are due");
    let by_asking = waits.is_sorted_by_key(|wait| wait.asked);
    assert!(!by_asking, "they were due in the order in which they asked: the test shows nothing");
    assert_eq!(running(&engine).await, 9_001, "no other wait has ended");
}

/// Goal: hold timeouts end holds one after another, none early, and the next one has the lock in
/// the same moment, with ten thousand waiters behind.
/// Method: holders whose calls are never answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_timeouts_hand_the_lock_on_in_the_same_moment() {
    const STUCK: usize = 20;
    let server = Server::start(|_| Answer::held()).await;
    let written = Written::text(&definitions(&server));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    let first = engine.begin("hold", json!({})).await;
    server.has_seen(1).await;
    let mut stuck = Vec::new();
    for _ in 0..STUCK {
        stuck.push(engine.begin("stuck", json!({})).await);
    }
    wait_patiently(&engine, WAITERS - STUCK).await;
    until("all wait", async || running(&engine).await == 10_001).await;
    engine.cancel(first.id).await;
    assert_eq!(error_code(&ended(first).await), "cancelled", "a holder can be cancelled");

    let mut holds = Vec::new();
    for started in stuck {
        let id = started.id;
        assert_eq!(error_code(&ended(started).await), "lock.lost", "bounded hold");
        let journal = engine.journal(id).await;
        let granted = at(&journal, |event| matches!(event, Happening::LockGranted { .. }));
        let lost = at(&journal, |event| matches!(event, Happening::LockLost { .. }));
        holds.push((granted, lost));
    }
    let late: Vec<i64> =
        holds.iter().map(|(granted, lost)| lost - granted - micros(HOLD)).collect();
    println!("latest: {:?} us", late.iter().max());
    assert!(late.iter().all(|late| *late >= 0), "none loses it early: {late:?}");
    let latest = micros(SLACK);
    assert!(late.iter().all(|late| *late <= latest), "bounded hold: {late:?}");
    for pair in holds.windows(2) {
        assert_eq!(pair[1].0, pair[0].1, "the next one has it in the same moment: {holds:?}");
    }
    server.has_seen(1 + STUCK + 1).await;
    let last = server.requests().last().expect("it was seen").path.clone();
    assert_eq!(last, "/patient", "whoever is patient comes behind them");
    let locks = soon("a look at the locks", engine.runner().locks(LockPage::default()))
        .await
        .expect("it runs");
    let waiting: Vec<usize> = locks.iter().map(|lock| lock.waiting).collect();
    assert_eq!(waiting, [WAITERS - STUCK - 1], "the others wait");
}
