//! Lock keys: what is the same lock, what is another one, and what is none.

use std::sync::Arc;

use lockstep_core::explain::LockPage;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, ended, error_code};
use crate::server::{Answer, Server};

/// Workflows that take a lock on whatever they are given: one holds it while it calls, the other
/// one fails if it is not free. `name: true` stands for the account of that name.
fn definitions(server: &Server) -> Written {
    let workflow = |name: &str, keys: &str, step: &str| {
        format!(
            r#"
workflow: {name}
input:
  key: {{ type: any, optional: true }}
  account: {{ type: bool, default: false }}
activities:
  - activity: {name}
    exclusive_lock:
      context: 'input.account ? dyn(ref("Account", input.key)) : input.key'{keys}
    steps: [{step}]
output: done
"#
        )
    };
    let call = format!("{{ http: {{ url: \"{}/hold\" }} }}", server.url());
    Written::text(&format!(
        "entity: Account\nattributes: {{ balance: int }}\n---{}---{}",
        workflow("hold", "", &call),
        workflow("ask", "\n      on_busy: fail", "{ log: here }"),
    ))
}

/// Returns whether who wants the second key finds the first one in the way.
async fn meet(one: &Json, other: &Json) -> bool {
    let server = Server::start(|_| Answer::held()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &definitions(&server)).await;
    let holder = engine.begin("hold", one.clone()).await;
    server.has_seen(1).await;
    let ended_at_once = engine.run("ask", other.clone()).await;
    server.release();
    ended(holder).await.expect("the holder goes on");
    match ended_at_once {
        Ok(_) => false,
        Err(failure) => {
            assert_eq!(&*failure.code, "lock.busy", "{}", failure.message);
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_typed_and_those_of_a_list_stay_apart() {
    let key = |key: Json| json!({"key": key});
    let account = |id: &str| json!({"key": id, "account": true});
    for (one, other, same) in [
        (key(json!(1)), key(json!(1)), true),
        (key(json!(1)), key(json!(1.0)), true),
        (key(json!(1)), key(json!("1")), false),
        (key(json!(true)), key(json!("true")), false),
        (key(json!(true)), key(json!(1)), false),
        (key(json!(0.0)), key(json!(-0.0)), true),
        (key(json!("a")), key(json!("A")), false),
        (key(json!("a")), key(json!("a ")), false),
        (account("a"), account("a"), true),
        (account("a"), key(json!("Account/a")), false),
        (account("a"), account("b"), false),
        (key(json!(["a", "b"])), key(json!("b")), true),
        (key(json!(["a", "b"])), key(json!(["c", "b"])), true),
        (key(json!(["a", "b"])), key(json!(["b", "a", "b"])), true),
        (key(json!(["a"])), key(json!("a")), true),
        (key(json!(["a", "b"])), key(json!("ab")), false),
        (key(json!(["a", "b"])), key(json!("a, b")), false),
        (key(json!(["a", "b"])), key(json!("a\", \"b")), false),
        (key(json!(["a", "b"])), key(json!("[\"a\", \"b\"]")), false),
        (key(json!(["a", "b"])), key(json!(["c", "d"])), false),
        (key(json!("*")), key(json!("a")), false),
        (key(json!("[ask] a")), key(json!("a")), false),
    ] {
        assert_eq!(meet(&one, &other).await, same, "one holds {one}, the other wants {other}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_key_is_an_error_and_takes_no_lock() {
    let server = Server::start(|_| Answer::ok()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &definitions(&server)).await;
    let many: Vec<i32> = (0..101).collect();
    for key in [
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!({"a": 1}),
        json!(["a", null]),
        json!(["a", ""]),
        json!(["a", ["b"]]),
        json!("x".repeat(1100)),
        json!(many),
    ] {
        let ended = engine.run("hold", json!({"key": key})).await;
        assert_eq!(error_code(&ended), "lock.context", "no silent widening: {key}");
        assert!(ended.unwrap_err().message.len() < 1000, "the message stays short: {key}");
    }
    assert_eq!(server.requests().len(), 0, "none has got so far as to call");
    assert!(
        engine.runner().locks(LockPage::default()).await.unwrap().is_empty(),
        "no lock is held"
    );
    let full: Vec<i32> = (0..100).collect();
    engine.run("hold", json!({"key": full})).await.expect("a hundred keys are allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_shown_as_they_are_written_and_in_their_order() {
    let server = Server::start(|_| Answer::held()).await;
    let engine = Engine::start(Arc::new(Memory::new()), &definitions(&server)).await;
    let holder = engine.begin("hold", json!({"key": ["b", 1, "a"]})).await;
    server.has_seen(1).await;
    let busy = engine.run("ask", json!({"key": [1, "c"]})).await.expect_err("1 is not free");
    let id = holder.id.to_string();
    for told in ["1", "\"c\"", &id] {
        assert!(busy.message.contains(told), "explained: {told} in {}", busy.message);
    }
    let locks = engine.runner().locks(LockPage::default()).await.expect("it runs");
    let keys: Vec<&str> = locks.iter().map(|lock| &*lock.key).collect();
    assert_eq!(keys, ["\"a\"", "\"b\"", "1"], "each is a lock of its own");
    server.release();
    ended(holder).await.expect("the holder goes on");
}
