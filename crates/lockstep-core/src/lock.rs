//! The lock table: who holds which keys, and who waits for them.
//!
//! A lock is named by its key, a canonical text (see [`key`]). A [`Wish`] is for one or several keys,
//! exclusively or shared; all of it is granted at once, under one token, or nothing. The key
//! [`SYSTEM`] is the lock of the whole system: it meets every key, as an intention lock does.
//!
//! Whoever waits has a *place*, which is its ticket less a head start for its priority; a request
//! that does not wait has the place of the next ticket. A wish may be granted before a conflicting
//! one in a lower place in two cases only:
//!
//! * *Overtaking*: at each key that both want no stranger holds anything, so that the other is kept
//!   by another key, or by one before it who is *reserved* and does not conflict with the wish;
//!   neither wants the whole system; and the other is not reserved itself. A grant is
//!   charged to the first waiter at the key that is not reserved and conflicts with it; who has been
//!   charged [`MAX_OVERTAKEN`] times is reserved.
//! * *Precedence*: the other waits, directly or over holders, ends and those who stand before, for a
//!   hold or the end of the wish's owner. Otherwise both would wait for each other.
//!
//! Invariants:
//!
//! * Exclusion: two holds of a key by strangers are both shared; beside a hold of `SYSTEM` all holds
//!   of strangers are shared, and it too, or there are none.
//! * Monotony: each grant carries a token greater than that of every grant before it, of any key.
//! * Order: conflicting wishes are granted in order of places, but for the two cases above.
//! * Bound: of n waiters in lower places that it conflicts with, directly or over others, and those
//!   who overtake them, a waiter waits for at most (n + 1) * (1 + [`MAX_OVERTAKEN`]) holds: one of
//!   each and those charged to each, for whoever passes it is charged to one in no higher place. Not
//!   counted are those for whom it waits anyway (precedence). A priority adds to n only those who
//!   come within its head start.
//! * Progress: a waiter who can be granted its wish is granted it before the call that made this
//!   possible returns. Only [`request`](LockTable::request) and `await_end` may leave it to
//!   [`settle`](LockTable::settle).
//! * No cycle: among those who wait for each other no one is kept by a queue alone.
//! * Uniqueness: an owner waits for at most one wish.
//! * What is derived is not counted: a key nobody holds or wants has no entry.
//!
//! How often a waiter was overtaken is known to this process only: after a restart it may be
//! overtaken [`MAX_OVERTAKEN`] times again.
//!
//! Absent by design: clocks and timeouts (an expiry arrives as a call that releases or forgets), and
//! limits of the length of a queue.

mod admission;
mod cycle;
mod hand_on;
mod inspection;
pub mod key;
mod load;
mod places;
mod queue;
mod state;
#[cfg(test)]
mod tests;
mod wish;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::IndexMap;

pub use self::cycle::Awaited;
use self::hand_on::Source;
pub use self::inspection::{Obstacle, ObstacleKind, WaiterMark};
pub use self::load::{HotKey, LockLoad};
use self::places::PlaceMap;
use self::queue::Place;
use self::state::KeyState;
pub use self::wish::{Hold, MAX_PRIORITY, Wish};
use crate::durations::Durations;
use crate::id::{FencingToken, IdMap, IdSet, InstanceId, Serial, Ticket};
use crate::planted::{Bug, Planted};
use crate::time::Time;

/// The key of the lock of the whole system.
pub const SYSTEM: &str = "*";

/// How often a waiter is overtaken before nobody may overtake it any more.
pub const MAX_OVERTAKEN: u32 = 16;

/// What went to an owner at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who wanted it.
    pub owner: InstanceId,
    /// The wanted keys that it did not hold already, sorted.
    pub keys: Arc<[Arc<str>]>,
    /// Token of this grant.
    pub token: FencingToken,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All of it is held from here on.
    Granted(Grant),
    /// The owner held all of it already; the greatest token of the holds that cover it.
    Held(FencingToken),
    /// It cannot be granted at present; nothing has changed.
    Busy,
}

/// A hold in the list of its owner.
#[derive(Debug)]
struct Held {
    key: Arc<str>,
    hold: Hold,
}

/// One that holds something.
#[derive(Debug, Default)]
struct Owner {
    held: Vec<Held>,
    /// The greatest token that was granted, since it holds something, to it or to one whose
    /// ancestor it is.
    fence: FencingToken,
}

/// One that waits.
#[derive(Debug)]
struct Waiter {
    wish: Wish,
    place: Place,
    /// The key at which it is kept; `None` until it has been looked at.
    watches: Option<Arc<str>>,
    /// How many grants that overtook it, or one behind it, were charged to it.
    overtaken: u32,
}

