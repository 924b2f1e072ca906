//! The store that lasts as long as its process: for trials, dry runs and tests.
//!
//! Invariants:
//!
//! * A batch is judged and applied under one lock: nobody sees half of it.
//! * What it answers is what every other store answers; only its durability is that of memory.
//!
//! Absent by design: encoding. Values are shared with whoever wrote them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use lockstep_core::transition::{InstanceRow, LockRow, Outcome, Status, Transition, UniqueKey};
use lockstep_core::{Entry, FencingToken, InstanceId, Object, ObjectKey, Time};

use crate::error::StoreError;
use crate::judge::{Present, Stamped, Verdict, Wanted, judge};
use crate::store::{
    Counts, InstanceFilter, InstancePage, JournalPage, JournalPlace, LoadedObject, Published,
    State, Store, StoreFuture, StoredInstance,
};
use crate::timings::{Meter, Stopwatch, Timings};

/// Instances that are looked at for one page.
const MAX_LOOKED_AT: usize = 100_000;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    content: Mutex<Content>,
    meter: Meter,
}

#[derive(Debug, Default)]
struct Content {
    closed: bool,
    epoch: u32,
    instances: BTreeMap<InstanceId, InstanceRow>,
    unfinished: BTreeSet<InstanceId>,
    started: HashMap<Arc<str>, InstanceId>,
    parts: BTreeMap<(InstanceId, u32), Arc<str>>,
    journals: HashMap<InstanceId, Vec<Entry>>,
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    /// By entity and key, the id of the object that has it.
    unique: HashMap<(Arc<str>, UniqueKey), Arc<str>>,
    unique_of: HashMap<ObjectKey, Vec<UniqueKey>>,
    locks: BTreeMap<(Arc<str>, FencingToken), LockRow>,
    definitions: HashMap<Arc<str>, String>,
    published: Option<Published>,
    marks: BTreeMap<Arc<str>, Time>,
}

impl Memory {
    /// Returns an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a closed store usable again, with what is in it.
    pub fn reopen(&self) {
        self.lock().closed = false;
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nothing panics while it holds this lock")
    }

    fn open(&self) -> Result<MutexGuard<'_, Content>, StoreError> {
        let content = self.lock();
        if content.closed { Err(StoreError::Stopped) } else { Ok(content) }
    }
}

impl Content {
    fn present(&self, wanted: &Wanted<'_>) -> Present {
        let stamped =
            |object: &Arc<Object>| Stamped { stamp: object.stamp, version: object.version };
        let owner = |(entity, key): &(&str, &UniqueKey)| {
            self.unique.get(&((*entity).into(), (*key).clone())).map(Arc::clone)
        };
        let depth = wanted.depth();
        let greatest = |key: &str| {
            let key: Arc<str> = key.into();
            let range = (Arc::clone(&key), FencingToken::MIN)..=(key, FencingToken::MAX);
            let greatest = self.locks.range(range).rev().take(depth);
            greatest.map(|((_, token), _)| *token).collect()
        };
        Present {
            objects: wanted
                .objects
                .keys()
                .iter()
                .map(|key| self.objects.get(*key).map(stamped))
                .collect(),
            unique: wanted.unique.keys().iter().map(owner).collect(),
            locks: wanted
                .locks
                .keys()
                .iter()
                .map(|(key, token)| self.locks.contains_key(&((*key).into(), *token)))
                .collect(),
            fenced: wanted.fenced.keys().iter().map(|key| greatest(key)).collect(),
        }
    }

