//! The map by place beside a search tree, under drawn operations.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::chance::Chance;
use crate::lock::places::PlaceMap;
use crate::lock::queue::Place;

/// Both maps, and the way in which places are drawn.
struct Pair {
    map: PlaceMap<u64>,
    tree: BTreeMap<Place, u64>,
    chance: Chance,
    last: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let (map, tree) = (PlaceMap::default(), BTreeMap::new());
        Self { map, tree, chance: Chance(seed), last: 0 }
    }

    /// Returns a place near the end, one that is there, or any.
    fn place(&mut self) -> Place {
        let ticket = match self.chance.below(8) {
            0..=3 => self.last + self.chance.below(3),
            4 | 5 => {
                let at = self.chance.below(u64::try_from(self.tree.len()).unwrap() + 1);
                let place = self.tree.keys().nth(usize::try_from(at).unwrap());
                place.map_or(self.last, |place| place.ticket)
            }
            _ => self.chance.below(self.last + 2),
        };
        self.last = self.last.max(ticket);
        Place::new(ticket, 0)
    }

    fn insert(&mut self) {
        let (place, value) = (self.place(), self.chance.below(1_000));
        self.map.insert(place, value);
        self.tree.insert(place, value);
    }

    fn remove(&mut self) {
        let first = self.tree.keys().next().copied();
        let place = first.filter(|_| self.chance.one_in(2)).unwrap_or_else(|| self.place());
        assert_eq!(self.map.remove(place), self.tree.remove(&place));
    }

    fn compare(&mut self) {
        self.map.check();
        let (one, other, place) = (self.place(), self.place(), self.place());
        let (map, tree) = (&mut self.map, &mut self.tree);
        assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
        assert_eq!(map.last().map(|(place, _)| place), tree.keys().next_back());
        assert_eq!(
            (map.get(place), map.contains(place)),
            (tree.get(&place), tree.contains_key(&place))
        );
        assert_eq!(map.get_mut(place), tree.get_mut(&place));
        let (from, before) = (one.min(other), one.max(other));
        for from in [Bound::Unbounded, Bound::Included(from), Bound::Excluded(from)] {
            let found = |before| map.range(from, before).copied().collect::<Vec<_>>();
            let all = tree.range((from, Bound::Unbounded)).map(|(place, value)| (*place, *value));
            let all: Vec<_> = all.collect();
            assert_eq!(found(None), all);
            let some = all.into_iter().filter(|(place, _)| *place < before);
            assert_eq!(found(Some(before)), some.collect::<Vec<_>>());
        }
        let backwards = map.range(Bound::Excluded(before), Some(from));
        assert_eq!(backwards.count(), 0, "what ends before it begins is empty");
    }
}

#[test]
fn map_by_place_holds_what_a_search_tree_holds() {
    for seed in 1..=10 {
        let mut pair = Pair::new(seed);
        // It grows, stays as it is, and shrinks to nothing.
        for (inserts, of) in [(3, 4), (1, 2), (1, 4)] {
            for step in 0..1_000 {
                if pair.chance.below(of) < inserts {
                    pair.insert();
                } else {
                    pair.remove();
                }
                if step % 8 == 0 {
                    pair.compare();
                }
            }
        }
        while let Some(place) = pair.tree.keys().nth(pair.tree.len() / 2).copied() {
            assert_eq!(pair.map.remove(place), pair.tree.remove(&place));
            pair.map.check();
        }
        assert!(pair.map.is_empty());
    }
}

#[test]
fn taking_out_most_leaves_few_chunks() {
    let mut map = PlaceMap::default();
    for ticket in 0..10_000 {
        map.insert(Place::new(ticket, 0), ticket);
    }
    for ticket in (0..10_000).filter(|ticket| ticket % 50 != 0) {
        assert_eq!(map.remove(Place::new(ticket, 0)), Some(ticket));
        map.check();
    }
    assert_eq!(map.len(), 200);
}
