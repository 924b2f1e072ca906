//! The judge of a batch: which transitions are committed, and what is left to write.
//!
//! A store asks [`Wanted`] what the batch touches, reads that in bulk inside its database
//! transaction, and hands it over as [`Present`]; [`judge`] goes through the transitions in order,
//! in memory, and returns the outcomes together with one final state for each row.
//!
//! Invariants:
//!
//! * A refused transition leaves no trace: the next one is judged as if it had not been there.
//! * The fences of a transition are compared before its own changes of locks are applied.
//! * Unique keys are compared at the end of a transition: its objects may swap them.
//! * What is overwritten within the batch does not occur in the [`Verdict`].
//!
//! Absent by design: I/O, encoding, and any difference between stores.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lockstep_core::transition::{
    Change, Expected, InstanceRow, LockRow, LockWrite, ObjectWrite, Outcome, PartWrite, Refusal,
    Transition, UniqueKey,
};
use lockstep_core::{Entry, FencingToken, InstanceId, Object, ObjectKey, TransitionNumber};

pub(crate) use wanted::{HeldLock, Present, Stamped, Wanted};

mod wanted;

const IN_LIST: &str = "places are issued by the list that they index";

/// What became of a batch, and what is to be written: each row once, in its final state.
#[derive(Debug, Default)]
pub(crate) struct Verdict<'a> {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) instances: Vec<&'a InstanceRow>,
    pub(crate) journal: Vec<Page<'a>>,
    /// Objects; `None` for a deleted one.
    pub(crate) objects: Vec<(&'a ObjectKey, Option<&'a Arc<Object>>)>,
    /// Objects whose unique keys change, with all that they have from there on.
    pub(crate) unique: Vec<(&'a ObjectKey, Vec<&'a UniqueKey>)>,
    /// Locks under a token; `None` for one that is not held.
    pub(crate) locks: Vec<(HeldLock<'a>, Option<&'a LockRow>)>,
    /// Parts of states; `None` for one that is deleted.
    pub(crate) parts: BTreeMap<(InstanceId, u32), Option<&'a Arc<str>>>,
}

/// What a batch appends to the journal of one instance.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) instance: InstanceId,
    /// The first transition that it comes from.
    #[cfg_attr(
        not(any(test, feature = "sqlite")),
        expect(dead_code, reason = "only files need it")
    )]
    pub(crate) number: TransitionNumber,
    pub(crate) entries: Vec<&'a Entry>,
}

/// Judges the transitions of a batch one after another.
pub(crate) fn judge<'a>(
    batch: &'a [Transition],
    wanted: &Wanted<'a>,
    present: Present,
) -> Verdict<'a> {
    let mut court = Court::new(wanted, present);
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut histories = Histories::default();
    for transition in batch {
        match court.try_transition(transition) {
            Ok(()) => {
                court.before.clear();
                histories.add(transition);
                outcomes.push(Outcome::Committed);
            }
            Err(refusal) => {
                court.undo();
                outcomes.push(Outcome::Refused(refusal));
            }
        }
    }
    let mut verdict = court.verdict();
    verdict.outcomes = outcomes;
    verdict.instances = histories.rows;
    verdict.journal = histories.pages;
    verdict.parts = histories.parts;
    verdict
}

/// Instance rows, parts and journals of the committed transitions.
#[derive(Default)]
struct Histories<'a> {
    rows: Vec<&'a InstanceRow>,
    row_places: HashMap<InstanceId, usize>,
    pages: Vec<Page<'a>>,
    page_places: HashMap<InstanceId, usize>,
    parts: BTreeMap<(InstanceId, u32), Option<&'a Arc<str>>>,
}

impl<'a> Histories<'a> {
    fn add(&mut self, transition: &'a Transition) {
        for start in &transition.starts {
            self.add_row(&start.row);
            self.add_page(start.row.id, transition.number, &start.journal);
        }
        if let Some(row) = &transition.row {
            self.add_row(row);
        }
        if let Some(instance) = transition.instance {
            for part in &transition.parts {
                let (number, text) = match part {
                    PartWrite::Put { number, text } => (*number, Some(text)),
                    PartWrite::Delete { number } => (*number, None),
                };
                self.parts.insert((instance, number), text);
            }
        }
        if let Some(instance) = transition.instance {
            self.add_page(instance, transition.number, &transition.journal);
        }
    }

    fn add_row(&mut self, row: &'a InstanceRow) {
        let place = *self.row_places.entry(row.id).or_insert(self.rows.len());
        match self.rows.get_mut(place) {
            Some(earlier) => *earlier = row,
            None => self.rows.push(row),
        }
    }

