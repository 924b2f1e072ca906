//! Who comes first: waiters of a lock, readers and writers, and those who meet without a lock.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_core::explain::LockPage;
use lockstep_core::{Happening, InstanceId};
use lockstep_store::Memory;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::asked_order::{Asked, Door, Served};
use crate::chance::Chance;
use crate::counter;
use crate::engine::{Ended, Engine, Written, ended, error_code};
use crate::patience::{soon, until};
use crate::server::{Answer, Server};

const WAITERS: usize = 1000;

/// One holds the key `k` until the server answers; the others count when they have it. The `find`
/// reads from the store, so that any two who had it at once would meet.
async fn queue(server: &Server) -> Engine {
    let written = Written::text(&format!(
        r#"
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: hold
activities:
  - activity: hold
    exclusive_lock: {{ context: '"k"', hold_timeout: 10m }}
    steps: [{{ http: {{ url: "{}/hold" }}, timeout: 9m }}]
---
workflow: next
input: {{ priority: {{ type: int, default: 0 }} }}
activities:
  - activity: next
    on_conflict: fail
    exclusive_lock: {{ context: '"k"', priority: input.priority, waiting_timeout: 10m }}
    steps:
      - load: {{ entity: Counter, id: c1 }}
        as: counter
      - find: {{ entity: Counter }}
        as: all
      - update: counter
        set: {{ value: "${{counter.value + size(all)}}" }}
output: "${{counter.value}}"
"#,
        server.url()
    ));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Counter", "c1", json!({})).await;
    engine
}

async fn waiting(engine: &Engine) -> usize {
    let locks = soon("a look at the locks", engine.runner().locks(LockPage::default()))
        .await
        .expect("it runs");
    locks.iter().map(|lock| lock.waiting).sum()
}

