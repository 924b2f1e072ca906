//! Loads: many clients, each starting an instance, waiting for its durable end, starting the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lockstep_core::ObjectKey;
use lockstep_expr::Value;
use lockstep_runner::Runner;

use super::{Bench, Error, memory};

/// Time before the measurement, for caches and pages.
const WARM_UP: Duration = Duration::from_millis(500);

/// An instance that clients of a load start.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) workflow: Arc<str>,
    pub(crate) input: Value,
    /// What it adds to the sum of all counters.
    pub(crate) adds: i64,
}

/// What the clients of a load do: these jobs, each client one after another.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// How many counters there are.
    pub(crate) keys: u32,
    pub(crate) jobs: Vec<Job>,
}

/// Figures of one load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) keys: u32,
    /// Instances that ended in the measured time.
    pub(crate) instances: u64,
    pub(crate) elapsed: Duration,
    pub(crate) core: Duration,
    pub(crate) encode: Duration,
    pub(crate) database: Duration,
    pub(crate) flush: Duration,
    pub(crate) transitions_in_a_batch: u64,
    /// Memory of the process at the end, in bytes.
    pub(crate) memory: u64,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        count(self.instances) / self.elapsed.as_secs_f64()
    }
}

/// Returns a count as a number to divide.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts below 2^53")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}

impl Bench {
    pub(super) async fn load(&self, work: Work, in_flight: u32) -> Result<Load, Error> {
        let Work { name, keys, jobs } = work;
        super::tell(name);
        let runner = Arc::new(self.runner(&self.store_path(name), keys).await?);
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let jobs = Arc::new(jobs);
        let mut clients = Vec::new();
        for number in 0..in_flight {
            let (runner, stop, done) = (Arc::clone(&runner), Arc::clone(&stop), Arc::clone(&done));
            let client = client(runner, Arc::clone(&jobs), number, stop, done);
            clients.push(tokio::spawn(client));
        }
        tokio::time::sleep(WARM_UP).await;
        let before = (self.clock.elapsed(), done.load(Ordering::Relaxed));
        let (stats, timings) = (runner.stats(), runner.store().timings());
        tokio::time::sleep(Duration::from_secs(self.seconds)).await;
        let after = (self.clock.elapsed(), done.load(Ordering::Relaxed));
        let (stats_after, timings_after) = (runner.stats(), runner.store().timings());
        stop.store(true, Ordering::Relaxed);
        let mut total = 0;
        for client in clients {
            total += client.await??;
        }
        let memory = memory::now();
        check_counters(&runner, keys, total).await?;
        Arc::into_inner(runner).ok_or("a client outlived the load")?.stop().await?;
        let batches = (timings_after.batches - timings.batches).max(1);
        Ok(Load {
            name,
            keys,
            instances: after.1 - before.1,
            elapsed: after.0.saturating_sub(before.0),
            core: stats_after.core.saturating_sub(stats.core),
            encode: timings_after.encode.saturating_sub(timings.encode),
            database: timings_after.database.saturating_sub(timings.database),
            flush: timings_after.flush.saturating_sub(timings.flush),
            transitions_in_a_batch: (timings_after.transitions - timings.transitions) / batches,
            memory,
        })
    }
}

/// Does jobs until it is stopped; returns what they have added to the sum of all counters.
async fn client(
    runner: Arc<Runner>,
    jobs: Arc<Vec<Job>>,
    number: u32,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
) -> Result<i64, Error> {
    let by: Arc<str> = "bench".into();
    let mut next = jobs.iter().cycle().skip(usize::try_from(number)?);
    let mut added = 0;
    while !stop.load(Ordering::Relaxed) {
        let Job { workflow, input, adds } = next.next().ok_or("no jobs")?.clone();
        let started = runner.start_instance(workflow, input, Arc::clone(&by)).await?;
        started.ending().await?.map_err(|failure| failure.message)?;
        added += adds;
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(added)
}

/// Checks that every instance was counted, once.
async fn check_counters(runner: &Runner, keys: u32, expected: i64) -> Result<(), Error> {
    let keys = (0..keys)
        .map(|key| ObjectKey { entity: "Counter".into(), id: format!("counter-{key}").into() })
        .collect();
    let mut sum = 0;
    for object in runner.store().load(keys).await? {
        if let Some(Value::Int(value)) =
            object?.and_then(|object| object.attributes.get("value").cloned())
        {
            sum += value;
        }
    }
    if sum == expected {
        return Ok(());
    }
    Err(format!("the counters say {sum}, {expected} were counted: this is a bug").into())
}
