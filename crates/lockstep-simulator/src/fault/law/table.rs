//! The lock table, as the engine shows it to people after every event.
//!
//! The one law that looks into the engine: who waits without a reason is durable nowhere. What it is
//! shown is judged by rules of its own.
//!
//! * Exclusion: strangers share a key only if both hold it shared.
//! * No idle lock: a waiter that nobody keeps, by a hold or from a lower place, has its lock.
//! * Order: a grant passes nobody in a lower place but as the header of the lock table says: one who
//!   waits for the grant's owner, or one who is kept by another key or by one whose keys are kept
//!   for it, at most [`MAX_OVERTAKEN`] times for each who is charged.
//! * Timers: what has lasted too long ends as soon as the engine is told the time.
//!
//! Absent by design: those who ask for a lock and give it back within one event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::explain::{Awaits, Explanation};
use lockstep_core::lock::{MAX_OVERTAKEN, MAX_PRIORITY, SYSTEM};
use lockstep_core::{Engine, FencingToken, InstanceId, Ticket, Time};
use lockstep_definition::LockMode;

use super::{Laws, Violation};
use crate::fault::coverage::Coverage;
use crate::fault::workload::Workload;

/// Tickets that a level of priority is worth.
const LEVEL: i128 = 1 << 20;

/// A hold of several keys under one token.
#[derive(Clone, Debug)]
struct Hold {
    who: InstanceId,
    keys: Vec<Arc<str>>,
    mode: LockMode,
    until: Time,
}

/// One that waits.
#[derive(Clone, Debug)]
struct Wish {
    who: InstanceId,
    keys: Vec<Arc<str>>,
    mode: LockMode,
    place: i128,
}

/// All locks at one moment.
#[derive(Debug, Default)]
struct Snapshot {
    holds: BTreeMap<FencingToken, Hold>,
    wishes: BTreeMap<Ticket, Wish>,
    /// For whose end each instance waits.
    children: BTreeMap<InstanceId, Vec<InstanceId>>,
}

/// What is remembered of the lock table of one engine.
#[derive(Debug, Default)]
pub(super) struct Table {
    now: Snapshot,
    /// Whose end each instance was started for.
    parents: BTreeMap<InstanceId, InstanceId>,
    /// How often each waiter was charged with being passed.
    charged: BTreeMap<Ticket, u32>,
    /// In which mode each token was granted, of those that were seen.
    modes: BTreeMap<FencingToken, LockMode>,
}

impl Table {
    /// Forgets what the engine that is gone had in memory.
    pub(super) fn restarted(&mut self) {
        self.now = Snapshot::default();
        self.charged.clear();
    }

