//! The command line as a client: the same commands at a daemon and on the file of a store.

use serde_json::{Value as Json, json};

use crate::binary::{Told, end, lockstep, run};
use crate::daemon_process::Daemon;
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
entity: Contact
attributes:
  name: string
  calls: { type: int, default: 0, min: 0 }
---
workflow: call
input: { contact: string }
activities:
  - activity: call
    exclusive_lock: { context: 'ref("Contact", input.contact)', waiting_timeout: 60s }
    steps:
      - load: { entity: Contact, id: "${input.contact}" }
        as: contact
      - update: contact
        set: { calls: "${contact.calls + 1}" }
output: { calls: "${contact.calls}" }
---
workflow: wait
activities:
  - activity: wait
    steps:
      - wait: { signal: go }
        timeout: 1h
        as: said
output: "${said}"
"#;

/// Where commands do their work.
pub(crate) struct Place {
    shelf: Shelf,
    definitions: String,
    daemon: Option<Daemon>,
}

impl Place {
    /// A daemon, or a store on which the definitions are published.
    pub(crate) async fn new(has_daemon: bool) -> Self {
        let shelf = Shelf::new();
        let definitions = shelf.path("contact.yaml");
        std::fs::write(&definitions, DEFINITIONS).expect("the folder can be written");
        let definitions = definitions.display().to_string();
        let daemon = if has_daemon {
            Some(Daemon::with(&shelf.path("lockstep.db"), &definitions, &[]).await)
        } else {
            None
        };
        Self { shelf, definitions, daemon }
    }

    pub(crate) fn args(&self) -> Vec<String> {
        match &self.daemon {
            Some(daemon) => vec!["--daemon".to_owned(), format!("http://{}", daemon.address)],
            None => vec!["--store".to_owned(), self.shelf.url()],
        }
    }

    /// Runs a command there.
    pub(crate) async fn run(&self, args: &[&str]) -> Told {
        let place = self.args();
        let at = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
        let (mine, command) = args.split_at(at);
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        run(&[mine, &place, command].concat()).await
    }

    /// Runs a command there that does its work.
    pub(crate) async fn does(&self, args: &[&str]) -> Told {
        let told = self.run(args).await;
        assert_eq!(told.status, Some(0), "{args:?}: {told:?}");
        told
    }

    /// Runs a command there that needs definitions.
    pub(crate) async fn with_definitions(&self, args: &[&str]) -> Told {
        let publish: &[&str] = match &self.daemon {
            Some(_) => &[],
            None => &["--workflows", &self.definitions],
        };
        self.run(&[args, publish].concat()).await
    }
}

/// Returns the line that tells the error of a command that was refused.
#[track_caller]
fn error(told: &Told) -> String {
    assert_eq!((told.status, told.stdout.as_str()), (Some(1), ""), "{told:?}");
    let line = told.stderr.lines().find(|line| line.starts_with("error: "));
    line.expect("an error").to_owned()
}

