//! What is known of one key: its holds, who wants it, and who waits for a change at it.
//!
//! Invariants:
//!
//! * Holds stand in order: exclusive ones first, then by token.
//! * Each watcher of a key is kept from its wish at this key, by a hold or by who stands before it.

use std::ops::Bound;

use lockstep_definition::LockMode;

use super::places::PlaceSet;
use super::queue::{Place, Queue};
use super::wish::{Hold, Wish};
use crate::id::FencingToken;

/// The state of one key.
#[derive(Debug, Default)]
pub(super) struct KeyState {
    holds: Vec<Hold>,
    pub(super) queue: Queue,
    watchers: PlaceSet,
}

impl KeyState {
    pub(super) fn holds(&self) -> &[Hold] {
        &self.holds
    }

    pub(super) fn is_idle(&self) -> bool {
        self.holds.is_empty() && self.queue.is_empty()
    }

    pub(super) fn is_held_exclusively(&self) -> bool {
        self.holds.first().is_some_and(|hold| hold.mode == LockMode::Exclusive)
    }

    pub(super) fn add(&mut self, hold: Hold) {
        let at = self.holds.partition_point(|other| order(other) < order(&hold));
        self.holds.insert(at, hold);
    }

    pub(super) fn remove(&mut self, token: FencingToken) -> Option<Hold> {
        self.find(token).map(|at| self.holds.remove(at))
    }

    pub(super) fn has(&self, token: FencingToken) -> bool {
        self.find(token).is_some()
    }

    fn find(&self, token: FencingToken) -> Option<usize> {
        let of_mode = |shared| self.holds.binary_search_by_key(&(shared, token), order).ok();
        of_mode(false).or_else(|| of_mode(true))
    }

    /// Returns the holds that keep a wish from being granted.
    pub(super) fn conflicts<'a>(&'a self, wish: &'a Wish) -> impl Iterator<Item = &'a Hold> {
        // For a shared wish the exclusive holds, which are the first ones, are all that matters.
        let relevant =
            |hold: &&Hold| wish.mode == LockMode::Exclusive || hold.mode == LockMode::Exclusive;
        self.holds.iter().take_while(relevant).filter(|hold| !wish.is_compatible(hold))
    }

    /// Returns whether a stranger holds the key, in whatever mode.
    pub(super) fn has_foreign_hold(&self, wish: &Wish) -> bool {
        self.holds.iter().any(|hold| wish.is_foreign(hold.owner))
    }

    pub(super) fn watch(&mut self, place: Place) {
        self.watchers.insert(place, ());
    }

    pub(super) fn unwatch(&mut self, place: Place) {
        self.watchers.remove(place);
    }

    pub(super) fn is_watched(&self) -> bool {
        !self.watchers.is_empty()
    }

    /// Returns the first watcher after a place.
    pub(super) fn next_watcher(&self, after: Option<Place>) -> Option<Place> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.watchers.range(from, None).next().map(|(place, ())| *place)
    }
}

fn order(hold: &Hold) -> (bool, FencingToken) {
    (hold.mode == LockMode::Shared, hold.token)
}
