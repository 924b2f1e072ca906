//! Many histories on all processors.
//!
//! Invariants:
//!
//! * Unless all violations are wanted, the first one found is that of the lowest seed: whoever works
//!   on lower ones ends them first. So it does not depend on how many processors there are.
//! * What a planted bug breaks is not broken without it.
//! * A history that does not end is told with its seed, and ends the program.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lockstep_core::Planted;
use lockstep_simulator::fault::{Coverage, Mask, SEEDS_PER_WORKLOAD, Simulator, Violation};

/// Longest time of one history, in seconds: a thousand times as long as they take.
const HANGS: u64 = 20;

/// Histories to be run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seeds {
    /// The first seed.
    pub(crate) from: u64,
    /// How many there are.
    pub(crate) count: u64,
    /// Whether to go on behind a violation.
    pub(crate) all: bool,
    /// A mistake that the core makes.
    pub(crate) planted: Planted,
}

/// What the threads share.
#[derive(Debug, Default)]
pub(crate) struct Herd {
    seeds: Seeds,
    next: AtomicU64,
    histories: AtomicU64,
    events: AtomicU64,
    stop: AtomicBool,
    found: Mutex<Vec<(u64, Violation)>>,
    coverage: Mutex<Coverage>,
    /// The history that each thread is in: its seed, and when it began, in seconds.
    under_way: Mutex<Vec<(u64, u64)>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) histories: u64,
    pub(crate) events: u64,
    /// In order of seeds.
    pub(crate) found: Vec<(u64, Violation)>,
    pub(crate) coverage: Coverage,
}

impl Herd {
    pub(crate) fn new(seeds: Seeds) -> Self {
        let next = AtomicU64::new(seeds.from / SEEDS_PER_WORKLOAD);
        Self { seeds, next, ..Self::default() }
    }

    /// Runs the histories, for so many seconds at most.
    pub(crate) fn run(mut self, seconds: Option<u64>) -> Done {
        let began = super::now();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        self.under_way = Mutex::new(vec![(0, 0); threads]);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let herd = &self;
                scope.spawn(move || herd.work(thread, began));
            }
            self.watch(seconds, began);
        });
        let mut found = self.found.into_inner().unwrap_or_default();
        found.sort_by_key(|(seed, _)| *seed);
        Done {
            histories: self.histories.into_inner(),
            events: self.events.into_inner(),
            found,
            coverage: self.coverage.into_inner().unwrap_or_default(),
        }
    }

    /// Runs histories, a workload at a time, until nothing is left.
    fn work(&self, thread: usize, began: Instant) {
        let Seeds { from, count, planted, .. } = self.seeds;
        let mut simulator = Simulator::with(planted);
        let end = from.saturating_add(count);
        while !self.stop.load(Ordering::Relaxed) {
            let block = self.next.fetch_add(1, Ordering::Relaxed) * SEEDS_PER_WORKLOAD;
            if block >= end || self.is_behind_violation(block) {
                break;
            }
            for seed in block.max(from)..end.min(block + SEEDS_PER_WORKLOAD) {
                if self.is_behind_violation(seed) {
                    break;
                }
                self.is_in(thread, (seed, began.elapsed().as_secs()));
                let result = simulator.run(seed, &Mask::default());
                self.histories.fetch_add(1, Ordering::Relaxed);
                let Err(violation) = result else { continue };
                if is_by_bug(planted, seed)
                    && let Ok(mut found) = self.found.lock()
                {
                    found.push((seed, violation));
                }
            }
        }
        self.is_in(thread, (0, u64::MAX));
        self.events.fetch_add(simulator.events, Ordering::Relaxed);
        if let Ok(mut coverage) = self.coverage.lock() {
            coverage.merge(&simulator.coverage);
        }
    }

    fn is_behind_violation(&self, seed: u64) -> bool {
        let found = self.found.lock();
        !self.seeds.all && found.is_ok_and(|found| found.iter().any(|(broken, _)| *broken < seed))
    }

    fn is_in(&self, thread: usize, history: (u64, u64)) {
        if let Ok(mut under_way) = self.under_way.lock()
            && let Some(own) = under_way.get_mut(thread)
        {
            *own = history;
        }
    }

    /// Looks after the time, and after histories that do not end.
    fn watch(&self, seconds: Option<u64>, began: Instant) {
        loop {
            let elapsed = began.elapsed().as_secs();
            if seconds.is_some_and(|seconds| elapsed >= seconds) {
                self.stop.store(true, Ordering::Relaxed);
            }
            let under_way = self.under_way.lock().map(|under_way| under_way.clone());
            let under_way = under_way.unwrap_or_default();
            if under_way.iter().all(|(_, since)| *since == u64::MAX) {
                return;
            }
            let hangs = |(_, since): &&(u64, u64)| elapsed > since.saturating_add(HANGS);
            if let Some((seed, _)) = under_way.iter().find(hangs) {
                let again = format!("again: cargo xtask simulate --seed {seed}");
                super::say(&format!("seed {seed} does not end\n{again}"));
                std::process::abort();
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

/// Returns whether a history that breaks a law with a bug breaks none without it; true if none is
/// planted.
fn is_by_bug(planted: Planted, seed: u64) -> bool {
    planted == Planted::default() || Simulator::default().run(seed, &Mask::default()).is_ok()
}
