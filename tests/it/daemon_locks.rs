//! Locks over HTTP, at the real daemon: who holds which, and why something waits; those of clients.

use std::fs;

use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::binary;
use crate::daemon_process::{Daemon, Reply, post};
use crate::patience::{soon, until};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

/// An instance holds `Order/o1` while its call is held back; the next ones wait for it.
const DEFINITIONS: &str = r#"
project: p
allowed_hosts: ["127.0.0.1"]
---
workflow: ship
input: { order: string }
activities:
  - activity: pack
    exclusive_lock:
      context: ref("Order", input.order)
      waiting_timeout: 4m
      hold_timeout: 2m
    steps:
      - http: { method: POST, url: "URL/pack" }
        timeout: 90s
"#;

const CONTACT: &str = "/v1/locks/Contact%2Fc1";

/// A daemon, with a server that it calls.
struct Scene {
    shelf: Shelf,
    daemon: Daemon,
    _server: Server,
}

impl Scene {
    async fn start() -> Self {
        let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::held()).await);
        let workflow = shelf.path("ship.yaml");
        fs::write(&workflow, DEFINITIONS.replace("URL", &server.url())).expect("it can be written");
        let workflow = workflow.to_str().expect("it is text");
        let daemon = Daemon::with(&shelf.path("lockstep.db"), workflow, &[]).await;
        Self { shelf, daemon, _server: server }
    }

    async fn get(&self, path: &str) -> Json {
        let reply = self.daemon.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.body
    }

    async fn post(&self, path: &str, body: &Json) -> Reply {
        self.daemon.post(path, "", &body.to_string()).await.expect("it answers")
    }

    /// Starts an instance that ships an order, and returns its id.
    async fn ship(&self) -> String {
        let started = self.post("/v1/workflows/ship/instances", &json!({ "order": "o1" })).await;
        assert_eq!(started.status, 202, "{started:?}");
        started.body["id"].as_str().expect("an id").to_owned()
    }

    /// Starts one that holds the lock of the order, and one that waits for it.
    async fn two(&self) -> (String, String) {
        let first = self.ship().await;
        until("the first holds it", async || {
            self.get("/v1/locks/Order%2Fo1").await["holding"] == json!(1)
        })
        .await;
        let second = self.ship().await;
        until("the second waits", async || {
            self.get("/v1/locks/Order%2Fo1").await["waiting"] == json!(1)
        })
        .await;
        (first, second)
    }

    async fn waiting(&self, lock: &str) -> Json {
        self.get(lock).await["waiting"].clone()
    }

    /// The words of a journal, page by page.
    async fn journal(&self, id: &str) -> Vec<Json> {
        let (mut entries, mut query) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/v1/instances/{id}/journal?limit=2{query}")).await;
            entries.extend(page["items"].as_array().expect("items").iter().cloned());
            let Some(next) = page["next"].as_str() else { return entries };
            query = format!("&cursor={next}");
        }
    }
}

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_edit_one_contact_one_after_the_other() {
    let scene = Scene::start().await;
    let ann = json!({ "owner": "ann", "note": "edits the address" });
    let ann = scene.post(&format!("{CONTACT}:acquire"), &ann).await;
    assert_eq!(ann.status, 200, "{ann:?}");
    let own = json!({ "lock": ann.body["lock"], "token": ann.body["token"] });

    let busy = scene.post(&format!("{CONTACT}:acquire"), &json!({ "owner": "bob" })).await;
    assert_eq!(code(&busy), (409, "lock.busy"));
    let told = busy.body["detail"].as_str().expect("a sentence");
    assert!(told.contains("client `ann`"), "it names who has it: {told}");
    let shown = scene.get(CONTACT).await;
    assert_eq!(shown["holders"][0]["note"], json!("edits the address"));

    let mut longer = own.clone();
    longer["time_to_live"] = json!("1h");
    let renewed = scene.post(&format!("{CONTACT}:renew"), &longer).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    assert!(renewed.body["ends_at"].as_str() > ann.body["ends_at"].as_str(), "{renewed:?}");
    let mut wrong = own.clone();
    wrong["token"] = json!(1);
    for verb in ["renew", "release"] {
        let refused = scene.post(&format!("{CONTACT}:{verb}"), &wrong).await;
        assert_eq!(code(&refused), (409, "lock.lost"), "{verb} under another token");
        let refused = scene.post(&format!("/v1/locks/other:{verb}"), &own).await;
        assert_eq!(code(&refused), (409, "lock.lost"), "{verb} of another lock");
    }

    let waits = json!({ "owner": "bob", "waiting_timeout": "1m" });
    let path = format!("{CONTACT}:acquire");
    let bob = scene.post(&path, &waits);
    let released = async {
        until("bob waits", async || scene.waiting(CONTACT).await == json!(1)).await;
        let waiter = scene.get(CONTACT).await["waiters"][0].clone();
        assert_eq!(waiter["client"], json!("bob"));
        let id = waiter["lock"].as_str().expect("an id").to_owned();
        let explained = scene.get(&format!("/v1/instances/{id}/explain")).await;
        let sentence = explained["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains("which client `ann`"), "{sentence}");
        scene.post(&format!("{CONTACT}:release"), &own).await
    };
    let (bob, released) = tokio::join!(bob, released);
    assert_eq!((bob.status, released.status), (200, 204), "{bob:?}");
    assert!(bob.body["token"].as_i64() > ann.body["token"].as_i64(), "tokens grow");

    let lock = ann.body["lock"].as_str().expect("an id");
    let told = scene.journal(lock).await;
    let words = ["client_asked", "lock_granted", "lock_renewed", "lock_released"];
    let is_told = |(entry, word): (&Json, &&str)| entry["event"].get(*word).is_some();
    assert!(told.iter().zip(&words).all(is_told) && told.len() == words.len(), "{told:?}");
    let explained = scene.get(&format!("/v1/instances/{lock}/explain")).await;
    assert_eq!(explained["status"], json!("ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_was_broken_tells_why_in_the_journal_of_its_holder() {
    let scene = Scene::start().await;
    let (first, second) = scene.two().await;
    let hottest = scene.get("/v1/locks?order=waiting&limit=1").await;
    assert_eq!(hottest["items"][0]["key"], json!("Order/o1"));
    let explained = scene.get(&format!("/v1/instances/{second}/explain")).await;
    let sentence = explained["sentence"].as_str().expect("a sentence");
    let holder = format!("which instance {first} of workflow `ship` holds since ");
    for part in ["It waits for the lock Order/o1 since ", &holder, "nobody stands before it"] {
        assert!(sentence.contains(part), "`{part}` in: {sentence}");
    }

    let path = "/v1/locks/Order%2Fo1:break";
    let long = "x".repeat(1001);
    assert_eq!(code(&scene.post(path, &json!({})).await), (400, "request.invalid"));
    for body in [json!({ "reason": " " }), json!({ "reason": long })] {
        assert_eq!(code(&scene.post(path, &body).await), (422, "request.unusable"), "{body}");
    }
    let broken = scene.post(path, &json!({ "reason": "the packer has gone home" })).await;
    assert_eq!(broken.status, 204, "{broken:?}");
    let told = scene.journal(&first).await;
    let why = told.iter().find_map(|entry| entry["event"].get("lock_broken")).expect("it is told");
    assert_eq!(why["reason"], json!("the packer has gone home"));
    let shown = scene.get("/v1/locks/Order%2Fo1").await;
    assert_eq!(shown["holders"][0]["instance"], json!(second), "the next one has it");
    let again = json!({ "reason": "x", "token": 1 });
    assert_eq!(code(&scene.post(path, &again).await), (404, "data.not_found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_explains_a_wait_as_its_store_does() {
    let scene = Scene::start().await;
    let (first, second) = scene.two().await;
    let url = scene.shelf.url();
    let beside = ["explain", &second, "--format", "json", "--store", &url];
    until("the store tells of the wait", async || {
        binary::run(&beside).await.stdout.contains("\"awaits\":\"lock\"")
    })
    .await;
    let mut stored = binary::run(&beside).await.lines().remove(0);
    let mut told = scene.get(&format!("/v1/instances/{second}/explain")).await;
    assert_eq!(told["chain"][0]["instance"], json!(first));
    for explained in [&mut stored, &mut told] {
        let fields = explained.as_object_mut().expect("an object");
        for of_the_moment in ["as_of", "sentence", "chain"] {
            assert!(fields.remove(of_the_moment).is_some(), "{of_the_moment}");
        }
    }
    assert_eq!(told, stored);

    let locks = scene.get("/v1/locks").await["items"].clone();
    let beside = ["locks", "--format", "json", "--store", &url];
    let stored = binary::run(&beside).await.lines();
    for (told, stored) in locks.as_array().expect("a list").iter().zip(&stored) {
        for part in ["key", "context", "holders", "waiting", "waiters"] {
            assert_eq!(told[part], stored[part], "{part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_while_it_waits_does_not_get_the_lock() {
    let scene = Scene::start().await;
    let lock = "/v1/locks/deploy";
    let held = scene.post(&format!("{lock}:acquire"), &json!({})).await;
    assert_eq!(held.body["keys"], json!(["\"deploy\""]), "a word is a text");
    let body = json!({ "waiting_timeout": "10m" }).to_string();
    let mut gone = TcpStream::connect(scene.daemon.address).await.expect("it listens");
    let request = post(&format!("{lock}:acquire"), "", &body);
    gone.write_all(request.as_bytes()).await.expect("it takes requests");
    until("it waits", async || scene.waiting(lock).await == json!(1)).await;
    drop(gone);
    until("its wait has ended", async || scene.waiting(lock).await == json!(0)).await;
    let own = json!({ "lock": held.body["lock"], "token": held.body["token"] });
    assert_eq!(scene.post(&format!("{lock}:release"), &own).await.status, 204);
    let free = scene.get(lock).await;
    assert_eq!((&free["holding"], &free["waiting"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_are_told_page_by_page_and_what_cannot_be_read_is_refused() {
    let scene = Scene::start().await;
    let many = json!({ "keys": ["Contact/c2", "7", "\"a b\""], "mode": "shared" });
    let held = scene.post(&format!("{CONTACT}:acquire"), &many).await;
    let keys = json!(["\"a b\"", "7", "Contact/c1", "Contact/c2"]);
    assert_eq!((held.status, &held.body["keys"]), (200, &keys));
    let (mut found, mut query) = (Vec::new(), String::new());
    loop {
        let page = scene.get(&format!("/v1/locks?limit=3{query}")).await;
        found.extend(page["items"].as_array().expect("items").iter().map(|it| it["key"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("&cursor={next}");
    }
    assert_eq!(Json::from(found), keys);
    let wanted = json!({ "waiting_timeout": "10m" }).to_string();
    let mut waiting = TcpStream::connect(scene.daemon.address).await.expect("it listens");
    let request = post("/v1/locks/7:acquire", "", &wanted);
    waiting.write_all(request.as_bytes()).await.expect("it takes requests");
    until("it waits", async || scene.waiting("/v1/locks/7").await == json!(1)).await;
    let hottest = scene.get("/v1/locks?order=waiting&limit=1").await;
    assert_eq!(hottest["items"][0]["key"], "7", "for it somebody waits");

    let id = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";
    for path in ["/v1/locks?x=1", "/v1/locks/a%2Fb%2F?limit=x"] {
        assert_eq!(code(&scene.daemon.get(path).await), (400, "request.invalid"), "{path}");
    }
    for path in [
        "/v1/locks?limit=0",
        "/v1/locks?limit=201",
        "/v1/locks?cursor=x",
        "/v1/locks/%2Fa",
        "/v1/locks/a?cursor=00",
    ] {
        assert_eq!(code(&scene.daemon.get(path).await), (422, "request.unusable"), "{path}");
    }
    for what in ["journal", "explain"] {
        let told = scene.daemon.get(&format!("/v1/instances/{id}/{what}")).await;
        assert_eq!(code(&told), (404, "data.not_found"), "{what}");
    }
    for (path, body) in [
        ("*:acquire", json!({})),
        ("%5Bw%5D%20k:acquire", json!({})),
        ("a:acquire", json!({ "keys": [""] })),
        ("a:acquire", json!({ "owner": "" })),
        ("a:acquire", json!({ "waiting_timeout": "11m" })),
        ("a:acquire", json!({ "time_to_live": "soon" })),
        ("a:acquire", json!({ "time_to_live": "721h" })),
        ("a:release", json!({ "lock": "x", "token": 1 })),
    ] {
        let refused = soon("an answer", scene.post(&format!("/v1/locks/{path}"), &body)).await;
        assert_eq!(refused.status, 422, "{path} {body}: {refused:?}");
    }
    for wrong in [json!({ "unknown": 1 }), json!(["exclusive"])] {
        let refused = scene.post("/v1/locks/a:acquire", &wrong).await;
        assert_eq!(code(&refused), (400, "request.invalid"), "{wrong}");
    }
    let keys: Vec<String> = (0..100).map(|key| format!("k{key}")).collect();
    let many = scene.post("/v1/locks/a:acquire", &json!({ "keys": keys })).await;
    assert_eq!(code(&many), (422, "lock.context"));
}
