//! A seat that is held while its customer pays, without a lock that is kept.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_core::explain::LockPage;
use lockstep_runner::Started;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Ended, Engine, Written, ended, error_code};

const PAST: &str = "2020-01-01T00:00:00Z";

/// Ends the time for which the seat is held.
const LET_TIME_PASS: &str = r#"
---
workflow: let-time-pass
activities:
  - activity: let-time-pass
    steps:
      - load: { entity: Seat, id: a7 }
        as: seat
      - update: seat
        set: { held_until: "2020-01-01T00:00:00Z" }
"#;

async fn house(seat: Json) -> Engine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/seat.yaml");
    let text = fs::read_to_string(path).expect("the file can be read") + LET_TIME_PASS;
    let engine = Engine::start(Arc::new(Memory::new()), &Written::text(&text)).await;
    engine.seed("Seat", "a7", seat).await;
    engine
}

/// Begins to buy the seat; returns when it is held.
async fn hold(engine: &Engine, customer: &str) -> Started {
    let started = engine.begin("seat", json!({"seat": "a7", "customer": customer})).await;
    engine.told(started.id, |event| matches!(event, Happening::Waited { .. })).await;
    started
}

async fn pay(engine: &Engine, started: Started) -> Ended {
    engine.signal(started.id, "paid", json!(null)).await.expect("it is waited for");
    ended(started).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_that_is_held_is_refused_to_others_at_once_and_sold_to_who_pays() {
    let engine = house(json!({})).await;
    let ann = hold(&engine, "ann").await;
    let locks = engine.runner().locks(LockPage::default()).await.expect("it runs");
    assert!(locks.is_empty(), "no lock is kept while somebody pays: {locks:#?}");
    let bob = engine.run("seat", json!({"seat": "a7", "customer": "bob"})).await;
    assert_eq!(error_code(&bob), "seat.taken");
    assert_eq!(pay(&engine, ann).await.expect("it is held for her"), json!({"sold": true}));
    let seat = engine.object("Seat", "a7").await.expect("it is there");
    assert_eq!((&seat["state"], &seat["held_by"]), (&json!("sold"), &json!("ann")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_that_is_over_keeps_nobody_out() {
    // Whoever held it was cancelled: nothing has given it back.
    let engine = house(json!({"state": "held", "held_by": "gone", "held_until": PAST})).await;
    let bob = hold(&engine, "bob").await;
    assert_eq!(pay(&engine, bob).await.expect("it is held for him"), json!({"sold": true}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pays_when_somebody_else_has_the_seat_is_told() {
    let engine = house(json!({})).await;
    let ann = hold(&engine, "ann").await;
    engine.run("let-time-pass", json!({})).await.expect("nobody is in its way");
    let bob = hold(&engine, "bob").await;
    assert_eq!(error_code(&pay(&engine, ann).await), "seat.lost");
    assert_eq!(pay(&engine, bob).await.expect("it is held for him"), json!({"sold": true}));
}
