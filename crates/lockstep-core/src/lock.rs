//! The lock table: who holds which exclusive lock, and who waits for it.
//!
//! A lock is named by its key, a canonical text (see [`key`]). The key [`SYSTEM`] is the lock of
//! the whole system: it conflicts with every key.
//!
//! Invariants:
//!
//! * Exclusion: a key has at most one holder; while `SYSTEM` is held, only its holder holds others.
//! * Monotony: each grant carries a token greater than that of every grant before it, of any key.
//! * Order: among those who want the same key, or one of whom wants the system, the lower ticket is
//!   served first.
//! * Progress: a waiter who could be granted its lock is granted it before the call that made this
//!   possible returns.
//! * Uniqueness: an instance waits for at most one lock, and never for one that it holds.
//! * What is derived is not kept: there are no counters, and a key nobody holds or wants has no
//!   entry.
//!
//! Grants are made in order of arrival, also when a later one could be served at once, because
//! otherwise a stream of holders of single keys would starve one who wants the system.
//!
//! Absent by design: clocks and timeouts (an expiry arrives as a call that revokes or forgets), and
//! shared modes and several keys at once.

pub mod key;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::id::{FencingToken, InstanceId, Serial, Ticket};
use crate::time::Time;

/// The key of the lock of the whole system.
pub const SYSTEM: &str = "*";

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The instance.
    pub instance: InstanceId,
    /// Token of this grant.
    pub token: FencingToken,
    /// Since when.
    pub since: Time,
}

/// A lock that went to the instance that waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who waited.
    pub instance: InstanceId,
    /// The lock key.
    pub key: Arc<str>,
    /// Token of this grant.
    pub token: FencingToken,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The lock was free; it is held under this token from there on.
    Granted(FencingToken),
    /// The instance holds it already, under this token.
    Held(FencingToken),
    /// It is not free. Who is in the way: the holder, if there is one.
    Busy(Option<Holder>),
}

/// What an instance in a cycle waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The lock with this key.
    Lock(Arc<str>),
    /// The end of this instance.
    End(InstanceId),
}

/// All locks of one engine.
#[derive(Debug)]
pub struct LockTable {
    held: HashMap<Arc<str>, Holder>,
    queues: HashMap<Arc<str>, BTreeSet<Ticket>>,
    waiters: BTreeMap<Ticket, (InstanceId, Arc<str>)>,
    waiting: HashMap<InstanceId, Ticket>,
    /// Who waits for the ends of which other instances, for the search of cycles.
    awaited: HashMap<InstanceId, Vec<InstanceId>>,
    tokens: Serial,
    tickets: Ticket,
}

impl LockTable {
    /// Returns a table without locks whose tokens belong to `epoch`.
    pub fn new(epoch: u32) -> Self {
        Self {
            held: HashMap::new(),
            queues: HashMap::new(),
            waiters: BTreeMap::new(),
            waiting: HashMap::new(),
            awaited: HashMap::new(),
            tokens: Serial::new(epoch),
            tickets: 0,
        }
    }

    /// Takes the lock if it is free and nobody is before the instance.
    pub fn request(&mut self, instance: InstanceId, key: &Arc<str>, now: Time) -> Answer {
        if let Some(holder) = self.held.get(key)
            && holder.instance == instance
        {
            return Answer::Held(holder.token);
        }
        if self.is_free_for(instance, key, Ticket::MAX) {
            return Answer::Granted(self.grant(instance, Arc::clone(key), now));
        }
        Answer::Busy(self.in_the_way(key))
    }

    /// Puts the instance at the end of the queue of a lock that is not free.
    pub fn wait(&mut self, instance: InstanceId, key: &Arc<str>) -> Ticket {
        self.tickets += 1;
        let ticket = self.tickets;
        self.queues.entry(Arc::clone(key)).or_default().insert(ticket);
        self.waiters.insert(ticket, (instance, Arc::clone(key)));
        self.waiting.insert(instance, ticket);
        ticket
    }

