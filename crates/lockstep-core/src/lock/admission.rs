//! Who may go: what keeps a wish from being granted, and what a grant costs those it overtakes.
//!
//! Invariants:
//!
//! * Exclusion: a wish is let through only if no stranger's hold that it meets is incompatible.
//! * Bounded overtaking: of those whom a grant overtakes at a key, the first one that is not
//!   reserved is charged; one that has been charged [`MAX_OVERTAKEN`] times is reserved.
//!
//! Absent by design: changes of queues; see `hand_on`.

use std::ops::Bound;
use std::sync::Arc;

use lockstep_definition::LockMode;

use super::queue::{Place, Queue};
use super::wish::{Hold, Wish, both_shared};
use super::{Grant, Held, LockTable, MAX_OVERTAKEN, SYSTEM, Waiter};
use crate::id::{FencingToken, IdSet};
use crate::planted::Bug;
use crate::time::Time;

/// What keeps a wish from being granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A hold at this key.
    Hold(Arc<str>),
    /// One before it in the queue of this key, whom it may not overtake.
    Waiter(Arc<str>, Place),
}

impl Block {
    /// Returns the key at which a change may end it.
    pub(super) fn key(&self) -> &Arc<str> {
        match self {
            Self::Hold(key) | Self::Waiter(key, _) => key,
        }
    }
}

/// Whom an owner may overtake because they wait for it, as far as this is known.
#[derive(Default)]
struct Precedence {
    is_waited_for: Option<bool>,
    known: IdSet,
}

impl LockTable {
    /// Returns what of a wish its owner does not hold yet.
    pub(super) fn missing<'a>(&'a self, wish: &'a Wish) -> impl Iterator<Item = &'a Arc<str>> {
        let held = self.held_by(wish.owner);
        let is_held = move |key: &str| held.iter().any(|held| held.covers(key, wish.mode));
        wish.keys.iter().filter(move |key| !is_held(key))
    }

    /// Returns the greatest token of the holds that cover a wish, if they cover all of it.
    pub(super) fn covering_token(&self, wish: &Wish) -> Option<FencingToken> {
        let held = self.held_by(wish.owner);
        let token = |key: &Arc<str>| {
            let covering = held.iter().filter(|held| held.covers(key, wish.mode));
            covering.map(|held| held.hold.token).max()
        };
        let tokens: Option<Vec<FencingToken>> = wish.keys.iter().map(token).collect();
        tokens?.into_iter().max()
    }

