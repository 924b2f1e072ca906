//! The daemon that is measured: a process on a store file of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Failed;
use crate::client::Client;

/// What it runs.
const DEFINITIONS: &str = include_str!("../../count.yaml");

/// A running daemon.
pub struct Daemon {
    process: Child,
    folder: PathBuf,
    pub address: SocketAddr,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
}

impl Daemon {
    /// Starts it with counters `k0`, `k1`, and so on.
    pub async fn start(program: &str, counters: usize) -> Result<Self, Failed> {
        let folder = PathBuf::from(format!("http-bench.{}", std::process::id()));
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("count.yaml"), DEFINITIONS)?;
        let mut seed = String::new();
        for counter in 0..counters {
            writeln!(
                seed,
                "{{\"entity\":\"Counter\",\"id\":\"k{counter}\",\"limit\":1000000000}}"
            )?;
        }
        std::fs::write(folder.join("seed.jsonl"), seed)?;
        Self::run(program, folder).await
    }

    /// Kills it, and starts it again on the same store.
    pub async fn restart(&mut self, program: &str) -> Result<(), Failed> {
        self.process.kill().await?;
        *self = Self::run(program, self.folder.clone()).await?;
        Ok(())
    }

    async fn run(program: &str, folder: PathBuf) -> Result<Self, Failed> {
        let path = |name: &str| folder.join(name).display().to_string();
        let began = Instant::now();
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-program", "sleep"])
            .args(["--workflows", &path("count.yaml"), "--seed", &path("seed.jsonl")])
            .args(["--store", &path("store.db")])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stderr.take().ok_or("no standard error")?).lines();
        let address = loop {
            let line = lines.next_line().await?.ok_or("the daemon ended")?;
            if let Some((_, told)) = line.split_once("listening on http://") {
                break told.split(';').next().unwrap_or_default().parse()?;
            }
        };
        tokio::task::spawn_local(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Client::connect(address).await?.get("/readyz").await?;
        Ok(Self { process, folder, address, started_in: began.elapsed() })
    }

    /// Returns the sum of all counters.
    pub async fn counted(&self) -> Result<usize, Failed> {
        let (mut client, mut cursor, mut sum) =
            (Client::connect(self.address).await?, String::new(), 0);
        loop {
            let path = format!("/v1/entities/Counter/objects?limit=200{cursor}");
            let page = client.get(&path).await?;
            for told in page.split("\"value\":").skip(1) {
                let digits = told.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                sum += digits.parse::<usize>()?;
            }
            match page.rsplit_once("\"next\":\"").and_then(|(_, next)| next.split('"').next()) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(sum),
            }
        }
    }

    /// Returns a figure of its memory, in MB: `VmRSS` now, `VmHWM` at most.
    pub fn memory(&self, name: &str) -> Result<f64, Failed> {
        let id = self.process.id().ok_or("the daemon has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such figure")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// Ends it and removes its store.
    pub async fn stop(mut self) -> Result<(), Failed> {
        self.process.kill().await?;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}