    /// Ends a hold, if the lock is held under this token, and hands the lock on.
    ///
    /// Returns whether it was, and the grants that followed. A late call, under a void token,
    /// changes nothing.
    pub fn release(
        &mut self,
        key: &Arc<str>,
        token: FencingToken,
        now: Time,
    ) -> (bool, Vec<Grant>) {
        if self.held.get(key).is_none_or(|holder| holder.token != token) {
            return (false, Vec::new());
        }
        self.held.remove(key);
        (true, self.hand_on(key, now))
    }

    /// Takes the instance out of the queue in which it waits, if it does.
    pub fn forget(&mut self, instance: InstanceId, now: Time) -> Vec<Grant> {
        let Some(ticket) = self.waiting.remove(&instance) else { return Vec::new() };
        let Some((_, key)) = self.waiters.remove(&ticket) else { return Vec::new() };
        self.leave_queue(&key, ticket);
        self.hand_on(&key, now)
    }

    /// Gives a lock back to its holder after a restart, before anyone else is served.
    pub fn restore(&mut self, key: Arc<str>, holder: Holder) {
        self.held.insert(key, holder);
    }

    /// Returns who holds a lock.
    pub fn holder(&self, key: &str) -> Option<Holder> {
        self.held.get(key).copied()
    }

    /// Returns who keeps others from a lock: its holder, or that of the whole system.
    pub fn in_the_way(&self, key: &str) -> Option<Holder> {
        self.holder(key).or_else(|| self.holder(SYSTEM)).or_else(|| {
            (key == SYSTEM).then(|| self.held.values().min_by_key(|h| h.token).copied()).flatten()
        })
    }

    /// Returns how many instances wait for this very key.
    pub fn queue_length(&self, key: &str) -> usize {
        self.queues.get(key).map_or(0, BTreeSet::len)
    }

    /// Returns the instances in a cycle that would close if `instance` waited for `key`: each waits
    /// for the following one, the last for `instance`. Empty if none would.
    pub fn cycle(&self, instance: InstanceId, key: &str) -> Vec<(InstanceId, Awaited)> {
        let mut open: Vec<InstanceId> = self.blockers(instance, key);
        let mut came_from: BTreeMap<InstanceId, Option<InstanceId>> =
            open.iter().map(|blocker| (*blocker, None)).collect();
        while let Some(blocker) = open.pop() {
            for next in self.waited_for(blocker) {
                if next == instance {
                    return self.path(blocker, instance, &came_from);
                }
                if let Entry::Vacant(unseen) = came_from.entry(next) {
                    unseen.insert(Some(blocker));
                    open.push(next);
                }
            }
        }
        Vec::new()
    }

    /// Returns who else holds what keeps an instance from a key.
    fn blockers(&self, instance: InstanceId, key: &str) -> Vec<InstanceId> {
        let holders: Vec<Holder> = if key == SYSTEM {
            let mut all: Vec<Holder> = self.held.values().copied().collect();
            all.sort_unstable_by_key(|holder| holder.token);
            all
        } else {
            [key, SYSTEM].iter().filter_map(|key| self.holder(key)).collect()
        };
        let holders = holders.into_iter().map(|holder| holder.instance);
        holders.filter(|holder| *holder != instance).collect()
    }

    /// Returns for whom an instance waits: holders of what it wants, and other instances' ends.
    fn waited_for(&self, instance: InstanceId) -> Vec<InstanceId> {
        let wanted = self.wanted_by(instance);
        let mut all = wanted.map_or_else(Vec::new, |wanted| self.blockers(instance, wanted));
        all.extend(self.awaited.get(&instance).into_iter().flatten());
        all
    }

    /// Takes note that an instance waits for the end of another.
    pub(crate) fn await_end(&mut self, instance: InstanceId, of: InstanceId) {
        self.awaited.entry(instance).or_default().push(of);
    }

