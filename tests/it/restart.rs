//! An engine that is stopped and started again: instances go on as if nothing had been.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_runner::Started;
use lockstep_store::{Memory, Store};
use serde_json::{Value as Json, json};

use crate::counter;
use crate::engine::{Engine, Written, ended, error_code};
use crate::server::{Answer, Server};

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::LockWaited { .. })
}

/// Stops an engine on a store in memory, and makes the store ready for the next one.
async fn stop(engine: Engine, memory: &Arc<Memory>) -> Arc<dyn Store> {
    engine.stop().await.expect("the engine stops");
    memory.reopen();
    Arc::<Memory>::clone(memory)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_keep_their_order_behind_the_holder() {
    let server = Server::start(|_| Answer::held()).await;
    let lock = r#"exclusive_lock: { context: '"k"' }"#;
    let written = Written::text(&counter::definitions(&server, lock));
    let memory = Arc::new(Memory::new());
    let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
    let engine = Engine::start(store, &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let mut all = Vec::new();
    for n in 0..20 {
        all.push(engine.begin("count", json!({"note": n.to_string()})).await);
    }
    for started in all.iter().skip(1) {
        engine.told(started.id, waits).await;
    }
    server.has_seen(1).await;
    let store = stop(engine, &memory).await;

    let (_engine, taken_up) = Engine::recover(store, &written).await;
    assert_eq!(taken_up.len(), 20, "none is lost");
    server.release();
    for started in taken_up {
        ended(started).await.expect("each gets its turn");
    }
    let served: Vec<Json> =
        server.requests().iter().skip(1).map(|request| request.body["note"].clone()).collect();
    let asked: Vec<Json> = (0..20).map(|n: i32| json!(n.to_string())).collect();
    assert_eq!(served, asked, "fair: the holder calls again, the others follow as they asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_timeout_goes_on_counting() {
    let server = Server::start(|_| Answer::held()).await;
    let lock = r#"exclusive_lock: { context: '"k"', hold_timeout: 200ms, waiting_timeout: 1h }"#;
    let written = Written::text(&counter::definitions(&server, lock));
    let memory = Arc::new(Memory::new());
    let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
    let engine = Engine::start(store, &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let holder = engine.begin("count", json!({})).await;
    let waiter = engine.begin("count", json!({})).await;
    let holder_id = holder.id;
    engine.told(waiter.id, waits).await;
    let store = stop(engine, &memory).await;

    let (engine, taken_up) = Engine::recover(store, &written).await;
    let (holder, waiter): (Vec<Started>, Vec<Started>) =
        taken_up.into_iter().partition(|started| started.id == holder_id);
    for holder in holder {
        assert_eq!(error_code(&ended(holder).await), "lock.lost", "bounded hold");
    }
    server.release();
    for waiter in waiter {
        assert_eq!(ended(waiter).await.expect("it gets the lock"), json!(1));
    }
    let counts = engine.store().counts().await.expect("the store answers");
    assert_eq!((counts.running, counts.done, counts.failed), (0, 1, 1), "both have ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instance_goes_on_under_the_definitions_that_it_began_with() {
    let server = Server::start(|_| Answer::held()).await;
    let definitions = |answer: &str| {
        let url = server.url();
        Written::text(&format!(
            r#"
workflow: w
activities:
  - activity: a
    steps: [{{ http: {{ url: "{url}" }} }}]
output: {answer}
"#
        ))
    };
    let memory = Arc::new(Memory::new());
    let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
    let engine = Engine::start(store, &definitions("old")).await;
    let _followed_by_nobody = engine.begin("w", json!({})).await;
    server.has_seen(1).await;
    let store = stop(engine, &memory).await;

    let (engine, mut taken_up) = Engine::recover(store, &definitions("new")).await;
    server.release();
    let old = taken_up.pop().expect("it is unfinished");
    assert_eq!(ended(old).await.expect("it goes on"), json!("old"));
    let new = engine.run("w", json!({})).await;
    assert_eq!(new.expect("it starts on what is published"), json!("new"));
}