    /// Returns the holds that keep a wish from being granted, with the keys at which they are.
    ///
    /// Its owner does not hold all of it already.
    pub(super) fn conflicts<'a>(
        &'a self,
        wish: &'a Wish,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Hold)> {
        let overlooks = self.planted.is(Bug::SharedCountsAsFree);
        let at = move |key: &'a Arc<str>| {
            let state = self.key(key).into_iter();
            let holds = state.flat_map(move |state| state.conflicts(wish));
            let holds = holds.filter(move |hold| !overlooks || hold.mode == LockMode::Exclusive);
            holds.map(move |hold| (key, hold))
        };
        let wants_system = wish.wants_system();
        let meets_system = !self.planted.is(Bug::HoldersIgnoreSystem);
        let meets_all = !self.planted.is(Bug::SystemIgnoresHolders);
        let system = (meets_system && !wants_system).then(|| at(&self.system_key));
        let anyone = (meets_all && wants_system).then(|| self.foreign(wish));
        let any_key = anyone.into_iter().flatten();
        self.missing(wish).flat_map(at).chain(system.into_iter().flatten()).chain(any_key)
    }

    /// Returns the holds of keys that keep a wish for the whole system from being granted.
    fn foreign<'a>(&'a self, wish: &'a Wish) -> impl Iterator<Item = (&'a Arc<str>, &'a Hold)> {
        let strangers = self.owners.iter().filter(|(owner, _)| wish.is_foreign(**owner));
        let holds =
            strangers.flat_map(|(_, owner)| &owner.held).filter(|held| &*held.key != SYSTEM);
        let in_the_way = holds.filter(|held| !wish.is_compatible(&held.hold));
        in_the_way.map(|held| (&held.key, &held.hold))
    }

    /// Returns what keeps a wish at this place from being granted, if anything does.
    pub(super) fn block(&self, wish: &Wish, place: Place) -> Option<Block> {
        if let Some((key, _)) = self.conflicts(wish).next() {
            let key = if wish.wants_system() { &self.system_key } else { key };
            return Some(Block::Hold(Arc::clone(key)));
        }
        if self.planted.is(Bug::ReaderOvertakesWriter) && wish.mode == LockMode::Shared {
            return None;
        }
        self.standing_before(wish, place)
            .next()
            .map(|(key, before)| Block::Waiter(Arc::clone(key), before))
    }

    /// Returns at each key the first one before a place whom its wish may not overtake.
    pub(super) fn standing_before<'a>(
        &'a self,
        wish: &'a Wish,
        place: Place,
    ) -> impl Iterator<Item = (&'a Arc<str>, Place)> {
        let mut precedence = Precedence::default();
        let wants_system = wish.wants_system();
        let system = (!wants_system).then_some(&self.system_key);
        self.missing(wish).chain(system).filter_map(move |key| {
            let first = if wants_system {
                let before = self.anyone_before(None, place, wish.mode);
                self.first_unyielding(before.map(|waiter| waiter.place), wish, &mut precedence)
            } else {
                let state = self.key(key)?;
                // Nobody is overtaken at a key that is held, nor one who waits for the system.
                if &**key == SYSTEM || state.has_foreign_hold(wish) {
                    let before = state.queue.before(place, wish.mode);
                    self.first_unyielding(before, wish, &mut precedence)
                } else {
                    let before = state.queue.reserved_before(place, wish.mode);
                    self.first_unyielding(before, wish, &mut precedence)
                }
            };
            first.map(|first| (key, first))
        })
    }

    /// Returns who stands between two places, both excluded, and conflicts with one who wants the
    /// whole system in `mode`.
    pub(super) fn anyone_before(
        &self,
        after: Option<Place>,
        place: Place,
        mode: LockMode,
    ) -> impl Iterator<Item = &Waiter> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let waiters = self.waiters.range(from, Some(place)).map(|(_, waiter)| waiter);
        waiters.filter(move |waiter| !both_shared(waiter.wish.mode, mode))
    }

    /// Returns the first of some waiters that does not wait for the owner of a wish itself.
    fn first_unyielding(
        &self,
        mut places: impl Iterator<Item = Place>,
        wish: &Wish,
        precedence: &mut Precedence,
    ) -> Option<Place> {
        places.find(|place| {
            let waited_for = &mut precedence.is_waited_for;
            if !*waited_for.get_or_insert_with(|| self.is_waited_for(wish.owner)) {
                return true;
            }
            let before = self.waiters.get(*place).map(|waiter| waiter.wish.owner);
            !before.is_some_and(|owner| self.waits_for(owner, wish.owner, &mut precedence.known))
        })
    }

    /// Gives the owner of a wish what it does not hold yet.
    pub(super) fn take(&mut self, wish: &Wish, place: Place, now: Time) -> Grant {
        let owner = wish.owner;
        let keys: Arc<[Arc<str>]> = if self.owners.contains_key(&owner) {
            self.missing(wish).cloned().collect()
        } else {
            Arc::clone(&wish.keys)
        };
        if !self.waiters.is_empty() {
            self.charge(wish, &keys, place);
        }
        let is_raised = !self.planted.is(Bug::TokenNotRaised);
        let token = if is_raised { self.tokens.issue() } else { self.tokens.last() };
        for key in keys.iter() {
            let hold = Hold { owner, token, mode: wish.mode, since: now };
            self.add_hold(Arc::clone(key), hold);
        }
        for ancestor in wish.lineage.iter() {
            self.raise_fence(*ancestor, token);
        }
        // Those who wait for what was granted wait from here on for all that the owner waits for.
        if self.awaited.contains_key(&owner) && self.has_wanted_hold(owner) {
            self.unsettled.push(owner);
        }
        Grant { owner, keys, token }
    }

    /// Charges those whom the grant of these keys overtakes.
    fn charge(&mut self, wish: &Wish, keys: &[Arc<str>], place: Place) {
        let mut charged: Vec<Place> = Vec::new();
        for key in keys.iter().filter(|key| &***key != SYSTEM) {
            let Some(state) = self.key(key) else { continue };
            // Where a stranger holds the key, only those who wait for the owner were overtaken.
            if state.has_foreign_hold(wish) {
                continue;
            }
            let first = Self::first_unreserved(&state.queue, place, wish.mode);
            charged.extend(first.filter(|first| !charged.contains(first)));
        }
        for place in charged {
            self.charge_waiter(place);
        }
    }

    fn first_unreserved(queue: &Queue, place: Place, mode: LockMode) -> Option<Place> {
        queue.before(place, mode).find(|before| !queue.is_reserved(*before))
    }

    fn charge_waiter(&mut self, place: Place) {
        let Some(waiter) = self.waiters.get_mut(place) else { return };
        waiter.overtaken += 1;
        if waiter.overtaken < MAX_OVERTAKEN {
            return;
        }
        let keys = Arc::clone(&waiter.wish.keys);
        for key in keys.iter() {
            self.key_mut(key).queue.reserve(place);
        }
    }
}

impl Held {
    /// Returns whether this hold is also one of `key` in `mode`.
    fn covers(&self, key: &str, mode: LockMode) -> bool {
        (*self.key == *key || &*self.key == SYSTEM)
            && (self.hold.mode == LockMode::Exclusive || mode == LockMode::Shared)
    }
}
