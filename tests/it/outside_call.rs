//! The step `http`: what a server sees, and what becomes of its answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_runner::Options;
use lockstep_store::Memory;
use serde_json::json;

use crate::engine::{Engine, Written, ended, error_code, json};
use crate::server::{Answer, Request, Server};

/// A workflow of these steps.
fn steps(steps: &str) -> Written {
    Written::text(&format!(
        r#"
workflow: call
input: {{ name: {{ type: string, default: ann }} }}
activities:
  - activity: call
    exclusive_lock: {{ context: '"k"' }}
    steps:
{steps}
"#
    ))
}

async fn engine(written: &Written) -> Engine {
    Engine::start(Arc::new(Memory::new()), written).await
}

fn key(request: &Request) -> &str {
    request.header("idempotency-key")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_sees_method_path_headers_and_body() {
    let server = Server::start(|_| Answer::ok()).await;
    let url = server.url();
    let written = steps(&format!(
        r#"
      - http:
          method: PUT
          url: "{url}/people/${{input.name}}"
          headers: {{ X-Name: "${{input.name}}" }}
          body: {{ name: "${{input.name}}", tags: [1, 2.5, null], token: "${{lock.token}}" }}
        as: answer
      - require: answer.status == 200 && answer.body.id == "r1"
"#
    ));
    let engine = engine(&written).await;
    engine.run("call", json!({})).await.expect("the answer is as the server gave it");
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("called once: {requests:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/people/ann"));
    assert_eq!(request.header("x-name"), "ann");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.body["name"], json!("ann"));
    assert_eq!(request.body["tags"], json!([1, 2.5, null]));
    let token = request.body["token"].to_string();
    assert_eq!(request.header("lockstep-fencing-token"), token, "the server can fence, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_of_a_call_share_a_key_and_no_other_call_has_it() {
    let twice = |request: &Request| match request.number {
        0 | 1 => Answer::status(503),
        _ => Answer::ok(),
    };
    let server = Server::start(twice).await;
    let url = server.url();
    let written = steps(&format!(
        r#"
      - http: {{ method: POST, url: "{url}/first" }}
        retry: {{ max_attempts: 3, backoff: 1ms }}
      - http: {{ method: POST, url: "{url}/second" }}
"#
    ));
    let engine = engine(&written).await;
    engine.run("call", json!({})).await.expect("the third attempt succeeds");
    engine.run("call", json!({})).await.expect("the server is well");
    let requests = server.requests();
    let seen: Vec<(&str, &str)> = requests
        .iter()
        .map(|request| (request.path.as_str(), request.header("lockstep-attempt")))
        .collect();
    let expected = [
        ("/first", "1"),
        ("/first", "2"),
        ("/first", "3"),
        ("/second", "1"),
        ("/first", "1"),
        ("/second", "1"),
    ];
    assert_eq!(seen, expected, "at least once: attempts are numbered");
    let of_first_call: BTreeSet<&str> = requests.iter().take(3).map(key).collect();
    assert_eq!(of_first_call.len(), 1, "the attempts of one call share its key");
    let keys: BTreeSet<&str> = requests.iter().map(key).collect();
    assert_eq!(keys.len(), 4, "four calls have four keys: {keys:?}");
    assert!(!keys.contains(""), "each call has a key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_that_is_no_success_is_an_error_with_the_answer_in_it() {
    let server = Server::start(|_| Answer { body: json!({"why": "no"}), ..Answer::status(409) });
    let server = server.await;
    let url = server.url();
    let written = steps(&format!(
        r#"
      - http: {{ url: "{url}" }}
        retry: {{ max_attempts: 2, backoff: 1ms }}
"#
    ));
    let failure = engine(&written).await.run("call", json!({})).await.expect_err("409");
    assert_eq!(&*failure.code, "http.status", "{}", failure.message);
    let details = json(&failure.details);
    assert_eq!(details["status"], json!(409));
    assert_eq!(details["body"], json!({"why": "no"}));
    assert_eq!(server.requests().len(), 2, "as often as the author said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_does_not_answer_in_time_is_an_error() {
    let server = Server::start(|_| Answer::held()).await;
    let url = server.url();
    let written = steps(&format!(
        r#"
      - http: {{ url: "{url}" }}
        timeout: 100ms
"#
    ));
    let ended = engine(&written).await.run("call", json!({})).await;
    assert_eq!(error_code(&ended), "http.timeout", "bounded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activity_that_takes_too_long_ends_and_hands_its_lock_on() {
    let first_is_held =
        |request: &Request| if request.number == 0 { Answer::held() } else { Answer::ok() };
    let server = Server::start(first_is_held).await;
    let url = server.url();
    let written = Written::text(&format!(
        r#"
workflow: call
activities:
  - activity: call
    exclusive_lock: {{ context: '"k"' }}
    timeout: 200ms
    steps: [{{ http: {{ url: "{url}" }} }}]
"#
    ));
    let engine = engine(&written).await;
    let slow = engine.begin("call", json!({})).await;
    server.has_seen(1).await;
    let next = engine.begin("call", json!({})).await;
    assert_eq!(error_code(&ended(slow).await), "activity.timeout", "bounded");
    ended(next).await.expect("the lock was handed on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_of_this_machine_is_refused_unless_it_is_listed() {
    let server = Server::start(|_| Answer::ok()).await;
    let url = server.url();
    let port = url.rsplit(':').next().expect("the URL has a port");
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "127.1"] {
        let written = steps(&format!("      - http: {{ url: \"http://{host}:{port}/\" }}"));
        let store = Arc::new(Memory::new());
        let (engine, _) = Engine::with(store, &written, Options::default()).await;
        let ended = engine.run("call", json!({})).await;
        assert_eq!(error_code(&ended), "http.refused", "{host} is this machine");
    }
    assert!(server.requests().is_empty(), "refused is not called");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_the_project_lists_may_be_called() {
    let server = Server::start(|_| Answer::ok()).await;
    let url = server.url();
    let listed = url.trim_start_matches("http://").to_owned();
    let written = Written::text(&format!(
        r#"
project: p
allowed_hosts: ["{listed}"]
---
workflow: call
activities:
  - activity: call
    steps: [{{ http: {{ url: "{url}" }} }}]
"#
    ));
    let (engine, _) = Engine::with(Arc::new(Memory::new()), &written, Options::default()).await;
    engine.run("call", json!({})).await.expect("the project lists it");
    assert_eq!(server.requests().len(), 1);
}
