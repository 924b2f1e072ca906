//! The plan of a history: what is started and sent when, and which faults it is exposed to.
//!
//! Each history has faults of some kinds and none of the others: what many faults at once would hide
//! comes to light with a few.
//!
//! Invariants:
//!
//! * A plan is a function of the seed and the [`Mask`]; what a mask leaves out changes no other
//!   choice.

use lockstep_core::{Config, Planted};

use super::random::Random;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process ends at any event.
    Crash,
    /// A flush fails: nobody knows whether the batch was written.
    Flush,
    /// The store takes long.
    SlowStore,
    /// Reads take long.
    SlowRead,
    /// The driver takes long until it offers a batch.
    SlowBatch,
    /// Outside calls fail.
    CallError,
    /// Outside calls never answer, until their timeout.
    CallHang,
    /// Outside calls answer twice, or after they were cancelled.
    CallTwice,
    /// Outside calls take longer than locks are held.
    CallLate,
    /// The driver tells the time late.
    LateTick,
    /// The driver tells the time for no reason.
    EarlyTick,
    /// The clock jumps forward.
    ClockForward,
    /// The clock is another one after a restart.
    ClockAtRestart,
    /// Instances are cancelled.
    Cancel,
    /// Other definitions are published.
    Publish,
    /// Definitions are not there at a restart, and come back.
    Gone,
    /// The engine keeps hardly any object in memory.
    SmallCache,
    /// Signals come at any moment.
    Signal,
    /// Locks are taken away from their holders.
    Break,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Crash,
        Self::Flush,
        Self::SlowStore,
        Self::SlowRead,
        Self::SlowBatch,
        Self::CallError,
        Self::CallHang,
        Self::CallTwice,
        Self::CallLate,
        Self::LateTick,
        Self::EarlyTick,
        Self::ClockForward,
        Self::ClockAtRestart,
        Self::Cancel,
        Self::Publish,
        Self::Gone,
        Self::SmallCache,
        Self::Signal,
        Self::Break,
    ];

    fn number(self) -> u64 {
        let place = Self::ALL.iter().position(|fault| *fault == self).unwrap_or(0);
        u64::try_from(place).unwrap_or(0)
    }
}

/// What is left out of the history of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Faults that do not occur.
    pub faults: Vec<Fault>,
    /// Planned instances that are not started, by number.
    pub starts: Vec<usize>,
    /// Planned clients that do not come, by number.
    pub clients: Vec<usize>,
    /// Planned writers that do not come, by number.
    pub writers: Vec<usize>,
    /// Most events of the phase with faults.
    pub events: u64,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            faults: Vec::new(),
            starts: Vec::new(),
            clients: Vec::new(),
            writers: Vec::new(),
            events: MAX_EVENTS,
        }
    }
}

/// Most events of the phase with faults.
pub(crate) const MAX_EVENTS: u64 = 400;

/// Longest time within which instances are started, in microseconds.
const SPREAD: i64 = 3_000_000;

/// An instance that is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) number: usize,
    /// Microseconds from the beginning.
    pub(crate) at: i64,
    /// Which of the workflows.
    pub(crate) workflow: usize,
    pub(crate) key: u64,
    pub(crate) other: u64,
    pub(crate) seat: u64,
}

/// A client that is to come for a lock.
#[derive(Clone, Debug)]
pub(crate) struct PlannedClient {
    pub(crate) number: usize,
    /// Microseconds from the beginning.
    pub(crate) at: i64,
    /// The numbers of its keys.
    pub(crate) keys: Vec<u64>,
    pub(crate) shared: bool,
    /// How long it waits, and for how long it asks each time, in microseconds.
    pub(crate) waiting: u64,
    pub(crate) living: u64,
    /// How long it works with the lock between two steps, in microseconds.
    pub(crate) pause: i64,
    pub(crate) manner: Manner,
}

