//! The lock table, as the engine shows it to people after every event.
//!
//! The one law that looks into the engine: who waits without a reason is durable nowhere. What it is
//! shown is judged by rules of its own.
//!
//! Invariants:
//!
//! * Exclusion: strangers share a key only if both hold it shared.
//! * No idle lock: a waiter that nobody keeps, by a hold or from a lower place, has its lock.
//! * Order: see [`order`].
//! * Timeouts: see [`lateness`].
//!
//! Absent by design: those who ask for a lock and give it back within one event.

mod lateness;
mod order;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::explain::Awaits;
use lockstep_core::{Engine, FencingToken, InstanceId, Ticket, Time};
use lockstep_definition::LockMode;

use super::{Laws, Violation};
use crate::fault::coverage::Coverage;
use crate::fault::workload::Workload;
use lateness::check_times;
pub(crate) use lateness::is_committing;
use snapshot::{Hold, Snapshot, Wish};
pub(super) use snapshot::{both_shared, meet};

/// What is remembered of the lock table of one engine.
#[derive(Debug, Default)]
pub(super) struct Table {
    now: Snapshot,
    /// Whose end each instance was started for.
    parents: BTreeMap<InstanceId, InstanceId>,
    /// How often each waiter was charged with being passed.
    charged: BTreeMap<Ticket, u32>,
    /// In which mode each token was granted, and to whom, of those that were seen.
    granted: BTreeMap<FencingToken, (LockMode, InstanceId)>,
}

impl Table {
    /// Forgets what the engine that is gone had in memory.
    pub(super) fn restarted(&mut self) {
        self.now = Snapshot::default();
        self.charged.clear();
    }

    /// Returns the mode of a grant, if it was seen.
    pub(super) fn mode(&self, token: FencingToken) -> Option<LockMode> {
        self.granted.get(&token).map(|(mode, _)| *mode)
    }

    /// Returns the grants that were seen and of which no journal tells: they were lost with an engine.
    pub(super) fn untold(
        &self,
        is_told: impl Fn(FencingToken) -> bool,
    ) -> BTreeSet<(InstanceId, FencingToken)> {
        let untold = self.granted.iter().filter(|(token, _)| !is_told(**token));
        untold.map(|(token, (_, who))| (*who, *token)).collect()
    }

    /// Returns until when a key is held under a token.
    pub(super) fn until(&self, key: &str, token: FencingToken) -> Option<Time> {
        let hold = self.now.holds.get(&token)?;
        hold.keys.iter().any(|held| **held == *key).then_some(hold.until)
    }

    fn look(
        &mut self,
        engine: &Engine,
        now: Time,
        workload: &Workload,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        let mut seen = Snapshot::of(engine)?;
        if seen.holds.is_empty() && seen.wishes.is_empty() && self.now.wishes.is_empty() {
            self.now = seen;
            return Ok(());
        }
        if workload.facts.calls {
            self.learn_kin(engine, &mut seen);
        }
        self.check_exclusion(&seen, coverage)?;
        self.check_waiters(engine, &seen)?;
        check_times(engine, now, &seen)?;
        self.check_order(&seen, workload, coverage)?;
        for (token, hold) in &seen.holds {
            self.granted.insert(*token, (hold.mode, hold.who));
        }
        self.now = seen;
        Ok(())
    }

    fn learn_kin(&mut self, engine: &Engine, seen: &mut Snapshot) {
        for id in engine.unfinished_instances() {
            let Some(explained) = engine.explain(id) else { continue };
            for doing in explained.doing {
                if let Awaits::Instance { instance, .. } = doing.what {
                    self.parents.insert(instance, id);
                    seen.children.entry(id).or_default().push(instance);
                }
            }
        }
    }

    /// Returns whether one runs for another, directly or over others, or they are the same.
    fn is_below(&self, low: InstanceId, high: InstanceId) -> bool {
        is_below(&|id| self.parents.get(&id).copied(), low, high)
    }

