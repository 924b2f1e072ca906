//! The lock of a whole workflow, and workflows that are called under the locks of others.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_core::explain::LockPage;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, ended, error_code};
use crate::patience::until;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const ORDER: &str = r#"
workflow: order
input: { id: string }
exclusive_lock: { context: input.id, while_waiting: hold, waiting_timeout: 10m, hold_timeout: 1h }
activities:
  - activity: open
    steps: [{ log: opened }]
  - activity: pay
    steps: [{ wait: { signal: paid } }]
  - activity: close
    steps: [{ set: { closed: true } }]
output: "${closed}"
---
workflow: try
input: { id: string }
exclusive_lock: { context: input.id, on_busy: fail }
activities:
  - activity: try
    steps: [{ log: here }]
output: tried
---
workflow: skip
input: { id: string }
exclusive_lock: { context: input.id, on_busy: skip }
activities:
  - activity: skip
    steps: [{ log: here }]
output: tried
"#;

fn waits(event: &Happening) -> bool {
    matches!(event, Happening::Waited { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_of_a_workflow_is_kept_from_the_first_activity_to_the_end() {
    let (shelf, written) = (Shelf::new(), Written::text(ORDER));
    let engine = Engine::start(shelf.open().await, &written).await;
    let first = engine.begin("order", json!({"id": "o1"})).await.id;
    engine.told(first, waits).await;
    let second = engine.begin("order", json!({"id": "o1"})).await.id;
    engine.told(second, |event| matches!(event, Happening::LockWaited { .. })).await;
    engine.stop().await.expect("the engine stops");

    let (engine, taken_up) = Engine::recover(shelf.open().await, &written).await;
    let tried = engine.run("try", json!({"id": "o1"})).await;
    assert_eq!(error_code(&tried), "lock.busy", "mutual exclusion, through a restart");
    let message = tried.unwrap_err().message;
    assert!(message.contains(&first.to_string()), "the first one has it, not the next: {message}");
    assert_eq!(engine.run("try", json!({"id": "o2"})).await.expect("it is free"), json!("tried"));
    let skipped = engine.run("skip", json!({"id": "o1"})).await.expect("it ends well");
    assert_eq!(skipped, Json::Null, "a workflow that is left out has no output");
    for id in [first, second] {
        engine.told(id, waits).await;
        engine.signal(id, "paid", json!(null)).await.expect("it is waited for");
    }
    for started in taken_up {
        assert_eq!(ended(started).await.expect("each has its turn"), json!(true));
    }
    assert_eq!(engine.run("try", json!({"id": "o1"})).await.expect("it is free"), json!("tried"));
    assert!(engine.store().locks().await.unwrap().is_empty(), "no lock row is left");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_of_a_workflow_is_free_behind_every_way_out() {
    let server = Server::start(|request| match &*request.path {
        "/error" => Answer::status(500),
        _ => Answer::held(),
    })
    .await;
    let url = server.url();
    let written = Written::text(&format!(
        r#"
workflow: leave
input: {{ how: string }}
exclusive_lock: {{ context: '"k"', hold_timeout: 200ms, on_busy: fail }}
activities:
  - activity: only
    steps:
      - stop: stopped
        when: input.how == "stop"
      - raise: my.error
        when: input.how == "raise"
      - http: {{ url: "{url}/${{input.how}}" }}
        when: input.how in ["error", "cancel", "timeout"]
output: done
"#
    ));
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    for (how, expected) in [
        ("end", Ok(json!("done"))),
        ("stop", Ok(json!("stopped"))),
        ("raise", Err("my.error")),
        ("error", Err("http.status")),
        ("timeout", Err("lock.lost")),
        ("cancel", Err("cancelled")),
    ] {
        let started = engine.begin("leave", json!({"how": how})).await;
        if how == "cancel" {
            engine.told(started.id, |event| matches!(event, Happening::Called { .. })).await;
            engine.cancel(started.id).await;
        }
        let ended = ended(started).await;
        let found = ended.as_ref().map_err(|failure| &*failure.code);
        assert_eq!(found, expected.as_ref().map_err(|code| *code), "{how}");
        assert!(
            engine.runner().locks(LockPage::default()).await.unwrap().is_empty(),
            "{how}: no lock is held"
        );
        assert!(engine.store().locks().await.unwrap().is_empty(), "{how}: no lock row is left");
    }
}

/// Calls a workflow twice under a lock which that wants as well, between two calls to the server; and
/// one that is no child wants it, too.
fn family(server: &Server) -> Written {
    let url = server.url();
    Written::text(&format!(
        r#"
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: parent
activities:
  - activity: only
    exclusive_lock: {{ context: '"k"', hold_timeout: 10m, waiting_timeout: 10m }}
    steps:
      - http: {{ url: "{url}/parent" }}
      - parallel:
          left: [{{ workflow: {{ call: child }}, timeout: 9m }}]
          right: [{{ workflow: {{ call: child }}, timeout: 9m }}]
      - http: {{ url: "{url}/parent" }}
---
workflow: child
input: {{ who: {{ type: string, default: child }} }}
activities:
  - activity: only
    on_conflict: fail
    exclusive_lock: {{ context: '"k"', hold_timeout: 10m, waiting_timeout: 10m }}
    steps:
      - load: {{ entity: Counter, id: c1 }}
        as: counter
      - http: {{ url: "{url}/${{input.who}}" }}
      - update: counter
        set: {{ value: "${{counter.value + 1}}" }}
"#
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn called_workflows_enter_the_lock_of_their_caller_and_exclude_each_other() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &family(&server)).await;
    engine.seed("Counter", "c1", json!({})).await;
    let parent = engine.begin("parent", json!({})).await;
    server.has_seen(1).await;
    let stranger = engine.begin("child", json!({"who": "stranger"})).await;
    engine.told(stranger.id, |event| matches!(event, Happening::LockWaited { .. })).await;
    server.release_one();
    server.has_seen(2).await;
    until("the other child and the stranger wait", async || {
        let locks = engine.runner().locks(LockPage::default()).await.expect("it runs");
        locks.iter().map(|lock| lock.waiting).sum::<usize>() == 2
    })
    .await;
    let locks = engine.runner().locks(LockPage::default()).await.expect("it runs");
    let [lock] = locks.as_slice() else { panic!("one key: {locks:#?}") };
    assert_eq!(lock.holding, 2, "the caller and one of the called: {lock:#?}");
    assert_eq!(server.requests().len(), 2, "mutual exclusion: one of the called at a time");
    server.release_one();
    server.has_seen(3).await;
    server.release_one();
    server.has_seen(4).await;
    server.release_one();
    ended(parent).await.expect("both children have their turns");
    server.has_seen(5).await;
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    let expected = ["/parent", "/child", "/child", "/parent", "/stranger"];
    assert_eq!(paths, expected, "whoever is called goes before one who waits for the caller");
    server.release();
    ended(stranger).await.expect("it has its turn");
    let value = crate::counter::value(&engine, "c1").await;
    assert_eq!(value, 3, "no lost update: each was alone");
}
