//! A second writer between load and commit, without a lock.

use std::sync::Arc;

use lockstep_store::Memory;
use serde_json::json;

use crate::counter;
use crate::engine::{Engine, Written, ended, error_code, json};
use crate::server::{Answer, Server};

async fn counting(server: &Server, keys: &str) -> Engine {
    let written = Written::text(&counter::definitions(server, keys));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    engine
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflict_is_told_with_versions_and_who_changed_it() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, "on_conflict: fail").await;
    let first = engine.begin_by("ann", "count", json!({})).await;
    server.has_seen(1).await;
    let second = engine.begin_by("bob", "add", json!({})).await;
    ended(second).await.expect("the second writer is faster");
    server.release();
    let failure = ended(first).await.expect_err("what it read is stale");
    assert_eq!(&*failure.code, "data.conflict", "no lost update: {}", failure.message);
    let details = json(&failure.details);
    let changed = engine.object("Counter", "c1").await.expect("the counter is there");
    let told = json!({
        "entity": "Counter",
        "id": "c1",
        "expected_version": 1,
        "actual_version": 2,
        "modified_by": "bob",
        "modified_at": changed["metadata"]["modified_at"],
    });
    assert_eq!(details, told, "explained");
    assert_eq!(counter::value(&engine, "c1").await, 1, "the second writer's change stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflict_behind_an_outside_call_is_not_retried() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, "on_conflict: retry").await;
    let first = engine.begin("count", json!({})).await;
    server.has_seen(1).await;
    engine.run("add", json!({})).await.expect("the second writer is faster");
    server.release();
    assert_eq!(error_code(&ended(first).await), "data.conflict", "no lost update");
    assert_eq!(server.requests().len(), 1, "the call is not made again behind the author's back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflict_is_retried_on_fresh_data_when_nothing_was_called() {
    let server = Server::start(|_| Answer::held()).await;
    let url = server.url();
    let written = Written::text(&format!(
        r#"
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: hold
activities:
  - activity: hold
    exclusive_lock: {{ context: '"k"' }}
    steps: [{{ http: {{ url: "{url}" }} }}]
---
workflow: double
activities:
  - activity: load
    auto_commit: false
    steps:
      - load: {{ entity: Counter, id: c1, for: update }}
        as: counter
  - activity: update
    exclusive_lock: {{ context: '"k"' }}
    steps:
      - update: counter
        set: {{ value: "${{counter.value * 2}}" }}
output: "${{counter.value}}"
---
workflow: add
activities:
  - activity: add
    steps:
      - load: {{ entity: Counter, id: c1 }}
        as: counter
      - update: counter
        set: {{ value: "${{counter.value + 1}}" }}
"#
    ));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({"value": 10})).await;
    let holder = engine.begin("hold", json!({})).await;
    server.has_seen(1).await;
    let double = engine.begin("double", json!({})).await;
    let waits = |event: &lockstep_core::Happening| {
        matches!(event, lockstep_core::Happening::LockWaited { .. })
    };
    engine.told(double.id, waits).await;
    engine.run("add", json!({})).await.expect("nobody else holds the counter");
    server.release();
    ended(holder).await.expect("the holder goes on");
    let doubled = ended(double).await.expect("it runs again on fresh data");
    assert_eq!(doubled, json!(22), "no lost update: (10 + 1) * 2, not 10 * 2");
    let counter = engine.object("Counter", "c1").await.expect("the counter is there");
    assert_eq!(counter["value"], json!(22), "what is answered is what is committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forced_commit_writes_over_the_other_and_keeps_the_version_growing() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = counting(&server, "on_conflict: force").await;
    let first = engine.begin("count", json!({})).await;
    server.has_seen(1).await;
    engine.run("add", json!({})).await.expect("the second writer is faster");
    server.release();
    ended(first).await.expect("the author wrote force");
    let counter = engine.object("Counter", "c1").await.expect("the counter is there");
    assert_eq!(counter["value"], json!(1), "the author wrote force: one count is lost");
    assert_eq!(counter["metadata"]["version"], json!(3), "versions grow by one with each commit");
}
