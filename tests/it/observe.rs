//! What a daemon tells of itself: events, metrics, the overview, traces.

use std::process::Stdio;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::daemon_process::Daemon;
use crate::patience::{soon, until};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
workflow: read
input: { book: string }
activities:
  - activity: look
    exclusive_lock: { context: "'secret-' + input.book", waiting_timeout: 60s, while_waiting: hold }
    steps:
      - wait: { signal: turn }
output: "'read'"
---
workflow: fetch
activities:
  - activity: ask
    exclusive_lock: { context: "'shop'" }
    steps:
      - http: { method: GET, url: "${config.shop}/stock" }
  - activity: judge
    steps:
      - raise: { error: shop.empty, message: nothing is left }
---
project: observe
config: { shop: "http://localhost" }
"#;

/// Starts a daemon that knows the definitions.
async fn daemon(shelf: &Shelf, with: &[&str]) -> Daemon {
    let file = shelf.path("observe.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    Daemon::with(&shelf.path("a.db"), &file, with).await
}

/// Starts an instance; returns its id.
async fn start(daemon: &Daemon, workflow: &str, input: &Json) -> String {
    let path = format!("/v1/workflows/{workflow}/instances");
    let started = daemon.post(&path, "", &input.to_string()).await.expect("an answer");
    started.body["id"].as_str().unwrap_or_else(|| panic!("it starts: {started:?}")).to_owned()
}

async fn signal(daemon: &Daemon, id: &str) {
    let sent = daemon.post(&format!("/v1/instances/{id}/signals/turn"), "", "").await;
    assert_eq!(sent.expect("an answer").status, 204);
}

/// Reads a text.
async fn text(daemon: &Daemon, path: &str) -> String {
    let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes requests");
    let mut text = String::new();
    soon("an answer", stream.read_to_string(&mut text)).await.expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

/// One who listens to events.
struct Ear {
    stream: TcpStream,
    heard: String,
}

impl Ear {
    /// Listens; when it returns, nothing is missed any more.
    async fn new(daemon: &Daemon, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
        let request = format!("GET /v1/events{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it takes requests");
        let mut ear = Self { stream, heard: String::new() };
        ear.until(": listening").await;
        assert!(ear.heard.contains("content-type: text/event-stream"), "{}", ear.heard);
        ear
    }

    /// Waits for a text.
    async fn until(&mut self, text: &str) {
        let mut part = [0; 4096];
        // The whole of it is waited for: of silence alone something is heard, too.
        let listening = async {
            while !self.heard.contains(text) {
                let read = self.stream.read(&mut part).await.expect("bytes");
                assert!(read > 0, "it ends before {text}: {}", self.heard);
                self.heard.push_str(&String::from_utf8_lossy(&part[..read]));
            }
        };
        soon(text, listening).await;
    }

    /// Returns the events, each as its name and what it tells.
    fn events(&self) -> Vec<(String, Json)> {
        let lines: Vec<&str> = self.heard.lines().collect();
        let pairs = lines.iter().zip(lines.iter().skip(1));
        pairs
            .filter_map(|(one, next)| {
                let (name, data) = (one.strip_prefix("event: ")?, next.strip_prefix("data: ")?);
                Some((name.to_owned(), serde_json::from_str(data).expect("JSON")))
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.events().into_iter().map(|(name, _)| name).collect()
    }

    /// Returns the last id.
    fn id(&self) -> &str {
        self.heard.lines().rev().find_map(|line| line.strip_prefix("id: ")).expect("an id")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_what_happens_and_who_comes_again_goes_on_where_it_was() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let mut all = Ear::new(&daemon, "", "").await;
    let first = start(&daemon, "read", &json!({ "book": "b" })).await;
    all.until("\"signal\":\"turn\"").await;
    let second = start(&daemon, "read", &json!({ "book": "b" })).await;
    all.until("event: lock_waited").await;
    let (_, waited) = all.events().pop().expect("an event");
    assert_eq!(waited["instance"], second);
    assert_eq!((&waited["workflow"], &waited["activity"]), (&json!("read"), &json!("look")));
    assert_eq!(waited["event"]["lock_waited"]["holder"], first, "{waited}");
    let seen = all.id().to_owned();

    let mut of_one =
        Ear::new(&daemon, &format!("?instance={second}&kinds=lock_granted,finished"), "").await;
    signal(&daemon, &first).await;
    signal(&daemon, &second).await;
    of_one.until("event: finished").await;
    assert_eq!(of_one.names(), ["lock_granted", "finished"]);

    let mut again = Ear::new(&daemon, "", &format!("Last-Event-ID: {seen}\r\n")).await;
    again.until(&format!("id: {}", of_one.id())).await;
    let names = again.names();
    assert!(!names.contains(&"started".to_owned()), "that was told: {names:?}");
    assert_eq!(names.iter().filter(|name| *name == "finished").count(), 2, "{names:?}");
    assert!(!names.contains(&"resync".to_owned()), "{names:?}");
    let mut lost = Ear::new(&daemon, "", "Last-Event-ID: 7\r\n").await;
    lost.until("event: resync").await;
    let mut of_others = Ear::new(&daemon, "?workflow=fetch", "").await;
    let mut of_these = Ear::new(&daemon, "?workflow=read", "").await;
    let third = start(&daemon, "read", &json!({ "book": "c" })).await;
    of_these.until(&third).await;

    let wrong = daemon.get("/v1/events?kinds=lock_granted,nothing").await;
    assert_eq!((wrong.status, &wrong.body["code"]), (422, &json!("request.unusable")));
    // Told to end, the daemon does not wait for those who listen.
    let id = daemon.process.id().expect("it runs").to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(told.expect("kill runs").success());
    let ended =
        soon("the end of the events", of_others.stream.read_to_string(&mut of_others.heard));
    ended.await.expect("text");
    assert!(of_others.events().is_empty(), "{}", of_others.heard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_and_name_neither_instances_nor_locks() {
    let (shelf, shop) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let config = format!("shop={}", shop.url());
    let daemon = daemon(&shelf, &["--config", &config, "--allow-host", "127.0.0.1"]).await;
    let failed = daemon.post("/v1/workflows/fetch/instances?wait=30s", "", "{}").await;
    assert_eq!(failed.expect("an answer").body["code"], "shop.empty");
    let first = start(&daemon, "read", &json!({ "book": "b" })).await;
    for _ in 0..3 {
        start(&daemon, "read", &json!({ "book": "b" })).await;
    }
    let waiting = "lockstep_lock_waiters 3";
    until("three wait", async || text(&daemon, "/metrics").await.contains(waiting)).await;
    let metrics = text(&daemon, "/metrics").await;
    for line in [
        "lockstep_instances_started_total{workflow=\"read\"} 4",
        "lockstep_instances_ended_total{workflow=\"fetch\",result=\"failed\"} 1",
        "lockstep_instance_errors_total{code=\"shop.empty\"} 1",
        "lockstep_instance_duration_seconds_count{workflow=\"fetch\"} 1",
        "lockstep_instances_unfinished 4",
        "lockstep_lock_holders 1",
        "lockstep_lock_longest_queue 3",
        "lockstep_lock_hold_seconds_count 1",
        "lockstep_lock_wait_seconds_count 2",
        "lockstep_calls_total{kind=\"http\",result=\"done\"} 1",
        "lockstep_call_duration_seconds_count{kind=\"http\"} 1",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
    let route = "route=\"/v1/workflows/{workflow}/instances\",method=\"POST\",status=\"2xx\"";
    assert!(metrics.contains(route), "{metrics}");
    assert!(!metrics.contains(&first) && !metrics.contains("secret-"), "{metrics}");
    accepted_by_promtool(&metrics).await;
    dashboard_is_right(&metrics);

    let overview = daemon.get("/v1/overview").await.body;
    assert_eq!(overview["instances"], json!({ "running": 4, "done": 0, "failed": 1 }));
    assert_eq!(overview["locks"]["waiting"], 3, "{overview}");
    let hottest = json!([{ "key": "\"secret-b\"", "waiting": 3, "holding": 1 }]);
    assert_eq!(overview["locks"]["hottest"], hottest);
    until("a point", async || {
        let overview = daemon.get("/v1/overview").await.body;
        let points = overview["seconds"].as_array().expect("a list").clone();
        points.iter().any(|point| point["waiting"] == 3 && point["running"] == 4)
    })
    .await;
}

/// Has Prometheus' own tool read metrics, if it is installed; in continuous integration it is.
async fn accepted_by_promtool(metrics: &str) {
    let mut tool = Command::new("promtool");
    tool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut tool = match tool.stderr(Stdio::piped()).kill_on_drop(true).spawn() {
        Ok(tool) => tool,
        Err(error) if std::env::var_os("CI").is_none() => {
            return eprintln!("promtool is not there ({error}): install the package prometheus");
        }
        Err(error) => panic!("promtool cannot be started: {error}"),
    };
    let mut input = tool.stdin.take().expect("it is piped");
    input.write_all(metrics.as_bytes()).await.expect("it reads");
    drop(input);
    let output = soon("promtool", tool.wait_with_output()).await.expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.trim().is_empty(), "{told}");
}

/// Checks that each metric of the dashboard is there.
fn dashboard_is_right(metrics: &str) {
    let dashboard = include_str!("../../docs/deploy/grafana.json");
    serde_json::from_str::<Json>(dashboard).expect("it is JSON");
    let words = dashboard.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let named: Vec<&str> = words
        .filter(|word| word.starts_with("lockstep_") || word.starts_with("process_"))
        .collect();
    assert!(named.len() > 20, "its metrics were found: {named:?}");
    for name in named {
        let is_there = metrics.lines().any(|line| line.starts_with(name));
        assert!(is_there, "the dashboard shows {name}, which there is not");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_sent_each_instance_as_a_trace() {
    let (shelf, shop) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let collector = Server::start(|_| Answer::ok()).await;
    let (config, endpoint) = (format!("shop={}", shop.url()), collector.url());
    let with = ["--config", &config, "--allow-host", "127.0.0.1", "--otlp-endpoint", &endpoint];
    let daemon = daemon(&shelf, &with).await;
    let first = start(&daemon, "fetch", &json!({})).await;
    shop.has_seen(1).await;
    let second = start(&daemon, "fetch", &json!({})).await;
    let waiting = "lockstep_lock_waiters 1";
    until("one waits", async || text(&daemon, "/metrics").await.contains(waiting)).await;
    shop.release();
    let sent = || -> Vec<Json> {
        let requests = collector.requests().into_iter();
        let bodies = requests.inspect(|request| {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/traces"));
            assert_eq!(request.header("content-type"), "application/json");
        });
        let lists = bodies
            .map(|request| request.body["resourceSpans"][0]["scopeSpans"][0]["spans"].clone());
        lists.flat_map(|spans| spans.as_array().cloned().unwrap_or_default()).collect()
    };
    let roots = || sent().iter().filter(|span| span["parentSpanId"].is_null()).count();
    until("two traces", async || roots() == 2).await;
    let tree = |instance: &str| {
        let trace = instance.replace('-', "");
        let spans: Vec<Json> =
            sent().into_iter().filter(|span| span["traceId"] == *trace).collect();
        let at = |span: &Json, name: &str| -> i64 {
            span[name].as_str().expect("a text").parse().expect("a number")
        };
        for span in &spans {
            assert!(at(span, "startTimeUnixNano") <= at(span, "endTimeUnixNano"), "{span}");
        }
        let parent = |span: &Json| {
            let parent = spans.iter().find(|other| other["spanId"] == span["parentSpanId"]);
            if let Some(parent) = parent {
                assert!(at(parent, "startTimeUnixNano") <= at(span, "startTimeUnixNano"));
                assert!(at(parent, "endTimeUnixNano") >= at(span, "endTimeUnixNano"));
            }
            parent.map_or("-", |parent| parent["name"].as_str().expect("a name")).to_owned()
        };
        let name = |span: &Json| span["name"].as_str().expect("a name").to_owned();
        spans.iter().map(|span| format!("{} < {}", name(span), parent(span))).collect::<Vec<_>>()
    };
    let called = ["fetch < -", "ask < fetch", "outside call < ask"];
    assert_eq!(tree(&first), called);
    assert_eq!(
        tree(&second),
        ["fetch < -", "ask < fetch", "wait for lock < ask", "outside call < ask"],
        "the wait for the lock is a span of its own"
    );
    let root = sent().into_iter().find(|span| span["parentSpanId"].is_null()).expect("a root");
    assert_eq!(root["status"]["message"], "shop.empty: nothing is left", "{root}");
    // The collector has seen them a moment before they count as sent.
    let counted = "lockstep_traces_total{result=\"sent\"} 2";
    until(counted, async || text(&daemon, "/metrics").await.contains(counted)).await;
}

/// The span of an instance lies in that of its caller, also if the instance ends behind a `kill -9`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_of_whoever_starts_an_instance_goes_on() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";
    let (shelf, collector) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let endpoint = collector.url();
    let mut killed = daemon(&shelf, &["--otlp-endpoint", &endpoint]).await;
    let path = "/v1/workflows/read/instances";
    let mut started = Vec::new();
    for (headers, trace) in [
        (format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n"), Some(TRACE)),
        (format!("Traceparent: 00-{TRACE}-{SPAN}-01\r\nIdempotency-Key: k\r\n"), Some(TRACE)),
        (format!("traceparent: 00-{TRACE}-{SPAN}-00\r\n"), None),
        (format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n").repeat(2), None),
        ("traceparent: what\r\n".to_owned(), None),
    ] {
        let book = json!({ "book": headers }).to_string();
        let told = killed.post(path, &headers, &book).await.expect("an answer");
        assert_eq!(told.status, 202, "{headers}: {told:?}");
        started.push((told.body["id"].as_str().expect("an id").to_owned(), trace));
    }
    killed.process.kill().await.expect("it is killed");
    let daemon = daemon(&shelf, &["--otlp-endpoint", &endpoint]).await;
    for (id, _) in &started {
        signal(&daemon, id).await;
    }
    let roots = || -> Vec<Json> {
        let requests = collector.requests().into_iter();
        let spans = requests
            .map(|request| request.body["resourceSpans"][0]["scopeSpans"][0]["spans"].clone());
        let spans = spans.flat_map(|spans| spans.as_array().cloned().unwrap_or_default());
        spans.filter(|span| span["name"] == "read").collect()
    };
    until("all traces", async || roots().len() == started.len()).await;
    for (id, trace) in &started {
        let is_its = |span: &&Json| {
            let mut attributes = span["attributes"].as_array().expect("a list").iter();
            attributes.any(|attribute| attribute["value"]["stringValue"] == **id)
        };
        let root = roots().iter().find(is_its).cloned().expect("a span of it");
        let own = id.replace('-', "");
        let expected = trace.map_or((json!(own), json!(null)), |it| (json!(it), json!(SPAN)));
        assert_eq!((root["traceId"].clone(), root["parentSpanId"].clone()), expected, "{root}");
    }
}