    /// Returns the mode of a grant, if it was seen.
    pub(super) fn mode(&self, token: FencingToken) -> Option<LockMode> {
        self.modes.get(&token).copied()
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
            self.modes.insert(*token, hold.mode);
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

    fn check_order(
        &mut self,
        seen: &Snapshot,
        workload: &Workload,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        self.charged.retain(|ticket, _| seen.wishes.contains_key(ticket));
        let granted = seen.holds.iter().filter(|(token, _)| !self.now.holds.contains_key(token));
        let granted: Vec<(FencingToken, &Hold)> =
            granted.map(|(token, hold)| (*token, hold)).collect();
        for (token, grant) in granted {
            let waited = self.now.wishes.values().find(|wish| {
                wish.who == grant.who
                    && wish.mode == grant.mode
                    && grant.keys.iter().all(|key| wish.keys.contains(key))
            });
            if waited.is_some() && grant.keys.len() > 1 {
                coverage.count("several keys waited for and granted");
            }
            if waited.is_none() && workload.facts.prioritized {
                continue;
            }
            let place = waited.map_or(i128::MAX, |wish| wish.place);
            let wish = Wish { who: grant.who, keys: grant.keys.clone(), mode: grant.mode, place };
            self.check_passed(seen, token, &wish, coverage)?;
            self.charge(&wish);
        }
        Ok(())
    }

    /// Looks at those in lower places who waited all the while.
    fn check_passed(
        &self,
        seen: &Snapshot,
        token: FencingToken,
        grant: &Wish,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        for (ticket, passed) in &self.now.wishes {
            if !seen.wishes.contains_key(ticket) {
                continue;
            }
            if passed.place > grant.place {
                let is_earlier = self.ticket(grant.who).is_some_and(|of| *ticket < of);
                if is_earlier && self.conflict(passed, grant) {
                    coverage.count("lock granted by priority");
                }
                continue;
            }
            if !self.conflict(passed, grant) {
                continue;
            }
            if self.waits_for(seen, passed.who, grant.who, token) {
                coverage.count("waiter passed by one that it waits for");
                continue;
            }
            if let Some(why) = self.is_passed_wrongly(seen, *ticket, passed, grant) {
                let text = format!("{grant:?} is granted before {passed:?}: {why}");
                return Violation::of("first-come-first-served", text);
            }
            coverage.count("waiter for several keys passed");
        }
        Ok(())
    }

    /// Returns why a waiter may not be passed that does not wait for who passes it.
    fn is_passed_wrongly(
        &self,
        seen: &Snapshot,
        ticket: Ticket,
        passed: &Wish,
        grant: &Wish,
    ) -> Option<&'static str> {
        if wants_system(&passed.keys) || wants_system(&grant.keys) {
            return Some("the whole system is wanted");
        }
        let common = |hold: &Hold| {
            hold.keys.iter().any(|key| grant.keys.contains(key) && passed.keys.contains(key))
        };
        let still = |token: &FencingToken| seen.holds.contains_key(token);
        let mut held = self.now.holds.iter().filter(|(token, hold)| still(token) && common(hold));
        if held.any(|(_, hold)| !self.is_line(hold.who, grant.who)) {
            return Some("others hold a key that both want");
        }
        let keeps = |hold: &Hold| wants_system(&hold.keys);
        let by_system = self.now.holds.values().any(keeps) || seen.holds.values().any(keeps);
        if passed.keys.len() == 1 && !by_system && !self.stands_behind_reserved(passed) {
            return Some("no other key keeps it");
        }
        let charged = self.charged.get(&ticket).copied().unwrap_or(0);
        (charged >= MAX_OVERTAKEN).then_some("it was passed too often")
    }

    /// Returns whether one stands before a waiter for whom keys may be kept by now: charges of
    /// grants that were given back within one event are not seen.
    fn stands_behind_reserved(&self, wish: &Wish) -> bool {
        self.now.wishes.iter().any(|(ticket, before)| {
            before.place < wish.place
                && self.conflict(before, wish)
                && self.charged.get(ticket).is_some_and(|times| *times >= MAX_OVERTAKEN / 2)
        })
    }

    /// Charges at each key the first one that a grant passes.
    fn charge(&mut self, grant: &Wish) {
        let mut charged = BTreeSet::new();
        for key in grant.keys.iter().filter(|key| ***key != *SYSTEM) {
            let first = self.now.wishes.iter().filter(|(ticket, wish)| {
                wish.place < grant.place
                    && wish.keys.contains(key)
                    && self.conflict(wish, grant)
                    && self.charged.get(ticket).is_none_or(|times| *times < MAX_OVERTAKEN)
            });
            charged.extend(first.min_by_key(|(_, wish)| wish.place).map(|(ticket, _)| *ticket));
        }
        for ticket in charged {
            *self.charged.entry(ticket).or_default() += 1;
        }
    }

    fn ticket(&self, who: InstanceId) -> Option<Ticket> {
        self.now.wishes.iter().find(|(_, wish)| wish.who == who).map(|(ticket, _)| *ticket)
    }

