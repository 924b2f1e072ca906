//! Goods that are counted under a shared lock while others move them about.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_core::explain::LockPage;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, ended};

fn granted(event: &Happening) -> bool {
    matches!(event, Happening::LockGranted { .. })
}

fn pieces(output: &Json) -> i64 {
    let counts = output["counts"].as_array().expect("a list");
    counts.iter().map(|count| count.as_i64().expect("a number")).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_count_side_by_side_and_what_is_moved_meanwhile_is_not_missed() {
    let written = Written::workflow("stock-taking.yaml");
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    for (shelf, pieces) in [("s1", 10), ("s2", 20), ("s3", 12)] {
        engine.seed("Shelf", shelf, json!({"place": shelf, "pieces": pieces})).await;
    }
    let shelves = json!({"shelves": ["s1", "s2", "s3"], "pace": "500ms"});
    let one = engine.begin("stock-taking", shelves.clone()).await;
    engine.told(one.id, granted).await;
    let other = engine.begin("stock-taking", shelves).await;
    engine.told(other.id, granted).await;
    let locks = engine.runner().locks(LockPage::default()).await.expect("it runs");
    let holders: Vec<usize> = locks.iter().map(|lock| lock.holding).collect();
    assert_eq!(holders, [2, 2, 2], "they count side by side: {locks:#?}");

    // To a shelf that is counted from one that is not.
    let moving = engine.begin("move-goods", json!({"from": "s3", "to": "s1", "pieces": 4})).await;
    engine.told(moving.id, |event| matches!(event, Happening::LockWaited { .. })).await;
    for count in [one, other] {
        let output = ended(count).await.expect("nobody is in its way");
        assert_eq!(pieces(&output), 42, "none is missed, none is counted twice: {output}");
    }
    let moved = ended(moving).await.expect("it has its turn");
    assert_eq!(moved, json!({"from": 8, "to": 14}));
}
