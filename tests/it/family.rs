//! Workflows that run workflows: output, failure, cancel and crash.

use std::collections::BTreeSet;

use lockstep_core::Happening;
use lockstep_store::{InstanceFilter, State};
use serde_json::json;

use crate::binary::{lockstep, run};
use crate::engine::{Engine, Written, ended, error_code};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

fn family(server: &Server) -> String {
    format!(
        r#"
project: family
allowed_hosts: ["127.0.0.1"]
---
entity: Box
attributes: {{ shipped: {{ type: int, default: 0 }} }}
---
workflow: ship
input: {{ box: string, fail: {{ type: bool, default: false }} }}
activities:
  - activity: load
    steps:
      - http: {{ method: POST, url: "{}/ship", body: {{ box: "${{input.box}}" }} }}
        as: answer
      - raise: {{ error: truck.broken, message: "no truck for ${{input.box}}" }}
        when: input.fail
      - load: {{ entity: Box, id: "${{input.box}}" }}
        as: box
      - update: box
        set: {{ shipped: "${{box.shipped + 1}}" }}
output: {{ shipped: "${{box.shipped}}", status: "${{answer.status}}" }}
---
workflow: order
input: {{ box: string, fail: {{ type: bool, default: false }} }}
activities:
  - activity: send
    steps:
      - workflow: {{ call: ship, input: {{ box: "${{input.box}}", fail: "${{input.fail}}" }} }}
        as: shipped
output: {{ shipped: "${{shipped.shipped}}" }}
---
workflow: kick
input: {{ box: string }}
activities:
  - activity: send
    steps:
      - workflow: {{ start: ship, input: {{ box: "${{input.box}}" }} }}
        as: started
output: {{ child: "${{started.instance_id}}" }}
"#,
        server.url()
    )
}

#[tokio::test]
async fn output_of_a_called_workflow_reaches_its_caller() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let engine = Engine::start(shelf.open().await, &Written::text(&family(&server))).await;
    engine.seed("Box", "b1", json!({})).await;
    assert_eq!(engine.run("order", json!({"box": "b1"})).await.unwrap(), json!({"shipped": 1}));
}

#[tokio::test]
async fn failure_of_a_called_workflow_reaches_its_caller_with_the_reason() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let engine = Engine::start(shelf.open().await, &Written::text(&family(&server))).await;
    engine.seed("Box", "b1", json!({})).await;
    let failure = engine.run("order", json!({"box": "b1", "fail": true})).await.unwrap_err();
    assert_eq!(&*failure.code, "workflow.failed");
    assert!(failure.message.contains("no truck for b1"), "{}", failure.message);
    let details = crate::engine::json(&failure.details);
    assert_eq!(details["code"], json!("truck.broken"), "{details}");
    assert_eq!(details["workflow"], json!("ship"), "{details}");
    let done = engine.object("Box", "b1").await.unwrap();
    assert_eq!(done["shipped"], json!(0));
}

#[tokio::test]
async fn started_workflow_goes_on_when_its_starter_has_ended() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let engine = Engine::start(shelf.open().await, &Written::text(&family(&server))).await;
    engine.seed("Box", "b1", json!({})).await;
    let output = engine.run("kick", json!({"box": "b1"})).await.unwrap();
    assert!(output["child"].is_string(), "{output}");
    server.has_seen(1).await;
    server.release();
    crate::patience::until("the end of the child", async || {
        engine.object("Box", "b1").await.is_some_and(|done| done["shipped"] == json!(1))
    })
    .await;
}

#[tokio::test]
async fn cancel_reaches_the_called_workflow() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let engine = Engine::start(shelf.open().await, &Written::text(&family(&server))).await;
    engine.seed("Box", "b1", json!({})).await;
    let started = engine.begin("order", json!({"box": "b1"})).await;
    server.has_seen(1).await;
    engine.cancel(started.id).await;
    assert_eq!(error_code(&ended(started).await), "cancelled");
    crate::patience::until("the end of both", async || {
        engine.store().counts().await.is_ok_and(|counts| counts.running == 0)
    })
    .await;
    let failed = engine
        .store()
        .instances(InstanceFilter { state: Some(State::Failed), ..InstanceFilter::default() }, 10)
        .await
        .unwrap()
        .instances;
    assert_eq!(failed.len(), 2, "caller and called");
    for instance in failed {
        let journal = engine.journal(instance.id).await;
        let cancelled = journal.iter().any(
            |entry| matches!(&entry.event, Happening::Failed { error, .. } if error == "cancelled"),
        );
        assert!(cancelled, "{journal:?}");
    }
}

/// Killed while callers wait for the workflows that they have called: nothing is called twice under
/// another key, nothing is shipped twice, and every caller gets its answer.
#[tokio::test]
async fn callers_and_called_go_on_together_after_a_kill() {
    const ORDERS: usize = 60;
    for moment in [1, 20, 45] {
        let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
        let (workflow, seed) = (shelf.path("family.yaml"), shelf.path("seed.jsonl"));
        std::fs::write(&workflow, family(&server)).expect("the folder can be written");
        let boxes: Vec<String> = (0..ORDERS)
            .map(|n| json!({"entity": "Box", "id": format!("b{n}")}).to_string())
            .collect();
        std::fs::write(&seed, boxes.join("\n")).expect("the folder can be written");
        let (workflow, seed, url) =
            (workflow.to_str().unwrap(), seed.to_str().unwrap(), shelf.url());
        let count = ORDERS.to_string();
        let common = ["run", workflow, "--workflow", "order", "--store", &url, "--quiet"];
        let first = ["--seed", seed, "--input", "box=b{n}", "--count", &count];
        let mut child = lockstep(&[&common[..], &first, &["--concurrency", "8"]].concat())
            .spawn()
            .expect("the program can be started");
        server.has_seen(moment).await;
        child.start_kill().expect("it can be killed");
        child.wait().await.expect("it can be waited for");

        let told = run(&[&common[..], &["--count", "0"]].concat()).await;
        assert_eq!(told.status, Some(0), "{}", told.stderr);
        let store = shelf.open().await;
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.running, counts.failed), (0, 0), "all end well");
        assert_eq!(counts.done % 2, 0, "each caller has its called one: {counts:?}");
        for n in 0..ORDERS {
            let done = crate::engine::object(&store, "Box", &format!("b{n}")).await.unwrap();
            assert!(done["shipped"].as_i64().unwrap() <= 1, "{done}");
        }
        let requests = server.requests();
        let keys: BTreeSet<&str> = requests.iter().map(|r| r.header("idempotency-key")).collect();
        assert_eq!(keys.len() * 2, usize::try_from(counts.done).unwrap(), "one key for each");
        store.close().await.unwrap();
    }
}
