//! A `wait` step under a lock: the lock is kept, or given back and taken again.

use lockstep_core::Happening;
use serde_json::json;

use crate::engine::{Engine, Written, ended, error_code};
use crate::shelf::Shelf;

fn written(while_waiting: &str) -> Written {
    Written::text(&format!(
        r#"
entity: Place
attributes: {{ taken: {{ type: int, default: 0 }} }}
---
workflow: reserve
activities:
  - activity: reserve
    exclusive_lock:
      context: ref("Place", "p1")
      while_waiting: {while_waiting}
      waiting_timeout: 10m
      hold_timeout: 10m
    steps:
      - load: {{ entity: Place, id: p1 }}
        as: before
      - wait: {{ signal: paid }}
      - load: {{ entity: Place, id: p1 }}
        as: place
      - update: place
        set: {{ taken: "${{place.taken + 1}}" }}
output: {{ before: "${{before.taken}}", behind: "${{place.taken}}" }}
---
workflow: take
activities:
  - activity: take
    exclusive_lock: {{ context: 'ref("Place", "p1")', on_busy: fail }}
    steps:
      - load: {{ entity: Place, id: p1 }}
        as: place
      - update: place
        set: {{ taken: "${{place.taken + 10}}" }}
output: "${{place.taken}}"
"#
    ))
}

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::Waited { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_is_kept_during_a_wait_and_through_a_restart() {
    let shelf = Shelf::new();
    let written = written("hold");
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Place", "p1", json!({})).await;
    let id = engine.begin("reserve", json!({})).await.id;
    engine.told(id, waits).await;
    let take = engine.run("take", json!({})).await;
    assert_eq!(error_code(&take), "lock.busy", "mutual exclusion: the lock is kept");
    engine.stop().await.expect("the engine stops");

    let (engine, mut taken_up) = Engine::recover(shelf.open().await, &written).await;
    let take = engine.run("take", json!({})).await;
    assert_eq!(error_code(&take), "lock.busy", "the lock is a row: it outlives the engine");
    engine.signal(id, "paid", json!(null)).await.expect("it is waited for");
    let output = ended(taken_up.pop().expect("it is unfinished")).await;
    assert_eq!(output.expect("it is paid"), json!({"before": 0, "behind": 1}));
    assert_eq!(engine.run("take", json!({})).await.expect("the lock is free"), json!(11));
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_is_given_back_for_a_wait_and_taken_again_behind_it() {
    let shelf = Shelf::new();
    let written = written("release");
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Place", "p1", json!({})).await;
    let id = engine.begin("reserve", json!({})).await.id;
    engine.told(id, waits).await;
    let take = engine.run("take", json!({})).await;
    assert_eq!(take.expect("the lock is given back"), json!(10));
    assert!(engine.store().locks().await.unwrap().is_empty(), "no lock row is left");
    engine.stop().await.expect("the engine stops");

    let (engine, mut taken_up) = Engine::recover(shelf.open().await, &written).await;
    assert_eq!(engine.run("take", json!({})).await.expect("it still is"), json!(20));
    engine.signal(id, "paid", json!(null)).await.expect("it is waited for");
    let output = ended(taken_up.pop().expect("it is unfinished")).await;
    let expected = json!({"before": 0, "behind": 21});
    assert_eq!(output.expect("it is paid"), expected, "no lost update: it reads what others left");
    let journal = engine.journal(id).await;
    let granted = |event: &Happening| matches!(event, Happening::LockGranted { .. });
    let grants = journal.iter().filter(|entry| granted(&entry.event)).count();
    assert_eq!(grants, 2, "before the wait and behind it: {journal:#?}");
    engine.stop().await.expect("the engine stops");
}
