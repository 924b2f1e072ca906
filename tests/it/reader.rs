//! Problem 1: a counter goes up once for each reader of a message.
//!
//! Tests without a lock stand beside those with one, to show that the latter can fail.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::counter;
use crate::engine::{Engine, Written, split};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const READERS: usize = 1000;
const AT_ONCE: usize = 64;

/// How long the outside call between load and update takes.
const CALL: Duration = Duration::from_millis(2);

async fn readers(engine: &Engine, message: &str) -> i64 {
    let message = engine.object("Message", message).await.expect("the message is there");
    let (readers, version) = (&message["readers"], &message["metadata"]["version"]);
    let (readers, version) = (readers.as_i64().unwrap(), version.as_i64().unwrap());
    assert_eq!(version, readers + 1, "versions: 1 at creation, one more with each change");
    readers
}

async fn run_calling_readers(keys: &str) -> (usize, usize, i64) {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::after(CALL)).await);
    let engine =
        Engine::start(shelf.open().await, &Written::text(&counter::definitions(&server, keys)))
            .await;
    engine.seed("Counter", "c1", json!({})).await;
    let endings = engine.run_all("count", vec![json!({}); READERS], AT_ONCE).await;
    let (done, conflicts) = split(&endings, "data.conflict");
    let counter = engine.object("Counter", "c1").await.expect("the counter is there");
    let counted = counter["value"].as_i64().unwrap();
    engine.stop().await.expect("the engine stops");
    (done, conflicts, counted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reader_of_one_message_is_counted_once() {
    let shelf = Shelf::new();
    let written = Written::workflow("message-reader.yaml");
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Message", "m1", json!({"text": "Hello."})).await;
    let inputs = vec![json!({"message": "m1"}); READERS];
    let endings = engine.run_all("message-reader", inputs, AT_ONCE).await;
    let mut told: Vec<i64> =
        endings.iter().map(|ended| ended.as_ref().unwrap()["readers"].as_i64().unwrap()).collect();
    told.sort_unstable();
    let all: Vec<i64> = (1..=1000).collect();
    assert_eq!(told, all, "no lost update: each reader is told a number of its own");
    assert_eq!(readers(&engine, "m1").await, 1000, "no lost update");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_hundred_messages_are_counted_for_each() {
    let shelf = Shelf::new();
    let written = Written::workflow("message-reader.yaml");
    let engine = Engine::start(shelf.open().await, &written).await;
    for message in 0..100 {
        engine.seed("Message", &format!("m{message}"), json!({"text": "Hello."})).await;
    }
    let input = |reader: usize| -> Json { json!({"message": format!("m{}", reader % 100)}) };
    let inputs = (0..READERS).map(input).collect();
    let endings = engine.run_all("message-reader", inputs, AT_ONCE).await;
    assert!(endings.iter().all(Result::is_ok), "every reader gets the message");
    for message in 0..100 {
        assert_eq!(readers(&engine, &format!("m{message}")).await, 10, "no lost update");
    }
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_lock_a_call_between_load_and_update_loses_no_count() {
    let lock = r#"exclusive_lock: { context: 'ref("Counter", "c1")' }"#;
    let (done, _, counted) = run_calling_readers(lock).await;
    assert_eq!((done, counted), (1000, 1000), "mutual exclusion: no lost update, no conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lock_forced_commits_lose_counts() {
    let (done, _, counted) = run_calling_readers("on_conflict: force").await;
    assert_eq!(done, 1000, "a forced commit never fails");
    assert!(counted < 1000, "the tests above could not fail: {counted} of 1000 were counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lock_conflicts_behind_a_call_are_told() {
    let (done, conflicts, counted) = run_calling_readers("on_conflict: retry").await;
    assert!(conflicts > 0, "64 at once without a lock must meet");
    assert_eq!(i64::try_from(done).unwrap(), counted, "no lost update: what is done is counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lock_conflicts_are_retried_as_long_as_nothing_was_called() {
    let shelf = Shelf::new();
    // The `find` reads from the store, so that others run between load and update.
    let written = Written::text(
        r#"
entity: Message
attributes: { readers: { type: int, default: 0 } }
---
workflow: read
activities:
  - activity: count
    steps:
      - load: { entity: Message, id: m1 }
        as: message
      - find: { entity: Message }
        as: all
      - update: message
        set: { readers: "${message.readers + size(all)}" }
"#,
    );
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Message", "m1", json!({})).await;
    let endings = engine.run_all("read", vec![json!({}); 300], 8).await;
    let (done, conflicts) = split(&endings, "data.conflict");
    let counted = readers(&engine, "m1").await;
    assert_eq!((done, conflicts, counted), (300, 0, 300), "a retry comes out right");
    engine.stop().await.expect("the engine stops");
}
