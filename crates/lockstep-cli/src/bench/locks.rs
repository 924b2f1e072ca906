//! Locks: what one costs an instance if nobody else wants it, and what a turn costs if many wait.
//!
//! Measured is a core without a store, with instances that do nothing but take their lock, bind a
//! name, and end. The lock table by itself is measured by `benches/lock`.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::Outcome;
use lockstep_core::{Config, Engine, Event, InstanceId, Start, Time};
use lockstep_expr::Value;
use uuid::Uuid;

use super::{Bench, Error, inputs, memory};

/// Instances that run alone in a round.
const ALONE: u32 = 100_000;

/// Rounds; the figure is that of the median.
const ROUNDS: u32 = 5;

/// Numbers of waiters, the greatest last.
const QUEUES: [u32; 2] = [10_000, 100_000];

/// Instances between two batches of a core.
const BATCH: u32 = 1000;

/// Figures of locks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks {
    /// An instance with a lock that is free, and one that is the same without.
    pub(crate) locked: Duration,
    pub(crate) unlocked: Duration,
    /// What the two differ by: the lock, its context, its line in the journal. The median.
    pub(crate) lock: Duration,
    pub(crate) queues: Vec<Handing>,
    /// Memory of the core for each that waits in the longest queue, in bytes.
    pub(crate) bytes_each: u64,
}

/// Figures of a queue that is served to its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handing {
    pub(crate) waiters: u32,
    /// The turn of an instance: the hand-over, its step, its end.
    pub(crate) turn: Duration,
}

impl Bench {
    pub(super) fn locks(&self) -> Result<Locks, Error> {
        super::tell("locks");
        let (mut locked, mut unlocked, mut lock) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            // In turn, so that what else the machine does hits both.
            let (with, without) = (self.alone("locked")?, self.alone("unlocked")?);
            locked.push(with);
            unlocked.push(without);
            lock.push(with.saturating_sub(without));
        }
        let (mut queues, mut bytes_each) = (Vec::new(), 0);
        for waiters in QUEUES {
            let mut turn = Vec::new();
            for round in 0..ROUNDS {
                let (each, bytes) = self.serve(waiters)?;
                turn.push(each);
                if round == 0 {
                    // Later rounds use again what this one gave back, and shorter queues what the
                    // parts before gave back.
                    bytes_each = bytes;
                }
            }
            queues.push(Handing { waiters, turn: median(turn) });
        }
        let (locked, unlocked, lock) = (median(locked), median(unlocked), median(lock));
        Ok(Locks { locked, unlocked, lock, queues, bytes_each })
    }

    /// Measures instances that run one after another.
    fn alone(&self, workflow: &str) -> Result<Duration, Error> {
        let mut core = self.core();
        let mut elapsed = Duration::ZERO;
        for _ in 0..ALONE / BATCH {
            let starts: Vec<Event> = starts(workflow, BATCH)?;
            let began = self.clock.elapsed();
            for start in starts {
                core.handle(Time(0), start);
            }
            elapsed += self.clock.elapsed().saturating_sub(began);
            land(&mut core);
        }
        Ok(elapsed / (ALONE / BATCH * BATCH))
    }

    /// Measures the turns of instances that wait for one lock, and the memory that they take.
    fn serve(&self, waiters: u32) -> Result<(Duration, u64), Error> {
        let mut core = self.core();
        let mut holder = starts("hold", 1)?;
        let holder = holder.pop().ok_or("no holder")?;
        let Event::Start(Start { instance, .. }) = &holder else { return Err("no start".into()) };
        let instance = *instance;
        core.handle(Time(0), holder);
        land(&mut core);
        let mut half = 0;
        for batch in 0..waiters / BATCH {
            if batch == waiters / BATCH / 2 {
                half = memory::now();
            }
            for start in starts("locked", BATCH)? {
                core.handle(Time(0), start);
            }
            land(&mut core);
        }
        let bytes = memory::now().saturating_sub(half) / u64::from((waiters / 2).max(1));
        let began = self.clock.elapsed();
        core.handle(Time(0), Event::Cancel { instance, reason: "it has held it".to_owned() });
        let elapsed = self.clock.elapsed().saturating_sub(began);
        if !core.locks().is_empty() {
            return Err("not all waiters have been served".into());
        }
        land(&mut core);
        Ok((elapsed / waiters.max(1), bytes))
    }

    fn core(&self) -> Engine {
        let mut core = Engine::new(Config::new(1));
        let definitions = Arc::clone(&self.definitions);
        core.handle(Time(0), Event::Publish { id: "bench".into(), definitions });
        core
    }
}

/// Plays the store: everything is committed.
fn land(core: &mut Engine) {
    while let Some(batch) = core.take_batch() {
        core.handle(Time(0), Event::Judged(vec![Outcome::Committed; batch.len()]));
    }
    drop(core.take_effects());
}

fn starts(workflow: &str, count: u32) -> Result<Vec<Event>, Error> {
    let input = inputs(1).pop().ok_or("no input")?;
    let start = |_| {
        Event::Start(Start {
            instance: InstanceId(Uuid::now_v7()),
            workflow: workflow.into(),
            input: Value::clone(&input),
            by: "bench".into(),
            key: None,
            trace: None,
        })
    };
    Ok((0..count).map(start).collect())
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
