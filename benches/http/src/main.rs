//! How fast a daemon answers over HTTP, as its clients see it.
//!
//! `cargo run --release --manifest-path benches/http/Cargo.toml -- target/release/lockstep [SECONDS]`
//!
//! It starts the program that it is given as a daemon on a new store file, in the folder where it is
//! run, and is its clients: keep-alive connections, each of which sends the next request when the
//! last one is answered. At the end of each load the daemon's counters must agree with the answers.
//!
//! Invariants:
//!
//! * Nothing is simulated: the store is a file, every answer is waited for.
//! * Figures are printed, never judged.

mod client;
mod daemon;

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use client::Client;
use daemon::Daemon;
use tokio::task::LocalSet;

/// Connections of the loads.
const CONNECTIONS: usize = 64;

/// Keys of the load with many.
const KEYS: usize = 1000;

/// Starts of one client, one at a time.
const ALONE: usize = 1000;

/// Starts in one batch.
const BATCH: usize = 50_000;

/// Instances that wait, for the figure of memory.
const WAITING: usize = 10_000;

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("which program? target/release/lockstep")?;
    let seconds = arguments.next().map_or(Ok(5), |seconds| seconds.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, measure(&program, Duration::from_secs(seconds)))
}

async fn measure(program: &str, length: Duration) -> Result<(), Failed> {
    let mut daemon = Daemon::start(program, KEYS + 2).await?;
    println!("first answer {} ms after the start", daemon.started_in.as_millis());
    alone(&daemon).await?;
    let hot = load(&daemon, "one hot key", length, |_, _| 0).await?;
    let many =
        load(&daemon, "1,000 keys", length, |client, turn| 1 + (client * 7919 + turn * 31) % KEYS)
            .await?;
    batch(&daemon).await?;
    let counted = daemon.counted().await?;
    assert_eq!(counted, ALONE + hot + many + BATCH, "what was answered is what was counted");
    println!("peak memory of the daemon {:.0} MB", daemon.memory("VmHWM")?);
    daemon.restart(program).await?;
    let taken = daemon.started_in.as_millis();
    println!("first answer {taken} ms after a start with {counted} instances that have ended");
    daemon.stop().await?;
    waiting(program).await
}

/// One client, which sends its next request when the last one is answered.
async fn alone(daemon: &Daemon) -> Result<(), Failed> {
    let mut client = Client::connect(daemon.address).await?;
    let mut latencies = Vec::with_capacity(ALONE);
    for _ in 0..ALONE {
        let began = Instant::now();
        client.start("count", &key(KEYS + 1)).await?;
        latencies.push(began.elapsed());
    }
    println!("one client at a time: {}", spread(&mut latencies));
    Ok(())
}

/// [`CONNECTIONS`] clients; returns how many starts were answered.
async fn load(
    daemon: &Daemon,
    name: &str,
    length: Duration,
    choose: fn(usize, usize) -> usize,
) -> Result<usize, Failed> {
    let (began, mut clients) = (Instant::now(), Vec::new());
    for client in 0..CONNECTIONS {
        let mut connection = Client::connect(daemon.address).await?;
        clients.push(tokio::task::spawn_local(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < length {
                let asked = Instant::now();
                connection.start("count", &key(choose(client, latencies.len()))).await?;
                latencies.push(asked.elapsed());
            }
            Ok::<_, std::io::Error>(latencies)
        }));
    }
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await??);
    }
    let rate = all.len() as f64 / began.elapsed().as_secs_f64();
    println!("{CONNECTIONS} connections, {name}: {rate:.0} starts/s; {}", spread(&mut all));
    Ok(all.len())
}

/// All of a batch in one request, over [`KEYS`] keys.
async fn batch(daemon: &Daemon) -> Result<(), Failed> {
    let mut lines = String::new();
    for turn in 0..BATCH {
        writeln!(lines, "{{\"input\":{}}}", key(1 + turn % KEYS))?;
    }
    let mut client = Client::connect(daemon.address).await?;
    let began = Instant::now();
    let answers = client.batch("count", lines).await?;
    let rate = BATCH as f64 / began.elapsed().as_secs_f64();
    let done = answers.lines().filter(|line| line.contains("\"done\"")).count();
    assert_eq!(done, BATCH, "each line is answered");
    println!("one batch of {BATCH}: {rate:.0} starts/s");
    Ok(())
}

/// Memory with [`WAITING`] instances, and the start of a daemon that takes them up.
async fn waiting(program: &str) -> Result<(), Failed> {
    let mut daemon = Daemon::start(program, 1).await?;
    let mut client = Client::connect(daemon.address).await?;
    let before = daemon.memory("VmRSS")?;
    for _ in 0..WAITING {
        client.accept("wait", &key(0)).await?;
    }
    let after = daemon.memory("VmRSS")?;
    println!("{WAITING} instances that wait: {after:.0} MB, {before:.0} MB before");
    daemon.restart(program).await?;
    println!("first answer {} ms after a start that takes them up", daemon.started_in.as_millis());
    daemon.stop().await
}

/// Returns the input of a start.
fn key(number: usize) -> String {
    format!("{{\"key\":\"k{number}\"}}")
}

/// Returns the spread of latencies, for people.
fn spread(latencies: &mut [Duration]) -> String {
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = (latencies.len() as f64 * share) as usize;
        latencies.get(place.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let told = |share| format!("{:.2} ms", at(share).as_secs_f64() * 1e3);
    format!("median {}, p99 {}, at most {}", told(0.5), told(0.99), told(1.0))
}
