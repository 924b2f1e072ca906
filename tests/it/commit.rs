//! When changes become visible to others: at the end of an activity, of a step, of the workflow.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, ended, error_code};
use crate::server::{Answer, Server};

/// Three activities, each of which adds one and calls outside, with these further keys; and a
/// workflow that reads.
pub(crate) fn three_activities(server: &Server, keys: &str) -> String {
    let url = server.url();
    let activity = |name: &str| {
        format!(
            r#"
  - activity: {name}
    {keys}
    steps:
      - load: {{ entity: Counter, id: c1 }}
        as: counter
      - update: counter
        set: {{ value: "${{counter.value + 1}}" }}
      - http: {{ url: "{url}/{name}" }}"#
        )
    };
    format!(
        r#"
project: three-activities
allowed_hosts: ["127.0.0.1"]
---
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: three
activities:{}{}{}
output: "${{counter.value}}"
---
workflow: look
activities:
  - activity: look
    steps:
      - load: {{ entity: Counter, id: c1 }}
        as: counter
output: "${{counter.value}}"
"#,
        activity("one"),
        activity("two"),
        activity("three")
    )
}

/// What others see while the first, the second and the third call are under way, and at the end.
async fn seen(keys: &str) -> [Json; 4] {
    let server = Server::start(|_| Answer::held()).await;
    let written = Written::text(&three_activities(&server, keys));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let writer = engine.begin("three", json!({})).await;
    let look = async || engine.run("look", json!({})).await.expect("a reader waits for nobody");
    let mut seen = [const { Json::Null }; 4];
    let (last, during) = seen.split_last_mut().expect("there are four");
    for (index, value) in during.iter_mut().enumerate() {
        server.has_seen(index + 1).await;
        *value = look().await;
        server.release_one();
    }
    assert_eq!(ended(writer).await.expect("nothing is in its way"), json!(3));
    *last = look().await;
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_see_changes_when_the_author_says_so() {
    for (keys, expected) in [
        ("auto_commit: true", [0, 1, 2, 3]),
        ("auto_commit: each_step", [1, 2, 3, 3]),
        ("auto_commit: false", [0, 0, 0, 3]),
    ] {
        assert_eq!(seen(keys).await, expected.map(|value| json!(value)), "{keys}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uncommitted_changes_keep_their_locks_until_the_commit() {
    let server = Server::start(|_| Answer::held()).await;
    let keys = r#"auto_commit: false
    exclusive_lock: { context: '"k"' }"#;
    let written = Written::text(&three_activities(&server, keys));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let first = engine.begin("three", json!({})).await;
    server.has_seen(1).await;
    let second = engine.begin("three", json!({})).await;
    let waits = |event: &Happening| matches!(event, Happening::LockWaited { .. });
    engine.told(second.id, waits).await;
    for calls in 2..=3 {
        server.release_one();
        server.has_seen(calls).await;
    }
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/one", "/two", "/three"], "commit before release: nobody came between");
    server.release();
    assert_eq!(ended(first).await.expect("it goes on"), json!(3));
    assert_eq!(ended(second).await.expect("it gets the lock"), json!(6), "no lost update");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_activity_leaves_no_change_and_committed_ones_stay() {
    let written = Written::text(
        r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
workflow: fail
activities:
  - activity: kept
    steps:
      - load: { entity: Counter, id: c1 }
        as: counter
      - update: counter
        set: { value: 1 }
      - commit
      - update: counter
        set: { value: 2 }
      - create: Counter
        id: c2
        as: other
      - raise: { error: my.error, message: "at ${counter.value}" }
"#,
    );
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let ended = engine.run("fail", json!({})).await;
    assert_eq!(error_code(&ended), "my.error", "the author's code");
    let counter = engine.object("Counter", "c1").await.expect("the counter is there");
    assert_eq!(counter["value"], json!(1), "what was committed in the middle stays");
    assert_eq!(counter["metadata"]["version"], json!(2), "nothing else was written");
    assert_eq!(engine.object("Counter", "c2").await, None, "all or nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_and_object_are_in_the_store_when_the_ending_is_told() {
    let server = Server::start(|_| Answer::ok()).await;
    let written = Written::text(&three_activities(&server, "auto_commit: true"));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let started = engine.begin("three", json!({})).await;
    let id = started.id;
    ended(started).await.expect("nothing is in its way");
    let counts = engine.store().counts().await.expect("the store answers");
    assert_eq!((counts.running, counts.done), (0, 1), "told is durable");
    let journal = engine.journal(id).await;
    assert_eq!(journal.last().map(|entry| &entry.event), Some(&Happening::Finished));
}
