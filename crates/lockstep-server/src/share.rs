//! Shares: of what there is for all, nobody takes everything.
//!
//! Invariants:
//!
//! * Nobody has more than his share at once; what is given back can be taken again.
//! * Who has nothing takes no room.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Who has how much.
#[derive(Debug)]
pub(crate) struct Shares<K: Eq + Hash>(Arc<Mutex<HashMap<K, usize>>>);

/// One of somebody's share, as long as this is there.
#[derive(Debug)]
pub(crate) struct Taken<K: Eq + Hash> {
    all: Arc<Mutex<HashMap<K, usize>>>,
    of: K,
}

impl<K: Eq + Hash> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Takes one more for somebody; `None` if he has `most`, which is at least 1.
    pub(crate) fn take(&self, of: K, most: usize) -> Option<Taken<K>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(of.clone()).or_insert(0);
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        Some(Taken { all: Arc::clone(&self.0), of })
    }
}

impl<K: Eq + Hash> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.of) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_of_his_own_and_what_is_given_back_is_free() {
        let shares = Shares::default();
        let first = shares.take("ann", 2).expect("the first");
        let second = shares.take("ann", 2).expect("the second");
        assert!(shares.take("ann", 2).is_none());
        assert!(shares.take("bob", 2).is_some());
        drop(first);
        let third = shares.take("ann", 2).expect("one is free again");
        drop((second, third));
        assert!(shares.0.lock().expect("a lock").is_empty(), "nobody is kept in mind");
    }
}
