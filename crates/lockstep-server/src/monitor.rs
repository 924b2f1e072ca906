//! The monitor: how much the daemon has to do, and how much it has done, second by second.
//!
//! Invariants:
//!
//! * The engine is asked for its hottest locks at most once in [`FRESH`], however many ask here.
//! * What is remembered is bounded: [`POINTS`] seconds, and as many minutes.
//!
//! Absent by design: history. Whoever wants more than an hour reads the metrics off and keeps them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_api::{Counts, Point};
use lockstep_core::Time;
use lockstep_core::durations::Durations;
use lockstep_runner::{Clock, Load, Runner, RunnerError, Tally};
use tokio::time::MissedTickBehavior;

use crate::metrics::requests::Requests;

/// Points of a series.
pub(crate) const POINTS: usize = 60;

/// Lock keys that are told.
const HOTTEST: usize = 10;

/// For how long an answer of the engine is passed on.
const FRESH: Duration = Duration::from_millis(500);

/// Attempts at reading the numbers of the store while no instance ends.
const ATTEMPTS: u32 = 20;

/// How much a daemon has to do, and how much it has done.
#[derive(Debug)]
pub(crate) struct Monitor {
    runner: Arc<Runner>,
    clock: Clock,
    pub(crate) up_since: Time,
    pub(crate) requests: Arc<Requests>,
    connections: AtomicUsize,
    load: tokio::sync::Mutex<Option<(Time, Load)>>,
    series: Mutex<Series>,
}

impl Monitor {
    pub(crate) fn new(runner: Arc<Runner>) -> Self {
        let clock = runner.clock();
        Self {
            runner,
            clock,
            up_since: clock.now(),
            requests: Arc::new(Requests::new(clock)),
            connections: AtomicUsize::new(0),
            load: tokio::sync::Mutex::default(),
            series: Mutex::default(),
        }
    }

    /// Returns how much there is to do, as it was a moment ago.
    pub(crate) async fn load(&self) -> Result<Load, RunnerError> {
        // Whoever comes while another asks waits for the same answer.
        let mut present = self.load.lock().await;
        let now = self.clock.now();
        if let Some((at, load)) = &*present
            && now.since(*at) < FRESH
        {
            return Ok(load.clone());
        }
        let load = self.runner.load(HOTTEST).await?;
        *present = Some((now, load.clone()));
        Ok(load)
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Counts a connection until what is returned is dropped.
    pub(crate) fn connected(self: &Arc<Self>) -> Connected {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(self))
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the numbers of instances, with these that have not ended.
    pub(crate) fn counts(&self, unfinished: usize) -> Counts {
        let (done, failed) = ended(&self.runner.tally());
        let before = self.series().before;
        let running = u64::try_from(unfinished).unwrap_or(u64::MAX);
        Counts { running, done: done + before.0, failed: failed + before.1 }
    }

    /// Returns the last minute, its seconds, and the minutes before.
    pub(crate) fn points(&self) -> (Point, Vec<Point>, Vec<Point>) {
        let series = self.series();
        let now = series.seconds.back().copied().unwrap_or_default();
        let first = series.seconds.front().copied().unwrap_or_default();
        (now.since(&first), points(&series.seconds), points(&series.minutes))
    }

    /// Takes a sample each second, as long as the engine runs.
    pub(crate) async fn watch(self: Arc<Self>) {
        self.count_before().await;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for tick in 0_u64.. {
            second.tick().await;
            let Ok(load) = self.runner.load(0).await else { return };
            let sample = Sample::of(self.clock.now(), &load, &self.runner.tally());
            let mut series = self.series();
            keep(&mut series.seconds, sample);
            if tick.is_multiple_of(60) {
                keep(&mut series.minutes, sample);
            }
        }
    }

    /// Counts those that had ended before anything was tallied here.
    async fn count_before(&self) {
        for _ in 0..ATTEMPTS {
            let tallied = ended(&self.runner.tally());
            let counts = match self.runner.store().counts().await {
                Ok(counts) => counts,
                Err(error) => return tracing::error!(%error, "the store cannot be read"),
            };
            let done = counts.done.saturating_sub(tallied.0);
            let failed = counts.failed.saturating_sub(tallied.1);
            self.series().before = (done, failed);
            if tallied == ended(&self.runner.tally()) {
                return;
            }
        }
        tracing::info!("instances end all the time: the numbers of those before are about right");
    }

    fn series(&self) -> MutexGuard<'_, Series> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Monitor>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is remembered.
#[derive(Debug, Default)]
struct Series {
    /// Instances that had ended, well and with an error, before the runner was started.
    before: (u64, u64),
    /// One sample more than there are points.
    seconds: VecDeque<Sample>,
    minutes: VecDeque<Sample>,
}

/// Sums since the start of the runner, and numbers, at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    at: Time,
    started: u64,
    done: u64,
    failed: u64,
    conflicts: u64,
    took: Durations,
    running: usize,
    waiting: usize,
    holding: usize,
}

impl Sample {
    fn of(at: Time, load: &Load, tally: &Tally) -> Self {
        let mut took = Durations::default();
        for (_, workflow) in &tally.workflows {
            took.merge(&workflow.took);
        }
        let (done, failed) = ended(tally);
        Self {
            at,
            started: tally.workflows.iter().map(|(_, workflow)| workflow.started).sum(),
            done,
            failed,
            conflicts: load.engine.conflicts,
            took,
            running: load.engine.unfinished,
            waiting: load.engine.locks.waiters,
            holding: load.engine.locks.holders,
        }
    }

    /// Returns what there was from `before` up to this.
    fn since(&self, before: &Self) -> Point {
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let took = self.took.since(&before.took);
        let quantile = |per_mille| took.quantile(per_mille).map(|bound| bound.as_secs_f64());
        Point {
            at: self.at.into(),
            started: self.started.saturating_sub(before.started),
            done: self.done.saturating_sub(before.done),
            failed: self.failed.saturating_sub(before.failed),
            conflicts: self.conflicts.saturating_sub(before.conflicts),
            running: number(self.running),
            waiting: number(self.waiting),
            holding: number(self.holding),
            median_seconds: quantile(500),
            slowest_seconds: quantile(990),
        }
    }
}

fn keep(samples: &mut VecDeque<Sample>, sample: Sample) {
    samples.push_back(sample);
    if samples.len() > POINTS + 1 {
        samples.pop_front();
    }
}

fn points(samples: &VecDeque<Sample>) -> Vec<Point> {
    let pairs = samples.iter().zip(samples.iter().skip(1));
    pairs.map(|(before, sample)| sample.since(before)).collect()
}

/// Returns how many have ended, well and with an error.
fn ended(tally: &Tally) -> (u64, u64) {
    let sum = |count: fn(&lockstep_runner::WorkflowTally) -> u64| {
        tally.workflows.iter().map(|(_, workflow)| count(workflow)).sum()
    };
    (sum(|workflow| workflow.done), sum(|workflow| workflow.failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_the_difference_of_two_samples_and_no_more_are_kept() {
        let mut samples = VecDeque::new();
        for second in 0..100 {
            let (at, done) = (Time(second * 1_000_000), u64::try_from(second).unwrap() * 2);
            keep(&mut samples, Sample { at, done, running: 3, ..Sample::default() });
        }
        let points = points(&samples);
        assert_eq!(points.len(), POINTS);
        assert!(points.iter().all(|point| (point.done, point.running) == (2, 3)), "{points:?}");
        assert_eq!(points.last().expect("there are some").at, Time(99_000_000).into());
        assert_eq!(points[0].median_seconds, None, "none has ended with a time");
    }
}
