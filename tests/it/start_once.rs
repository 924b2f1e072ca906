//! Starts under a key: whoever asks again gets the same instance.

use std::sync::Arc;

use lockstep_core::InstanceId;
use lockstep_runner::{Once, StartError, Started};
use lockstep_store::{InstanceFilter, Memory, Store};
use serde_json::json;
use tokio::task::JoinSet;

use crate::counter;
use crate::engine::{Engine, Written, ended};
use crate::faulty_store::{FaultyStore, Flush};
use crate::patience::soon;
use crate::server::{Answer, Server};

/// Clients that ask at the same time.
const CLIENTS: usize = 100;

/// How often everybody else gets the chance to do the wrong thing.
const CHANCES: usize = 1000;

fn written(server: &Server) -> Written {
    Written::text(&counter::definitions(server, r#"exclusive_lock: { context: '"k"' }"#))
}

/// Returns the instance, and whether it was known.
fn of(once: Result<Once, StartError>) -> (Started, bool) {
    match once.expect("the start is right") {
        Once::New(started) => (started, false),
        Once::Known(started) => (started, true),
    }
}

fn code(once: Result<Once, StartError>) -> String {
    match once {
        Err(StartError::Rejected(failure)) => failure.code.to_string(),
        other => panic!("it is refused: {other:?}"),
    }
}

/// Returns an engine whose next flush is held back.
async fn held_back(server: &Server) -> (Arc<Memory>, Arc<FaultyStore>, Engine) {
    let memory = Arc::new(Memory::new());
    let store = FaultyStore::on(Arc::<Memory>::clone(&memory));
    let engine = Engine::start(Arc::<FaultyStore>::clone(&store), &written(server)).await;
    engine.seed("Counter", "c1", json!({})).await;
    store.set(Flush::HeldBack);
    (memory, store, engine)
}

async fn instances(store: &Arc<Memory>) -> Vec<InstanceId> {
    let stored = store.instances(InstanceFilter::default(), 1000).await;
    stored.expect("instances are read").instances.into_iter().map(|stored| stored.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_start_under_one_key_get_one_instance() {
    let server = Server::start(|_| Answer::ok()).await;
    let (memory, store, engine) = held_back(&server).await;
    let before = store.batches();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let start = engine.begin_once("ann/1", "count", json!({}));
        clients.spawn(async move {
            let (started, is_known) = of(start.await);
            (started.id, is_known, ended(started).await)
        });
    }
    store.has_more_batches_than(before).await;
    for _ in 0..CHANCES {
        tokio::task::yield_now().await;
    }
    store.set(Flush::Goes);
    let told = soon("all ends", clients.join_all()).await;
    let first = told[0].0;
    assert!(told.iter().all(|(id, _, _)| *id == first), "one instance");
    assert_eq!(told.iter().filter(|(_, is_known, _)| !is_known).count(), 1, "one begins it");
    assert!(
        told.iter().all(|(_, _, end)| matches!(end, Ok(counted) if *counted == json!(1))),
        "all are told its end"
    );
    assert_eq!(instances(&memory).await, [first]);
    assert_eq!(counter::value(&engine, "c1").await, 1, "it ran once");

    // Who comes behind the end is told it as well; another key is another instance.
    let (later, is_known) = of(engine.begin_once("ann/1", "count", json!({})).await);
    assert!(is_known && later.id == first);
    assert_eq!(ended(later).await.expect("it ends well"), json!(1));
    let (other, is_known) = of(engine.begin_once("ann/11", "count", json!({})).await);
    assert!(!is_known && other.id != first);
    assert_eq!(ended(other).await.expect("it ends well"), json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stands_for_one_request_and_a_refused_start_does_not_use_it_up() {
    let server = Server::start(|_| Answer::ok()).await;
    let memory = Arc::new(Memory::new());
    let engine = Engine::start(Arc::<Memory>::clone(&memory), &written(&server)).await;
    engine.seed("Counter", "c1", json!({})).await;
    let wrong = json!({"counter": 7});
    assert_eq!(code(engine.begin_once("k", "count", wrong).await), "data.invalid");
    let (started, is_known) = of(engine.begin_once("k", "count", json!({})).await);
    assert!(!is_known, "nothing was kept of the one that was refused");
    let another = json!({"counter": "c2"});
    assert_eq!(code(engine.begin_once("k", "count", another).await), "start.key_used");
    assert_eq!(ended(started).await.expect("it ends well"), json!(1));
    assert_eq!(instances(&memory).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_known_behind_a_restart_before_the_end_and_behind_it() {
    let server = Server::start(|_| Answer::held()).await;
    let memory = Arc::new(Memory::new());
    let engine = Engine::start(Arc::<Memory>::clone(&memory), &written(&server)).await;
    engine.seed("Counter", "c1", json!({})).await;
    let (started, _) = of(engine.begin_once("k", "count", json!({})).await);
    server.has_seen(1).await;
    engine.stop().await.expect("the engine stops");
    memory.reopen();

    let (engine, taken_up) =
        Engine::recover(Arc::<Memory>::clone(&memory), &written(&server)).await;
    assert_eq!(taken_up.len(), 1, "it goes on");
    let (again, is_known) = of(engine.begin_once("k", "count", json!({})).await);
    assert!(is_known && again.id == started.id, "it is known before its end");
    server.release();
    assert_eq!(ended(again).await.expect("it ends well"), json!(1));
    engine.stop().await.expect("the engine stops");
    memory.reopen();

    let (engine, taken_up) = Engine::recover(memory, &written(&server)).await;
    assert!(taken_up.is_empty(), "it has ended");
    let (again, is_known) = of(engine.begin_once("k", "count", json!({})).await);
    assert!(is_known && again.id == started.id, "it is known behind its end");
    assert_eq!(ended(again).await.expect("it ends well"), json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_leaves_no_second_instance_behind() {
    let server = Server::start(|_| Answer::ok()).await;
    let (memory, store, engine) = held_back(&server).await;
    let before = store.batches();
    let gone = tokio::spawn(engine.begin_once("k", "add", json!({})));
    store.has_more_batches_than(before).await;
    gone.abort();
    assert!(gone.await.is_err(), "it is gone, with its start on the way to the disk");
    // It comes again, before it can be known what became of the first time.
    let again = tokio::spawn(engine.begin_once("k", "add", json!({})));
    for _ in 0..CHANCES {
        tokio::task::yield_now().await;
    }
    assert!(!again.is_finished(), "told is durable");
    store.set(Flush::Goes);
    let (started, is_known) = of(soon("the second time", again).await.expect("it is told"));
    assert!(is_known, "the first time counts");
    assert_eq!(ended(started).await.expect("it ends well"), json!(1));
    assert_eq!(instances(&memory).await.len(), 1);
}
