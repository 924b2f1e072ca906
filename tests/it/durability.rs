//! Nothing is acknowledged before it is durable, and a store that fails loses nothing.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_runner::{RunnerError, StartError};
use lockstep_store::{Memory, Store};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::counter;
use crate::engine::{Ended, Engine, Written, ended, object};
use crate::faulty_store::{FaultyStore, Flush};
use crate::patience::soon;
use crate::server::{Answer, Server};

const INSTANCES: usize = 50;

/// How often everybody else gets the chance to do the wrong thing.
const CHANCES: usize = 1000;

async fn counting(store: Arc<dyn Store>, server: &Server) -> Engine {
    let lock = r#"exclusive_lock: { context: '"k"' }"#;
    let written = Written::text(&counter::definitions(server, lock));
    Engine::recover(store, &written).await.0
}

async fn counted(store: &Arc<Memory>) -> Json {
    let store: Arc<dyn Store> = Arc::<Memory>::clone(store);
    object(&store, "Counter", "c1").await.expect("the counter is there")["value"].clone()
}

#[tokio::test]
async fn no_end_is_told_before_it_is_durable() {
    let server = Server::start(|_| Answer::ok()).await;
    let (memory, mut endings) = (Arc::new(Memory::new()), JoinSet::new());
    let store = FaultyStore::on(Arc::<Memory>::clone(&memory));
    let engine = counting(Arc::<FaultyStore>::clone(&store), &server).await;
    engine.seed("Counter", "c1", json!({})).await;

    let before = store.batches();
    store.set(Flush::HeldBack);
    for _ in 0..INSTANCES {
        let (started, store) = (engine.begin("add", json!({})).await, Arc::clone(&store));
        endings.spawn(async move {
            let ended = ended(started).await;
            assert_eq!(store.flush(), Flush::Goes, "told is durable: it was told before");
            ended
        });
    }
    store.has_more_batches_than(before).await;
    for _ in 0..CHANCES {
        tokio::task::yield_now().await;
    }
    assert!(endings.try_join_next().is_none(), "told is durable: nothing is, so nobody is told");
    assert_eq!(counted(&memory).await, json!(0), "nothing was written yet");

    store.set(Flush::Goes);
    let endings: Vec<Ended> = soon("all endings", endings.join_all()).await;
    assert!(endings.iter().all(Result::is_ok), "they end as soon as they are durable");
    assert_eq!(counted(&memory).await, json!(INSTANCES), "no lost update");
}

#[tokio::test]
async fn no_start_is_acknowledged_before_it_is_durable() {
    let server = Server::start(|_| Answer::held()).await;
    let memory = Arc::new(Memory::new());
    let store = FaultyStore::on(Arc::<Memory>::clone(&memory));
    let engine = counting(Arc::<FaultyStore>::clone(&store), &server).await;
    engine.seed("Counter", "c1", json!({})).await;

    let before = store.batches();
    store.set(Flush::HeldBack);
    // One that goes on with an outside call, one that ends at once, and one that is not right.
    let mut starts = JoinSet::new();
    for workflow in ["count", "add", "nothing"] {
        let start = engine.begin_durably(workflow, json!({}));
        starts.spawn(async move { (workflow, start.await) });
    }
    let (first, refused) = soon("a refusal", starts.join_next()).await.expect("one").expect("told");
    assert_eq!(first, "nothing", "a refusal waits for nothing");
    assert!(matches!(refused, Err(StartError::Rejected(_))), "{refused:?}");
    store.has_more_batches_than(before).await;
    // The engine goes on beside the flush, with whatever it has to tell.
    drop(engine.begin("add", json!({})).await);
    for _ in 0..CHANCES {
        tokio::task::yield_now().await;
    }
    assert!(starts.try_join_next().is_none(), "told is durable: nothing is, so nobody is told");

    store.set(Flush::Goes);
    for accepted in soon("the others", starts.join_all()).await {
        let (workflow, started) = accepted;
        let id = started.expect("it is accepted").id;
        let stored = memory.instance(id).await.expect("it can be read");
        assert!(stored.is_some(), "{workflow}: told is durable");
    }
}

#[tokio::test]
async fn no_outside_call_is_made_before_it_is_durable_that_it_will_be() {
    let server = Server::start(|_| Answer::ok()).await;
    let memory = Arc::new(Memory::new());
    let store = FaultyStore::on(Arc::<Memory>::clone(&memory));
    let engine = counting(Arc::<FaultyStore>::clone(&store), &server).await;
    engine.seed("Counter", "c1", json!({})).await;

    let before = store.batches();
    store.set(Flush::HeldBack);
    let started = engine.begin("count", json!({})).await;
    store.has_more_batches_than(before).await;
    for _ in 0..CHANCES {
        tokio::task::yield_now().await;
    }
    assert!(server.requests().is_empty(), "called is durable: nothing is, so nothing is called");
    store.set(Flush::Goes);
    assert_eq!(ended(started).await.expect("it goes on"), json!(1));
    assert_eq!(server.requests().len(), 1, "called once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_flush_acknowledges_nothing_and_a_new_engine_goes_on() {
    // Whether the failed batch was written is what nobody can know.
    for flush in [Flush::FailsBefore, Flush::FailsBehind] {
        let server = Server::start(|_| Answer::held()).await;
        let memory = Arc::new(Memory::new());
        let store = FaultyStore::on(Arc::<Memory>::clone(&memory));
        let engine = counting(Arc::<FaultyStore>::clone(&store), &server).await;
        engine.seed("Counter", "c1", json!({})).await;
        let mut started = Vec::new();
        for _ in 0..INSTANCES {
            started.push(engine.begin("count", json!({})).await);
        }
        server.has_seen(1).await;
        let waits = |event: &Happening| matches!(event, Happening::LockWaited { .. });
        for started in started.iter().skip(1) {
            engine.told(started.id, waits).await;
        }
        // All is durable: the next batch holds the end of the first instance.
        store.set(flush);
        server.release();
        for started in started {
            let ending = soon("the end of an instance", started.ending()).await;
            let error = ending.expect_err("told is durable: nothing is after a failed flush");
            let stopped = matches!(error, StartError::Runner(RunnerError::Store(_)));
            assert!(stopped, "{flush:?}: it is told that the store failed: {error:?}");
        }
        let error = engine.stop().await.expect_err("the engine has stopped by itself");
        assert!(matches!(error, RunnerError::Store(_)), "{flush:?}: {error:?}");

        let (engine, taken_up) = {
            let lock = r#"exclusive_lock: { context: '"k"' }"#;
            let written = Written::text(&counter::definitions(&server, lock));
            let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
            Engine::recover(store, &written).await
        };
        for started in taken_up {
            ended(started).await.expect("it goes on where it was");
        }
        let counts = memory.counts().await.expect("the store answers");
        assert_eq!((counts.running, counts.failed), (0, 0), "{flush:?}: nothing is left behind");
        assert_eq!(counted(&memory).await, json!(counts.done), "{flush:?}: exactly once");
        assert!(memory.locks().await.unwrap().is_empty(), "{flush:?}: no lock row is left");
        engine.stop().await.expect("the engine stops");
    }
}
