//! Clients that are slow or large on purpose: they are cut off, told in the log once, and everybody
//! else is served meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::daemon_process::Daemon;
use crate::patience::{soon, stopwatch, until};
use crate::shelf::Shelf;

const WORKFLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.yaml");

/// Clients that send a byte in a second.
const SLOW: usize = 500;

/// Most memory of the daemon at any time, in KiB.
const MEMORY: u64 = 150 * 1024;

async fn daemon(shelf: &Shelf, with: &[&str]) -> Daemon {
    let with = [&["--log", "warn"], with].concat();
    Daemon::with(&shelf.path("a.db"), WORKFLOWS, &with).await
}

/// Returns the most memory that the daemon has had, in KiB.
fn memory(daemon: &Daemon) -> u64 {
    let id = daemon.process.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the system tells");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

/// Asserts that the daemon answers somebody else.
async fn serves(daemon: &Daemon) {
    assert_eq!(soon("somebody else is served", daemon.get("/readyz")).await.status, 200);
}

/// Sends a byte of `text` in each second, and reads, until it is cut off.
async fn trickle(address: SocketAddr, begin: &str, text: &str) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(begin.as_bytes()).await.expect("it reads");
    let (mut read, mut write) = stream.into_split();
    let bytes = text.as_bytes().to_vec();
    let sending = tokio::spawn(async move {
        for byte in bytes.into_iter().cycle() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if write.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    });
    let mut answer = Vec::new();
    drop(read.read_to_end(&mut answer).await);
    sending.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_send_a_byte_a_second_are_cut_off_and_others_are_served() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let mut clients = JoinSet::new();
    for _ in 0..SLOW {
        clients.spawn(trickle(daemon.address, "GET /healthz HTTP/1.1\r\nHost: local", "x"));
    }
    for _ in 0..50 {
        serves(&daemon).await;
    }
    soon("all are cut off", clients.join_all()).await;
    serves(&daemon).await;
    let told = |log: &str| log.matches("connection.slow_headers").count();
    until("the log tells it", async || told(&daemon.told()) == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_too_slowly_is_refused() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let begin = "POST /v1/workflows/last-place/instances HTTP/1.1\r\nHost: localhost\r\n\
                 Content-Length: 1000\r\n\r\n{";
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        clients.spawn(trickle(daemon.address, begin, " "));
    }
    serves(&daemon).await;
    soon("all are cut off", clients.join_all()).await;
    until("the log tells it", async || daemon.told().matches("request.slow").count() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_its_answers_is_cut_off() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket.connect(daemon.address).await.expect("it listens");
    let request = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    // It asks on and on, and reads nothing, until the daemon has had enough of it.
    let asking = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    soon("it is cut off", asking).await;
    serves(&daemon).await;
    until("the log tells it", async || daemon.told().contains("connection.slow_reader")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_headers_and_bodies_are_refused_and_never_kept() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let headers = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ";
    let body = "POST /v1/workflows/last-place/instances HTTP/1.1\r\nHost: localhost\r\n\
                Content-Length: 1073741824\r\n\r\n";
    let chunked = "POST /v1/workflows/last-place/instances HTTP/1.1\r\nHost: localhost\r\n\
                   Transfer-Encoding: chunked\r\n\r\n40000000\r\n";
    for (begin, megabytes) in [(headers, 10), (body, 1024), (chunked, 1024)] {
        for _ in 0..2 {
            let stream = TcpStream::connect(daemon.address).await.expect("it listens");
            let (mut read, mut write) = stream.into_split();
            let sending = async move {
                let large = vec![b'x'; 1 << 20];
                if write.write_all(begin.as_bytes()).await.is_err() {
                    return true;
                }
                for _ in 0..megabytes {
                    if write.write_all(&large).await.is_err() {
                        return true;
                    }
                }
                false
            };
            let reading = async move {
                let mut answer = Vec::new();
                drop(read.read_to_end(&mut answer).await);
                String::from_utf8_lossy(&answer).into_owned()
            };
            let (is_cut_off, answer) =
                soon("it is cut off", async { tokio::join!(sending, reading) }).await;
            assert!(is_cut_off, "{begin}: all of it was taken");
            // The refusal may be lost when what was not read is thrown away.
            let status = answer.split(' ').nth(1);
            assert!(matches!(status, None | Some("413" | "431")), "{begin}: {answer}");
        }
        serves(&daemon).await;
    }
    let most = memory(&daemon);
    assert!(most < MEMORY, "the daemon had {most} KiB");
    for kind in ["connection.large_headers", "request.too_large"] {
        until("the log tells it", async || daemon.told().matches(kind).count() == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_takes_all_connections_keeps_nobody_else_out() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &["--connections", "20", "--connections-per-address", "10"]).await;
    let from = |address: [u8; 4]| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((address, 0).into()).expect("all of 127/8 is this machine");
        socket.connect(daemon.address)
    };
    let mut held = Vec::new();
    for _ in 0..50 {
        held.push(from([127, 0, 0, 2]).await.expect("it listens"));
    }
    let since = stopwatch();
    let mut other = from([127, 0, 0, 3]).await.expect("it listens");
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    other.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    soon("the answer", other.read_to_string(&mut answer)).await.expect("text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(since() < Duration::from_secs(8), "it did not wait for them to be cut off");
    until("the log tells it", async || daemon.told().matches("connection.limit").count() == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_from_elsewhere_is_told_in_the_log_once() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf, &[]).await;
    let close = "Connection: close\r\n\r\n";
    let host = format!("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n{close}");
    let site = format!(
        "POST /v1/instances/x HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n{close}"
    );
    for _ in 0..5 {
        assert_eq!(daemon.send(&host).await.expect("an answer").status, 421);
        assert_eq!(daemon.send(&site).await.expect("an answer").status, 403);
    }
    serves(&daemon).await;
    for kind in ["request.host", "request.cross_site"] {
        until("the log tells it", async || daemon.told().matches(kind).count() == 1).await;
    }
}
