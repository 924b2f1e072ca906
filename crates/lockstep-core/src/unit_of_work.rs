//! The unit of work: what an instance has read for update and changed, and not yet committed.
//!
//! Invariants:
//!
//! * One entry an object; what it presumes is what was read first.
//! * An object's version grows by one in a unit, however often the unit changes it.
//! * What a savepoint holds of a unit never changes: entries are copied on the first change after.
//!
//! Source of the name: M. Fowler, *Patterns of Enterprise Application Architecture* (2002).

use std::sync::Arc;

use indexmap::IndexMap;

use crate::object::{Object, ObjectKey};
use crate::transition::Expected;

/// Uncommitted changes by object, in the order in which the objects were first touched.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitOfWork(Option<Arc<Entries>>);

type Entries = IndexMap<ObjectKey, Entry>;

/// What a unit knows of one object.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What was read.
    pub(crate) expected: Expected,
    /// The object as it was read; `None` if the unit creates it.
    pub(crate) base: Option<Arc<Object>>,
    /// What is to become of it.
    pub(crate) intent: Intent,
}

impl Entry {
    /// Returns whether the object is to be changed.
    pub(crate) fn is_change(&self) -> bool {
        match self.intent {
            Intent::Check => false,
            Intent::Put { .. } | Intent::Delete => true,
        }
    }
}

/// What is to become of an object.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// It is to be as it was read.
    Check,
    /// It is to be written; `fresh` if its id was made for it, so that no other object can have it.
    Put { object: Arc<Object>, fresh: bool },
    /// It is to be deleted.
    Delete,
}

/// What a unit says of an object that it has touched.
pub(crate) enum Seen {
    /// Nothing: it has not touched it, or only read it.
    Nothing,
    /// It is as this.
    Changed(Arc<Object>),
    /// It is deleted.
    Deleted,
}

impl UnitOfWork {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |entries| entries.len())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &Entry)> {
        self.0.iter().flat_map(|entries| entries.iter())
    }

    /// Returns what the unit knows of an object, if it has touched it.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Entry> {
        self.0.as_ref()?.get(key)
    }

    fn entries_mut(&mut self) -> &mut Entries {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// Puts an entry in, instead of one of the same object.
    pub(crate) fn insert(&mut self, key: ObjectKey, entry: Entry) {
        self.entries_mut().insert(key, entry);
    }

    /// Returns how the unit itself sees an object.
    pub(crate) fn see(&self, key: &ObjectKey) -> Seen {
        match self.get(key).map(|entry| &entry.intent) {
            None | Some(Intent::Check) => Seen::Nothing,
            Some(Intent::Put { object, .. }) => Seen::Changed(Arc::clone(object)),
            Some(Intent::Delete) => Seen::Deleted,
        }
    }

    /// Notes that `read` must be unchanged at the commit.
    pub(crate) fn check(&mut self, read: &Arc<Object>) {
        self.entry_of(read);
    }

    /// Notes that `read` is to become `object`.
    pub(crate) fn put(&mut self, read: &Arc<Object>, object: Arc<Object>) {
        let entry = self.entry_of(read);
        let fresh = matches!(entry.intent, Intent::Put { fresh: true, .. });
        entry.intent = Intent::Put { object, fresh };
    }

    /// Notes that `object` is to be created.
    pub(crate) fn create(&mut self, object: Arc<Object>, fresh: bool) {
        let key = object.key.clone();
        if let Some(entry) = self.entries_mut().get_mut(&key) {
            // What the unit deleted comes anew: for others it changes from what was read.
            entry.intent = Intent::Put { object, fresh: false };
            return;
        }
        let intent = Intent::Put { object, fresh };
        self.insert(key, Entry { expected: Expected::Absent, base: None, intent });
    }

    /// Notes that `read` is to be deleted.
    pub(crate) fn delete(&mut self, read: &Arc<Object>) {
        let entry = self.entry_of(read);
        if entry.base.is_none() {
            self.entries_mut().shift_remove(&read.key);
        } else {
            entry.intent = Intent::Delete;
        }
    }

    fn entry_of(&mut self, read: &Arc<Object>) -> &mut Entry {
        self.entries_mut().entry(read.key.clone()).or_insert_with(|| Entry {
            expected: Expected::Stamp(read.stamp),
            base: Some(Arc::clone(read)),
            intent: Intent::Check,
        })
    }
}