    fn apply(&mut self, verdict: &Verdict<'_>) {
        for row in &verdict.instances {
            match row.status {
                Status::Running(_) => self.unfinished.insert(row.id),
                Status::Done { .. } | Status::Failed { .. } => self.unfinished.remove(&row.id),
            };
            if let Some(start) = &row.start_key {
                self.started.insert(Arc::clone(&start.key), row.id);
            }
            self.instances.insert(row.id, (*row).clone());
        }
        for ((instance, number), text) in &verdict.parts {
            match text {
                Some(text) => self.parts.insert((*instance, *number), Arc::clone(text)),
                None => self.parts.remove(&(*instance, *number)),
            };
        }
        for page in &verdict.journal {
            let journal = self.journals.entry(page.instance).or_default();
            journal.extend(page.entries.iter().map(|entry| (*entry).clone()));
        }
        for (key, object) in &verdict.objects {
            match object {
                Some(object) => {
                    self.objects.insert((*key).clone(), Arc::clone(object));
                }
                None => {
                    self.objects.remove(*key);
                }
            }
        }
        self.apply_unique(verdict);
        for ((key, token), row) in &verdict.locks {
            let held = (Arc::from(*key), *token);
            match row {
                Some(row) => self.locks.insert(held, (*row).clone()),
                None => self.locks.remove(&held),
            };
        }
    }

    fn apply_unique(&mut self, verdict: &Verdict<'_>) {
        for (object, _) in &verdict.unique {
            for key in self.unique_of.remove(*object).into_iter().flatten() {
                self.unique.remove(&(Arc::clone(&object.entity), key));
            }
        }
        for (object, keys) in &verdict.unique {
            for key in keys {
                let key = (Arc::clone(&object.entity), (*key).clone());
                self.unique.insert(key, Arc::clone(&object.id));
            }
            if !keys.is_empty() {
                let keys = keys.iter().map(|key| (*key).clone()).collect();
                self.unique_of.insert((*object).clone(), keys);
            }
        }
    }
}

