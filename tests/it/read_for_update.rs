//! What a commit checks: objects that were read for an update, not those that were only looked at.

use std::sync::Arc;

use lockstep_store::Memory;
use serde_json::json;

use crate::engine::{Engine, Written, ended, error_code, json};
use crate::server::{Answer, Server};

/// Reads a limit, calls outside, and counts something else.
fn written(server: &Server, load: &str) -> Written {
    let url = server.url();
    Written::text(&format!(
        r#"
entity: Limit
attributes: {{ value: int }}
---
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: count
activities:
  - activity: count
    on_conflict: fail
    steps:
      - load: {{ entity: Limit, id: l1{load} }}
        as: limit
      - http: {{ url: "{url}" }}
      - load: {{ entity: Counter, id: c1 }}
        as: counter
      - update: counter
        set: {{ value: "${{counter.value + limit.value}}" }}
---
workflow: change
activities:
  - activity: change
    steps:
      - load: {{ entity: Limit, id: l1 }}
        as: limit
      - update: limit
        set: {{ value: 5 }}
---
workflow: remove
activities:
  - activity: remove
    steps:
      - load: {{ entity: Limit, id: l1 }}
        as: limit
      - delete: limit
"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_read_for_update_must_be_unchanged() {
    for (load, other, conflict) in [
        ("", "change", false),
        ("", "remove", false),
        (", for: update", "change", true),
        (", for: update", "remove", true),
    ] {
        let server = Server::start(|_| Answer::held()).await;
        let engine = Engine::start(Arc::new(Memory::new()), &written(&server, load)).await;
        engine.seed("Limit", "l1", json!({"value": 1})).await;
        engine.seed("Counter", "c1", json!({})).await;
        let started = engine.begin("count", json!({})).await;
        server.has_seen(1).await;
        engine.run(other, json!({})).await.expect("nobody holds it");
        server.release();
        let ended = ended(started).await;
        let counter = engine.object("Counter", "c1").await.expect("it is there");
        if conflict {
            assert_eq!(error_code(&ended), "data.conflict", "{load} {other}");
            assert_eq!(counter["value"], json!(0), "all or nothing: {load} {other}");
            let details = json(&ended.unwrap_err().details);
            assert_eq!(details["entity"], json!("Limit"), "{details}");
            let version = if other == "change" { json!(2) } else { json!(null) };
            assert_eq!(details["actual_version"], version, "{load} {other}: {details}");
        } else {
            ended.unwrap_or_else(|failure| panic!("{load} {other}: {}", failure.message));
            assert_eq!(counter["value"], json!(1), "{load} {other}: as it was read");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_for_update_is_checked_even_if_nothing_is_written() {
    let server = Server::start(|_| Answer::held()).await;
    let written = Written::text(&format!(
        r#"
entity: Limit
attributes: {{ value: int }}
---
workflow: look
activities:
  - activity: look
    on_conflict: fail
    steps:
      - load: {{ entity: Limit, id: l1, for: update }}
        as: limit
      - http: {{ url: "{}" }}
output: "${{limit.value}}"
---
workflow: change
activities:
  - activity: change
    steps:
      - load: {{ entity: Limit, id: l1 }}
        as: limit
      - update: limit
        set: {{ value: 5 }}
"#,
        server.url()
    ));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Limit", "l1", json!({"value": 1})).await;
    let started = engine.begin("look", json!({})).await;
    server.has_seen(1).await;
    engine.run("change", json!({})).await.expect("nobody holds it");
    server.release();
    assert_eq!(error_code(&ended(started).await), "data.conflict", "it was read for update");
}
