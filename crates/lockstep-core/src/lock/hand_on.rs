//! Handing on: after each change, whoever may go is granted its wish, in order of places.
//!
//! Each waiter watches one key at which it is kept from its wish. A change at a key concerns its
//! watchers; they are gone through in order, and each is granted its wish, stays, or goes on to
//! watch another key that keeps it. Whoever wants the whole system watches the key of the system
//! and is looked at when a hold ends anywhere.
//!
//! Invariants:
//!
//! * Progress: when a call returns, no waiter can be granted its wish.
//! * Going through watchers ends at a *barrier*, a hold or waiter that keeps all who come later,
//!   except those for whom the barrier waits and the descendants of holders: these few are looked
//!   at one by one. So a hand-over costs the same with however many waiters, but for those that are
//!   kept by another key from here on: all of them go on to watch that one. They come back only if
//!   somebody overtakes them there, which happens [`MAX_OVERTAKEN`](super::MAX_OVERTAKEN) times.
//! * Several keys are gone through together, so that the lowest place comes first everywhere.
//!
//! A grant frees nobody: who was kept by the waiter is kept by the holder. The exception is a holder
//! that waits for the ends of others; those become `unsettled`, and are looked at in the same loop.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_definition::LockMode;

use super::admission::Block;
use super::cycle::Edges;
use super::queue::Place;
use super::state::KeyState;
use super::wish::Hold;
use super::{Grant, LockTable, Owner, SYSTEM};
use crate::id::FencingToken;
use crate::time::Time;

/// Waiters to be looked at, in order of places.
#[derive(Debug)]
pub(super) enum Source {
    /// The watchers of a key, from after a place on.
    Watchers(Arc<str>, Option<Place>),
    /// Those who want the whole system, from after a place on.
    SystemWishes(Option<Place>),
    /// These.
    Listed(BTreeSet<Place>),
}

impl Source {
    /// Goes on to what comes after a place.
    fn pass(&mut self, place: Place) {
        match self {
            Self::Watchers(_, after) | Self::SystemWishes(after) => *after = Some(place),
            Self::Listed(places) => drop(places.remove(&place)),
        }
    }
}

impl LockTable {
    /// Returns where to look after the end of a hold at a key, or of an exclusive or reserved wait.
    pub(super) fn watchers_of(&self, key: &Arc<str>) -> Option<Source> {
        let is_watched = self.key(key).is_some_and(KeyState::is_watched);
        is_watched.then(|| Source::Watchers(Arc::clone(key), None))
    }

    /// Returns where to look after the end of any hold or wait.
    pub(super) fn system_wishes(&self) -> Option<Source> {
        (!self.system.queue.is_empty()).then_some(Source::SystemWishes(None))
    }

    /// Grants what has become possible, in order of places.
    pub(super) fn hand_on(&mut self, mut sources: Vec<Source>, now: Time) -> Vec<Grant> {
        let mut grants = Vec::new();
        loop {
            for owner in std::mem::take(&mut self.unsettled) {
                sources.push(Source::Listed(self.entangled_from([owner], Edges::All)));
            }
            let next = sources.iter_mut().enumerate().filter_map(|(at, source)| {
                let place = self.next_of(source)?;
                Some((place, at))
            });
            let Some((place, at)) = next.min() else { return grants };
            let Some(source) = sources.get_mut(at) else { return grants };
            source.pass(place);
            match self.look_at(place, now) {
                Some(Ok(grant)) => grants.push(grant),
                Some(Err(block)) => self.stop_at_barrier(source, place, &block),
                None => (),
            }
        }
    }

    /// Takes a hold out of the table; returns it, if it was there.
    pub(super) fn remove_hold(&mut self, key: &Arc<str>, token: FencingToken) -> Option<Hold> {
        let hold = self.reduce(key, |state| state.remove(token)).flatten()?;
        if let Some(Owner { held, .. }) = self.owners.get_mut(&hold.owner) {
            held.retain(|held| held.hold.token != token || held.key != *key);
            if held.is_empty() {
                self.owners.swap_remove(&hold.owner);
            }
        }
        self.update_entangled(hold.owner);
        Some(hold)
    }