/// Lets waiters with these priorities queue up behind a holder; returns which of them was served
/// first, second and so on. Those at the indexes `leave` are cancelled while they wait.
async fn served(priorities: &[i64], leave: impl Fn(usize) -> bool) -> Vec<usize> {
    let server = Server::start(|_| Answer::held()).await;
    let engine = queue(&server).await;
    let holder = engine.begin("hold", json!({})).await;
    server.has_seen(1).await;
    let mut all = Vec::new();
    for priority in priorities {
        all.push(engine.begin("next", json!({"priority": priority})).await);
    }
    until("all wait", async || waiting(&engine).await == priorities.len()).await;
    for (index, started) in all.iter().enumerate() {
        if leave(index) {
            engine.cancel(started.id).await;
        }
    }
    // The holder goes on only when they are gone.
    let stay = (0..priorities.len()).filter(|index| !leave(*index)).count();
    until("some have left", async || waiting(&engine).await == stay).await;
    server.release();
    ended(holder).await.expect("the holder goes on");
    let mut served = Vec::new();
    for (index, started) in all.into_iter().enumerate() {
        let ended = ended(started).await;
        if leave(index) {
            assert_eq!(error_code(&ended), "cancelled", "a waiter can be cancelled");
        } else {
            let turn = ended.expect("each gets its turn");
            served.push((turn.as_i64().expect("a number"), index));
        }
    }
    served.sort_unstable();
    let turns: Vec<i64> = served.iter().map(|(turn, _)| *turn).collect();
    let all: Vec<i64> = (1..=i64::try_from(served.len()).unwrap()).collect();
    assert_eq!(turns, all, "mutual exclusion: each has a turn of its own");
    served.into_iter().map(|(_, index)| index).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_waiters_are_served_in_the_order_in_which_they_came() {
    let served = served(&[0; WAITERS], |_| false).await;
    let came: Vec<usize> = (0..WAITERS).collect();
    assert_eq!(served, came, "fair: first come, first served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_that_leave_do_not_change_the_order_of_the_others() {
    let leaves = |index: usize| index.is_multiple_of(7);
    let served = served(&[0; WAITERS], leaves).await;
    let stayed: Vec<usize> = (0..WAITERS).filter(|index| !leaves(*index)).collect();
    assert_eq!(served, stayed, "fair: first come, first served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_waiters_are_served_by_priority_and_then_in_their_order() {
    let mut chance = Chance::new(1);
    let priorities: Vec<i64> =
        (0..WAITERS).map(|_| i64::try_from(chance.below(5)).unwrap() - 2).collect();
    let served = served(&priorities, |_| false).await;
    let mut expected: Vec<usize> = (0..WAITERS).collect();
    expected.sort_by_key(|index| -priorities[*index]);
    assert_eq!(served, expected, "fair: higher priorities first, equal ones as they came");
}

/// Readers share the key `k`, a writer wants it alone; all call the server while they have it.
fn library(server: &Server) -> Written {
    let workflow = |name: &str, mode: &str| {
        format!(
            r#"
workflow: {name}
activities:
  - activity: {name}
    exclusive_lock: {{ context: '"k"', mode: {mode}, waiting_timeout: 10m }}
    steps: [{{ http: {{ url: "{}/{name}" }} }}]
"#,
            server.url()
        )
    };
    Written::text(&format!("{}---{}", workflow("read", "shared"), workflow("write", "exclusive")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_hold_together_and_a_writer_has_its_turn_between_them() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &library(&server)).await;
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(engine.begin("read", json!({})).await);
    }
    server.has_seen(20).await;
    all.push(engine.begin("write", json!({})).await);
    for _ in 0..20 {
        all.push(engine.begin("read", json!({})).await);
    }
    until("21 wait", async || waiting(&engine).await == 21).await;
    assert_eq!(server.requests().len(), 20, "fair: later readers wait behind the writer");
    for _ in 0..20 {
        server.release_one();
    }
    server.has_seen(21).await;
    assert_eq!(waiting(&engine).await, 20, "mutual exclusion: the writer is alone");
    let paths = |server: &Server| -> Vec<String> {
        server.requests().into_iter().map(|request| request.path).collect()
    };
    assert_eq!(paths(&server)[20], "/write", "fair: it asked before them");
    server.release_one();
    server.has_seen(41).await;
    assert_eq!(waiting(&engine).await, 0, "the later readers hold it together");
    server.release();
    for started in all {
        ended(started).await.expect("each has its turn");
    }
}

/// Goal: a stream of readers that never ends does not keep a writer waiting.
/// Method: clients that read again and again, so that at every moment some of them hold the lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_are_not_starved_by_a_stream_of_readers() {
    const READERS: usize = 16;
    const WRITERS: usize = 20;
    let server = Server::start(|_| Answer::ok()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &library(&server)).await;
    let door = Arc::new(Door::of(&engine));
    let reads = watch::Sender::new((0, false));
    let mut readers: JoinSet<Vec<Served>> = JoinSet::new();
    for _ in 0..READERS {
        let (door, reads) = (Arc::clone(&door), reads.clone());
        readers.spawn(async move {
            let mut served = Vec::new();
            while !reads.borrow().1 {
                let asked = door.begin("read", json!({})).await;
                served.push(door.served(asked, ["k".to_owned()], true).await);
                reads.send_modify(|(count, _)| *count += 1);
            }
            served
        });
    }
    let mut writers = Vec::new();
    for writer in 1..=WRITERS {
        let enough = |(count, _): &(usize, bool)| *count >= writer * READERS;
        drop(soon("readers", reads.subscribe().wait_for(enough)).await.expect("they read"));
        let asked: Asked = door.begin("write", json!({})).await;
        writers.push(door.served(asked, ["k".to_owned()], false).await);
    }
    reads.send_modify(|(_, stop)| *stop = true);
    let readers: Vec<Served> = readers.join_all().await.into_iter().flatten().collect();
    let waited = writers.iter().filter(|writer| writer.waited).count();
    assert!(waited > WRITERS / 2, "the stream did not end: {waited} of {WRITERS} had to wait");
    for writer in &writers {
        let before: Vec<&Served> =
            readers.iter().filter(|reader| reader.overtook(writer)).collect();
        assert!(before.is_empty(), "no starvation: {before:#?} came after {writer:#?}");
    }
    assert!(readers.iter().chain(&writers).all(|served| served.ended.is_ok()), "all are served");
}

/// Runs many writers at once, several times each; returns how they ended, and how often the journal
/// of each tells that its unit of work ran again.
async fn contend(written: &Written, workflow: &str) -> (Engine, Vec<(Ended, usize)>) {
    const AT_ONCE: usize = 64;
    const ROUNDS: usize = 4;
    let engine = Engine::start(Arc::new(Memory::new()), written).await;
    engine.seed("Counter", "c1", json!({})).await;
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (engine, workflow) = (engine.clone(), workflow.to_owned());
        clients.spawn(async move {
            let mut endings = Vec::new();
            for _ in 0..ROUNDS {
                let started = engine.begin(&workflow, json!({})).await;
                let id = started.id;
                let ended = ended(started).await;
                endings.push((ended, again(&engine, id).await));
            }
            endings
        });
    }
    let endings = soon("the end of all writers", clients.join_all()).await;
    (engine, endings.into_iter().flatten().collect())
}

/// Returns how often the unit of work of an instance ran again.
async fn again(engine: &Engine, id: InstanceId) -> usize {
    let journal = engine.journal(id).await;
    journal.iter().filter(|entry| matches!(entry.event, Happening::Retried { .. })).count()
}

/// How often a unit may run again. Once is what a turn promises to one that meets a conflict at one
/// object: it finds the object as it is, and nobody changes it in its turn.
const MOST_AGAIN: usize = 1;

#[track_caller]
fn check_contention(endings: &[(Ended, usize)]) -> Vec<Json> {
    let most = endings.iter().map(|(_, again)| *again).max().unwrap_or_default();
    let met = endings.iter().filter(|(_, again)| *again > 0).count();
    println!("{met} of {} ran again, at most {most} times", endings.len());
    assert!(met > 0, "they never met: the test shows nothing");
    assert!(most <= MOST_AGAIN, "fair: somebody ran again {most} times");
    let output = |(ended, _): &(Ended, usize)| ended.clone().expect("nobody fails");
    endings.iter().map(output).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_of_one_object_without_a_lock_all_succeed_and_run_twice_at_most() {
    // The `find` reads from the store, so that others run between load and update.
    let written = Written::text(
        r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
workflow: add
activities:
  - activity: add
    on_conflict: retry
    steps:
      - load: { entity: Counter, id: c1 }
        as: counter
      - find: { entity: Counter }
        as: all
      - update: counter
        set: { value: "${counter.value + size(all)}" }
output: "${counter.value}"
"#,
    );
    let (engine, endings) = contend(&written, "add").await;
    let told: BTreeSet<i64> =
        check_contention(&endings).iter().map(|value| value.as_i64().unwrap()).collect();
    assert_eq!(told.len(), endings.len(), "no lost update: each was told a number of its own");
    let value = counter::value(&engine, "c1").await;
    assert_eq!(usize::try_from(value), Ok(endings.len()), "no lost update");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_under_a_unique_constraint_without_a_lock_all_succeed() {
    let written = Written::text(
        r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
entity: Seat
attributes: { number: int }
unique: [[number]]
---
workflow: sit-down
activities:
  - activity: sit-down
    on_conflict: retry
    steps:
      - load: { entity: Counter, id: c1 }
        as: counter
      - create: Seat
        set: { number: "${counter.value + 1}" }
        as: seat
      - update: counter
        set: { value: "${counter.value + 1}" }
output: "${seat.number}"
"#,
    );
    let (engine, endings) = contend(&written, "sit-down").await;
    let seats: BTreeSet<i64> =
        check_contention(&endings).iter().map(|value| value.as_i64().unwrap()).collect();
    assert_eq!(seats.len(), endings.len(), "each has a seat of its own");
    let value = counter::value(&engine, "c1").await;
    assert_eq!(usize::try_from(value), Ok(endings.len()), "no lost update");
}
