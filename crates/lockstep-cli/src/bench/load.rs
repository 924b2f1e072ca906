//! Loads: many clients, each starting an instance, waiting for its durable end, starting the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lockstep_core::ObjectKey;
use lockstep_expr::Value;
use lockstep_runner::Runner;

use super::{Bench, Error, inputs, memory};

/// Time before the measurement, for caches and pages.
const WARM_UP: Duration = Duration::from_millis(500);

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
    pub(super) async fn load(
        &self,
        name: &'static str,
        workflow: &str,
        keys: u32,
        in_flight: u32,
    ) -> Result<Load, Error> {
        let runner = Arc::new(self.runner(&self.store_path(name), keys).await?);
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let inputs = Arc::new(inputs(keys));
        let mut clients = Vec::new();
        for number in 0..in_flight {
            let (runner, stop, done) = (Arc::clone(&runner), Arc::clone(&stop), Arc::clone(&done));
            let client = client(runner, workflow.into(), Arc::clone(&inputs), number, stop, done);
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
        check_counters(&runner, keys, total * if workflow == "count" { 1 } else { 3 }).await?;
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

async fn client(
    runner: Arc<Runner>,
    workflow: Arc<str>,
    inputs: Arc<Vec<Value>>,
    number: u32,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
) -> Result<i64, Error> {
    let by: Arc<str> = "bench".into();
    let mut next = inputs.iter().cycle().skip(usize::try_from(number)?);
    let mut ended = 0;
    while !stop.load(Ordering::Relaxed) {
        let input = next.next().cloned().unwrap_or(Value::Null);
        let started = runner.start_instance(Arc::clone(&workflow), input, Arc::clone(&by)).await?;
        started.ending().await?.map_err(|failure| failure.message)?;
        ended += 1;
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(ended)
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
