//! How much there is to do for the table: numbers for people and for alarms.
//!
//! Absent by design: changes. Nothing is decided from what is told here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::LockTable;
use super::state::KeyState;
use crate::durations::Durations;

/// How many hold locks and wait for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockLoad {
    /// Instances and clients that hold a lock.
    pub holders: usize,
    /// Instances and clients that wait for one.
    pub waiters: usize,
    /// Keys that are held or wanted.
    pub keys: usize,
    /// The keys for which most wait, the longest queue first; of equal ones the first name first.
    pub hottest: Vec<HotKey>,
    /// How long locks were held that are held no more.
    pub held_for: Durations,
}

/// A key for which somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotKey {
    /// The key.
    pub key: Arc<str>,
    /// How many wait for it.
    pub waiters: usize,
    /// How many hold it.
    pub holders: usize,
}

impl LockTable {
    /// Returns how much there is to do, with at most `hottest` keys; without any, it takes no longer
    /// if there are many.
    pub fn load(&self, hottest: usize) -> LockLoad {
        LockLoad {
            holders: self.owners.len(),
            waiters: self.waiting.len(),
            keys: self.locks.len() + usize::from(!self.system.is_idle()),
            hottest: self.hottest(hottest),
            held_for: self.held_for,
        }
    }

    fn hottest(&self, most: usize) -> Vec<HotKey> {
        if most == 0 || self.waiting.is_empty() {
            return Vec::new();
        }
        let all = self.locks.iter().chain([(&self.system_key, &self.system)]);
        let wanted = all.filter(|(_, state)| !state.queue.is_empty());
        let mut coolest_first: BinaryHeap<(Reverse<usize>, &Arc<str>)> = BinaryHeap::new();
        for (key, state) in wanted {
            coolest_first.push((Reverse(state.queue.len()), key));
            if coolest_first.len() > most {
                coolest_first.pop();
            }
        }
        let hottest_first = coolest_first.into_sorted_vec().into_iter();
        let told = hottest_first.map(|(Reverse(waiters), key)| HotKey {
            key: Arc::clone(key),
            waiters,
            holders: self.key(key).map_or(0, |state: &KeyState| state.holds().len()),
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lockstep_definition::LockMode;

    use super::*;
    use crate::engine::rig::id;
    use crate::lock::{Answer, Wish};
    use crate::time::Time;

    fn wish(owner: &str, key: &str) -> Wish {
        let (owner, keys) = (id(owner), Arc::from([Arc::from(key)]));
        Wish { owner, keys, mode: LockMode::Exclusive, priority: 0, lineage: Arc::default() }
    }

    #[test]
    fn the_longest_queues_come_first_and_no_more_than_asked_for() {
        let mut table = LockTable::new(1);
        for (owner, key) in [("a", "one"), ("b", "two"), ("c", "three"), ("d", "free")] {
            assert!(matches!(table.request(&wish(owner, key), Time(0)), Answer::Granted(_)));
        }
        for (owner, key) in [("e", "one"), ("f", "two"), ("g", "two"), ("h", "three")] {
            table.wait(wish(owner, key), Time(0));
        }
        let load = table.load(2);
        let hottest: Vec<(&str, usize, usize)> =
            load.hottest.iter().map(|hot| (&*hot.key, hot.waiters, hot.holders)).collect();
        assert_eq!(hottest, [("two", 2, 1), ("one", 1, 1)]);
        assert_eq!((load.holders, load.waiters, load.keys), (4, 4, 4));
        assert_eq!(table.load(0).hottest, [], "who wants none is told none");
    }

    #[test]
    fn how_long_a_lock_was_held_is_counted_when_it_is_given_back_once_for_all_its_keys() {
        let mut table = LockTable::new(1);
        let both = Wish { keys: Arc::from(["x".into(), "y".into()]), ..wish("a", "x") };
        let Answer::Granted(grant) = table.request(&both, Time(1_000)) else {
            panic!("both are free")
        };
        table.release(&grant.keys, grant.token, Time(4_000));
        let held_for = table.load(0).held_for;
        assert_eq!((held_for.count(), held_for.sum()), (1, Duration::from_millis(3)));
    }
}
