//! The order of those who wait, as a whole or for one key.
//!
//! Invariants:
//!
//! * Who comes before whom is a matter of places only, and a place never changes.
//! * Each place is in `shared` or in `exclusive`, as its waiter wants; `reserved` names some of them.
//!
//! Absent by design: who the waiters are; a place names one.

use std::ops::Bound;

use lockstep_definition::LockMode;

use super::places::PlaceSet;
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
    shared: PlaceSet,
    exclusive: PlaceSet,
    /// Of those whom nobody may overtake any more, in either mode.
    reserved: PlaceSet,
}

impl Queue {
    pub(super) fn insert(&mut self, place: Place, mode: LockMode) {
        self.of_mode(mode).insert(place, ());
    }

    pub(super) fn remove(&mut self, place: Place, mode: LockMode) {
        self.of_mode(mode).remove(place);
        self.reserved.remove(place);
    }

    fn of_mode(&mut self, mode: LockMode) -> &mut PlaceSet {
        match mode {
            LockMode::Shared => &mut self.shared,
            LockMode::Exclusive => &mut self.exclusive,
        }
    }

    pub(super) fn reserve(&mut self, place: Place) {
        self.reserved.insert(place, ());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.exclusive.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.shared.len() + self.exclusive.len()
    }

    /// Returns the places after one, or all.
    pub(super) fn after(&self, after: Option<Place>) -> impl Iterator<Item = Place> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        merged(self.exclusive.range(from, None), self.shared.range(from, None))
    }

    pub(super) fn last(&self) -> Option<Place> {
        let last = |set: &PlaceSet| set.last().map(|(place, ())| *place);
        last(&self.shared).max(last(&self.exclusive))
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.shared.contains(place) || self.exclusive.contains(place)
    }

    pub(super) fn is_reserved(&self, place: Place) -> bool {
        self.reserved.contains(place)
    }

    /// Returns the first place after one.
    pub(super) fn next(&self, after: Option<Place>) -> Option<Place> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let first = |set: &PlaceSet| set.range(from, None).next().map(|(place, ())| *place);
        match (first(&self.shared), first(&self.exclusive)) {
            (Some(shared), Some(exclusive)) => Some(shared.min(exclusive)),
            (shared, exclusive) => shared.or(exclusive),
        }
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
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let writers = self.exclusive.range(from, Some(place));
        let has_readers = mode == LockMode::Exclusive;
        let readers = has_readers.then(|| self.shared.range(from, Some(place)));
        merged(writers, readers.into_iter().flatten())
    }

    /// As [`before`](Self::before), of those whom nobody may overtake any more.
    pub(super) fn reserved_before(
        &self,
        place: Place,
        mode: LockMode,
    ) -> impl Iterator<Item = Place> {
        let conflicts = move |reserved: &Place| {
            mode == LockMode::Exclusive || self.exclusive.contains(*reserved)
        };
        let reserved = self.reserved.range(Bound::Unbounded, Some(place));
        reserved.map(|(place, ())| *place).filter(conflicts)
    }
}

/// Returns what two sorted sequences hold, sorted.
fn merged<'a>(
    one: impl Iterator<Item = &'a (Place, ())>,
    other: impl Iterator<Item = &'a (Place, ())>,
) -> impl Iterator<Item = Place> {
    let place = |(place, ()): &(Place, ())| *place;
    let (mut one, mut other) = (one.map(place).peekable(), other.map(place).peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second < first => other.next(),
        (None, _) => other.next(),
        (Some(_), _) => one.next(),
    })
}