    /// Takes note that an instance does not wait for the end of another any more.
    pub(crate) fn forget_end(&mut self, instance: InstanceId, of: InstanceId) {
        if let Some(awaited) = self.awaited.get_mut(&instance) {
            awaited.retain(|awaited| *awaited != of);
            if awaited.is_empty() {
                self.awaited.remove(&instance);
            }
        }
    }

    fn wanted_by(&self, instance: InstanceId) -> Option<&Arc<str>> {
        self.waiters.get(self.waiting.get(&instance)?).map(|(_, key)| key)
    }

    /// Returns the way that led to `last`, which waits for `before`, with what each on it waits for.
    fn path(
        &self,
        last: InstanceId,
        before: InstanceId,
        came_from: &BTreeMap<InstanceId, Option<InstanceId>>,
    ) -> Vec<(InstanceId, Awaited)> {
        let mut path = Vec::new();
        let (mut at, mut following) = (Some(last), before);
        while let Some(instance) = at {
            let wanted = self.wanted_by(instance).map(|key| Awaited::Lock(Arc::clone(key)));
            let wanted = wanted.unwrap_or(Awaited::End(following));
            path.push((instance, wanted));
            following = instance;
            at = came_from.get(&instance).copied().flatten();
        }
        path.reverse();
        path
    }

    /// Returns whether no lock is held and nobody waits.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && self.waiters.is_empty()
    }

    fn is_free_for(&self, instance: InstanceId, key: &str, ticket: Ticket) -> bool {
        let others_before = |key: &str| {
            self.queues.get(key).and_then(BTreeSet::first).is_some_and(|first| *first < ticket)
        };
        let held_by_another =
            |key: &str| self.held.get(key).is_some_and(|holder| holder.instance != instance);
        if held_by_another(key) || held_by_another(SYSTEM) {
            return false;
        }
        if key == SYSTEM && self.held.values().any(|holder| holder.instance != instance) {
            return false;
        }
        if !others_before(key) && !others_before(SYSTEM) {
            return true;
        }
        // Whoever waits for what is not held is kept by one who waits for the whole system. One who
        // holds something is not kept behind them: they all wait for it.
        self.held.values().any(|holder| holder.instance == instance)
    }

    fn grant(&mut self, instance: InstanceId, key: Arc<str>, now: Time) -> FencingToken {
        let token = self.tokens.issue();
        self.held.insert(key, Holder { instance, token, since: now });
        token
    }

    fn leave_queue(&mut self, key: &Arc<str>, ticket: Ticket) {
        if let Some(queue) = self.queues.get_mut(key) {
            queue.remove(&ticket);
            if queue.is_empty() {
                self.queues.remove(key);
            }
        }
    }

    /// Grants what has become possible by a change at `key`.
    fn hand_on(&mut self, key: &Arc<str>, now: Time) -> Vec<Grant> {
        if self.waiters.is_empty() {
            return Vec::new();
        }
        let system_wanted = self.queues.contains_key(SYSTEM);
        if &**key == SYSTEM || system_wanted {
            return self.hand_on_all(now);
        }
        let first = self.queues.get(key).and_then(|queue| queue.first().copied());
        first.and_then(|ticket| self.grant_waiter(ticket, now)).into_iter().collect()
    }

    /// Goes through all waiters in order: a change of the system's lock may concern each of them.
    fn hand_on_all(&mut self, now: Time) -> Vec<Grant> {
        let tickets: Vec<Ticket> = self.waiters.keys().copied().collect();
        tickets.into_iter().filter_map(|ticket| self.grant_waiter(ticket, now)).collect()
    }

    fn grant_waiter(&mut self, ticket: Ticket, now: Time) -> Option<Grant> {
        let (instance, key) = self.waiters.get(&ticket)?;
        let (instance, key) = (*instance, Arc::clone(key));
        if !self.is_free_for(instance, &key, ticket) {
            return None;
        }
        self.waiters.remove(&ticket);
        self.waiting.remove(&instance);
        self.leave_queue(&key, ticket);
        let token = self.grant(instance, Arc::clone(&key), now);
        Some(Grant { instance, key, token })
    }
}
