//! A workflow waits: for a signal, a time, a person; through restarts, and nothing is lost.

use lockstep_core::Happening;
use serde_json::json;

use crate::engine::{Engine, Written, ended, error_code};
use crate::shelf::Shelf;

const ORDER: &str = r#"
workflow: order
input: { order: string }
activities:
  - activity: prepare
    steps:
      - set: { total: 42 }
  - activity: ask
    steps:
      - wait: { signal: paid }
        as: payment
        timeout: 1h
      - require: payment.amount == total
  - activity: approve
    steps:
      - wait:
          form: approval
          title: "Approve ${input.order}?"
          fields: { approved: bool, comment: { type: string, optional: true } }
        as: answer
output: { order: "${input.order}", approved: "${answer.approved}", by: "${payment.by}" }
"#;

fn written() -> Written {
    Written::text(ORDER)
}

#[tokio::test]
async fn signal_and_answers_of_a_person_reach_the_instance() {
    let shelf = Shelf::new();
    let engine = Engine::start(shelf.open().await, &written()).await;
    let started = engine.begin("order", json!({"order": "o1"})).await;
    engine.signal(started.id, "paid", json!({"amount": 42, "by": "Ada"})).await.unwrap();
    engine.signal(started.id, "approval", json!({"approved": true})).await.unwrap();
    let output = ended(started).await.unwrap();
    assert_eq!(output, json!({"order": "o1", "approved": true, "by": "Ada"}));
}

#[tokio::test]
async fn signal_that_comes_early_is_kept_through_a_restart() {
    let shelf = Shelf::new();
    let engine = Engine::start(shelf.open().await, &written()).await;
    let id = engine.begin("order", json!({"order": "o1"})).await.id;
    // The answers come before anybody has paid.
    engine.signal(id, "approval", json!({"approved": false})).await.unwrap();
    engine.stop().await.unwrap();

    let (engine, mut taken_up) = Engine::recover(shelf.open().await, &written()).await;
    let started = taken_up.pop().expect("it is unfinished");
    assert_eq!(started.id, id);
    engine.signal(id, "paid", json!({"amount": 42, "by": "Bob"})).await.unwrap();
    assert_eq!(ended(started).await.unwrap()["approved"], json!(false));
}

#[tokio::test]
async fn answers_that_do_not_fit_the_form_are_refused_and_can_be_given_again() {
    let shelf = Shelf::new();
    let engine = Engine::start(shelf.open().await, &written()).await;
    let started = engine.begin("order", json!({"order": "o1"})).await;
    engine.signal(started.id, "paid", json!({"amount": 42, "by": "Ada"})).await.unwrap();
    engine.told(started.id, |event| matches!(event, Happening::Waited { .. })).await;
    crate::patience::until("the form is waited for", async || {
        let refused = engine.signal(started.id, "approval", json!({"approved": "yes"})).await;
        refused.is_err_and(|code| code == "data.invalid")
    })
    .await;
    engine.signal(started.id, "approval", json!({"approved": true})).await.unwrap();
    assert_eq!(ended(started).await.unwrap()["approved"], json!(true));
}

#[tokio::test]
async fn signal_to_nobody_is_an_error() {
    let shelf = Shelf::new();
    let engine = Engine::start(shelf.open().await, &written()).await;
    let started = engine.begin("order", json!({"order": "o1"})).await;
    let id = started.id;
    let unknown = lockstep_core::InstanceId(id.derive(1, lockstep_core::Time::default()));
    assert_eq!(engine.signal(unknown, "paid", json!(null)).await.unwrap_err(), "data.not_found");
    engine.cancel(id).await;
    assert_eq!(error_code(&ended(started).await), "cancelled");
    assert_eq!(engine.signal(id, "paid", json!(null)).await.unwrap_err(), "instance.ended");
}

#[tokio::test]
async fn wait_for_a_time_goes_on_after_it_and_survives_a_restart() {
    let shelf = Shelf::new();
    let text = r#"
workflow: nap
activities:
  - activity: sleep
    steps:
      - set: { slept_from: "${now}" }
      - wait: { for: 300ms }
      - wait: { until: slept_from + duration("400ms") }
      - set: { slept: "${now - slept_from}" }
output: { long_enough: "${slept >= duration('400ms')}" }
"#;
    let engine = Engine::start(shelf.open().await, &Written::text(text)).await;
    let id = engine.begin("nap", json!({})).await.id;
    engine.told(id, |event| matches!(event, Happening::Waited { .. })).await;
    engine.stop().await.unwrap();
    let (_engine, mut taken_up) = Engine::recover(shelf.open().await, &Written::text(text)).await;
    let output = ended(taken_up.pop().expect("it is unfinished")).await.unwrap();
    assert_eq!(output, json!({"long_enough": true}));
}

#[tokio::test]
async fn wait_that_takes_too_long_is_an_error_that_can_be_caught() {
    let shelf = Shelf::new();
    let text = r#"
workflow: patient
activities:
  - activity: ask
    steps:
      - wait: { signal: answer }
        as: answer
        timeout: 50ms
      - set: { how: "${answer}" }
    catch:
      - error: wait.timeout
        steps:
          - set: { how: "${error.code}" }
output: "${how}"
"#;
    let engine = Engine::start(shelf.open().await, &Written::text(text)).await;
    assert_eq!(engine.run("patient", json!({})).await.unwrap(), json!("wait.timeout"));
}

/// The lock is kept while a `wait` step waits, if the author says so, and goes at its hold timeout.
#[tokio::test]
async fn lock_is_held_while_waiting_up_to_its_hold_timeout() {
    let shelf = Shelf::new();
    let text = r#"
workflow: guarded
activities:
  - activity: ask
    exclusive_lock: { context: '"door"', hold_timeout: 300ms, while_waiting: hold }
    steps:
      - wait: { signal: open }
---
workflow: other
activities:
  - activity: enter
    exclusive_lock: { context: '"door"', waiting_timeout: 10s }
    steps:
      - log: inside
"#;
    let engine = Engine::start(shelf.open().await, &Written::text(text)).await;
    let first = engine.begin("guarded", json!({})).await;
    engine.told(first.id, |event| matches!(event, Happening::Waited { .. })).await;
    let second = engine.run("other", json!({})).await;
    assert!(second.is_ok(), "{second:?}");
    assert_eq!(error_code(&ended(first).await), "lock.lost");
}
