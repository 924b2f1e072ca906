//! Room among those who wait: who has gone makes place for who comes.
//!
//! Invariants:
//!
//! * Those who have gone are at most as many as those who wait, beside a few.
//! * Who comes costs the same on average, however many wait or have gone: all are looked at only
//!   when there is no room, and then half of it is free for those who come next.

use std::collections::HashMap;
use std::hash::Hash;

/// Makes room for one more in a map before it grows.
pub(super) fn in_map<K: Eq + Hash, V>(map: &mut HashMap<K, V>, waits: impl Fn(&V) -> bool) {
    if map.len() < map.capacity() {
        return;
    }
    map.retain(|_, waiter| waits(waiter));
    if map.len() > map.capacity() / 2 {
        map.reserve(map.capacity());
    }
}

/// Makes room for one more in a list before it grows.
pub(super) fn in_list<V>(list: &mut Vec<V>, waits: impl Fn(&V) -> bool) {
    if list.len() < list.capacity() {
        return;
    }
    list.retain(|waiter| waits(waiter));
    if list.len() > list.capacity() / 2 {
        list.reserve(list.capacity());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;

    use super::*;

    /// How many come, and how many of them stay.
    const COMING: u32 = 100_000;
    const STAYING: u32 = 10_000;

    #[test]
    fn who_comes_costs_the_same_however_many_wait_or_have_gone() {
        let looks = Cell::new(0_u32);
        let gone = Cell::new(0);
        // The first ones stay; of the others each has gone when the next one comes.
        let waits = |waiter: &u32| {
            looks.set(looks.get() + 1);
            *waiter < STAYING || *waiter >= gone.get()
        };
        let (mut map, mut list) = (HashMap::new(), Vec::new());
        for waiter in 0..COMING {
            gone.set(waiter);
            in_map(&mut map, waits);
            map.insert(waiter, waiter);
            in_list(&mut list, waits);
            list.push(waiter);
        }
        assert!(looks.get() < 8 * COMING, "{} looks", looks.get());
        let most = usize::try_from(4 * STAYING).expect("it fits");
        assert!(map.len() < most && list.len() < most, "{} and {}", map.len(), list.len());
        let all: HashSet<u32> = (0..STAYING).collect();
        assert!(all.iter().all(|waiter| map.contains_key(waiter)), "who waits stays");
        assert!(all.is_subset(&list.into_iter().collect()), "who waits stays");
    }
}
