//! Locks that are not waited for at any price: full queues, busy locks, shared and exclusive.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, ended, error_code, json};
use crate::server::{Answer, Server};

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::LockWaited { .. })
}

/// A workflow whose only activity has this lock, and calls while it holds it.
fn locked(server: &Server, name: &str, lock: &str) -> String {
    let url = server.url();
    format!(
        r#"
---
workflow: {name}
activities:
  - activity: {name}
    exclusive_lock: {{ {lock} }}
    steps: [{{ http: {{ url: "{url}/{name}" }} }}]
"#
    )
}

async fn engine(server: &Server, locks: &[(&str, &str)]) -> Engine {
    let mut text = "project: limits\nallowed_hosts: [\"127.0.0.1\"]".to_owned();
    for (name, lock) in locks {
        text += &locked(server, name, lock);
    }
    Engine::start(Arc::new(Memory::new()), &Written::text(&text)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_wait_as_may_and_the_next_one_is_told() {
    let server = Server::start(|_| Answer::held()).await;
    let lock = r#"context: '["k", "l"]', max_waiting: 2"#;
    let other = r#"context: '"k"', max_waiting: 3"#;
    let engine = engine(&server, &[("two", lock), ("three", other)]).await;
    let holder = engine.begin("two", json!({})).await;
    server.has_seen(1).await;
    let first = engine.begin("two", json!({})).await;
    let second = engine.begin("two", json!({})).await;
    engine.told(second.id, waits).await;

    let failure = engine.run("two", json!({})).await.expect_err("two wait");
    assert_eq!(&*failure.code, "lock.queue_full", "bounded: {}", failure.message);
    let details = json(&failure.details);
    assert_eq!(details["holder"], json!(holder.id.to_string()), "explained: {details}");
    let third = engine.begin("three", json!({})).await;
    engine.told(third.id, waits).await;
    let full = engine.run("three", json!({})).await;
    assert_eq!(error_code(&full), "lock.queue_full", "the limit is that of whoever asks");

    // Whoever leaves makes room.
    engine.cancel(first.id).await;
    assert_eq!(error_code(&ended(first).await), "cancelled");
    engine.cancel(third.id).await;
    assert_eq!(error_code(&ended(third).await), "cancelled");
    let fourth = engine.begin("two", json!({})).await;
    engine.told(fourth.id, waits).await;
    server.release();
    for started in [holder, second, fourth] {
        ended(started).await.expect("each gets its turn");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_holders_are_busy_for_a_writer_and_not_for_each_other() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = engine(
        &server,
        &[
            ("read", r#"context: '"k"', mode: shared"#),
            ("try-read", r#"context: '"k"', mode: shared, on_busy: fail"#),
            ("try-write", r#"context: '"k"', on_busy: fail"#),
            ("skip-write", r#"context: '["j", "k"]', on_busy: skip"#),
            ("write", r#"context: '"k"'"#),
        ],
    )
    .await;
    let one = engine.begin("read", json!({})).await;
    let other = engine.begin("try-read", json!({})).await;
    server.has_seen(2).await;
    let write = engine.run("try-write", json!({})).await;
    assert_eq!(error_code(&write), "lock.busy", "mutual exclusion: readers hold it");
    let skipped = engine.begin("skip-write", json!({})).await;
    let id = skipped.id;
    assert_eq!(ended(skipped).await.expect("it leaves the activity out"), Json::Null);
    let journal = engine.journal(id).await;
    assert!(journal.iter().any(|entry| entry.event == Happening::Skipped), "{journal:#?}");

    let writer = engine.begin("write", json!({})).await;
    engine.told(writer.id, waits).await;
    let late = engine.run("try-read", json!({})).await;
    assert_eq!(error_code(&late), "lock.busy", "fair: a writer waits for it, and goes first");
    assert_eq!(server.requests().len(), 2, "only the readers have it");
    server.release();
    for started in [one, other, writer] {
        ended(started).await.expect("each gets its turn");
    }
    engine.run("try-write", json!({})).await.expect("it is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_of_everything_in_shared_mode_waits_for_writers_and_goes_with_readers() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = engine(
        &server,
        &[
            ("read", r#"context: '"k"', mode: shared"#),
            ("write", r#"context: '"j"'"#),
            ("try-write", r#"context: '"i"', on_busy: fail"#),
            ("read-all", "mode: shared"),
        ],
    )
    .await;
    let reader = engine.begin("read", json!({})).await;
    server.has_seen(1).await;
    let writer = engine.begin("write", json!({})).await;
    server.has_seen(2).await;
    let all = engine.begin("read-all", json!({})).await;
    engine.told(all.id, waits).await;
    engine.cancel(writer.id).await;
    assert_eq!(error_code(&ended(writer).await), "cancelled");
    server.has_seen(3).await;
    let write = engine.run("try-write", json!({})).await;
    assert_eq!(error_code(&write), "lock.busy", "mutual exclusion: everything is read");
    server.release();
    for started in [reader, all] {
        ended(started).await.expect("they are not in each other's way");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_two_keys_keeps_nobody_from_the_free_one() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = engine(
        &server,
        &[
            ("one", r#"context: '"a"'"#),
            ("both", r#"context: '["a", "b"]'"#),
            ("other", r#"context: '"b"'"#),
        ],
    )
    .await;
    let holder = engine.begin("one", json!({})).await;
    server.has_seen(1).await;
    let both = engine.begin("both", json!({})).await;
    engine.told(both.id, waits).await;
    let other = engine.begin("other", json!({})).await;
    server.has_seen(2).await;
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/one", "/other"], "no head-of-line blocking");
    server.release();
    for started in [holder, other, both] {
        ended(started).await.expect("each gets its turn");
    }
}