/// All locks of one engine.
#[derive(Debug)]
pub struct LockTable {
    /// All keys that are held or wanted, but [`SYSTEM`].
    locks: HashMap<Arc<str>, KeyState>,
    system: KeyState,
    /// [`SYSTEM`].
    system_key: Arc<str>,
    owners: IndexMap<InstanceId, Owner, RandomState>,
    waiters: PlaceMap<Waiter>,
    waiting: IdMap<Place>,
    /// For whose ends each instance waits.
    awaited: IdMap<Vec<InstanceId>>,
    /// Who waits for the end of each instance.
    awaited_by: IdMap<Vec<InstanceId>>,
    /// Waiters that hold something or whose end is awaited: without them no cycle exists, and no
    /// waiter comes before one in a lower place.
    entangled: IdSet,
    /// Owners for whom others wait, since something has changed, where they did not before.
    unsettled: Vec<InstanceId>,
    /// Whether waiters were restored that nobody has looked at.
    is_restored: bool,
    tokens: Serial,
    tickets: Ticket,
    /// How long locks were held that are held no more.
    held_for: Durations,
    planted: Planted,
    /// Waiters looked at so far.
    #[cfg(test)]
    looks: u64,
}

impl LockTable {
    /// Returns a table without locks whose tokens belong to `epoch`.
    pub fn new(epoch: u32) -> Self {
        Self::with_bug(epoch, Planted::default())
    }

    pub(crate) fn with_bug(epoch: u32, planted: Planted) -> Self {
        let epoch = if planted.is(Bug::TokensAnew) { 1 } else { epoch };
        Self {
            locks: HashMap::new(),
            system: KeyState::default(),
            system_key: SYSTEM.into(),
            owners: IndexMap::default(),
            waiters: PlaceMap::default(),
            waiting: IdMap::default(),
            awaited: IdMap::default(),
            awaited_by: IdMap::default(),
            entangled: IdSet::default(),
            unsettled: Vec::new(),
            is_restored: false,
            tokens: Serial::new(epoch),
            tickets: 0,
            held_for: Durations::default(),
            planted,
            #[cfg(test)]
            looks: 0,
        }
    }

    /// Takes what the owner does not hold yet, all of it or nothing.
    ///
    /// The owner must not be waiting. If it waits for the ends of others, its grant may let one of
    /// them go before who stands before it: [`settle`](Self::settle) tells.
    pub fn request(&mut self, wish: &Wish, now: Time) -> Answer {
        if let Some(token) = self.covering_token(wish) {
            return Answer::Held(token);
        }
        let place = Place::new(self.tickets.saturating_add(1), wish.priority);
        if self.block(wish, place).is_some() {
            return Answer::Busy;
        }
        Answer::Granted(self.take(wish, place, now))
    }

    /// Has the owner of a wish wait that was answered with [`Answer::Busy`] and whose wait closes no
    /// [`cycle`](Self::cycle).
    ///
    /// Returns the ticket, and the grants to others that the queue had kept and that come first
    /// because the owner waits for them, and they for it. A wish of the same owner that waits
    /// already is forgotten.
    pub fn wait(&mut self, wish: Wish, now: Time) -> (Ticket, Vec<Grant>) {
        let mut grants = self.forget(wish.owner, now);
        self.tickets = self.tickets.checked_add(1).expect("2^64 tickets are never issued");
        if self.planted.is(Bug::TicketByClock) {
            self.tickets = u64::try_from(now.0).unwrap_or(0);
        }
        let (ticket, owner) = (self.tickets, wish.owner);
        let place = self.join(wish, ticket);
        let mut places = self.entangled_with(owner);
        places.insert(place);
        grants.extend(self.hand_on(vec![Source::Listed(places)], now));
        (ticket, grants)
    }

    /// Ends the holds of these keys, if all are held under this token, and hands them on.
    ///
    /// Returns whether they were, and the grants that followed. A late call, under a void token,
    /// changes nothing.
    pub fn release(
        &mut self,
        keys: &[Arc<str>],
        token: FencingToken,
        now: Time,
    ) -> (bool, Vec<Grant>) {
        let blindly = self.planted.is(Bug::ReleaseWithoutToken);
        if !blindly && !self.is_valid(keys, token) {
            return (false, Vec::new());
        }
        let mut since = None;
        for key in keys {
            let present = if blindly { self.holds(key).first() } else { None };
            let hold = self.remove_hold(key, present.map_or(token, |hold| hold.token));
            since = since.or(hold.map(|hold| hold.since));
        }
        if let Some(since) = since {
            self.held_for.add(now.since(since));
        }
        let wakes_nobody = self.planted.is(Bug::LostWakeUp) && self.waiters.len() == 1;
        if self.waiters.is_empty() || wakes_nobody {
            return (true, Vec::new());
        }
        let watchers = keys.iter().filter_map(|key| self.watchers_of(key));
        let sources = watchers.chain(self.system_wishes()).collect();
        (true, self.hand_on(sources, now))
    }

    /// Takes an owner out of the queues in which it waits, if it does.
    pub fn forget(&mut self, owner: InstanceId, now: Time) -> Vec<Grant> {
        let Some(place) = self.waiter(owner).map(|waiter| waiter.place) else { return Vec::new() };
        let removes_first = self.planted.is(Bug::QueueEntryOfAnother);
        let place = if removes_first { self.first_beside(place) } else { place };
        let Some(waiter) = self.leave(place) else { return Vec::new() };
        // At a key that nobody holds, only one who is reserved has kept others.
        let kept_others = |key: &&Arc<str>| {
            let is_held = !self.holds(key).is_empty();
            &***key == SYSTEM || waiter.overtaken >= MAX_OVERTAKEN || is_held
        };
        let keys = waiter.wish.keys.iter().filter(kept_others);
        let watchers = keys.filter_map(|key| self.watchers_of(key));
        let sources = watchers.chain(self.system_wishes()).collect();
        self.hand_on(sources, now)
    }