    fn add_page(&mut self, instance: InstanceId, number: TransitionNumber, entries: &'a [Entry]) {
        if entries.is_empty() {
            return;
        }
        let place = *self.page_places.entry(instance).or_insert(self.pages.len());
        match self.pages.get_mut(place) {
            Some(page) => page.entries.extend(entries),
            None => self.pages.push(Page { instance, number, entries: entries.iter().collect() }),
        }
    }
}

/// The last change of a row in the batch.
#[derive(Clone, Copy, Debug)]
enum Final<T> {
    Untouched,
    Written(T),
    Deleted,
}

#[derive(Clone, Debug)]
struct ObjectState<'a> {
    now: Option<Stamped>,
    change: Final<&'a Arc<Object>>,
    /// Places of the unique keys that it has, of those that the batch touches.
    unique: Vec<usize>,
    /// Whether the batch says which unique keys it has.
    unique_changed: bool,
}

#[derive(Debug)]
struct LockState<'a> {
    held: bool,
    change: Final<&'a LockRow>,
}

/// A state to go back to if the transition is refused.
enum Before<'a> {
    Object(usize, ObjectState<'a>),
    Unique(usize, Option<Arc<str>>),
}

/// The state after the transitions that were committed so far.
struct Court<'a, 'w> {
    wanted: &'w Wanted<'a>,
    objects: Vec<ObjectState<'a>>,
    unique: Vec<Option<Arc<str>>>,
    locks: Vec<LockState<'a>>,
    /// The greatest tokens of the keys with fences before the batch.
    fenced: Vec<Vec<FencingToken>>,
    /// What the transition at hand has changed.
    before: Vec<Before<'a>>,
}

impl<'a, 'w> Court<'a, 'w> {
    fn new(wanted: &'w Wanted<'a>, present: Present) -> Self {
        let stateless = |now| ObjectState {
            now,
            change: Final::Untouched,
            unique: Vec::new(),
            unique_changed: false,
        };
        let mut objects: Vec<_> = present.objects.into_iter().map(stateless).collect();
        for (place, ((entity, _), owner)) in
            wanted.unique.keys().iter().zip(&present.unique).enumerate()
        {
            let Some(id) = owner else { continue };
            let key = ObjectKey { entity: (*entity).into(), id: Arc::clone(id) };
            let object = wanted.objects.find(&key).and_then(|place| objects.get_mut(place));
            if let Some(object) = object {
                object.unique.push(place);
            }
        }
        let locks = present
            .locks
            .into_iter()
            .map(|held| LockState { held, change: Final::Untouched })
            .collect();
        let (unique, fenced) = (present.unique, present.fenced);
        Self { wanted, objects, unique, locks, fenced, before: Vec::new() }
    }

    fn try_transition(&mut self, transition: &'a Transition) -> Result<(), Refusal> {
        for (key, token) in &transition.fences {
            if !self.lock((key, *token)).held {
                let actual = self.greatest(key);
                return Err(Refusal::Fenced { key: Arc::clone(key), token: *token, actual });
            }
        }
        let mut rekeyed = false;
        for write in &transition.objects {
            self.try_write(write)?;
            rekeyed |= rekeys(write);
        }
        if rekeyed {
            self.try_unique(&transition.objects)?;
        }
        for write in &transition.locks {
            self.write_lock(write);
        }
        Ok(())
    }

    fn try_write(&mut self, write: &'a ObjectWrite) -> Result<(), Refusal> {
        let place = self.wanted.objects.place(&write.key);
        let object = self.objects.get(place).expect(IN_LIST);
        let as_expected = match write.expected {
            Expected::Absent => object.now.is_none(),
            Expected::Stamp(stamp) => object.now.is_some_and(|now| now.stamp == stamp),
        };
        if !as_expected {
            let actual = object.now.map(|now| now.version);
            return Err(Refusal::Conflict { key: write.key.clone(), actual });
        }
        match &write.change {
            Change::Check => {}
            Change::Delete => {
                let object = self.change_object(place);
                object.now = None;
                object.change = Final::Deleted;
            }
            Change::Put(contents) => {
                let object = self.change_object(place);
                object.now = Some(Stamped { stamp: contents.stamp, version: contents.version });
                object.change = Final::Written(contents);
            }
        }
        Ok(())
    }

