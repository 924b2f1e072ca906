//! Steps within steps: each item of a list, branches side by side, and where they go on.

use std::collections::BTreeMap;

use lockstep_store::{InstanceFilter, State};
use serde_json::{Value as Json, json};

use crate::binary::{lockstep, run};
use crate::engine::{Engine, Written, error_code};
use crate::server::{Answer, Request, Server};
use crate::shelf::Shelf;

/// Calls the server for each item.
fn each(server: &Server, max_parallel: usize) -> String {
    format!(
        r#"
project: each
allowed_hosts: ["127.0.0.1"]
---
workflow: each
input: {{ count: int }}
activities:
  - activity: all
    steps:
      - set: {{ numbers: "${{lists.range(input.count)}}" }}
      - for_each: "${{numbers}}"
        item: number
        index: place
        max_parallel: {max_parallel}
        steps:
          - http: {{ method: POST, url: "{}/item", body: {{ number: "${{number}}" }} }}
            as: answer
        collect: "${{answer.body.number * 2 + (number - place)}}"
        as: doubled
output: {{ count: "${{size(doubled)}}", in_order: "${{numbers.all(n, doubled[n] == n * 2)}}" }}
"#,
        server.url()
    )
}

fn echo(request: &Request) -> Answer {
    Answer { body: request.body.clone(), ..Answer::ok() }
}

fn held_echo(request: &Request) -> Answer {
    Answer { body: request.body.clone(), ..Answer::held() }
}

/// Returns for each idempotency key what was asked under it; one key always asks for the same.
fn asked(server: &Server) -> BTreeMap<String, i64> {
    let mut asked = BTreeMap::new();
    for request in server.requests() {
        let number = request.body["number"].as_i64().expect("a number");
        let key = request.header("idempotency-key").to_owned();
        assert!(!key.is_empty(), "each call has a key");
        let before = asked.insert(key, number);
        assert!(before.is_none_or(|before| before == number), "a key is never used for another");
    }
    asked
}

#[tokio::test]
async fn items_are_worked_on_in_order_or_at_once_and_results_stand_in_order() {
    for max_parallel in [1, 7, 100] {
        let (shelf, server) = (Shelf::new(), Server::start(echo).await);
        let text = each(&server, max_parallel);
        let engine = Engine::start(shelf.open().await, &Written::text(&text)).await;
        let output = engine.run("each", json!({"count": 30})).await;
        let wanted = json!({"count": 30, "in_order": true});
        assert_eq!(output.unwrap(), wanted, "{max_parallel} at once");
        let numbers: Vec<i64> =
            server.requests().iter().map(|r| r.body["number"].as_i64().unwrap()).collect();
        if max_parallel == 1 {
            assert_eq!(numbers, (0..30).collect::<Vec<_>>());
        }
        assert_eq!(asked(&server).len(), 30);
    }
}

#[tokio::test]
async fn at_most_as_many_items_are_worked_on_at_once_as_the_author_says() {
    let (shelf, server) = (Shelf::new(), Server::start(held_echo).await);
    let text = each(&server, 4);
    let engine = Engine::start(shelf.open().await, &Written::text(&text)).await;
    let started = engine.begin("each", json!({"count": 6})).await;
    server.has_seen(4).await;
    server.release_one();
    server.has_seen(5).await;
    assert_eq!(server.requests().len(), 5, "one answer lets one more go");
    engine.cancel(started.id).await;
    assert_eq!(error_code(&crate::engine::ended(started).await), "cancelled");
}

/// Ten thousand items, killed five times: it goes on where it was, and repeats only the calls that
/// were under way, under their own keys.
#[tokio::test]
async fn ten_thousand_items_go_on_where_they_were_after_each_kill() {
    const ITEMS: usize = 10_000;
    const AT_ONCE: usize = 20;
    const KILLS: usize = 5;
    let (shelf, server) = (Shelf::new(), Server::start(echo).await);
    let workflow = shelf.path("each.yaml");
    std::fs::write(&workflow, each(&server, AT_ONCE)).expect("the folder can be written");
    let (workflow, url) = (workflow.to_str().unwrap(), shelf.url());
    let common = ["run", workflow, "--store", &url, "--quiet"];
    let (count, none) = (format!("count={ITEMS}"), "0");
    for round in 0..KILLS {
        let new: &[&str] =
            if round == 0 { &["--input", &count] } else { &["--count", none, "--each"] };
        let mut child =
            lockstep(&[&common[..], new].concat()).spawn().expect("the program can be started");
        server.has_seen(1000 * (round + 1) + 37 * round).await;
        child.start_kill().expect("it can be killed");
        child.wait().await.expect("it can be waited for");
    }
    let told = run(&[&common[..], &["--count", none, "--each", "--format", "json"]].concat()).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    let lines = told.lines();
    let ended = lines.iter().find(|line| line["instance"].is_string()).expect("it ended");
    assert_eq!(ended["output"], json!({"count": ITEMS, "in_order": true}), "{ended}");

    let asked = asked(&server);
    assert_eq!(asked.len(), ITEMS, "each item has one key, through all kills");
    let calls = server.requests().len();
    assert!(calls <= ITEMS + KILLS * AT_ONCE, "only what was under way is repeated: {calls}");
    let store = shelf.open().await;
    assert_eq!(
        store
            .instances(InstanceFilter { state: Some(State::Done), ..InstanceFilter::default() }, 10)
            .await
            .unwrap()
            .instances
            .len(),
        1
    );
}

