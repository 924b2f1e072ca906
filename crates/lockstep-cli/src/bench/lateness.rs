//! Lateness: how much later than promised timeouts end while many wait.
//!
//! What is measured is what a client sees: from the moment at which it asks to its durable answer,
//! less the timeout.

use std::sync::Arc;
use std::time::Duration;

use lockstep_runner::{Clock, Runner, Started};

use super::{Bench, Error, inputs};

/// Timeouts that are measured, of each kind.
const TIMED: u32 = 200;

/// Time between two clients that ask.
const APART: Duration = Duration::from_millis(5);

/// As `count.yaml` says.
const WAITING_TIMEOUT: Duration = Duration::from_secs(2);
const HOLD_TIMEOUT: Duration = Duration::from_millis(200);

/// Figures of timeouts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lateness {
    /// Instances that wait meanwhile.
    pub(crate) waiters: u32,
    pub(crate) waiting: Late,
    pub(crate) hold: Late,
}

/// How late one kind of timeout was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Late {
    pub(crate) timeout: Duration,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    pub(crate) most: Duration,
}

impl Late {
    fn of(timeout: Duration, mut late: Vec<Duration>) -> Self {
        let median = super::latency::quantile(&mut late, 50);
        let p99 = super::latency::quantile(&mut late, 99);
        let most = late.last().copied().unwrap_or_default();
        Self { timeout, median, p99, most }
    }

    /// Returns how late it may be: 50 ms, or 1 % of the timeout.
    pub(crate) fn allowed(&self) -> Duration {
        Duration::from_millis(50).max(self.timeout / 100)
    }
}

impl Bench {
    pub(super) async fn lateness(&self, waiters: u32) -> Result<Lateness, Error> {
        super::tell("lateness of timeouts");
        let runner = self.runner(&self.store_path("lateness"), 2).await?;
        let mut inputs = inputs(2).into_iter();
        let (crowded, other) = inputs.next().zip(inputs.next()).ok_or("no inputs")?;
        let holder = begin(&runner, "hold", &crowded).await?;
        for _ in 0..waiters {
            drop(begin(&runner, "hold", &crowded).await?);
        }
        super::waiting::until_stored(&runner, 1 + u64::from(waiters)).await?;

        let mut clients = Vec::new();
        for _ in 0..TIMED {
            let asked = self.clock.elapsed();
            let started = begin(&runner, "wait-too-long", &crowded).await?;
            clients.push(tokio::spawn(end(started, self.clock, asked, "lock.waiting_timeout")));
            tokio::time::sleep(APART).await;
        }
        let mut waiting = Vec::new();
        for client in clients {
            waiting.push(client.await??.saturating_sub(WAITING_TIMEOUT));
        }
        // One after another on a key of their own: the next one asks when the lock is free.
        let mut hold = Vec::new();
        for _ in 0..TIMED / 4 {
            let asked = self.clock.elapsed();
            let started = begin(&runner, "hold-too-long", &other).await?;
            hold.push(
                end(started, self.clock, asked, "lock.lost").await?.saturating_sub(HOLD_TIMEOUT),
            );
        }
        drop(holder);
        runner.stop().await?;
        let waiting = Late::of(WAITING_TIMEOUT, waiting);
        Ok(Lateness { waiters, waiting, hold: Late::of(HOLD_TIMEOUT, hold) })
    }
}

async fn begin(
    runner: &Runner,
    workflow: &str,
    input: &lockstep_expr::Value,
) -> Result<Started, Error> {
    let by: Arc<str> = "bench".into();
    Ok(runner.start_instance(workflow.into(), input.clone(), by).await?)
}

/// Waits for the error that an instance must end with; returns how long that took.
async fn end(
    started: Started,
    clock: Clock,
    asked: Duration,
    code: &str,
) -> Result<Duration, Error> {
    let ending = started.ending().await?;
    let elapsed = clock.elapsed().saturating_sub(asked);
    match ending {
        Err(failure) if &*failure.code == code => Ok(elapsed),
        other => Err(format!("it must end with {code}, and ended with {other:?}").into()),
    }
}