/// What is done at both places; returns what was told.
async fn story(place: &Place) -> Vec<String> {
    let mut told = Vec::new();
    let objects = place.shelf.path("contacts.jsonl");
    std::fs::write(&objects, "{\"entity\": \"Contact\", \"id\": \"c1\", \"name\": \"Carol\"}\n")
        .expect("the folder can be written");
    let file = objects.display().to_string();
    let imported = place.with_definitions(&["data", "import", &file]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    // A store that is new is told, too.
    told.extend(imported.stderr.lines().last().map(str::to_owned));
    told.push(place.does(&["data", "import", &file]).await.stderr);

    let started = ["start", "call", "--input", "contact=c1", "--wait", "10s", "--format", "json"];
    let started = place.does(&started).await.lines().remove(0);
    assert_eq!((&started["state"], &started["output"]), (&json!("done"), &json!({ "calls": 1 })));
    let id = started["id"].as_str().expect("an id").to_owned();
    let mut got = place.does(&["get", &id, "--format", "json"]).await.lines().remove(0);
    for moving in ["started_at", "ended_at", "started_by", "id"] {
        assert!(got[moving].is_string(), "{moving}: {got}");
        got[moving] = Json::Null;
    }
    told.push(got.to_string());
    let listed = place.does(&["list", "--state", "done", "--format", "json"]).await.lines();
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(id)));
    let journal = place.does(&["journal", &id, "--format", "json"]).await.lines();
    let events = journal.iter().map(|entry| match entry["event"].as_str() {
        Some(word) => word.to_owned(),
        None => entry["event"].as_object().expect("a word or an object").keys().cloned().collect(),
    });
    told.push(events.collect::<Vec<String>>().join(" "));
    let explained = place.does(&["explain", &id, "--format", "json"]).await.lines().remove(0);
    told.push(explained["status"].to_string());
    let refused = place.run(&["retry", &id]).await;
    told.push(error(&refused).replace(&id, "ID"));

    let object = place.does(&["data", "get", "Contact", "c1"]).await.lines().remove(0);
    told.push(format!("{} {}", object["calls"], object["metadata"]["version"]));
    let stale = ["data", "put", "Contact", "c1", "{\"name\": \"Cora\"}", "--version", "1"];
    let stale = place.run(&stale).await;
    assert!(stale.stderr.starts_with("error: data.conflict: "), "{stale:?}");
    let unseen = place.run(&["data", "put", "Contact", "c1", "{\"name\": \"Cora\"}"]).await;
    told.push(error(&unseen));
    let patched = place.does(&["data", "patch", "Contact", "c1", "{\"name\": \"Cora\"}"]).await;
    told.push(patched.lines()[0]["metadata"]["version"].to_string());
    told.push(place.does(&["data", "export", "Contact"]).await.lines()[0]["name"].to_string());
    told.push(place.does(&["data", "delete", "Contact", "c1", "--force"]).await.stderr);
    told.push(error(&place.run(&["data", "get", "Contact", "c1"]).await));

    let waiting = place.does(&["start", "wait"]).await.stdout.trim().to_owned();
    told.push(error(&place.run(&["signal", &waiting, "gone"]).await));
    place.does(&["signal", &waiting, "go", "{\"n\": 7}"]).await;
    let again = place.does(&["start", "wait", "--key", "k"]).await.stdout;
    assert_eq!(place.does(&["start", "wait", "--key", "k"]).await.stdout, again, "the same one");
    let cancelled = ["cancel", again.trim(), "--reason", "twice", "--format", "json"];
    let cancelled = place.does(&cancelled).await.lines().remove(0);
    told.push(format!("{} {}", cancelled["state"], cancelled["error"]["code"]));
    told.push(error(&place.run(&["cancel", again.trim()]).await).replace(again.trim(), "ID"));
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_tell_the_same_at_a_daemon_and_on_a_store() {
    let (daemon, file) = (Place::new(true).await, Place::new(false).await);
    let (of_daemon, of_file) = (story(&daemon).await, story(&file).await);
    assert_eq!(of_daemon, of_file);
    for part in ["Contact", "signal.unknown: workflow `wait` waits for no signal `gone`; it waits"]
    {
        assert!(of_daemon.iter().any(|told| told.contains(part)), "{part}: {of_daemon:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_a_daemon_is_taken_renewed_released_and_broken() {
    let place = Place::new(true).await;
    let context = "ref(\"Contact\", \"c1\")";
    let held = place.does(&["lock", "acquire", context, "--owner", "ann"]).await.stdout;
    let (id, token) = held.trim().split_once(' ').expect("id and token");
    let busy = place.run(&["lock", "acquire", context]).await;
    assert_eq!(busy.status, Some(1));
    assert!(busy.stderr.starts_with("error: lock.busy: "), "{busy:?}");
    assert!(place.does(&["locks"]).await.stdout.contains("client `ann`"));
    assert!(place.does(&["locks", "Contact/c1"]).await.stdout.contains("held by client `ann`"));
    let renewed = place.does(&["lock", "renew", id, token, "--ttl", "1h"]).await;
    assert_eq!(renewed.stderr, "renewed, for 1 h from now\n");
    place.does(&["lock", "release", id, token]).await;
    for change in [["lock", "renew", id, token], ["lock", "release", id, token]] {
        let late = place.run(&change).await;
        assert_eq!(late.status, Some(1));
        assert!(late.stderr.starts_with("error: lock.lost: "), "{late:?}");
    }
    place.does(&["lock", "acquire", "\"deploy\"", "--owner", "ann"]).await;
    let broken = place.does(&["lock", "break", "deploy", "--reason", "gone home"]).await;
    assert!(broken.stderr.contains("the lock \"deploy\" is broken"), "{broken:?}");
    let ran =
        ["lock", "run", "\"deploy\"", "--", "sh", "-c", "echo $LOCKSTEP_FENCING_TOKEN; exit 7"];
    let ran = place.run(&ran).await;
    assert_eq!(ran.status, Some(7), "{ran:?}");
    assert!(ran.stdout.trim().parse::<u64>().is_ok(), "{ran:?}");
    assert_eq!(place.does(&["locks", "--format", "json"]).await.stdout, "", "all are given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_asked_is_told_with_what_to_do() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let id = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";
    let commands: [&[&str]; 12] = [
        &["start", "call"],
        &["get", id],
        &["list"],
        &["signal", id, "go"],
        &["cancel", id],
        &["retry", id],
        &["journal", id],
        &["explain", id],
        &["locks"],
        &["lock", "acquire", "1"],
        &["data", "get", "Contact", "c1"],
        &["data", "delete", "Contact", "c1", "--force"],
    ];
    let place = Place::new(true).await;
    for command in commands {
        let told = run(&[command, &["--daemon", &nobody]].concat()).await;
        assert_eq!((told.status, told.stdout.as_str()), (Some(3), ""), "{command:?}: {told:?}");
        assert!(told.stderr.contains("is `lockstep serve` running at"), "{command:?}: {told:?}");
        if command[0] != "locks" && command[0] != "list" && command[0] != "lock" {
            let told = place.run(command).await;
            assert_eq!(told.status, Some(1), "{command:?}: {told:?}");
            assert!(told.stderr.starts_with("error: data."), "{command:?}: {told:?}");
        }
    }
    let both = run(&["list", "--daemon", &nobody, "--store", "a.db"]).await;
    assert_eq!(both.status, Some(2), "{both:?}");
    // A store that a daemon has is told with the way to go.
    let url = place.shelf.url();
    let told = run(&["cancel", id, "--store", &url]).await;
    assert_eq!(told.status, Some(3), "{told:?}");
    assert!(told.stderr.contains("--daemon"), "{told:?}");
    assert_eq!(run(&["list", "--store", &url]).await.status, Some(0), "looking is possible");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_needed_where_there_are_tokens() {
    let shelf = Shelf::new();
    let definitions = shelf.path("contact.yaml");
    std::fs::write(&definitions, DEFINITIONS).expect("the folder can be written");
    let tokens = shelf.path("tokens").display().to_string();
    let new = ["token", "new", "--name", "eve", "--role", "viewer", "--file", &tokens];
    let token = run(&new).await.stdout;
    let file = shelf.path("token");
    std::fs::write(&file, &token).expect("the folder can be written");
    let definitions = definitions.display().to_string();
    let daemon =
        Daemon::with(&shelf.path("lockstep.db"), &definitions, &["--tokens", &tokens]).await;
    let url = format!("http://{}", daemon.address);
    let none = run(&["list", "--daemon", &url]).await;
    assert_eq!(none.status, Some(1), "{none:?}");
    assert!(
        none.stderr.contains("access.unauthenticated") && none.stderr.contains("LOCKSTEP_TOKEN")
    );
    let mut wrong = lockstep(&["list", "--daemon", &url]);
    wrong.env("LOCKSTEP_TOKEN", "lks_abc");
    let wrong = end(wrong).await;
    assert_eq!(wrong.status, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("that of the variable LOCKSTEP_TOKEN"), "{wrong:?}");
    let file = file.display().to_string();
    let given = run(&["list", "--daemon", &url, "--token-file", &file]).await;
    assert_eq!((given.status, given.stdout.as_str()), (Some(0), "There is no such instance.\n"));
    let mut command = lockstep(&["start", "wait", "--daemon", &url]);
    command.env("LOCKSTEP_TOKEN", token.trim());
    let Told { status, stderr: told, .. } = end(command).await;
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("access.forbidden") && told.contains("the role starter"), "{told}");
    assert!(!told.contains(token.trim()), "no token is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_name_the_commands() {
    for shell in ["bash", "fish", "zsh"] {
        let told = run(&["completions", shell]).await;
        assert_eq!(told.status, Some(0), "{shell}");
        assert!(told.stdout.contains("dry-run"), "{shell}");
    }
}
