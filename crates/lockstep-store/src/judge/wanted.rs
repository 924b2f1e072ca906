//! What a batch touches, and the answer of a store to that.
//!
//! Invariants:
//!
//! * Everything that a transition of the batch can refer to is in [`Wanted`], once.
//! * The lists of [`Present`] stand in the order of those of [`Wanted`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use lockstep_core::transition::{LockWrite, Transition, UniqueKey};
use lockstep_core::{FencingToken, ObjectKey, TransitionNumber};

/// A list of distinct keys in the order of their first occurrence.
#[derive(Debug)]
pub(crate) struct Places<K> {
    keys: Vec<K>,
    places: HashMap<K, usize>,
}

impl<K: Copy + Eq + Hash> Places<K> {
    fn new() -> Self {
        Self { keys: Vec::new(), places: HashMap::new() }
    }

    fn add(&mut self, key: K) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// Returns the place of a key, if the batch touches it.
    pub(crate) fn find(&self, key: K) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// Returns the place of a key that the batch touches.
    pub(crate) fn place(&self, key: K) -> usize {
        self.find(key).expect("everything that a batch touches was added before")
    }

    /// The keys; others refer to them by their place in this list.
    pub(crate) fn keys(&self) -> &[K] {
        &self.keys
    }
}

/// A unique key together with the entity within which it is unique.
pub(crate) type EntityKey<'a> = (&'a str, &'a UniqueKey);

/// A lock key and one of the tokens under which it is, was or will be held.
pub(crate) type HeldLock<'a> = (&'a str, FencingToken);

/// What the judge has to know of the stored state.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Objects: their stamps and versions.
    pub(crate) objects: Places<&'a ObjectKey>,
    /// Unique keys: the ids of the objects that have them.
    pub(crate) unique: Places<EntityKey<'a>>,
    /// Locks under a token: whether they are held.
    pub(crate) locks: Places<HeldLock<'a>>,
    /// Lock keys with fences: the greatest tokens under which they are held, [`Wanted::depth`] of
    /// them.
    pub(crate) fenced: Places<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(batch: &'a [Transition]) -> Self {
        let mut wanted = Self {
            objects: Places::new(),
            unique: Places::new(),
            locks: Places::new(),
            fenced: Places::new(),
        };
        for transition in batch {
            for write in &transition.objects {
                wanted.objects.add(&write.key);
                for key in write.unique.iter().flatten() {
                    wanted.unique.add((&write.key.entity, key));
                }
            }
            for (key, token) in &transition.fences {
                wanted.locks.add((key, *token));
                wanted.fenced.add(key);
            }
            for write in &transition.locks {
                wanted.locks.add(held_lock(write));
            }
        }
        wanted
    }

    /// How many tokens of a key have to be known to tell the greatest whatever the batch releases:
    /// one more than it touches of any key.
    pub(crate) fn depth(&self) -> usize {
        let mut touched = vec![0_usize; self.fenced.keys().len()];
        for (key, _) in self.locks.keys() {
            let count = self.fenced.find(key).and_then(|place| touched.get_mut(place));
            if let Some(count) = count {
                *count += 1;
            }
        }
        touched.into_iter().max().map_or(0, |most| most + 1)
    }
}

pub(super) fn held_lock(write: &LockWrite) -> HeldLock<'_> {
    match write {
        LockWrite::Put(row) => (&row.key, row.token),
        LockWrite::Delete { key, token } => (key, *token),
    }
}

/// The state of an object, without its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) stamp: TransitionNumber,
    pub(crate) version: i64,
}

/// The stored state of what was [`Wanted`], each list in the same order.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) objects: Vec<Option<Stamped>>,
    /// Ids of the objects that have the unique keys.
    pub(crate) unique: Vec<Option<Arc<str>>>,
    /// Whether the locks are held.
    pub(crate) locks: Vec<bool>,
    /// The greatest tokens of the keys with fences, in any order.
    pub(crate) fenced: Vec<Vec<FencingToken>>,
}