    /// Returns the next one to be looked at. Of the watchers of an exclusively held key, only the
    /// descendants of its holders are left.
    fn next_of(&self, source: &mut Source) -> Option<Place> {
        match source {
            Source::Watchers(key, after) => {
                let state = self.key(key)?;
                if !state.is_held_exclusively() {
                    return state.next_watcher(*after);
                }
                let remaining = self.excepted(key, *after, BTreeSet::new());
                let next = remaining.first().copied();
                *source = Source::Listed(remaining);
                next
            }
            Source::SystemWishes(after) => self.system.queue.next(*after),
            Source::Listed(places) => places.first().copied(),
        }
    }

    /// Grants a waiter its wish, or returns what keeps it and has it watched.
    fn look_at(&mut self, place: Place, now: Time) -> Option<Result<Grant, Block>> {
        #[cfg(test)]
        {
            self.looks += 1;
        }
        let waiter = self.waiters.get(place)?;
        if let Some(block) = self.block(&waiter.wish, place) {
            self.watch(place, block.key());
            return Some(Err(block));
        }
        let waiter = self.leave(place)?;
        Some(Ok(self.take(&waiter.wish, place, now)))
    }

    /// Has a waiter watch a key instead of the one that it watches.
    fn watch(&mut self, place: Place, key: &Arc<str>) {
        let Some(waiter) = self.waiters.get_mut(place) else { return };
        if waiter.watches.as_ref() == Some(key) {
            return;
        }
        let before = waiter.watches.replace(Arc::clone(key));
        if let Some(before) = before {
            self.key_mut(&before).unwatch(place);
        }
        self.key_mut(key).watch(place);
    }

    /// Leaves of a source those whom the waiter that stays, or who keeps it, does not keep.
    fn stop_at_barrier(&self, source: &mut Source, place: Place, block: &Block) {
        match source {
            Source::Watchers(key, _) if key == block.key() => {
                let Some(barrier) = self.barrier(place, block) else { return };
                let passable = self.waited_for_by(barrier);
                *source = Source::Listed(self.excepted(key, Some(place), passable));
            }
            Source::SystemWishes(_) => {
                let queue = &self.system.queue;
                let mut passable = self.waited_for_by(place);
                passable.retain(|other| *other > place && queue.contains(*other));
                *source = Source::Listed(passable);
            }
            Source::Watchers(..) | Source::Listed(_) => (),
        }
    }

    /// Returns the waiter whom nobody that comes later can pass where `place` is kept: itself, or
    /// the one who keeps it.
    fn barrier(&self, place: Place, block: &Block) -> Option<Place> {
        let is_exclusive = |place: Place| {
            let waiter = self.waiters.get(place);
            waiter.is_some_and(|waiter| waiter.wish.mode == LockMode::Exclusive)
        };
        let waiter = self.waiters.get(place)?;
        let candidate = match block {
            // One who is kept by the hold of a key elsewhere keeps others by its own wish.
            Block::Hold(key) if &**key != SYSTEM || waiter.wish.wants_system() => place,
            Block::Waiter(..) if waiter.wish.wants_system() => place,
            Block::Waiter(_, before) => *before,
            Block::Hold(_) => return None,
        };
        is_exclusive(candidate).then_some(candidate)
    }

    /// Returns the watchers of a key after a place that are descendants of its holders, or among
    /// some others.
    fn excepted(
        &self,
        key: &Arc<str>,
        after: Option<Place>,
        others: BTreeSet<Place>,
    ) -> BTreeSet<Place> {
        if self.entangled.is_empty() {
            return BTreeSet::new();
        }
        let holders = self.key(key).into_iter().flat_map(KeyState::holds);
        let holders = holders.map(|hold| hold.owner);
        let mut places = self.entangled_from(holders, Edges::Ends);
        places.extend(others);
        places.retain(|place| {
            let watches = self.waiters.get(*place).and_then(|waiter| waiter.watches.as_ref());
            Some(*place) > after && watches == Some(key)
        });
        places
    }

    fn waited_for_by(&self, place: Place) -> BTreeSet<Place> {
        let owner = self.waiters.get(place).map(|waiter| waiter.wish.owner);
        self.entangled_from(owner, Edges::All)
    }
}
