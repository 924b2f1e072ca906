//! A daemon: the real binary, and a client that asks it over HTTP.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::binary;
use crate::patience::soon;

/// What the daemon answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Json,
}

impl Reply {
    /// Returns a header; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        self.head.lines().find(named).and_then(|line| line.split_once(": ")).map(|(_, text)| text)
    }
}

/// A daemon.
pub(crate) struct Daemon {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    /// What it has told before it listened.
    early: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// Starts it on a store, with definitions and whatever else it is to be told.
    pub(crate) async fn with(store: &Path, workflows: &str, with: &[&str]) -> Self {
        Self::serve(store, &[&["--workflows", workflows], with].concat()).await
    }

    /// Starts it on a store, with whatever else it is to be told.
    pub(crate) async fn serve(store: &Path, with: &[&str]) -> Self {
        Self::with_variables(store, with, &[]).await
    }

    /// Starts it with variables of its environment besides.
    pub(crate) async fn with_variables(
        store: &Path,
        with: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let store = store.display().to_string();
        let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &store];
        let mut command = binary::lockstep(&[&serve, with].concat());
        command.envs(variables.iter().copied());
        Self::of(command).await
    }

    /// Starts it as a command says, which listens somewhere.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut process = command.spawn().expect("the binary starts");
        let told = process.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(told).lines();
        let mut early = String::new();
        let address = soon("the daemon listens", async {
            loop {
                let line = lines.next_line().await.expect("text").expect("it tells where");
                early.push_str(&line);
                early.push('\n');
                if let Some((_, rest)) = line.split_once("listening on http://") {
                    let address = rest.split(';').next().expect("an address");
                    break address.parse().expect("an address and a port");
                }
            }
        });
        let address = address.await;
        // Whatever it tells later is read, so that it never has to wait for that.
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        Self { process, address, early, log }
    }

    /// Returns what it has told since it listens.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().expect("nobody panics with it").clone()
    }

    /// Returns all that it has told on its standard error so far.
    pub(crate) fn told(&self) -> String {
        format!("{}{}", self.early, self.log().join("\n"))
    }

    /// Sends a whole request.
    pub(crate) async fn send(&self, request: &str) -> io::Result<Reply> {
        send(self.address, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.send(&request).await.expect("it answers")
    }

    pub(crate) async fn post(&self, path: &str, headers: &str, body: &str) -> io::Result<Reply> {
        self.send(&post(path, headers, body)).await
    }
}

/// Returns a request that posts; each of `headers` ends its line.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends a whole request to a daemon.
pub(crate) async fn send(address: SocketAddr, request: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = serde_json::from_str(body).unwrap_or(Json::Null);
    Ok(Reply { status: status.ok_or_else(cut_off)?, head: head.to_owned(), body })
}
