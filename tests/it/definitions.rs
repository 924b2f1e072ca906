//! Publishing definitions while the daemon runs: from files that change, and over the API.

use std::path::Path;
use std::sync::Arc;

use lockstep_definition::Source;
use lockstep_runner::DefinitionText;
use lockstep_store::Published;
use serde_json::{Value as Json, json};

use crate::binary;
use crate::daemon_process::{Daemon, Reply};
use crate::patience::until;
use crate::shelf::Shelf;

/// A workflow that waits for a signal, and tells which version of it that was.
fn version(number: u32) -> String {
    format!(
        "workflow: ask
description: version {number}
input: {{ n: {{ type: int, default: 1 }} }}
activities:
  - activity: first
    steps:
      - wait: {{ signal: go }}
  - activity: second
    steps:
      - log: \"version {number}\"
output: {number}
"
    )
}

const BROKEN: &str = "workflow: ask\nactivities:\n  - activity: first\n    stpes: []\n";

const THING: &str = "entity: Thing\nattributes: { n: int }\n";

async fn start(daemon: &Daemon) -> String {
    let started = daemon.post("/v1/workflows/ask/instances", "", "").await.expect("an answer");
    started.header("location").unwrap_or_else(|| panic!("{started:?}")).to_owned()
}

/// Lets an instance go on, and returns its output.
async fn finish(daemon: &Daemon, place: &str) -> Json {
    let sent = daemon.post(&format!("{place}/signals/go"), "", "").await.expect("an answer");
    assert_eq!(sent.status, 204, "{sent:?}");
    daemon.get(&format!("{place}?wait=30s")).await.body["output"].clone()
}

async fn put(daemon: &Daemon, name: &str, text: &str) -> Reply {
    let length = text.len();
    let request = format!(
        "PUT /v1/definitions/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{text}"
    );
    daemon.send(&request).await.expect("an answer")
}

