//! The order of those who wait, as a whole or for one key.
//!
//! Invariants:
//!
//! * Who comes before whom is a matter of places only, and a place never changes.
//! * `exclusive` and `reserved` are parts of `all`.
//!
//! Absent by design: who the waiters are; a place names one.

use std::collections::BTreeSet;
use std::ops::Bound;

use lockstep_definition::LockMode;

use super::wish::MAX_PRIORITY;
use crate::id::Ticket;

/// Tickets that a step of priority is ahead of.
const HEAD_START: i64 = 1 << 20;

/// Where a waiter stands; lower ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    rank: i64,
    pub(super) ticket: Ticket,
}

impl Place {
    /// Returns the place of a ticket: a priority is a head start, so that a stream of higher ones
    /// does not overtake a waiter for ever.
    pub(super) fn new(ticket: Ticket, priority: i64) -> Self {
        let head_start = priority.clamp(-MAX_PRIORITY, MAX_PRIORITY) * HEAD_START;
        let number = i64::try_from(ticket).unwrap_or(i64::MAX);
        Self { rank: number.saturating_sub(head_start), ticket }
    }
}

/// The places of those who wait for one thing.
#[derive(Debug, Default)]
pub(super) struct Queue {
    all: BTreeSet<Place>,
    /// Of those who want it exclusively.
    exclusive: BTreeSet<Place>,
    /// Of those whom nobody may overtake any more.
    reserved: BTreeSet<Place>,
}

impl Queue {
    pub(super) fn insert(&mut self, place: Place, mode: LockMode) {
        self.all.insert(place);
        if mode == LockMode::Exclusive {
            self.exclusive.insert(place);
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        self.all.remove(&place);
        self.exclusive.remove(&place);
        self.reserved.remove(&place);
    }

    pub(super) fn reserve(&mut self, place: Place) {
        self.reserved.insert(place);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.all.iter().copied()
    }

    pub(super) fn last(&self) -> Option<Place> {
        self.all.last().copied()
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.all.contains(&place)
    }

    pub(super) fn is_exclusive(&self, place: Place) -> bool {
        self.exclusive.contains(&place)
    }

    pub(super) fn is_reserved(&self, place: Place) -> bool {
        self.reserved.contains(&place)
    }

    /// Returns the places between two, without them, in order.
    fn between(
        set: &BTreeSet<Place>,
        after: Option<Place>,
        before: Option<Place>,
    ) -> impl Iterator<Item = Place> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let to = before.map_or(Bound::Unbounded, Bound::Excluded);
        // A range that ends before it begins would panic.
        let is_empty = matches!((after, before), (Some(after), Some(before)) if before <= after);
        (!is_empty).then(|| set.range((from, to)).copied()).into_iter().flatten()
    }

    /// Returns the first place after one.
    pub(super) fn next(&self, after: Option<Place>) -> Option<Place> {
        Self::between(&self.all, after, None).next()
    }

    /// Returns the places before `place` of those who conflict with one who wants it in `mode`.
    pub(super) fn before(&self, place: Place, mode: LockMode) -> impl Iterator<Item = Place> {
        self.stretch(None, place, mode)
    }

    /// As [`before`](Self::before), without the places up to `after`.
    pub(super) fn stretch(
        &self,
        after: Option<Place>,
        place: Place,
        mode: LockMode,
    ) -> impl Iterator<Item = Place> {
        let set = match mode {
            LockMode::Exclusive => &self.all,
            LockMode::Shared => &self.exclusive,
        };
        Self::between(set, after, Some(place))
    }

    /// As [`before`](Self::before), of those whom nobody may overtake any more.
    pub(super) fn reserved_before(
        &self,
        place: Place,
        mode: LockMode,
    ) -> impl Iterator<Item = Place> {
        self.reserved
            .range(..place)
            .copied()
            .filter(move |reserved| mode == LockMode::Exclusive || self.is_exclusive(*reserved))
    }
}