/// What a client does with its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It gives the lock back.
    Releases,
    /// It renews the lock a few times, and gives it back.
    Renews,
    /// It is not heard of any more.
    Forgets,
    /// It gives the lock back twice.
    ReleasesTwice,
    /// It names another token first.
    Errs,
}

/// Somebody who is to write an object without an instance.
#[derive(Clone, Debug)]
pub(crate) struct PlannedWriter {
    pub(crate) number: usize,
    /// Microseconds from the beginning.
    pub(crate) at: i64,
    pub(crate) key: u64,
    pub(crate) seat: i64,
    /// How long it thinks between reading and writing, in microseconds.
    pub(crate) pause: i64,
    pub(crate) deed: Deed,
}

/// What a writer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It replaces what it has read by one more, at the version that it has read.
    Replace,
    /// It patches what it has read to one more, at the version that it has read.
    MergeSeen,
    /// It patches the object, whatever its version.
    Merge,
    /// It deletes what it has read, or creates what was not there.
    Recreate,
    /// It creates an object that only the store can judge.
    Seat,
}

/// The plan of one history.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    faults: u64,
    pub(crate) starts: Vec<Planned>,
    pub(crate) clients: Vec<PlannedClient>,
    pub(crate) writers: Vec<PlannedWriter>,
    /// One crash in so many events.
    pub(crate) crash_in: u64,
    /// One failing flush in so many.
    pub(crate) flush_in: u64,
    /// When somebody sends a signal, cancels an instance, publishes, lets the clock jump, tells the
    /// time or breaks a lock, in microseconds.
    pub(crate) signals: Vec<i64>,
    pub(crate) cancels: Vec<i64>,
    pub(crate) publishes: Vec<i64>,
    pub(crate) jumps: Vec<i64>,
    pub(crate) ticks: Vec<i64>,
    pub(crate) breaks: Vec<i64>,
    pub(crate) cached_objects: usize,
    pub(crate) events: u64,
    /// A mistake of the core.
    pub(crate) planted: Planted,
}

impl Plan {
    /// Plans a history over so many workflows and lock keys.
    pub(crate) fn new(seed: u64, mask: &Mask, workflows: usize, keys: u64) -> Self {
        let mut random = Random::new(seed, 1);
        let mut faults = 0;
        let density = random.pick(&[0, 1, 2, 3, 4]);
        for fault in Fault::ALL {
            let chosen = random.below(5) < density;
            if chosen && !mask.faults.contains(&fault) {
                faults |= 1 << fault.number();
            }
        }
        let crash_in = random.pick(&[8, 20, 40, 80]);
        let flush_in = random.pick(&[4, 12, 30]);
        let cached_objects = random.pick(&[0, 1, 3]);
        let mut plan = Self {
            faults,
            starts: starts(seed, mask, workflows, keys),
            clients: clients(seed, mask, keys),
            writers: writers(seed, mask, keys),
            crash_in,
            flush_in,
            signals: moments(seed, 3, 12),
            cancels: moments(seed, 4, 4),
            publishes: moments(seed, 5, 3),
            jumps: moments(seed, 6, 2),
            ticks: moments(seed, 7, 10),
            breaks: moments(seed, 8, 6),
            cached_objects,
            events: mask.events,
            planted: Planted::default(),
        };
        if !plan.has(Fault::SmallCache) {
            plan.cached_objects = 1000;
        }
        plan.keep_what_is_chosen();
        plan
    }

    /// Returns what an engine is made with.
    pub(crate) fn config(&self, epoch: u32) -> Config {
        let Self { cached_objects, planted, .. } = *self;
        Config { epoch, cached_objects, planted, follows_changes: true }
    }

