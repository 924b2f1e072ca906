//! `explain`, `locks` and `journal`: a store is looked into, beside the engine and without one.

use std::fs;

use serde_json::{Value as Json, json};
use tokio::process::Child;

use crate::binary::{Told, lockstep, run};
use crate::patience::until;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

/// Three instances, of which the first holds `Order/o1` while its call is held back, the second waits
/// for that and holds `"both"`, and the third waits for `"both"`.
const DEFINITIONS: &str = r#"
project: p
allowed_hosts: ["127.0.0.1"]
---
workflow: ship
input: { number: int }
exclusive_lock:
  context: 'input.number == 0 ? "own" : "both"'
  waiting_timeout: 5m
  hold_timeout: 10m
activities:
  - activity: pack
    exclusive_lock:
      context: ref("Order", "o1")
      waiting_timeout: 4m
      hold_timeout: HOLD
    steps:
      - http: { method: POST, url: "URL/pack" }
        timeout: 90s
"#;

/// A process that runs instances.
pub(crate) struct Scene {
    pub(crate) shelf: Shelf,
    pub(crate) server: Server,
    workflow: String,
    child: Child,
}

impl Scene {
    /// Starts the instances, and waits until each stands where it will stand.
    pub(crate) async fn start(hold: &str) -> Self {
        let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::held()).await);
        let workflow = shelf.path("ship.yaml");
        let text = DEFINITIONS.replace("URL", &server.url()).replace("HOLD", hold);
        fs::write(&workflow, text).expect("the folder can be written");
        let workflow = workflow.to_str().expect("it is text").to_owned();
        let url = shelf.url();
        let args = ["run", &workflow, "--store", &url, "--input", "number={n}", "--count", "3"];
        let child = lockstep(&args).spawn().expect("the program can be started");
        let scene = Self { shelf, server, workflow, child };
        scene.server.has_seen(1).await;
        until("two of three wait", async || {
            let locks = scene.locks().await;
            locks.iter().filter(|lock| lock["waiting"] == json!(1)).count() == 2
        })
        .await;
        scene
    }

    /// Kills the engine.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Takes up what is unfinished, with answers that come.
    pub(crate) async fn go_on(&self) -> Told {
        self.server.release();
        let url = self.shelf.url();
        run(&["run", &self.workflow, "--store", &url, "--count", "0", "--quiet", "--each"]).await
    }

    /// Runs `lockstep` on the store.
    pub(crate) async fn ask(&self, args: &[&str]) -> Told {
        let url = self.shelf.url();
        run(&[args, &["--store", &url]].concat()).await
    }

    pub(crate) async fn locks(&self) -> Vec<Json> {
        self.ask(&["locks", "--format", "json"]).await.lines()
    }

    /// The id of who holds a lock, and of who waits for it.
    pub(crate) async fn parties(&self, key: &str) -> (String, String) {
        let lock = self.ask(&["locks", key, "--format", "json"]).await.lines().remove(0);
        let id = |json: &Json| json.as_str().expect("an instance").to_owned();
        (id(&lock["holders"][0]["instance"]), id(&lock["waiters"][0]["instance"]))
    }
}

