//! A mixed load: shared and exclusive requests for one or three of fifty keys, and how long anybody
//! waits for its turn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_core::explain::LockPage;
use lockstep_core::lock::MAX_OVERTAKEN;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::asked_order::{Door, Served};
use crate::chance::Chance;
use crate::engine::{Engine, Written};
use crate::patience::soon;
use crate::server::{Answer, Server};

const KEYS: usize = 50;
const AT_ONCE: usize = 64;
const REQUESTS: usize = 2_000;

/// Requests go to few of the keys most of the time, so that they meet.
const HOT: usize = 6;

/// Counts under an exclusive lock on all its keys, or looks under a shared one; calls between load
/// and update.
fn definitions(server: &Server) -> Written {
    let url = server.url();
    Written::text(&format!(
        r#"
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: count
input: {{ keys: list<string> }}
activities:
  - activity: count
    on_conflict: fail
    exclusive_lock: {{ context: input.keys, waiting_timeout: 10m, hold_timeout: 10m }}
    steps:
      - for_each: "${{input.keys}}"
        item: id
        steps:
          - load: {{ entity: Counter, id: "${{id}}", for: update }}
            as: counter
        collect: "${{counter}}"
        as: counters
      - http: {{ url: "{url}/count" }}
      - for_each: "${{counters}}"
        item: counter
        steps:
          - update: counter
            set: {{ value: "${{counter.value + 1}}" }}
---
workflow: look
input: {{ keys: list<string> }}
activities:
  - activity: look
    exclusive_lock: {{ context: input.keys, mode: shared, waiting_timeout: 10m, hold_timeout: 10m }}
    steps:
      - for_each: "${{input.keys}}"
        item: id
        steps:
          - load: {{ entity: Counter, id: "${{id}}" }}
            as: counter
        collect: "${{counter.value}}"
        as: before
      - http: {{ url: "{url}/look" }}
      - for_each: "${{input.keys}}"
        item: id
        steps:
          - load: {{ entity: Counter, id: "${{id}}" }}
            as: counter
        collect: "${{counter.value}}"
        as: behind
output: "${{before == behind}}"
"#
    ))
}

#[derive(Clone, Debug)]
struct Request {
    keys: Vec<String>,
    shared: bool,
}

impl Request {
    fn draw(chance: &mut Chance) -> Self {
        let count = if chance.below(2) == 0 { 1 } else { 3 };
        let reach = if chance.below(4) == 0 { KEYS } else { HOT };
        let keys =
            chance.different(count, reach).into_iter().map(|key| format!("c{key}")).collect();
        Self { keys, shared: chance.below(3) == 0 }
    }
}

/// Makes requests, each client one after another; returns how each was served.
async fn serve_all(engine: &Engine, requests: Vec<Request>) -> Vec<Served> {
    let door = Arc::new(Door::of(engine));
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (door, next) = (Arc::clone(&door), Arc::clone(&next));
        let requests = Arc::clone(&requests);
        clients.spawn(async move {
            let mut served = Vec::new();
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Request { keys, shared } = request.clone();
                let workflow = if shared { "look" } else { "count" };
                let asked = door.begin(workflow, json!({"keys": keys})).await;
                served.push(door.served(asked, keys, shared).await);
            }
            served
        });
    }
    let mut served: Vec<Served> = clients.join_all().await.into_iter().flatten().collect();
    served.sort_by_key(|served| served.number);
    served
}

/// Who came before a waiter.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// How many stood before it, for a key of it, when it asked.
    before: usize,
    /// How many asked behind it, conflict with it, and were served before it.
    overtook: usize,
}

fn wait(one: &Served, all: &[Served]) -> Wait {
    let before = all.iter().filter(|other| other.stood_before(one) && one.meets(other)).count();
    let overtook = all.iter().filter(|other| other.overtook(one) && one.conflicts(other)).count();
    Wait { before, overtook }
}

/// Goal: of those who ask later, at most (m + 1) * `MAX_OVERTAKEN` that conflict with a waiter are
/// served before it, m being the number of those who stood before it for a key of it.
///
/// Why: whoever is served before it is charged, at a key that both want, to the first waiter there
/// that it conflicts with. That is the waiter itself or one of the m, and each of these m + 1 is
/// charged at most `MAX_OVERTAKEN` times before nobody may overtake it any more.
///
/// So nobody waits for ever: each of the 64 clients has one request at a time, so there are at most
/// 63 others that hold or stand before a waiter, each once, and at most 16 * 64 that overtake. At its
/// keys no more than 1,087 holds end before its own begins, each with its hold timeout at the latest.
///
/// Method: numbers that are drawn in the order of asking, and fencing tokens, which grow in the
/// order of grants.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_more_holds_than_the_bound_says() {
    let delay = |request: &crate::server::Request| {
        Answer::after(Duration::from_micros(u64::try_from(request.number % 7).unwrap() * 500))
    };
    let server = Server::start(delay).await;
    let engine = Engine::start(Arc::new(Memory::new()), &definitions(&server)).await;
    for key in 0..KEYS {
        engine.seed("Counter", &format!("c{key}"), json!({})).await;
    }
    let mut chance = Chance::new(3);
    let requests: Vec<Request> = (0..REQUESTS).map(|_| Request::draw(&mut chance)).collect();
    let served = serve_all(&engine, requests).await;

    let charged = usize::try_from(MAX_OVERTAKEN).unwrap();
    let waits: Vec<Wait> = served.iter().map(|one| wait(one, &served)).collect();
    for (one, wait) in served.iter().zip(&waits) {
        let bound = charged * (wait.before + 1);
        assert!(wait.overtook <= bound, "no starvation: {wait:?} of {one:#?}");
        assert!(wait.before < AT_ONCE, "one request of a client at a time: {wait:?} of {one:#?}");
    }
    let most = |of: fn(&Wait) -> usize| waits.iter().map(of).max();
    println!(
        "{} of {REQUESTS} had to wait; stood before: at most {:?}, overtook: at most {:?}",
        served.iter().filter(|served| served.waited).count(),
        most(|wait| wait.before),
        most(|wait| wait.overtook),
    );
    assert!(most(|wait| wait.before) > Some(5), "they hardly met: the test shows little");
    assert!(most(|wait| wait.overtook) > Some(0), "nobody overtook: the test shows little");
    check_data(&engine, &served).await;
}

/// Checks that each exclusive request counted once, and that no shared one saw a change.
async fn check_data(engine: &Engine, served: &[Served]) {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for one in served {
        let output = one.ended.as_ref().expect("nobody fails: neither conflict nor deadlock");
        if one.shared {
            assert_eq!(*output, json!(true), "mutual exclusion: nothing changes under a reader");
        } else {
            one.keys.iter().for_each(|key| *counts.entry(key).or_default() += 1);
        }
    }
    for (key, count) in counts {
        let value = crate::counter::value(engine, key).await;
        assert_eq!(value, count, "no lost update: {key}");
    }
    let locks = soon("a look at the locks", engine.runner().locks(LockPage::default()))
        .await
        .expect("it runs");
    assert!(locks.is_empty(), "no lock is stuck: {locks:#?}");
    let rows: Vec<Json> =
        engine.store().locks().await.unwrap().iter().map(|row| json!(&*row.key)).collect();
    assert!(rows.is_empty(), "no lock row is left: {rows:?}");
}
