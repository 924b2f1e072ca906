//! The store of the rig: every batch is judged and committed as a store does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Batch;
use crate::journal::Entry;
use crate::transition::{
    Beginning, Change, Expected, InstanceRow, Judge, LockRow, LockWrite, Outcome, PartWrite,
    Refusal, Status, Transition, UniqueKey,
};
use crate::{FencingToken, InstanceId, Object, ObjectKey};

/// What the store holds.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) objects: BTreeMap<ObjectKey, Arc<Object>>,
    unique: BTreeMap<(Arc<str>, UniqueKey), ObjectKey>,
    pub(crate) rows: BTreeMap<InstanceId, InstanceRow>,
    pub(crate) parts: BTreeMap<InstanceId, BTreeMap<u32, Arc<str>>>,
    pub(crate) journals: BTreeMap<InstanceId, Vec<Entry>>,
    /// By key and token.
    pub(crate) locks: BTreeMap<(Arc<str>, FencingToken), LockRow>,
    /// Bytes of states that were written.
    pub(crate) written: usize,
}

impl Shelf {
    /// Commits a batch as a store does, and checks what every store relies on.
    pub(super) fn commit(&mut self, batch: Batch) -> Vec<Outcome> {
        batch.into_iter().map(|transition| self.commit_one(transition)).collect()
    }

    /// Commits a batch, but refuses what the store judges: another process changes the objects.
    pub(super) fn refuse(&mut self, batch: Batch) -> Vec<Outcome> {
        let refused = |transition: Transition| {
            let write = transition.objects.first().filter(|_| transition.judge == Judge::Store);
            let Some(key) = write.map(|write| write.key.clone()) else {
                return self.commit_one(transition);
            };
            let object = self.objects.get_mut(&key).expect("it is there");
            Arc::make_mut(object).stamp += 1;
            Outcome::Refused(Refusal::Conflict { key, actual: Some(object.version) })
        };
        batch.into_iter().map(refused).collect()
    }

    fn commit_one(&mut self, transition: Transition) -> Outcome {
        if let Err(refusal) = self.judge(&transition) {
            return Outcome::Refused(refusal);
        }
        for write in transition.objects {
            if let Some(keys) = write.unique {
                self.unique.retain(|_, holder| *holder != write.key);
                for unique in keys {
                    self.unique.insert((Arc::clone(&write.key.entity), unique), write.key.clone());
                }
            }
            match write.change {
                Change::Check => {}
                Change::Delete => drop(self.objects.remove(&write.key)),
                Change::Put(object) => drop(self.objects.insert(write.key, object)),
            }
        }
        for lock in transition.locks {
            match lock {
                LockWrite::Put(row) => {
                    drop(self.locks.insert((Arc::clone(&row.key), row.token), row));
                }
                LockWrite::Delete { key, token } => {
                    self.locks.remove(&(key, token));
                }
            }
        }
        for Beginning { row, journal } in transition.starts {
            assert!(!self.rows.contains_key(&row.id), "{} begins twice", row.id);
            self.journals.insert(row.id, journal);
            self.rows.insert(row.id, row);
        }
        if let Some(instance) = transition.instance {
            for part in transition.parts {
                match part {
                    PartWrite::Put { number, text } => {
                        self.written += text.len();
                        self.parts.entry(instance).or_default().insert(number, text);
                    }
                    PartWrite::Delete { number } => {
                        let parts = self.parts.get_mut(&instance).expect("it has parts");
                        assert!(parts.remove(&number).is_some(), "there is no part {number}");
                    }
                }
            }
        }
        if let Some(row) = transition.row {
            if row.input_part.is_none() {
                self.written += crate::codec::encode(&row.input).len();
            }
            if let Status::Running(state) = &row.status {
                self.written += state.len();
            }
            self.rows.insert(row.id, row);
        }
        if let Some(instance) = transition.instance {
            self.journals.entry(instance).or_default().extend(transition.journal);
        }
        Outcome::Committed
    }

    fn judge(&self, transition: &Transition) -> Result<(), Refusal> {
        for (key, token) in &transition.fences {
            if !self.locks.contains_key(&(Arc::clone(key), *token)) {
                let actual = self.locks.values().filter(|row| row.key == *key);
                let actual = actual.map(|row| row.token).max();
                return Err(Refusal::Fenced { key: Arc::clone(key), token: *token, actual });
            }
        }
        let mut seen: BTreeMap<&ObjectKey, Option<i64>> = BTreeMap::new();
        for write in &transition.objects {
            let stored = || self.objects.get(&write.key).map(|object| object.stamp);
            let present = seen.get(&write.key).copied().unwrap_or_else(stored);
            let expected = match write.expected {
                Expected::Absent => None,
                Expected::Stamp(stamp) => Some(stamp),
            };
            if present != expected {
                let actual = self.objects.get(&write.key).map(|object| object.version);
                return Err(Refusal::Conflict { key: write.key.clone(), actual });
            }
            seen.insert(&write.key, Some(transition.number));
            for unique in write.unique.iter().flatten() {
                let holder = self.unique.get(&(Arc::clone(&write.key.entity), unique.clone()));
                if let Some(other) = holder.filter(|holder| **holder != write.key) {
                    let (key, unique) = (write.key.clone(), unique.clone());
                    return Err(Refusal::Unique { key, unique, other: Arc::clone(&other.id) });
                }
            }
        }
        Ok(())
    }
}
