//! What the table tells of itself, for messages and for people.
//!
//! Absent by design: changes. Nothing is decided from what is told here.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_definition::LockMode;

use super::LockTable;
use super::queue::Place;
use super::wish::{Hold, Wish};
use crate::id::{FencingToken, InstanceId, Ticket};

/// Something that keeps a waiter from its wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The key at which it does.
    pub key: Arc<str>,
    /// What it is.
    pub by: ObstacleKind,
}

/// A waiter; the next page begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterMark {
    /// Its place in the order in which locks were asked for.
    pub ticket: Ticket,
    /// Its priority.
    pub priority: i64,
}

/// What keeps a waiter from its wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObstacleKind {
    /// A hold of a stranger.
    Held(Hold),
    /// One who stands before it.
    Behind {
        /// Who.
        owner: InstanceId,
        /// The other's ticket.
        ticket: Ticket,
    },
}

impl LockTable {
    /// Returns whether all of these keys are held under this token.
    pub fn is_valid(&self, keys: &[Arc<str>], token: FencingToken) -> bool {
        keys.iter().all(|key| self.key(key).is_some_and(|state| state.has(token)))
    }

    /// Returns the holds of a key: exclusive ones first, then in order of their tokens.
    pub fn holds(&self, key: &str) -> &[Hold] {
        self.key(key).map_or(&[], |state| state.holds())
    }

    /// Returns the token under which an owner may change what its locks guard, and those of its
    /// ancestors: the greatest that was granted to any of them since it holds something. `None` if
    /// none of them holds anything.
    ///
    /// It never becomes smaller while they hold a lock, however many they take and give back beside
    /// it, and it is smaller than any token that is granted to others later.
    pub fn fence(&self, owner: InstanceId, ancestors: &[InstanceId]) -> Option<FencingToken> {
        let owners = ancestors.iter().chain([&owner]).filter_map(|owner| self.owners.get(owner));
        owners.map(|owner| owner.fence).max()
    }

    /// Returns what keeps a waiter: all holds in its way, and at each key the first one before it
    /// that it may not overtake; at most `most`. The keys are those held, or wanted by who stands
    /// before it.
    pub fn obstacles(&self, owner: InstanceId, most: usize) -> Vec<Obstacle> {
        let Some(waiter) = self.waiter(owner) else { return Vec::new() };
        let held = self
            .conflicts(&waiter.wish)
            .map(|(key, hold)| Obstacle { key: Arc::clone(key), by: ObstacleKind::Held(*hold) });
        let before = self.standing_before(&waiter.wish, waiter.place);
        let behind = before.filter_map(|(key, place)| {
            let owner = self.waiters.get(place)?.wish.owner;
            let by = ObstacleKind::Behind { owner, ticket: place.ticket };
            Some(Obstacle { key: Arc::clone(key), by })
        });
        held.chain(behind).take(most).collect()
    }

    /// Returns the first hold that keeps a wish from being granted, with the key at which it is; of
    /// those in the way of the whole system, the oldest.
    pub fn in_the_way(&self, wish: &Wish) -> Option<(Arc<str>, Hold)> {
        let mut holds = self.conflicts(wish);
        let first = if wish.wants_system() {
            holds.min_by_key(|(_, hold)| hold.token)
        } else {
            holds.next()
        };
        first.map(|(key, hold)| (Arc::clone(key), *hold))
    }

    /// Returns the first one whom a wish may not overtake, if no hold is in its way, and what that
    /// one wants.
    pub fn first_before(&self, wish: &Wish) -> Option<&Wish> {
        let next = || Place::new(self.tickets.saturating_add(1), wish.priority);
        let place = self.waiter(wish.owner).map_or_else(next, |waiter| waiter.place);
        let (_, before) = self.standing_before(wish, place).next()?;
        self.waiters.get(before).map(|waiter| &waiter.wish)
    }

    /// Returns how many stand before a waiter and want a key that it wants, in whatever mode; the
    /// whole system counts as every key. Zero if it does not wait.
    pub fn ahead(&self, owner: InstanceId) -> usize {
        let Some(waiter) = self.waiter(owner) else { return 0 };
        if waiter.wish.wants_system() {
            return self.anyone_before(None, waiter.place, LockMode::Exclusive).count();
        }
        let keys = waiter.wish.keys.iter().chain([&self.system_key]);
        let queues = keys.filter_map(|key| self.key(key)).map(|state| &state.queue);
        let before = queues.flat_map(|queue| queue.before(waiter.place, LockMode::Exclusive));
        before.collect::<BTreeSet<Place>>().len()
    }

    /// Returns how many wait for this very key.
    pub fn queue_length(&self, key: &str) -> usize {
        self.key(key).map_or(0, |state| state.queue.len())
    }

    /// Returns who waits for this very key, behind one or from the first one, in order of their
    /// places.
    pub fn waiters_after(
        &self,
        key: &str,
        after: Option<WaiterMark>,
    ) -> impl Iterator<Item = (Ticket, InstanceId)> {
        let after = after.map(place_of);
        let places = self.key(key).into_iter().flat_map(move |state| state.queue.after(after));
        places.filter_map(|place| {
            let waiter = self.waiters.get(place)?;
            Some((place.ticket, waiter.wish.owner))
        })
    }

    /// Returns how many wait for this very key down to a place, which is counted if somebody has it.
    pub fn waiters_up_to(&self, key: &str, last: WaiterMark) -> usize {
        let place = place_of(last);
        self.key(key).map_or(0, |state| {
            let before = state.queue.before(place, LockMode::Exclusive).count();
            before.saturating_add(usize::from(state.queue.contains(place)))
        })
    }

    /// Returns the keys that are held or wanted, in no order, each with how many wait for it.
    pub fn keys_and_waiting(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        let system = (!self.system.is_idle()).then_some((&self.system_key, &self.system));
        self.locks.iter().chain(system).map(|(key, state)| (key, state.queue.len()))
    }

    /// Returns the ticket of a waiter.
    pub fn ticket_of(&self, owner: InstanceId) -> Option<Ticket> {
        self.waiting.get(&owner).map(|place| place.ticket)
    }

    /// Returns what a waiter wants.
    pub fn wish_of(&self, owner: InstanceId) -> Option<&Wish> {
        self.waiter(owner).map(|waiter| &waiter.wish)
    }

    /// Returns whether nothing is held and nobody waits.
    pub fn is_idle(&self) -> bool {
        self.owners.is_empty() && self.waiters.is_empty()
    }
}

fn place_of(mark: WaiterMark) -> Place {
    Place::new(mark.ticket, mark.priority)
}