async fn published(daemon: &Daemon) -> Json {
    daemon.get("/v1/definitions").await.body
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).expect("the file is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_file_is_published_and_running_instances_keep_their_version() {
    let shelf = Shelf::new();
    let folder = shelf.path("workflows");
    std::fs::create_dir(&folder).expect("the folder is made");
    let file = folder.join("ask.yaml");
    write(&file, &version(1));
    let store = shelf.path("a.db");
    let folder = folder.display().to_string();
    let mut daemon = Daemon::with(&store, &folder, &[]).await;
    let first = published(&daemon).await;
    assert_eq!(first["workflows"][0]["description"], "version 1");
    assert_eq!(first["workflows"][0]["input"][0]["type"], "int");
    assert_eq!(first["origin"], "folder");
    let old = [start(&daemon).await, start(&daemon).await];

    write(&file, BROKEN);
    let errors = async || published(&daemon).await["pending_errors"][0].clone();
    until("the error is told", async || errors().await != Json::Null).await;
    let error = errors().await;
    assert_eq!((&error["severity"], &error["line"]), (&json!("error"), &json!(4)), "{error}");
    assert!(error["message"].as_str().expect("a text").contains("stpes"), "{error}");
    let is_told = |line: &&String| line.contains("no key `stpes`");
    until("it is logged", async || daemon.log().iter().any(|line| line.contains("no key `stpes`")))
        .await;
    let told = daemon.log().iter().filter(is_told).count();
    assert_eq!(told, 1, "{:?}", daemon.log());
    let still = published(&daemon).await;
    assert_eq!((&still["id"], &still["workflows"]), (&first["id"], &first["workflows"]));
    assert_eq!(finish(&daemon, &start(&daemon).await).await, 1, "starts go on as before");

    write(&file, &version(2));
    until("it is published", async || published(&daemon).await["id"] != first["id"]).await;
    assert_eq!(published(&daemon).await["pending_errors"], json!([]));
    let young = start(&daemon).await;
    assert_eq!(finish(&daemon, &old[0]).await, 1, "it was begun on the first version");
    daemon.process.kill().await.expect("it is killed");

    let daemon = Daemon::with(&store, &folder, &[]).await;
    assert_eq!(finish(&daemon, &old[1]).await, 1, "also after a restart");
    assert_eq!(finish(&daemon, &young).await, 2);
    let refused = put(&daemon, "ask.yaml", &version(3)).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("definitions.from_folder")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_over_the_api_is_published_after_a_kill() {
    let shelf = Shelf::new();
    let store = shelf.path("a.db");
    let mut daemon = Daemon::serve(&store, &[]).await;
    let nothing = published(&daemon).await;
    assert_eq!((&nothing["origin"], &nothing["workflows"]), (&json!("api"), &json!([])));
    for number in [1, 2] {
        let reply = put(&daemon, "shop%2Fask.yaml", &version(number)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let entity = put(&daemon, "entity.yaml", "entity: Thing\nattributes: { n: int }\n").await;
    assert_eq!(entity.status, 200, "{entity:?}");
    let waiting = start(&daemon).await;
    let before = published(&daemon).await;
    assert_eq!(before["sources"], json!(["entity.yaml", "shop/ask.yaml"]));
    assert_eq!(before["id"], entity.body["id"]);
    let shown = daemon.get("/v1/definitions/shop%2Fask.yaml").await;
    assert_eq!(shown.body["text"], version(2));
    let picture = shown.body["workflows"][0]["svg"].as_str().expect("a picture");
    assert!(picture.contains("data-activity=\"second\""), "{picture}");

    let wrong = put(&daemon, "shop%2Fask.yaml", BROKEN).await;
    assert_eq!((wrong.status, &wrong.body["code"]), (422, &json!("definitions.invalid")));
    let finding = &wrong.body["details"]["findings"][0];
    assert_eq!((&finding["file"], &finding["line"]), (&json!("shop/ask.yaml"), &json!(4)));
    let twice = put(&daemon, "other.yaml", &version(3)).await;
    assert_eq!(twice.status, 422, "all texts are checked together: {twice:?}");
    let unnamed = put(&daemon, "a%0ab", &version(3)).await;
    assert_eq!(unnamed.status, 422, "{unnamed:?}");
    assert_eq!(published(&daemon).await, before, "nothing has changed");
    daemon.process.kill().await.expect("it is killed");

    let daemon = Daemon::serve(&store, &[]).await;
    assert_eq!(published(&daemon).await, before);
    assert_eq!(finish(&daemon, &waiting).await, 2);
    assert_eq!(finish(&daemon, &start(&daemon).await).await, 2);
    let delete = "DELETE /v1/definitions/shop%2Fask.yaml HTTP/1.1\r\nHost: localhost\r\n\
                  Connection: close\r\n\r\n";
    let left = daemon.send(delete).await.expect("an answer");
    assert_eq!(left.status, 200, "{left:?}");
    assert_eq!(daemon.send(delete).await.expect("an answer").status, 404);
    let gone = daemon.post("/v1/workflows/ask/instances", "", "").await.expect("an answer");
    assert_eq!((gone.status, &gone.body["code"]), (404, &json!("data.not_found")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_do_not_take_away_what_was_published_over_the_api() {
    let shelf = Shelf::new();
    let (store, file) = (shelf.path("a.db"), shelf.path("ask.yaml"));
    let path = file.display().to_string();
    let mut daemon = Daemon::serve(&store, &[]).await;
    for (name, text) in
        [("ask", version(1).as_str()), ("thing", "entity: Thing\nattributes: { n: int }\n")]
    {
        assert_eq!(put(&daemon, name, text).await.status, 200);
    }
    let before = published(&daemon).await;
    daemon.process.kill().await.expect("it is killed");

    write(&file, &format!("{}---\n{THING}", version(2)));
    let url = store.display().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let commands: [&[&str]; 3] =
        [&serve, &["start", "ask"], &["data", "put", "Thing", "t", "{}", "--create"]];
    for command in commands {
        let place = ["--store", &url, "--workflows", &path];
        let told = binary::run(&[command, &place].concat()).await;
        assert_eq!(told.status, Some(1), "{command:?}: {told:?}");
        assert!(told.stderr.contains("is not among them: `ask`, `thing`"), "{told:?}");
        assert!(told.stderr.contains("help: without --workflows"), "{told:?}");
    }
    let mut daemon = Daemon::serve(&store, &[]).await;
    let still = published(&daemon).await;
    assert_eq!(still, before, "nothing has changed");
    let told = daemon.told();
    assert!(told.contains("1 workflow published before over the API\n"), "{told}");
    let delete = "DELETE /v1/definitions/thing HTTP/1.1\r\nHost: localhost\r\n\
                  Connection: close\r\n\r\n";
    assert_eq!(daemon.send(delete).await.expect("an answer").status, 200);
    daemon.process.kill().await.expect("it is killed");

    // What is among the files as it is, is not taken away; from there on the files count.
    for number in [1, 2] {
        write(&file, &version(number));
        let mut daemon = Daemon::with(&store, &path, &[]).await;
        assert_eq!(finish(&daemon, &start(&daemon).await).await, number);
        daemon.process.kill().await.expect("it is killed");
    }
    let daemon = Daemon::serve(&store, &[]).await;
    let told = daemon.told();
    assert!(told.contains("1 workflow published before from files, which are not"), "{told}");
    assert_eq!(put(&daemon, "thing", THING).await.status, 200);
    drop(daemon);
    let mut daemon = Daemon::serve(&store, &[]).await;
    assert!(daemon.told().contains("before from 1 file, not watched"), "{}", daemon.told());
    daemon.process.kill().await.expect("it is killed");
    let told = binary::run(&["start", "ask", "--store", &url, "--workflows", &path]).await;
    assert!(told.stderr.contains("is not among them: `thing`"), "only what came over it: {told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_are_wrong_by_now_are_kept_until_they_are_right_again() {
    let shelf = Shelf::new();
    let path = shelf.path("a.db");
    let mut daemon = Daemon::serve(&path, &[]).await;
    for (name, text) in [("thing.yaml", THING), ("ask.yaml", &version(1))] {
        let reply = put(&daemon, name, text).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    daemon.process.kill().await.expect("it is killed");

    // As if a checker that is stricter than the one before found a text wrong.
    let store = lockstep_store::open(&path.display().to_string()).await.expect("it opens");
    let published = store.published().await.expect("it is read").expect("something is");
    let text =
        store.definitions(Arc::clone(&published.id)).await.expect("it is read").expect("a text");
    let mut text = DefinitionText::decode(&text).expect("a text");
    let ask = text.sources.iter_mut().find(|source| *source.path == *"ask.yaml");
    *ask.expect("it is there") = Source::new("ask.yaml", BROKEN);
    let published = Published { id: text.id(), ..published };
    store.publish(published, text.encode()).await.expect("it is written");
    store.close().await.expect("it closes");

    let daemon = Daemon::serve(&path, &[]).await;
    let told = self::published(&daemon).await;
    assert_eq!((&told["workflows"], told.get("id")), (&json!([]), None), "{told}");
    assert_eq!(told["pending_errors"][0]["file"], "ask.yaml", "{told}");
    until("it is told", async || daemon.told().contains("ask.yaml:4")).await;
    assert_eq!(put(&daemon, "ask.yaml", &version(2)).await.status, 200);
    let sources = &self::published(&daemon).await["sources"];
    assert_eq!(*sources, json!(["ask.yaml", "thing.yaml"]), "the other one is still there");
}
