//! Where the time of the commits went: for the benchmark, never for a decision.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Sums over all batches since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Judging, and turning rows into what the database takes.
    pub encode: Duration,
    /// Statements, without the last one.
    pub database: Duration,
    /// The last statement: the transaction's commit with its flush, and at times a checkpoint.
    pub flush: Duration,
    /// Batches.
    pub batches: u64,
    /// Transitions in them.
    pub transitions: u64,
}

/// [`Timings`] that grow.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Timings>);

impl Meter {
    pub(crate) fn read(&self) -> Timings {
        *self.0.lock().expect("nothing panics while it holds this lock")
    }

    pub(crate) fn add(&self, batch: &Timings) {
        let mut sum = self.0.lock().expect("nothing panics while it holds this lock");
        sum.encode += batch.encode;
        sum.database += batch.database;
        sum.flush += batch.flush;
        sum.batches += batch.batches;
        sum.transitions += batch.transitions;
    }
}

/// Measures one stretch after another.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(now())
    }

    /// Returns the time since the start or the last lap.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = now();
        let lap = now.saturating_duration_since(self.0);
        self.0 = now;
        lap
    }
}

#[expect(clippy::disallowed_methods, reason = "measures what was spent; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}
