//! An order that is invoiced, paid and shipped under the lock of its workflow.

use lockstep_core::Happening;
use serde_json::json;

use crate::engine::{Engine, Written, ended, error_code};
use crate::shelf::Shelf;

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::Waited { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shipped_is_what_was_invoiced() {
    let (shelf, written) = (Shelf::new(), Written::workflow("order.yaml"));
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Order", "o1", json!({"item": "Lamp", "cents": 2000})).await;
    let change = json!({"order": "o1", "cents": 9000});
    let order = engine.begin("order", json!({"order": "o1"})).await;
    let id = order.id;
    engine.told(id, waits).await;
    assert_eq!(error_code(&engine.run("change-order", change.clone()).await), "lock.busy");
    engine.stop().await.expect("the engine stops");

    let (engine, mut taken_up) = Engine::recover(shelf.open().await, &written).await;
    let changed = engine.run("change-order", change.clone()).await;
    assert_eq!(error_code(&changed), "lock.busy", "the lock outlives the engine");
    engine.signal(id, "paid", json!(null)).await.expect("it is waited for");
    let shipped = ended(taken_up.pop().expect("it is unfinished")).await;
    assert_eq!(shipped.expect("it is paid"), json!({"invoiced": 2000, "shipped": 2000}));
    assert_eq!(error_code(&engine.run("change-order", change).await), "order.shipped");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_order_can_be_changed() {
    let (shelf, written) = (Shelf::new(), Written::workflow("order.yaml"));
    let engine = Engine::start(shelf.open().await, &written).await;
    engine.seed("Order", "o1", json!({"item": "Lamp", "cents": 2000})).await;
    let order = engine.begin("order", json!({"order": "o1"})).await;
    engine.told(order.id, waits).await;
    engine.cancel(order.id).await;
    assert_eq!(error_code(&ended(order).await), "cancelled");
    let changed = engine.run("change-order", json!({"order": "o1", "cents": 9000})).await;
    assert_eq!(changed.expect("the lock is free"), json!({"cents": 9000}));
}
