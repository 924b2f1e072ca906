//! The object cache: the last committed state of objects, as far as the core knows it.
//!
//! Invariants:
//!
//! * Truth: an entry is the state after the last transition that was ordered; for an object without
//!   an entry, the store's state is.
//! * Therefore an entry whose transition is not durable yet is never evicted.
//! * An object that a transition in the hands of the store may be changing is *claimed*; whoever
//!   commits to it meanwhile leaves the judgement to the store too.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::id::TransitionNumber;
use crate::object::{Object, ObjectKey};

/// Committed objects, and the absence of some.
#[derive(Debug)]
pub(crate) struct ObjectCache {
    entries: IndexMap<ObjectKey, Entry>,
    /// Objects by the transitions that claim them, and the other way round.
    claims: BTreeMap<TransitionNumber, Vec<ObjectKey>>,
    claimed: HashMap<ObjectKey, Vec<TransitionNumber>>,
    capacity: usize,
    hand: usize,
}

/// What is known of the committed state of an object.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing: the store must be asked.
    Unknown,
    /// There is no such object.
    Absent,
    /// It is as this.
    Present(Arc<Object>),
}

impl Known {
    /// Returns the object, if there is known to be one.
    pub(crate) fn object(self) -> Option<Arc<Object>> {
        match self {
            Self::Unknown | Self::Absent => None,
            Self::Present(object) => Some(object),
        }
    }
}

#[derive(Debug)]
struct Entry {
    /// `None`: there is no such object.
    object: Option<Arc<Object>>,
    /// The transition that made it so; 0 if it was read from the store.
    ordered: TransitionNumber,
    /// Used since the hand of the clock went by.
    used: bool,
}

impl ObjectCache {
    /// Returns an empty cache that keeps about `capacity` objects.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: IndexMap::new(),
            claims: BTreeMap::new(),
            claimed: HashMap::new(),
            capacity,
            hand: 0,
        }
    }

    /// Returns what is known of the committed state of an object.
    pub(crate) fn get(&mut self, key: &ObjectKey) -> Known {
        let Some(entry) = self.entries.get_mut(key) else { return Known::Unknown };
        entry.used = true;
        entry.object.clone().map_or(Known::Absent, Known::Present)
    }

    /// Returns whether the committed state of an object is known.
    pub(crate) fn knows(&self, key: &ObjectKey) -> bool {
        self.entries.contains_key(key)
    }

    pub(crate) fn insert(
        &mut self,
        key: ObjectKey,
        object: Option<Arc<Object>>,
        ordered: TransitionNumber,
    ) {
        self.entries.insert(key, Entry { object, ordered, used: true });
    }

    /// Forgets an object of which the store knows better.
    pub(crate) fn forget(&mut self, key: &ObjectKey) {
        self.entries.swap_remove(key);
    }

    pub(crate) fn claim(&mut self, number: TransitionNumber, keys: Vec<ObjectKey>) {
        for key in &keys {
            self.claimed.entry(key.clone()).or_default().push(number);
        }
        self.claims.insert(number, keys);
    }

    pub(crate) fn unclaim(&mut self, number: TransitionNumber) {
        for key in self.claims.remove(&number).unwrap_or_default() {
            if let Some(numbers) = self.claimed.get_mut(&key) {
                numbers.retain(|claiming| *claiming != number);
                if numbers.is_empty() {
                    self.claimed.remove(&key);
                }
            }
        }
    }

    pub(crate) fn is_claimed(&self, key: &ObjectKey) -> bool {
        self.claimed.contains_key(key)
    }

    /// Evicts what was not used for long, down to the capacity. `durable` is the last transition
    /// that is durable.
    ///
    /// Source: F. Corbató, "A paging experiment with the Multics system" (1969), the clock.
    pub(crate) fn shrink(&mut self, durable: TransitionNumber) {
        let mut looked_at = 0;
        let rounds = self.entries.len().saturating_mul(2);
        while self.entries.len() > self.capacity && looked_at < rounds {
            looked_at += 1;
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            let Some((_, entry)) = self.entries.get_index_mut(self.hand) else { break };
            if entry.ordered > durable || std::mem::take(&mut entry.used) {
                self.hand += 1;
            } else {
                self.entries.swap_remove_index(self.hand);
            }
        }
    }
}
