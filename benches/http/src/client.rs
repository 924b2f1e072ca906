//! A connection to a daemon: HTTP/1.1 with keep-alive, as little of it as a fast client needs.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(4096) })
    }

    /// Starts an instance and waits for its end; anything but 200 is an error.
    pub async fn start(&mut self, workflow: &str, input: &str) -> io::Result<()> {
        self.post(&format!("/v1/workflows/{workflow}/instances?wait=30s"), input, "200").await
    }

    /// Starts an instance and waits for its acceptance; anything but 202 is an error.
    pub async fn accept(&mut self, workflow: &str, input: &str) -> io::Result<()> {
        self.post(&format!("/v1/workflows/{workflow}/instances"), input, "202").await
    }

    async fn post(&mut self, path: &str, body: &str, status: &str) -> io::Result<()> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answered(status).await.map(drop)
    }

    pub async fn get(&mut self, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answered("200").await
    }

    /// Sends lines, and reads the answers meanwhile; the connection is used up.
    pub async fn batch(&mut self, workflow: &str, lines: String) -> io::Result<String> {
        let length = lines.len();
        let head = format!(
            "POST /v1/workflows/{workflow}/instances:batch?wait=30s HTTP/1.1\r\nHost: localhost\r\n\
             Connection: close\r\nContent-Type: application/x-ndjson\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        let (mut reader, mut writer) = self.stream.split();
        let send = async {
            writer.write_all(head.as_bytes()).await?;
            writer.write_all(lines.as_bytes()).await
        };
        let mut answer = String::new();
        let (sent, read) = tokio::join!(send, reader.read_to_string(&mut answer));
        sent?;
        read?;
        Ok(answer)
    }

    /// Reads an answer with a length; returns its body.
    async fn answered(&mut self, status: &str) -> io::Result<String> {
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let text = std::str::from_utf8(&self.read).map_err(io::Error::other)?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())?.ok()
            });
            if body.len() < length.unwrap_or(0) {
                continue;
            }
            return match head.split(' ').nth(1) {
                Some(told) if told == status => Ok(body.to_owned()),
                _ => Err(io::Error::other(format!("not {status}: {text}"))),
            };
        }
    }
}