    /// Returns whether the history is exposed to a fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults & (1 << fault.number()) != 0
    }

    fn keep_what_is_chosen(&mut self) {
        for (fault, moments) in [
            (Fault::Signal, &mut self.signals),
            (Fault::Cancel, &mut self.cancels),
            (Fault::Publish, &mut self.publishes),
            (Fault::ClockForward, &mut self.jumps),
            (Fault::EarlyTick, &mut self.ticks),
            (Fault::Break, &mut self.breaks),
        ] {
            if self.faults & (1 << fault.number()) == 0 {
                moments.clear();
            }
        }
    }
}

fn starts(seed: u64, mask: &Mask, workflows: usize, keys: u64) -> Vec<Planned> {
    let mut random = Random::new(seed, 2);
    let count = usize::try_from(random.between(2, 16)).unwrap_or(2);
    let spread = random.pick(&[0, 1_000, 300_000, SPREAD]);
    let planned = (0..count).map(|number| {
        let mut random = Random::new(random.next(), 0);
        Planned {
            number,
            at: random.between(0, spread),
            workflow: random.index(workflows),
            key: random.below(keys),
            other: random.below(keys),
            seat: random.below(3),
        }
    });
    let planned: Vec<Planned> = planned.collect();
    planned.into_iter().filter(|planned| !mask.starts.contains(&planned.number)).collect()
}

/// Half of all histories have clients; some have a crowd of them, who come one after another.
fn clients(seed: u64, mask: &Mask, keys: u64) -> Vec<PlannedClient> {
    let mut random = Random::new(seed, 9);
    let most = random.pick(&[0, 0, 0, 3, 8, 48]);
    let count = usize::try_from(random.below(most + 1)).unwrap_or(0);
    let spread = random.pick(&[1_000, 300_000, SPREAD]);
    let planned = (0..count).map(|number| {
        let mut random = Random::new(random.next(), 0);
        let count = random.pick(&[1, 1, 1, 2, 3]);
        PlannedClient {
            number,
            at: random.between(0, spread),
            keys: (0..count).map(|_| random.below(keys)).collect(),
            shared: random.one_in(3),
            waiting: random.pick(&[0, 50_000, 3_000_000, 3_000_000, 3_600_000_000]),
            living: random.pick(&[50_000, 400_000, 2_000_000, 20_000_000]),
            pause: random.pick(&[0, 10_000, 100_000, 700_000]),
            manner: random.pick(&[
                Manner::Releases,
                Manner::Releases,
                Manner::Renews,
                Manner::Forgets,
                Manner::ReleasesTwice,
                Manner::Errs,
            ]),
        }
    });
    let planned: Vec<PlannedClient> = planned.collect();
    planned.into_iter().filter(|planned| !mask.clients.contains(&planned.number)).collect()
}

/// Half of all histories have writers.
fn writers(seed: u64, mask: &Mask, keys: u64) -> Vec<PlannedWriter> {
    let mut random = Random::new(seed, 10);
    let most = random.pick(&[0, 0, 3, 24]);
    let count = usize::try_from(random.below(most + 1)).unwrap_or(0);
    let spread = random.pick(&[1_000, 300_000, SPREAD]);
    let deeds = [
        Deed::Replace,
        Deed::Replace,
        Deed::MergeSeen,
        Deed::Merge,
        Deed::Merge,
        Deed::Recreate,
        Deed::Seat,
    ];
    let planned = (0..count).map(|number| {
        let mut random = Random::new(random.next(), 0);
        PlannedWriter {
            number,
            at: random.between(0, spread),
            key: random.below(keys),
            seat: random.between(0, 2),
            pause: random.pick(&[0, 0, 1_000, 40_000, 700_000]),
            deed: random.pick(&deeds),
        }
    });
    let planned: Vec<PlannedWriter> = planned.collect();
    planned.into_iter().filter(|planned| !mask.writers.contains(&planned.number)).collect()
}

fn moments(seed: u64, stream: u64, most: u64) -> Vec<i64> {
    let mut random = Random::new(seed, stream);
    let count = random.below(most) + 1;
    (0..count).map(|_| random.between(0, 2 * SPREAD)).collect()
}