#[tokio::test]
async fn branches_run_side_by_side_and_their_names_are_seen_behind_them() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let text = format!(
        r#"
project: branches
allowed_hosts: ["127.0.0.1"]
---
entity: Order
attributes: {{ paid: {{ type: bool, default: false }}, mailed: {{ type: bool, default: false }} }}
---
workflow: both
activities:
  - activity: work
    steps:
      - load: {{ entity: Order, id: o1 }}
        as: order
      - parallel:
          payment:
            - http: {{ method: POST, url: "{0}/pay", body: {{}} }}
              as: payment
          mail:
            - http: {{ method: POST, url: "{0}/mail", body: {{}} }}
              as: mail
      - update: order
        set: {{ paid: "${{payment.status == 200}}", mailed: "${{mail.status == 200}}" }}
output: {{ paid: "${{order.paid}}", mailed: "${{order.mailed}}" }}
"#,
        server.url()
    );
    let engine = Engine::start(shelf.open().await, &Written::text(&text)).await;
    engine.seed("Order", "o1", json!({})).await;
    let started = engine.begin("both", json!({})).await;
    // Both are under way before either is answered.
    server.has_seen(2).await;
    server.release();
    let output = crate::engine::ended(started).await.unwrap();
    assert_eq!(output, json!({"paid": true, "mailed": true}));
    let order = engine.object("Order", "o1").await.unwrap();
    assert_eq!(order["metadata"]["version"], json!(2), "one commit for all");
}

#[tokio::test]
async fn branch_that_fails_ends_the_others_and_none_of_their_changes_stay() {
    let decide = |request: &Request| {
        if request.path == "/bad" { Answer::status(500) } else { Answer::held() }
    };
    let (shelf, server) = (Shelf::new(), Server::start(decide).await);
    let text = format!(
        r#"
project: branches
allowed_hosts: ["127.0.0.1"]
---
entity: Note
attributes: {{ text: string }}
---
workflow: both
activities:
  - activity: work
    steps:
      - parallel:
          good:
            - create: Note
              id: n1
              set: {{ text: kept? }}
            - http: {{ method: POST, url: "{0}/held", body: {{}} }}
          bad:
            - http: {{ method: POST, url: "{0}/bad", body: {{}} }}
"#,
        server.url()
    );
    let engine = Engine::start(shelf.open().await, &Written::text(&text)).await;
    assert_eq!(error_code(&engine.run("both", json!({})).await), "http.status");
    assert_eq!(engine.object("Note", "n1").await, None::<Json>);
}

#[tokio::test]
async fn stop_within_steps_commits_and_ends_the_instance() {
    let shelf = Shelf::new();
    let text = r#"
entity: Note
attributes: { text: string }
---
workflow: search
input: { numbers: "list<int>" }
activities:
  - activity: look
    steps:
      - for_each: "${input.numbers}"
        item: number
        steps:
          - create: Note
            id: "${'n' + string(number)}"
            set: { text: seen }
          - stop: { found: "${number}" }
            when: number > 10
  - activity: never
    steps:
      - raise: nothing.found
"#;
    let engine = Engine::start(shelf.open().await, &Written::text(text)).await;
    let output = engine.run("search", json!({"numbers": [3, 40, 5]})).await;
    assert_eq!(output.unwrap(), json!({"found": 40}));
    assert!(engine.object("Note", "n3").await.is_some());
    assert!(engine.object("Note", "n40").await.is_some());
    assert_eq!(engine.object("Note", "n5").await, None);
    let output = engine.run("search", json!({"numbers": []})).await;
    assert_eq!(error_code(&output), "nothing.found");
}
