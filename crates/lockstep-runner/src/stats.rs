//! Where the engine's time went: for the benchmark, never for a decision.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Sums since the runner was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Time in the core: events and the making of batches.
    pub core: Duration,
    /// Events handled.
    pub events: u64,
    /// Batches committed.
    pub batches: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    core_nanos: AtomicU64,
    events: AtomicU64,
    batches: AtomicU64,
}

impl Counters {
    pub(crate) fn add(&self, core: Duration, events: u64) {
        let nanos = u64::try_from(core.as_nanos()).unwrap_or(u64::MAX);
        self.core_nanos.fetch_add(nanos, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
    }

    pub(crate) fn add_batch(&self) {
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            core: Duration::from_nanos(self.core_nanos.load(Ordering::Relaxed)),
            events: self.events.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
        }
    }
}
