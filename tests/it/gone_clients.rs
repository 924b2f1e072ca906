//! Clients that leave while their request waits, with something unread behind it: they are noticed,
//! and what they waited for is there for others.

use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::daemon_process::{Daemon, Reply, post};
use crate::patience::until;
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
workflow: errand
activities:
  - activity: run
    steps:
      - task: { type: run }
        timeout: 1h
"#;

const LOCK: &str = "/v1/locks/deploy";
const ERRAND: &str = "/v1/workflows/errand/instances";

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    /// It closes its connection.
    Closing,
    /// Its connection is cut off.
    CutOff,
}

const WAYS: [Leaves; 2] = [Leaves::Closing, Leaves::CutOff];

/// A client whose request waits.
struct Client(TcpStream);

impl Client {
    /// Sends a request, and what is behind it in the same write or in a later one.
    async fn sends(daemon: &Daemon, request: &str, behind: &str) -> Self {
        let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
        stream.write_all(format!("{request}{behind}").as_bytes()).await.expect("it reads");
        Self(stream)
    }

    async fn says_more(&mut self) {
        self.0.write_all(b"G").await.expect("it is there");
    }

    fn leaves(self, way: Leaves) {
        match way {
            Leaves::Closing => {}
            Leaves::CutOff => self.0.set_zero_linger().expect("a socket"),
        }
    }
}

async fn daemon(shelf: &Shelf) -> Daemon {
    let file = shelf.path("errand.yaml");
    std::fs::write(&file, DEFINITIONS).expect("it can be written");
    Daemon::with(&shelf.path("a.db"), &file.display().to_string(), &[]).await
}

async fn ask(daemon: &Daemon, path: &str, body: &Json) -> Reply {
    daemon.post(path, "", &body.to_string()).await.expect("an answer")
}

/// Waits until nobody is connected any more but who asks.
async fn alone(daemon: &Daemon) {
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    until("the daemon has noticed it", async || {
        let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut told = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut told).await.expect("text");
        told.lines().any(|line| line == "lockstep_http_connections 1")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_not_given_to_who_has_left_with_something_unread_behind_its_request() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let wanted = json!({ "waiting_timeout": "10m" }).to_string();
    let request = post(&format!("{LOCK}:acquire"), "", &wanted);
    let waiting = async || daemon.get(LOCK).await.body["waiting"].clone();
    for way in WAYS {
        for behind in ["", "G", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
            let held = ask(&daemon, &format!("{LOCK}:acquire"), &json!({})).await;
            assert_eq!(held.status, 200, "{held:?}");
            let mut client = Client::sends(&daemon, &request, behind).await;
            until("it waits", async || waiting().await == json!(1)).await;
            client.says_more().await;
            client.leaves(way);
            until("its wait has ended", async || waiting().await == json!(0)).await;
            let own = json!({ "lock": held.body["lock"], "token": held.body["token"] });
            assert_eq!(ask(&daemon, &format!("{LOCK}:release"), &own).await.status, 204);
            let third = ask(&daemon, &format!("{LOCK}:acquire"), &json!({})).await;
            assert_eq!(third.status, 200, "{way:?} behind {behind:?}: {third:?}");
            let own = json!({ "lock": third.body["lock"], "token": third.body["token"] });
            assert_eq!(ask(&daemon, &format!("{LOCK}:release"), &own).await.status, 204);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_not_given_to_who_has_left_with_something_unread_behind_its_request() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let asking = |worker: &str| json!({ "kinds": ["run"], "worker": worker, "max": 1, "wait": "60s", "lease": "1h" });
    let request = post("/v1/tasks:poll", "", &asking("gone").to_string());
    for way in WAYS {
        let client = Client::sends(&daemon, &request, "G").await;
        // Connections are taken in their order.
        assert_eq!(daemon.get("/readyz").await.status, 200);
        client.leaves(way);
        alone(&daemon).await;
        assert_eq!(ask(&daemon, ERRAND, &json!({})).await.status, 202);
        let told = ask(&daemon, "/v1/tasks:poll", &asking("there")).await;
        assert_eq!(told.body["tasks"][0]["kind"], json!("run"), "{way:?}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_goes_on_whose_starter_has_left_with_something_unread_behind_its_request() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let request = post(&format!("{ERRAND}?wait=60s"), "", "{}");
    let running = "/v1/instances?state=running";
    for (count, way) in (1..).zip(WAYS) {
        let client = Client::sends(&daemon, &request, "G").await;
        let is_there = async || {
            daemon.get(running).await.body["items"].as_array().map(Vec::len) == Some(count)
        };
        until("it has been started", is_there).await;
        client.leaves(way);
        alone(&daemon).await;
        assert!(is_there().await, "{way:?}: it goes on");
    }
}