#[track_caller]
fn holds(text: &str, all: &[&str]) {
    for one in all {
        assert!(text.contains(one), "`{one}` is missing in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_is_explained_beside_the_engine() {
    let scene = Scene::start("2m").await;
    let (first, second) = scene.parties("Order/o1").await;
    let (same, third) = scene.parties("both").await;
    assert_eq!(second, same, "who waits for one lock holds the other");

    let told = scene.ask(&["explain", &second]).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    let holder = format!("Instance {first} of workflow `ship` holds Order/o1 since ");
    holds(
        &told.stdout,
        &[
            &format!("Instance {second} of workflow `ship` waits for the lock Order/o1, since "),
            "in activity `pack`, at ",
            "ship.yaml:13:5; ",
            "Its key is what the expression `ref(\"Order\", \"o1\")` came to.",
            &holder,
            "Nobody stands before it in the queue.",
            "when the holder has given it back; the hold timeout takes it from the holder at ",
            "Its own waiting timeout ends the wait at ",
            "the error `lock.waiting_timeout`.",
            "It holds the lock \"both\", which `input.number == 0 ? \"own\" : \"both\"` came to",
            "has made an outside call that has not come back, attempt 1, at ",
            "As of ",
        ],
    );
    assert!(!told.stdout.contains("no engine"), "its times are to come: {}", told.stdout);

    let told = scene.ask(&["explain", &third, "--format", "json"]).await;
    let told = told.lines().remove(0);
    let wait = &told["doing"][0];
    assert_eq!(
        (&wait["awaits"], &wait["keys"], &wait["ahead"]),
        (&json!("lock"), &json!(["\"both\""]), &json!(0))
    );
    assert_eq!(wait["obstacles"][0]["instance"], json!(second));
    let chain: Vec<&str> = told["chain"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|link| link["instance"].as_str().expect("it is a text"))
        .collect();
    assert_eq!(chain, [&second, &first], "the chain is followed to its end");
    assert_eq!(told["chain"][1]["doing"][0]["awaits"], json!("call"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_are_listed_beside_the_engine() {
    let scene = Scene::start("2m").await;
    let (first, second) = scene.parties("Order/o1").await;
    let locks = scene.locks().await;
    let keys: Vec<&str> = locks.iter().filter_map(|lock| lock["key"].as_str()).collect();
    assert_eq!(keys, ["\"both\"", "\"own\"", "Order/o1"]);
    assert_eq!(locks[2]["context"], json!("ref(\"Order\", \"o1\")"));
    assert_eq!(locks[2]["holders"][0]["workflow"], json!("ship"));

    let told = scene.ask(&["locks"]).await.stdout;
    holds(&told, &["LOCK", "Order/o1", &format!("instance {first} of `ship`"), "As of "]);
    let told = scene.ask(&["locks", "Order/o1"]).await.stdout;
    holds(&told, &["One waits for it:", &format!("   1. instance {second} of `ship`, exclusive")]);
    let told = scene.ask(&["locks", "Order/o2"]).await;
    assert_eq!(told.status, Some(0));
    holds(&told.stdout, &["The lock Order/o2 is free"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journal_of_an_unfinished_instance_is_told() {
    let scene = Scene::start("2m").await;
    let (first, second) = scene.parties("Order/o1").await;
    let told = scene.ask(&["journal", &second]).await.stdout;
    let waits = format!("pack: waits for the lock Order/o1, which {first} holds");
    holds(&told, &["started", "got the lock \"both\", token ", &waits]);
    let entries = scene.ask(&["journal", &second, "--format", "json"]).await.lines();
    assert_eq!(entries.len(), told.lines().count(), "a line for each entry");
    let last = entries.last().expect("there is one");
    assert_eq!(last["event"]["lock_waited"]["holder"], json!(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_is_explained() {
    let mut scene = Scene::start("2m").await;
    let (first, _) = scene.parties("Order/o1").await;
    scene.kill().await;
    assert_eq!(scene.go_on().await.status, Some(0));
    let told = scene.ask(&["explain", &first]).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    holds(
        &told.stdout,
        &[
            &format!("Instance {first} of workflow `ship` ended well at "),
            "The last entries of its journal",
            "ended well\n",
        ],
    );
    let told = scene.ask(&["explain", &first, "--format", "json"]).await.lines().remove(0);
    assert_eq!((&told["status"], &told["error"]), (&json!("done"), &json!(null)));
    holds(&scene.ask(&["locks"]).await.stdout, &["No lock is held, and nobody waits for one."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_that_has_passed_shows_that_no_engine_is_at_work() {
    let mut scene = Scene::start("1s").await;
    let (_, second) = scene.parties("Order/o1").await;
    scene.kill().await;
    until("the hold timeout has passed for long", async || {
        let told = scene.ask(&["explain", &second]).await;
        told.stdout.contains("it seems that no engine is at work on this store")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn id_may_be_cut_short_while_it_is_the_only_one() {
    let scene = Scene::start("2m").await;
    let (first, second) = scene.parties("Order/o1").await;
    let common = first.chars().zip(second.chars()).take_while(|(a, b)| a == b).count();
    let short: String = first.chars().take(common).collect();
    let told = scene.ask(&["explain", &short]).await;
    assert_eq!((told.status, told.stdout.as_str()), (Some(1), ""));
    holds(&told.stderr, &["several ids begin with", &first, &second, "write more of it"]);
    let longer = first.chars().take(35).collect::<String>().to_uppercase();
    let told = scene.ask(&["explain", &longer]).await;
    holds(&told.stdout, &[&format!("Instance {first} ")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_told_with_what_to_do() {
    let shelf = Shelf::new();
    let url = shelf.url();
    let id = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";
    for args in [&["explain", id][..], &["locks"], &["journal", id]] {
        let told = run(&[args, &["--store", &url]].concat()).await;
        assert_eq!((told.status, told.stdout.as_str()), (Some(3), ""), "{args:?}");
        holds(&told.stderr, &["there is no store at "]);
    }
    assert!(!shelf.path("lockstep.db").exists(), "a look creates nothing");

    shelf.open().await.close().await.expect("the store can be closed");
    for command in ["explain", "journal"] {
        for (written, status, help) in [
            (id, 1, "--store names another one"),
            ("0198", 1, "--store names another one"),
            ("019", 2, "at least its first 4 digits"),
            ("0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a9z", 2, "an id is a UUID"),
        ] {
            let told = run(&[command, written, "--store", &url]).await;
            assert_eq!((told.status, told.stdout.as_str()), (Some(status), ""), "{written}");
            holds(&told.stderr, &[help]);
        }
    }
}