impl Store for Memory {
    fn raise_epoch(&self) -> StoreFuture<'_, u32> {
        Box::pin(async {
            let mut content = self.open()?;
            content.epoch = content.epoch.checked_add(1).expect("2^32 epochs are never begun");
            Ok(content.epoch)
        })
    }

    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(async move {
            let mut watch = Stopwatch::start();
            let mut content = self.open()?;
            let wanted = Wanted::of(&batch);
            let verdict = judge(&batch, &wanted, content.present(&wanted));
            let encode = watch.lap();
            content.apply(&verdict);
            let outcomes = verdict.outcomes;
            drop(content);
            self.meter.add(&Timings {
                encode,
                database: watch.lap(),
                batches: 1,
                transitions: u64::try_from(batch.len()).unwrap_or(u64::MAX),
                ..Timings::default()
            });
            Ok(outcomes)
        })
    }

    fn load(&self, keys: Vec<ObjectKey>) -> StoreFuture<'_, Vec<LoadedObject>> {
        Box::pin(async move {
            let content = self.open()?;
            Ok(keys.iter().map(|key| Ok(content.objects.get(key).map(Arc::clone))).collect())
        })
    }

    fn query(
        &self,
        entity: Arc<str>,
        after: Option<Arc<str>>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Arc<Object>>> {
        Box::pin(async move {
            let key = |id| ObjectKey { entity: Arc::clone(&entity), id };
            let from = match after {
                Some(id) => Bound::Excluded(key(id)),
                None => Bound::Included(key("".into())),
            };
            Ok(self
                .open()?
                .objects
                .range((from, Bound::Unbounded))
                .take_while(|(key, _)| key.entity == entity)
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .map(|(_, object)| Arc::clone(object))
                .collect())
        })
    }

    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.open()?.definitions.entry(id).or_insert(sources);
            Ok(())
        })
    }

    fn publish(&self, published: Published, sources: String) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut content = self.open()?;
            content.definitions.entry(Arc::clone(&published.id)).or_insert(sources);
            content.published = Some(published);
            Ok(())
        })
    }

    fn published(&self) -> StoreFuture<'_, Option<Published>> {
        Box::pin(async move { Ok(self.open()?.published.clone()) })
    }

    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>> {
        Box::pin(async move { Ok(self.open()?.definitions.get(&id).cloned()) })
    }

    fn put_marks(&self, marks: Vec<(Arc<str>, Option<Time>)>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut content = self.open()?;
            for (name, time) in marks {
                match time {
                    Some(time) => {
                        let kept = content.marks.entry(name).or_insert(time);
                        *kept = time.max(*kept);
                    }
                    None => drop(content.marks.remove(&name)),
                }
            }
            Ok(())
        })
    }

    fn marks(&self) -> StoreFuture<'_, Vec<(Arc<str>, Time)>> {
        Box::pin(async {
            let content = self.open()?;
            Ok(content.marks.iter().map(|(name, time)| (Arc::clone(name), *time)).collect())
        })
    }

    fn unfinished(
        &self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        Box::pin(async move {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let content = self.open()?;
            Ok(content
                .unfinished
                .range((from, Bound::Unbounded))
                .filter_map(|id| content.instances.get(id))
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .map(|row| content.stored(row))
                .collect())
        })
    }

    fn locks(&self) -> StoreFuture<'_, Vec<LockRow>> {
        Box::pin(async { Ok(self.open()?.locks.values().cloned().collect()) })
    }

    fn instance(&self, id: InstanceId) -> StoreFuture<'_, Option<StoredInstance>> {
        Box::pin(async move {
            let content = self.open()?;
            Ok(content.instances.get(&id).map(|row| content.stored(row)))
        })
    }

    fn started(&self, key: Arc<str>) -> StoreFuture<'_, Option<StoredInstance>> {
        Box::pin(async move {
            let content = self.open()?;
            let started = content.started.get(&key).and_then(|id| content.instances.get(id));
            Ok(started.map(|row| content.stored(row)))
        })
    }

    fn instances(&self, filter: InstanceFilter, limit: u32) -> StoreFuture<'_, InstancePage> {
        Box::pin(async move {
            let content = self.open()?;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut page = InstancePage::default();
            let bound = |id: Option<InstanceId>| id.map_or(Bound::Unbounded, Bound::Excluded);
            if filter.after.zip(filter.before).is_some_and(|(after, before)| after >= before) {
                return Ok(page);
            }
            let within = content.instances.range((bound(filter.after), bound(filter.before)));
            for (looked_at, (id, row)) in within.rev().enumerate() {
                if looked_at == MAX_LOOKED_AT || page.instances.len() == limit {
                    return Ok(page);
                }
                if filter.wants(row) {
                    page.instances.push(content.stored(row));
                }
                page.next = Some(*id);
            }
            page.next = None;
            Ok(page)
        })
    }

    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>> {
        Box::pin(async move { Ok(self.open()?.journals.get(&id).cloned().unwrap_or_default()) })
    }

    fn journal_page(
        &self,
        id: InstanceId,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> StoreFuture<'_, JournalPage> {
        Box::pin(async move {
            let content = self.open()?;
            let Some(journal) = content.journals.get(&id) else {
                return Ok(JournalPage::default());
            };
            // Each entry counts as appended alone.
            let first = after.map_or(0, |after| after.number.saturating_add(1));
            let first = usize::try_from(first).unwrap_or(0);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let entries: Vec<Entry> = journal.iter().skip(first).take(limit).cloned().collect();
            let behind = first.saturating_add(entries.len());
            let last = (behind < journal.len()).then(|| behind.saturating_sub(1));
            let next = last.and_then(|last| i64::try_from(last).ok());
            let next = next.map(|number| JournalPlace { number, index: 0 });
            Ok(JournalPage { entries, next })
        })
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        Box::pin(async {
            let mut counts = Counts::default();
            for row in self.open()?.instances.values() {
                match State::from(&row.status) {
                    State::Running => counts.running += 1,
                    State::Done => counts.done += 1,
                    State::Failed => counts.failed += 1,
                }
            }
            Ok(counts)
        })
    }

    fn timings(&self) -> Timings {
        self.meter.read()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.lock().closed = true;
            Ok(())
        })
    }
}

impl Content {
    fn stored(&self, row: &InstanceRow) -> StoredInstance {
        let parts = self.parts.range((row.id, 0)..=(row.id, u32::MAX));
        let parts = parts.map(|((_, number), text)| (*number, Arc::clone(text))).collect();
        StoredInstance { id: row.id, row: Ok(InstanceRow { parts, ..row.clone() }) }
    }
}