    /// Returns whether one waits for another, before or behind the event, over holders, those who
    /// stand before, and ends.
    fn waits_for(
        &self,
        seen: &Snapshot,
        who: InstanceId,
        other: InstanceId,
        token: FencingToken,
    ) -> bool {
        let mut reached = BTreeSet::from([who]);
        let mut open = vec![who];
        while let Some(id) = open.pop() {
            for at in [&self.now, seen] {
                let mut next = at.children.get(&id).cloned().unwrap_or_default();
                for wish in at.wishes.values().filter(|wish| wish.who == id) {
                    let holds = at
                        .holds
                        .iter()
                        .filter(|(of, hold)| **of != token && self.is_kept(wish, hold));
                    next.extend(holds.map(|(_, hold)| hold.who));
                    let before = at
                        .wishes
                        .values()
                        .filter(|before| before.place < wish.place && self.conflict(wish, before));
                    next.extend(before.map(|before| before.who));
                }
                open.extend(next.into_iter().filter(|next| reached.insert(*next)));
            }
        }
        reached.contains(&other)
    }
}

impl Snapshot {
    fn of(engine: &Engine) -> Result<Self, Violation> {
        let mut seen = Self::default();
        for view in engine.locks() {
            if view.holders.is_empty() && view.waiters.is_empty() {
                let text = format!("{} is neither held nor waited for", view.key);
                return Violation::of("bounded-memory", text);
            }
            for holder in view.holders {
                let (who, until, mode) = (holder.who, holder.lock.until, holder.lock.mode);
                let hold = seen.holds.entry(holder.lock.token);
                let hold = hold.or_insert_with(|| Hold { who, keys: Vec::new(), mode, until });
                if hold.who != who {
                    let text = format!("{} is of {who} and {}", holder.lock.token, hold.who);
                    return Violation::of("token-used-twice", text);
                }
                hold.keys.push(Arc::clone(&view.key));
            }
            for waiter in view.waiters {
                let (who, mode) = (waiter.who, waiter.mode);
                let priority = waiter.priority.clamp(-MAX_PRIORITY, MAX_PRIORITY);
                let place = i128::from(waiter.ticket) - i128::from(priority) * LEVEL;
                let wish = seen.wishes.entry(waiter.ticket);
                let wish = wish.or_insert_with(|| Wish { who, keys: Vec::new(), mode, place });
                wish.keys.push(Arc::clone(&view.key));
            }
        }
        Ok(seen)
    }
}

/// What has lasted too long has a timer that is due, or waits for the store's judgement.
fn check_times(engine: &Engine, now: Time, seen: &Snapshot) -> Result<(), Violation> {
    if engine.next_deadline().is_some_and(|deadline| deadline <= now) {
        return Ok(());
    }
    for (token, hold) in seen.holds.iter().filter(|(_, hold)| hold.until <= now) {
        if !engine.explain(hold.who).is_some_and(|explained| is_committing(&explained)) {
            let text = format!("{hold:?} under {token} is held too long");
            return Violation::of("hold-timeout", text);
        }
    }
    for wish in seen.wishes.values() {
        let Some(explained) = engine.explain(wish.who) else { continue };
        let is_late = explained
            .doing
            .iter()
            .any(|doing| matches!(&doing.what, Awaits::Lock(wait) if wait.until <= now));
        if is_late {
            return Violation::of("waiting-timeout", format!("{wish:?} waits too long"));
        }
    }
    Ok(())
}

/// Returns whether an instance waits for the store's judgement, or its turn to commit.
pub(crate) fn is_committing(explained: &Explanation) -> bool {
    explained.doing.iter().any(|doing| matches!(doing.what, Awaits::Commit))
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

pub(super) fn meet<T: AsRef<str> + PartialEq>(one: &[T], other: &[T]) -> bool {
    wants_system(one) || wants_system(other) || one.iter().any(|key| other.contains(key))
}

pub(super) fn both_shared(one: LockMode, other: LockMode) -> bool {
    one == LockMode::Shared && other == LockMode::Shared
}

fn wants_system<T: AsRef<str>>(keys: &[T]) -> bool {
    keys.iter().any(|key| key.as_ref() == SYSTEM)
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
