//! Requests that are open when the token that they were made with does not count any more.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::binary;
use crate::daemon_process::{Daemon, Reply, post, send};
use crate::patience::{soon, until};
use crate::shelf::Shelf;

const DEFINITIONS: &str = r"
workflow: ask
activities:
  - activity: ask
    steps:
      - wait: { signal: answer }
";

const LOCK: &str = "/v1/locks/deploy";

/// Makes a token; returns its text.
pub(crate) async fn token(file: &Path, name: &str, more: &[&str]) -> String {
    let file = file.display().to_string();
    let args = ["token", "new", "--name", name, "--role", "admin", "--file", &file];
    let told = binary::run(&[&args, more].concat()).await;
    assert_eq!(told.status, Some(0), "{told:?}");
    told.stdout.trim().to_owned()
}

/// A header that shows a token.
pub(crate) fn shows(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Starts a daemon with the tokens of the shelf.
pub(crate) async fn daemon(shelf: &Shelf) -> Daemon {
    let (definitions, tokens) = (shelf.path("ask.yaml"), shelf.path("tokens"));
    std::fs::write(&definitions, DEFINITIONS).expect("it can be written");
    let (definitions, tokens) = (definitions.display().to_string(), tokens.display().to_string());
    Daemon::with(&shelf.path("a.db"), &definitions, &["--tokens", &tokens]).await
}

/// A request without end, of which the head and a first part have come.
pub(crate) struct Stream(TcpStream);

impl Stream {
    pub(crate) async fn begin(daemon: &Daemon, request: &str, first: &str) -> Self {
        Self::ask(daemon, request, first).await.expect("it is served")
    }

    /// Returns it, or the head of the refusal.
    pub(crate) async fn ask(daemon: &Daemon, request: &str, first: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it takes requests");
        let (mut told, mut part) = (String::new(), [0; 4096]);
        while !told.contains(first) {
            let read = soon(first, stream.read(&mut part)).await.expect("bytes");
            told.push_str(&String::from_utf8_lossy(&part[..read]));
            if read == 0 || !told.starts_with("HTTP/1.1 200") {
                return Err(told);
            }
        }
        Ok(Self(stream))
    }

    /// Returns the rest, when it has ended.
    async fn rest(mut self) -> String {
        let mut rest = Vec::new();
        soon("its end", self.0.read_to_end(&mut rest)).await.expect("bytes");
        String::from_utf8(rest).expect("text")
    }
}

/// A request to listen to events.
pub(crate) fn events(token: &str) -> String {
    format!("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n{}\r\n", shows(token))
}

/// A batch whose first line is answered and whose second one does not come.
pub(crate) fn batch(token: &str) -> String {
    let line = "{\"input\": {}}\n";
    let length = line.len();
    format!(
        "POST /v1/workflows/ask/instances:batch HTTP/1.1\r\nHost: localhost\r\n{}\
         Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{line}\r\n",
        shows(token)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_end_when_their_token_is_revoked_and_those_of_others_go_on() {
    let shelf = Shelf::new();
    let file = shelf.path("tokens");
    let (stays, goes) = (token(&file, "stays", &[]).await, token(&file, "goes", &[]).await);
    let daemon = daemon(&shelf).await;
    let address = daemon.address;
    let ask = async |path: &str, body: &Json| {
        let reply = send(address, &post(path, &shows(&stays), &body.to_string())).await;
        reply.expect("an answer")
    };
    let look = async |path: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
            shows(&stays)
        );
        send(address, &request).await.expect("an answer").body
    };
    assert_eq!(ask(&format!("{LOCK}:acquire"), &json!({})).await.status, 200);

    let waits = |token: &str| {
        let poll = json!({ "kinds": ["k"], "worker": "w", "max": 1, "wait": "60s" });
        let acquire = json!({ "waiting_timeout": "10m" });
        let requests = [
            ("start", post("/v1/workflows/ask/instances?wait=60s", &shows(token), "{}")),
            ("poll", post("/v1/tasks:poll", &shows(token), &poll.to_string())),
            ("acquire", post(&format!("{LOCK}:acquire"), &shows(token), &acquire.to_string())),
        ];
        requests.map(|(name, request)| {
            let asking = async move { send(address, &request).await.expect("an answer") };
            (name, tokio::spawn(asking))
        })
    };
    let ended = waits(&goes);
    let open = waits(&stays);
    let streams = |token: &str| [(events(token), ": listening"), (batch(token), "\"status\":202")];
    let mut cut_off = Vec::new();
    for (request, first) in streams(&goes) {
        cut_off.push(Stream::begin(&daemon, &request, first).await);
    }
    let mut lasting = Vec::new();
    for (request, first) in streams(&stays) {
        lasting.push(Stream::begin(&daemon, &request, first).await);
    }
    until("both wait for the lock", async || look(LOCK).await["waiting"] == json!(2)).await;

    let tokens = file.display().to_string();
    let (id, _) = goes.rsplit_once('_').expect("its parts");
    let id = id.strip_prefix("lks_").expect("its parts");
    assert_eq!(binary::run(&["token", "revoke", id, "--file", &tokens]).await.status, Some(0));
    for (name, asking) in ended {
        let reply: Reply = soon(name, asking).await.expect("no panic");
        let told = (reply.status, &reply.body["code"]);
        assert_eq!(told, (401, &json!("access.unauthenticated")), "{name}: {reply:?}");
    }
    for stream in cut_off {
        let rest = stream.rest().await;
        assert!(!rest.ends_with("0\r\n\r\n"), "it does not look whole: {rest}");
    }
    until("one waits for the lock", async || look(LOCK).await["waiting"] == json!(1)).await;
    let open: BTreeMap<_, _> = open.into_iter().collect();
    assert!(open.values().all(|asking| !asking.is_finished()), "those of others go on: {open:?}");
    for Stream(stream) in lasting {
        let read = stream.try_read(&mut [0; 4096]);
        assert!(!matches!(read, Ok(0)), "those of others go on: {read:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_end_when_the_time_of_their_token_is_over() {
    let shelf = Shelf::new();
    let token = token(&shelf.path("tokens"), "short", &["--expires", "10s"]).await;
    let daemon = daemon(&shelf).await;
    let stream = Stream::begin(&daemon, &events(&token), ": listening").await;
    let wait = post("/v1/workflows/ask/instances?wait=60s", &shows(&token), "{}");
    let reply = soon("the end of the wait", send(daemon.address, &wait)).await.expect("an answer");
    assert_eq!((reply.status, &reply.body["code"]), (401, &json!("access.expired")), "{reply:?}");
    stream.rest().await;
}