    /// Drops the unique keys of all objects whose keys change, then adds those of their last state.
    fn try_unique(&mut self, writes: &'a [ObjectWrite]) -> Result<(), Refusal> {
        let mut last: Vec<(usize, &'a ObjectKey, &'a [UniqueKey])> = Vec::new();
        for write in writes.iter().filter(|write| rekeys(write)) {
            let place = self.wanted.objects.place(&write.key);
            let deleted = matches!(write.change, Change::Delete);
            let keys = write.unique.as_deref().filter(|_| !deleted).unwrap_or_default();
            last.retain(|(other, ..)| *other != place);
            last.push((place, &write.key, keys));
        }
        for (place, ..) in &last {
            let object = self.change_object(*place);
            object.unique_changed = true;
            for key in std::mem::take(&mut object.unique) {
                self.change_unique(key, None);
            }
        }
        for (place, object, keys) in last {
            for key in keys {
                let key_place = self.wanted.unique.place((&object.entity, key));
                match self.unique.get(key_place).expect(IN_LIST) {
                    Some(other) if *other == object.id => continue,
                    Some(other) => {
                        let other = Arc::clone(other);
                        let (key, unique) = (object.clone(), key.clone());
                        return Err(Refusal::Unique { key, unique, other });
                    }
                    None => {}
                }
                self.change_unique(key_place, Some(Arc::clone(&object.id)));
                self.objects.get_mut(place).expect(IN_LIST).unique.push(key_place);
            }
        }
        Ok(())
    }

    fn write_lock(&mut self, write: &'a LockWrite) {
        match write {
            LockWrite::Put(row) => {
                *self.lock((&row.key, row.token)) =
                    LockState { held: true, change: Final::Written(row) };
            }
            LockWrite::Delete { key, token } => {
                *self.lock((key, *token)) = LockState { held: false, change: Final::Deleted };
            }
        }
    }

    fn lock(&mut self, held: HeldLock<'_>) -> &mut LockState<'a> {
        self.locks.get_mut(self.wanted.locks.place(held)).expect(IN_LIST)
    }

    /// Returns the greatest token under which a key with fences is held. Goes through all locks of
    /// the batch: a refusal is rare.
    fn greatest(&self, key: &str) -> Option<FencingToken> {
        let place = self.wanted.fenced.place(key);
        let untouched = self.fenced.get(place).expect(IN_LIST).iter().copied();
        let untouched = untouched.filter(|token| self.wanted.locks.find((key, *token)).is_none());
        let touched = self.wanted.locks.keys().iter().zip(&self.locks);
        let touched = touched.filter(|((other, _), lock)| *other == key && lock.held);
        untouched.chain(touched.map(|((_, token), _)| *token)).max()
    }

    fn change_object(&mut self, place: usize) -> &mut ObjectState<'a> {
        let object = self.objects.get_mut(place).expect(IN_LIST);
        self.before.push(Before::Object(place, object.clone()));
        object
    }

    fn change_unique(&mut self, place: usize, owner: Option<Arc<str>>) {
        let slot = self.unique.get_mut(place).expect(IN_LIST);
        let before = std::mem::replace(slot, owner);
        self.before.push(Before::Unique(place, before));
    }

    fn undo(&mut self) {
        while let Some(before) = self.before.pop() {
            match before {
                Before::Object(place, object) => {
                    *self.objects.get_mut(place).expect(IN_LIST) = object;
                }
                Before::Unique(place, owner) => {
                    *self.unique.get_mut(place).expect(IN_LIST) = owner;
                }
            }
        }
    }

    fn verdict(self) -> Verdict<'a> {
        let mut verdict = Verdict::default();
        for (key, object) in self.wanted.objects.keys().iter().zip(self.objects) {
            match object.change {
                Final::Untouched => {}
                Final::Written(object) => verdict.objects.push((key, Some(object))),
                Final::Deleted => verdict.objects.push((key, None)),
            }
            if object.unique_changed {
                let keys = self.wanted.unique.keys();
                let keys = object.unique.iter().filter_map(|place| keys.get(*place));
                verdict.unique.push((key, keys.map(|(_, key)| *key).collect()));
            }
        }
        for (held, lock) in self.wanted.locks.keys().iter().zip(self.locks) {
            match lock.change {
                Final::Untouched => {}
                Final::Written(row) => verdict.locks.push((*held, Some(row))),
                Final::Deleted => verdict.locks.push((*held, None)),
            }
        }
        verdict
    }
}

/// Whether a write says which unique keys the object has: a deleted one has none.
fn rekeys(write: &ObjectWrite) -> bool {
    write.unique.is_some() || matches!(write.change, Change::Delete)
}

#[cfg(test)]
mod tests;
