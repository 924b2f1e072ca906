//! The outside world: an HTTP server that notes what it is asked and answers as a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::patience::soon;

/// More answers than any test holds back.
const MAX_HELD: usize = 1_000_000;

/// A request that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// Null if it is not JSON.
    pub(crate) body: Json,
    /// How many arrived before it.
    pub(crate) number: usize,
}

impl Request {
    /// Returns a header; empty if there is none of this name.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
    /// How long it takes.
    pub(crate) delay: Duration,
    /// Whether it is kept until [`Server::release`].
    pub(crate) held: bool,
}

impl Answer {
    /// Returns an answer that is sent at once.
    pub(crate) fn ok() -> Self {
        Self { status: 200, body: json!({"id": "r1"}), delay: Duration::ZERO, held: false }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::ok() }
    }

    pub(crate) fn after(delay: Duration) -> Self {
        Self { delay, ..Self::ok() }
    }

    pub(crate) fn held() -> Self {
        Self { held: true, ..Self::ok() }
    }
}

type Decide = dyn Fn(&Request) -> Answer + Send + Sync;

struct Inner {
    seen: Mutex<Vec<Request>>,
    count: watch::Sender<usize>,
    /// One permit for each held answer that may go.
    gate: Semaphore,
    decide: Box<Decide>,
}

/// A server on a port of its own. It ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    inner: Arc<Inner>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts a server.
    pub(crate) async fn start(decide: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let inner = Arc::new(Inner {
            seen: Mutex::new(Vec::new()),
            count: watch::Sender::new(0),
            gate: Semaphore::new(0),
            decide: Box::new(decide),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&inner)));
        Self { address, inner, _tasks: tasks }
    }

    /// Returns how to address it: `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.inner.seen.lock().unwrap().clone()
    }

    /// Waits until that many requests have arrived in all.
    pub(crate) async fn has_seen(&self, count: usize) {
        let mut seen = self.inner.count.subscribe();
        let wait = seen.wait_for(|seen| *seen >= count);
        drop(soon("a request to the server", wait).await.expect("the server is there"));
    }

    /// Sends the held answer of the request that arrived first.
    pub(crate) fn release_one(&self) {
        self.inner.gate.add_permits(1);
    }

    /// Sends the answers that are held, and holds none from here on.
    pub(crate) fn release(&self) {
        self.inner.gate.add_permits(MAX_HELD);
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("connections can be accepted");
        let inner = Arc::clone(&inner);
        connections.spawn(async move {
            // A client that goes away in the middle is what several tests are about.
            drop(converse(stream, &inner).await);
        });
    }
}

async fn converse(stream: TcpStream, inner: &Inner) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(mut request) = read(&mut stream).await? {
        let answer = {
            let mut seen = inner.seen.lock().unwrap();
            request.number = seen.len();
            seen.push(request.clone());
            (inner.decide)(&request)
        };
        inner.count.send_modify(|count| *count += 1);
        tokio::time::sleep(answer.delay).await;
        if answer.held {
            inner.gate.acquire().await.expect("the gate is never closed").forget();
        }
        let (status, body) = (answer.status, answer.body.to_string());
        let head = format!(
            "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all((head + &body).as_bytes()).await?;
    }
    Ok(())
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Json::Null, number: 0 };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(request))
}
