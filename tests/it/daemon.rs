//! The daemon: the real binary, asked over HTTP as a client would.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::daemon_process::{Daemon, Reply, post, send};
use crate::patience::{soon, until};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const CUSTOMERS: usize = 200;

/// Starts a daemon on a store that books places in timeslots, with a calendar.
async fn booking_daemon(store: &Path, calendar: &Server) -> Daemon {
    let config = format!("calendar={}", calendar.url());
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.seed.jsonl");
    let workflows = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.yaml");
    let with = ["--seed", seed, "--config", &config, "--allow-host", "127.0.0.1"];
    Daemon::with(store, workflows, &with).await
}

fn booking(customer: usize) -> String {
    json!({ "timeslot": "monday-9", "customer": format!("c{customer}") }).to_string()
}

const BOOK: &str = "/v1/workflows/last-place/instances";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_is_given_once_and_everybody_is_told_in_the_same_request() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let mut clients = JoinSet::new();
    for customer in 0..CUSTOMERS {
        let (address, body) = (daemon.address, booking(customer));
        clients.spawn(async move {
            send(address, &post(&format!("{BOOK}?wait=30s"), "", &body)).await.expect("an answer")
        });
    }
    let replies = soon("all answers", clients.join_all()).await;
    let booked: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(booked.len(), 1, "one place, one booking");
    assert_eq!(booked[0].body["state"], "done");
    let full = |reply: &&Reply| reply.status == 422 && reply.body["code"] == "timeslot.full";
    assert_eq!(replies.iter().filter(full).count(), CUSTOMERS - 1, "{replies:?}");
    assert_eq!(calendar.requests().len(), 1, "nobody else calls the calendar");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_with_its_key_when_the_daemon_was_killed_gets_one_booking() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let mut daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let ask = |address, customer: usize| {
        let key = format!("Idempotency-Key: customer-{customer}\r\n");
        let request = post(&format!("{BOOK}?wait=30s"), &key, &booking(customer));
        async move { (customer, send(address, &request).await) }
    };
    let mut clients = JoinSet::new();
    for customer in 0..CUSTOMERS {
        clients.spawn(ask(daemon.address, customer));
    }
    calendar.has_seen(1).await;
    daemon.process.kill().await.expect("it is killed");
    for (customer, reply) in soon("all clients", clients.join_all()).await {
        assert!(reply.is_err(), "customer {customer} was told before the daemon died: {reply:?}");
    }

    let daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    calendar.release();
    let mut clients = JoinSet::new();
    for customer in 0..CUSTOMERS {
        clients.spawn(ask(daemon.address, customer));
    }
    let replies = soon("all answers", clients.join_all()).await;
    let replies: Vec<Reply> = replies.into_iter().map(|(_, reply)| reply.expect("told")).collect();
    let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(200), count(422)), (1, CUSTOMERS - 1), "one booking, nobody without answer");
    let replayed = |reply: &&Reply| reply.header("idempotency-replayed") == Some("true");
    assert!(replies.iter().filter(replayed).count() > 0, "the first time counts");
    let places: BTreeSet<&str> =
        replies.iter().map(|reply| reply.header("location").expect("a place")).collect();
    assert_eq!(places.len(), CUSTOMERS, "one instance each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_goes_on_is_accepted_and_its_end_can_be_waited_for() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let mut daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let accepted = daemon.post(BOOK, "", &booking(1)).await.expect("an answer");
    assert_eq!((accepted.status, &accepted.body["state"]), (202, &json!("running")));
    let place = accepted.header("location").expect("a place").to_owned();
    let shown = daemon.get(&place).await;
    assert_eq!((shown.status, &shown.body["state"]), (200, &json!("running")));
    assert_eq!(shown.body["workflow"], "last-place");

    // Told to end, it takes nobody new, and serves who waits already.
    calendar.has_seen(1).await;
    let address = daemon.address;
    let wait = format!("GET {place}?wait=30s HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut waiting = TcpStream::connect(address).await.expect("it listens");
    waiting.write_all(wait.as_bytes()).await.expect("it takes requests");
    assert_eq!(daemon.get("/readyz").await.status, 200, "what was sent before has begun");
    let id = daemon.process.id().expect("it runs").to_string();
    let told = tokio::process::Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(told.expect("kill runs").success());
    until("nobody new is served", async || TcpStream::connect(address).await.is_err()).await;
    calendar.release();
    let mut text = String::new();
    soon("the end", waiting.read_to_string(&mut text)).await.expect("text");
    assert!(text.starts_with("HTTP/1.1 200") && text.contains(r#""state":"done""#), "{text}");
    let status = soon("the daemon's end", daemon.process.wait()).await.expect("it ends");
    assert_eq!(status.code(), Some(0), "it ends in an orderly way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_an_end_is_told_that_the_instance_goes_on_when_the_daemon_ends() {
    const DEFINITIONS: &str = "
workflow: ask
activities: [{ activity: ask, steps: [{ wait: { signal: answer } }] }]
";
    let shelf = Shelf::new();
    let file = shelf.path("ask.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("it is written");
    let mut daemon = Daemon::with(&shelf.path("a.db"), &file, &[]).await;
    let start = post("/v1/workflows/ask/instances?wait=60s", "", "{}");
    let address = daemon.address;
    let asking = tokio::spawn(async move { send(address, &start).await });
    let running = "/v1/instances?state=running";
    let count = async || daemon.get(running).await.body["items"].as_array().map_or(0, Vec::len);
    until("it is started", async || count().await == 1).await;
    let id = daemon.process.id().expect("it runs").to_string();
    let told = tokio::process::Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(told.expect("kill runs").success());
    let reply = soon("an answer", asking).await.expect("no panic").expect("it is not cut off");
    assert_eq!((reply.status, &reply.body["state"]), (202, &json!("running")), "{reply:?}");
    let status = soon("the daemon's end", daemon.process.wait()).await.expect("it ends");
    assert_eq!(status.code(), Some(0), "it ends in an orderly way");

    let again = Daemon::with(&shelf.path("a.db"), &file, &[]).await;
    let id = reply.body["id"].as_str().expect("an id");
    let shown = again.get(&format!("/v1/instances/{id}")).await;
    assert_eq!((shown.status, &shown.body["state"]), (200, &json!("running")), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_that_was_acknowledged_is_kept_over_a_kill() {
    const DEFINITIONS: &str = "
workflow: ask
activities:
  - activity: ask
    steps:
      - wait: { signal: first }
        as: one
      - wait: { signal: second }
        as: other
output: \"${[one, other]}\"
";
    let shelf = Shelf::new();
    let file = shelf.path("ask.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    let mut daemon = Daemon::with(&shelf.path("a.db"), &file, &[]).await;
    let started = daemon.post("/v1/workflows/ask/instances", "", "").await.expect("an answer");
    let place = started.header("location").expect("a place").to_owned();
    // The second may come first; then it is kept.
    let second = daemon.post(&format!("{place}/signals/second"), "", "{\"n\": 2}").await;
    assert_eq!(second.expect("an answer").status, 204);
    daemon.process.kill().await.expect("it is killed");

    let daemon = Daemon::with(&shelf.path("a.db"), &file, &[]).await;
    let first = daemon.post(&format!("{place}/signals/first"), "", "").await;
    assert_eq!(first.expect("an answer").status, 204);
    let ended = daemon.get(&format!("{place}?wait=30s")).await;
    assert_eq!(ended.body["output"], json!([null, {"n": 2}]), "{ended:?}");
    let late = daemon.post(&format!("{place}/signals/first"), "", "").await.expect("an answer");
    assert_eq!((late.status, &late.body["code"]), (409, &json!("instance.ended")));
    let nobody = "/v1/instances/00000000-0000-7000-8000-000000000000/signals/first";
    let nobody = daemon.post(nobody, "", "").await.expect("an answer");
    assert_eq!((nobody.status, &nobody.body["code"]), (404, &json!("data.not_found")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cancelled_has_ended_when_that_is_told() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::held()).await);
    let daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let started = daemon.post(BOOK, "", &booking(1)).await.expect("an answer");
    let cancel = format!("{}:cancel", started.header("location").expect("a place"));
    calendar.has_seen(1).await;
    let long = json!({ "reason": "x".repeat(1001) }).to_string();
    assert_eq!(daemon.post(&cancel, "", &long).await.expect("an answer").status, 422);
    let cancelled = daemon.post(&cancel, "", "{\"reason\": \"no calendar\"}").await;
    let cancelled = cancelled.expect("an answer");
    assert_eq!((cancelled.status, &cancelled.body["state"]), (200, &json!("failed")));
    assert_eq!(cancelled.body["error"]["code"], "cancelled");
    assert_eq!(cancelled.body["error"]["message"], "no calendar (local)");
    let again = daemon.post(&cancel, "", "").await.expect("an answer");
    assert_eq!((again.status, &again.body["code"]), (409, &json!("instance.ended")));
    // The next one gets the lock, and the place.
    calendar.release();
    let next = daemon.post(&format!("{BOOK}?wait=30s"), "", &booking(2)).await.expect("an answer");
    assert_eq!(next.status, 200, "{next:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_right_is_refused_with_a_code() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let close = "Connection: close\r\n\r\n";
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let cases = [
        (format!("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n{close}"), 421, "request.host"),
        (format!("GET /healthz HTTP/1.1\r\n{close}"), 421, "request.host"),
        (post(BOOK, "Origin: https://evil.example\r\n", "{}"), 403, "request.cross_site"),
        (post(BOOK, "Sec-Fetch-Site: cross-site\r\n", "{}"), 403, "request.cross_site"),
        (post(BOOK, "", "[1]"), 400, "request.invalid"),
        (post(BOOK, "", "{"), 400, "request.invalid"),
        (post(BOOK, "", "{}"), 422, "data.invalid"),
        (post(BOOK, "", &large), 413, "request.too_large"),
        (post(BOOK, "Idempotency-Key: \r\n", "{}"), 422, "request.unusable"),
        (post(&format!("{BOOK}?wait=soon"), "", "{}"), 422, "request.unusable"),
        (post(&format!("{BOOK}?wait=2h"), "", "{}"), 422, "request.unusable"),
        (post(&format!("{BOOK}?wait=2s&what=1"), "", "{}"), 400, "request.invalid"),
        (post("/v1/workflows/%ff/instances", "", "{}"), 400, "request.invalid"),
        (post("/v1/workflows/nothing/instances", "", "{}"), 404, "data.not_found"),
        (post("/v1/instances/1", "", "{}"), 405, "route.method"),
        (post("/v1/instances/1:cancel", "", "{}"), 404, "data.not_found"),
        (post("/healthz", "", "{}"), 405, "route.method"),
        (
            format!("GET /v1/instances/1 HTTP/1.1\r\nHost: localhost\r\n{close}"),
            404,
            "data.not_found",
        ),
        (format!("GET /etc HTTP/1.1\r\nHost: localhost\r\n{close}"), 404, "route.not_found"),
    ];
    for (request, status, code) in cases {
        let reply = daemon.send(&request).await.expect("it answers");
        let line = request.lines().next().unwrap_or_default();
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{line}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{line}");
    }
    let key = "Idempotency-Key: one\r\n";
    assert_eq!(daemon.post(BOOK, key, &booking(1)).await.expect("an answer").status, 202);
    let reused = daemon.post(BOOK, key, &booking(2)).await.expect("an answer");
    assert_eq!((reused.status, &reused.body["code"]), (422, &json!("start.key_used")));
    assert_eq!(daemon.get("/healthz").await.status, 200, "it goes on serving others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_its_headers_too_slowly_is_cut_off() {
    let (shelf, calendar) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let daemon = booking_daemon(&shelf.path("a.db"), &calendar).await;
    let mut slow = TcpStream::connect(daemon.address).await.expect("it listens");
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost:").await.expect("it takes bytes");
    let mut text = String::new();
    soon("it is cut off", slow.read_to_string(&mut text)).await.ok();
    assert!(!text.contains("200 OK"), "{text}");
    assert_eq!(daemon.get("/healthz").await.status, 200, "others are served");
}
