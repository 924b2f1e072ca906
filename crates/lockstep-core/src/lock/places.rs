//! A sorted map by place, made for queues: most come at the end and go at the beginning.
//!
//! The entries stand one behind another in *chunks*, so that one at either end is found, put in and
//! taken out at a cost that does not grow with their number, and what comes next is in memory next
//! to it. A search tree would cost a level more with each ten times as many, and a miss of the cache
//! at each.
//!
//! Invariants:
//!
//! * Order: places ascend within a chunk, and from each chunk to the next; no chunk is empty.
//! * Size: a chunk has at most [`CHUNK`] entries, and two neighbours have together more than half as
//!   many: there are at most four times as many chunks as are needed, and one more.
//!
//! Cost: constant at both ends; elsewhere a search, moving at most half a chunk, and once in a while
//! moving half the list of chunks.

use std::collections::VecDeque;
use std::ops::Bound;

use super::queue::Place;

/// Entries of a chunk.
const CHUNK: usize = 64;

type Chunk<V> = VecDeque<(Place, V)>;

/// A map by place, in order.
#[derive(Debug)]
pub(super) struct PlaceMap<V> {
    chunks: VecDeque<Chunk<V>>,
    /// Of all chunks together.
    len: usize,
}

/// Some places, in order.
pub(super) type PlaceSet = PlaceMap<()>;

impl<V> Default for PlaceMap<V> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), len: 0 }
    }
}

impl<V> PlaceMap<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn last(&self) -> Option<&(Place, V)> {
        self.chunks.back()?.back()
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.get(place).is_some()
    }

    pub(super) fn get(&self, place: Place) -> Option<&V> {
        let (chunk, at) = self.find(place);
        let (found, value) = self.chunks.get(chunk)?.get(at)?;
        (*found == place).then_some(value)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut V> {
        let (chunk, at) = self.find(place);
        let (found, value) = self.chunks.get_mut(chunk)?.get_mut(at)?;
        (*found == place).then_some(value)
    }

    /// Puts an entry in, instead of one with the same place.
    pub(super) fn insert(&mut self, place: Place, value: V) {
        let (index, at) = self.find(place);
        let Some(chunk) = self.chunks.get_mut(index) else { return self.push(place, value) };
        if let Some((found, present)) = chunk.get_mut(at)
            && *found == place
        {
            *present = value;
            return;
        }
        chunk.insert(at, (place, value));
        self.len += 1;
        if chunk.len() > CHUNK {
            let behind = chunk.split_off(CHUNK / 2);
            self.chunks.insert(index + 1, behind);
        }
    }

    /// Puts an entry in behind all others.
    fn push(&mut self, place: Place, value: V) {
        self.len += 1;
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push_back((place, value)),
            _ => self.chunks.push_back(VecDeque::from([(place, value)])),
        }
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<V> {
        let (index, at) = self.find(place);
        let chunk = self.chunks.get_mut(index)?;
        if chunk.get(at)?.0 != place {
            return None;
        }
        let (_, value) = chunk.remove(at)?;
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(index);
        } else {
            self.join_next(index);
        }
        if let Some(before) = index.checked_sub(1) {
            self.join_next(before);
        }
        Some(value)
    }

    /// Makes one of a chunk and the next if they have few entries.
    fn join_next(&mut self, index: usize) {
        let len = |index: usize| self.chunks.get(index).map(VecDeque::len);
        let Some((one, next)) = len(index).zip(len(index + 1)) else { return };
        if one + next <= CHUNK / 2
            && let Some(mut next) = self.chunks.remove(index + 1)
            && let Some(chunk) = self.chunks.get_mut(index)
        {
            chunk.append(&mut next);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Place, V)> {
        self.chunks.iter().flatten()
    }

    /// Returns the entries between two places, the second of them excluded, in order.
    pub(super) fn range(
        &self,
        from: Bound<Place>,
        before: Option<Place>,
    ) -> impl Iterator<Item = &(Place, V)> {
        let (chunk, at) = match from {
            Bound::Unbounded => (0, 0),
            Bound::Included(place) | Bound::Excluded(place) => self.find(place),
        };
        let rest = self.chunks.get(chunk).into_iter().flat_map(move |chunk| chunk.range(at..));
        let entries = rest.chain(self.chunks.range((chunk + 1).min(self.chunks.len())..).flatten());
        entries
            .skip_while(move |(place, _)| from == Bound::Excluded(*place))
            .take_while(move |(place, _)| before.is_none_or(|before| *place < before))
    }

    /// Returns the chunk and the position in it of a place, or where it would be put in: the number
    /// of chunks if behind all others.
    fn find(&self, place: Place) -> (usize, usize) {
        let ends_before = |chunk: &Chunk<V>| chunk.back().is_none_or(|(last, _)| *last < place);
        let index = match (self.chunks.front(), self.chunks.back()) {
            (Some(first), _) if !ends_before(first) => 0,
            (_, Some(last)) if ends_before(last) => self.chunks.len(),
            _ => self.chunks.partition_point(ends_before),
        };
        let Some(chunk) = self.chunks.get(index) else { return (index, 0) };
        if chunk.front().is_some_and(|(first, _)| *first >= place) {
            return (index, 0);
        }
        (index, chunk.partition_point(|(other, _)| *other < place))
    }
}

#[cfg(test)]
impl<V> PlaceMap<V> {
    /// Fails if an invariant does not hold.
    pub(super) fn check(&self) {
        let places: Vec<Place> = self.iter().map(|(place, _)| *place).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "places ascend");
        let sizes: Vec<usize> = self.chunks.iter().map(VecDeque::len).collect();
        assert!(sizes.iter().all(|size| (1..=CHUNK).contains(size)), "{sizes:?}");
        assert!(sizes.windows(2).all(|pair| pair[0] + pair[1] > CHUNK / 2), "{sizes:?}");
        assert_eq!(sizes.iter().sum::<usize>(), self.len);
    }
}
