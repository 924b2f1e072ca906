//! Latency: one client, one instance at a time, beside one bare flush of the same disk; and the time
//! from nothing to the first durable answer.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use super::{Bench, Error, inputs};

/// Instances that are run one after another.
const ROUNDS: usize = 1000;

/// Bytes that are written before a bare flush: a page of the store.
const PAGE: [u8; 4096] = [7; 4096];

/// Medians of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    pub(crate) instance: Duration,
    pub(crate) instance_p99: Duration,
    pub(crate) flush: Duration,
}

impl Bench {
    /// Measures instances and bare flushes in turn.
    pub(super) async fn latency(&self) -> Result<Latency, Error> {
        super::tell("one client");
        let runner = self.runner(&self.store_path("latency"), 1).await?;
        let mut file =
            OpenOptions::new().create(true).append(true).open(self.folder.join("flush"))?;
        let input = inputs(1).pop().ok_or("no input")?;
        let (mut instances, mut flushes) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let began = self.clock.elapsed();
            file.write_all(&PAGE)?;
            file.sync_data()?;
            let flushed = self.clock.elapsed();
            let started =
                runner.start_instance("count".into(), input.clone(), "bench".into()).await?;
            started.ending().await?.map_err(|failure| failure.message)?;
            instances.push(self.clock.elapsed().saturating_sub(flushed));
            flushes.push(flushed.saturating_sub(began));
        }
        runner.stop().await?;
        Ok(Latency {
            instance: quantile(&mut instances, 50),
            instance_p99: quantile(&mut instances, 99),
            flush: quantile(&mut flushes, 50),
        })
    }

    /// Measures from an empty folder to the first durable answer.
    pub(super) async fn first_step(&self) -> Result<Duration, Error> {
        super::tell("start");
        let began = self.clock.elapsed();
        let runner = self.runner(&self.store_path("start"), 1).await?;
        let input = inputs(1).pop().ok_or("no input")?;
        let started = runner.start_instance("count".into(), input, "bench".into()).await?;
        started.ending().await?.map_err(|failure| failure.message)?;
        let elapsed = self.clock.elapsed().saturating_sub(began);
        runner.stop().await?;
        Ok(elapsed)
    }
}

/// Returns the value below which so many percent of the values are; sorts them.
pub(super) fn quantile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let index = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or_default()
}