    /// Returns the first place in a queue in which one at `place` stands.
    fn first_beside(&self, place: Place) -> Place {
        let waiter = self.waiters.get(place);
        let key = waiter.and_then(|waiter| waiter.wish.keys.first());
        let first = key.and_then(|key| self.key(key)?.queue.next(None));
        first.unwrap_or(place)
    }

    /// Gives a key back to one who held it before a restart, before anyone is served.
    pub fn restore(&mut self, key: Arc<str>, hold: Hold) {
        self.is_restored = true;
        let owner = hold.owner;
        self.add_hold(key, hold);
        // What it and others were granted before is not known any more: less than any token to come.
        self.raise_fence(owner, self.tokens.last());
    }

    /// Gives a waiter its place back after a restart, before anyone is served.
    ///
    /// Tickets that are issued later are greater. One whose place is taken is replaced by the next.
    /// Returns the ticket under which it waits.
    pub fn restore_waiter(&mut self, wish: Wish, ticket: Ticket) -> Ticket {
        self.is_restored = true;
        if let Some(place) = self.waiter(wish.owner).map(|waiter| waiter.place) {
            drop(self.leave(place));
        }
        let place = Place::new(ticket, wish.priority);
        let is_taken = self.waiters.contains(place) || self.planted.is(Bug::QueuedAnewAtRestart);
        let ticket = if is_taken { self.tickets.saturating_add(1) } else { ticket };
        self.tickets = self.tickets.max(ticket);
        self.join(wish, ticket);
        ticket
    }

    /// Grants all that is possible: after restoring, or what a [`request`](Self::request) or
    /// `await_end` has made possible. Costs nothing if that is nothing.
    pub fn settle(&mut self, now: Time) -> Vec<Grant> {
        let mut sources = Vec::new();
        if std::mem::take(&mut self.is_restored) {
            sources.push(Source::Listed(self.waiters.iter().map(|(place, _)| *place).collect()));
        }
        self.hand_on(sources, now)
    }

    fn key(&self, key: &str) -> Option<&KeyState> {
        if key == SYSTEM { Some(&self.system) } else { self.locks.get(key) }
    }

    fn key_mut(&mut self, key: &Arc<str>) -> &mut KeyState {
        if &**key == SYSTEM {
            &mut self.system
        } else {
            self.locks.entry(Arc::clone(key)).or_default()
        }
    }

    /// Changes what is known of a key, and drops it if nobody holds or wants it any more.
    fn reduce<T>(&mut self, key: &str, change: impl FnOnce(&mut KeyState) -> T) -> Option<T> {
        if key == SYSTEM {
            return Some(change(&mut self.system));
        }
        let state = self.locks.get_mut(key)?;
        let changed = change(state);
        if state.is_idle() {
            self.locks.remove(key);
        }
        Some(changed)
    }

    fn waiter(&self, owner: InstanceId) -> Option<&Waiter> {
        self.waiters.get(*self.waiting.get(&owner)?)
    }

    fn held_by(&self, owner: InstanceId) -> &[Held] {
        self.owners.get(&owner).map_or(&[], |owner| &owner.held)
    }

    fn raise_fence(&mut self, owner: InstanceId, token: FencingToken) {
        if let Some(owner) = self.owners.get_mut(&owner) {
            owner.fence = owner.fence.max(token);
        }
    }

    fn add_hold(&mut self, key: Arc<str>, hold: Hold) {
        self.key_mut(&key).add(hold);
        let owner = self.owners.entry(hold.owner).or_default();
        owner.fence = owner.fence.max(hold.token);
        owner.held.push(Held { key, hold });
        self.update_entangled(hold.owner);
    }

    /// Puts a wish into the queues of its keys.
    fn join(&mut self, wish: Wish, ticket: Ticket) -> Place {
        let place = Place::new(ticket, wish.priority);
        for key in wish.keys.iter() {
            self.key_mut(key).queue.insert(place, wish.mode);
        }
        let owner = wish.owner;
        self.waiters.insert(place, Waiter { wish, place, watches: None, overtaken: 0 });
        self.waiting.insert(owner, place);
        self.update_entangled(owner);
        place
    }

    /// Takes a wish out of the queues of its keys.
    fn leave(&mut self, place: Place) -> Option<Waiter> {
        let waiter = self.waiters.remove(place)?;
        self.waiting.remove(&waiter.wish.owner);
        self.entangled.remove(&waiter.wish.owner);
        // It watches one of its keys, or that of the whole system.
        self.system.unwatch(place);
        for key in waiter.wish.keys.iter() {
            self.reduce(key, |state| {
                state.queue.remove(place, waiter.wish.mode);
                state.unwatch(place);
            });
        }
        Some(waiter)
    }
}