    fn is_line(&self, one: InstanceId, other: InstanceId) -> bool {
        self.is_below(one, other) || self.is_below(other, one)
    }

    fn is_kept(&self, wish: &Wish, hold: &Hold) -> bool {
        meet(&wish.keys, &hold.keys)
            && !both_shared(wish.mode, hold.mode)
            && !self.is_below(wish.who, hold.who)
    }

    fn conflict(&self, one: &Wish, other: &Wish) -> bool {
        one.who != other.who
            && meet(&one.keys, &other.keys)
            && !both_shared(one.mode, other.mode)
            && !self.is_line(one.who, other.who)
    }

    fn check_exclusion(&self, seen: &Snapshot, coverage: &mut Coverage) -> Result<(), Violation> {
        let holds: Vec<(&FencingToken, &Hold)> = seen.holds.iter().collect();
        for (index, (token, one)) in holds.iter().enumerate() {
            for (other_token, other) in holds.iter().skip(index + 1) {
                if !meet(&one.keys, &other.keys) {
                    continue;
                }
                if both_shared(one.mode, other.mode) {
                    coverage.count("lock shared by two");
                } else if self.is_below(other.who, one.who) {
                    coverage.count("lock of an ancestor entered");
                } else {
                    let text = format!("{one:?} under {token}, {other:?} under {other_token}");
                    return Violation::of("exclusion", text);
                }
            }
        }
        Ok(())
    }

    /// Whoever waits is kept by somebody.
    fn check_waiters(&self, engine: &Engine, seen: &Snapshot) -> Result<(), Violation> {
        for (ticket, wish) in &seen.wishes {
            let is_kept = seen.holds.values().any(|hold| self.is_kept(wish, hold));
            let mut before = seen.wishes.values().filter(|other| other.place < wish.place);
            if !is_kept && !before.any(|other| self.conflict(wish, other)) {
                let text = format!("{wish:?} with ticket {ticket} waits for nobody");
                return Violation::of("idle-lock", text);
            }
            let Some(explained) = engine.explain(wish.who) else { continue };
            let kept = explained.doing.iter().find_map(|doing| {
                if let Awaits::Lock(wait) = &doing.what { Some(&wait.obstacles) } else { None }
            });
            if kept.is_none_or(Vec::is_empty) {
                let text = format!("{wish:?} waits, and is told of nobody who keeps it");
                return Violation::of("idle-lock", text);
            }
        }
        Ok(())
    }
}

impl Laws {
    /// Looks at all locks as an engine shows them, after it has taken an event.
    pub(crate) fn look_at_locks(
        &mut self,
        engine: &Engine,
        now: Time,
        workload: &Workload,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        self.table.look(engine, now, workload, coverage)
    }

    /// Returns all that is held: key, holder, token.
    pub(crate) fn held(&self) -> Vec<(Arc<str>, InstanceId, FencingToken)> {
        let holds = self.table.now.holds.iter();
        let each = holds.flat_map(|(token, hold)| {
            hold.keys.iter().map(move |key| (Arc::clone(key), hold.who, *token))
        });
        each.collect()
    }

    /// Returns the tokens under which something is held.
    pub(crate) fn tokens(&self) -> Vec<FencingToken> {
        self.table.now.holds.keys().copied().collect()
    }

    /// Returns whether somebody holds something under a token.
    pub(crate) fn holds(&self, who: InstanceId, token: FencingToken) -> bool {
        self.table.now.holds.get(&token).is_some_and(|hold| hold.who == who)
    }
}

/// Returns whether an instance is another one or runs for it, directly or over others.
pub(super) fn is_below(
    parent: &dyn Fn(InstanceId) -> Option<InstanceId>,
    low: InstanceId,
    high: InstanceId,
) -> bool {
    let mut at = Some(low);
    while let Some(id) = at {
        if id == high {
            return true;
        }
        at = parent(id);
    }
    false
}
