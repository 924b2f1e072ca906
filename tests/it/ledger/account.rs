//! What a store holds at one moment, and whether it agrees.
//!
//! Invariants, at every moment that a reader can see:
//!
//! * Each counter holds what the marks tell, and is as whoever has seen it saw it, or newer.
//! * Who is done has left its one mark, and the whole of it.
//! * No two hold a lock that excludes one of them, and nobody holds one who has ended.
//! * A counter that is open, between the commits of a workflow, is locked.
//!
//! And when everything has ended: no lock is held or waited for, and no counter is open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockstep_core::lock::SYSTEM;
use lockstep_core::transition::{InstanceRow, LockRow, Origin, Status};
use lockstep_definition::LockMode;
use lockstep_store::{InstanceFilter, Snapshot, StoreError};
use serde_json::Value as Json;

use super::{Acknowledged, KINDS};
use crate::engine::json;

/// More objects than any test makes.
const ALL: u32 = 1_000_000;

/// What is wrong, if anything is.
pub(crate) type Checked = Result<(), String>;

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(why()) }
}

/// What a store holds at one moment.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) unfinished: usize,
    failed: u64,
    /// By name.
    instances: BTreeMap<String, Instance>,
    locks: Vec<LockRow>,
    counters: BTreeMap<String, Counter>,
    /// By the name of the instance that has left it.
    marks: BTreeMap<String, Mark>,
}

#[derive(Debug)]
struct Instance {
    workflow: String,
    /// What it has ended with; `None` if it is not done.
    output: Option<Json>,
    /// Whether it waits for a lock.
    waits: bool,
}

impl Instance {
    fn of(row: &InstanceRow) -> Self {
        let output = match &row.status {
            Status::Done { output, .. } => Some(json(output)),
            Status::Running(_) | Status::Failed { .. } => None,
        };
        Self { workflow: row.workflow.to_string(), output, waits: row.ticket != 0 }
    }

    /// Returns how much it has counted, if it is done and counts.
    fn counts(&self) -> Option<i64> {
        let (_, amount) = KINDS.iter().find(|(workflow, _)| *workflow == self.workflow)?;
        self.output.as_ref().map(|_| *amount)
    }
}

#[derive(Debug)]
struct Counter {
    version: i64,
    value: i64,
    is_open: bool,
}

#[derive(Debug)]
struct Mark {
    amount: i64,
    added_to: Option<String>,
    taken_from: Option<String>,
    /// A counter, its version and its value.
    seen: Option<(String, i64, i64)>,
}

impl Account {
    /// Reads the store at a path; `None` if it was only being made, and nothing can be in it.
    pub(crate) async fn read_if_made(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::read(path).await {
            Ok(account) => Ok(Some(account)),
            Err(StoreError::Absent { .. } | StoreError::Older { .. } | StoreError::Open { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the store at a path.
    pub(crate) async fn read(path: &Path) -> Result<Self, StoreError> {
        let url = path.to_str().expect("the path is text");
        let mut snapshot = lockstep_store::open_snapshot(url).await?;
        let counts = snapshot.counts().await?;
        Ok(Self {
            unfinished: usize::try_from(counts.running).expect("it is a count"),
            failed: counts.failed,
            instances: instances(&mut snapshot).await?,
            locks: snapshot.locks().await?,
            counters: objects(&mut snapshot, "Counter", counter).await?,
            marks: objects(&mut snapshot, "Mark", mark).await?,
        })
    }

    /// Returns how many instances wait for a lock.
    pub(crate) fn waiters(&self) -> usize {
        self.instances.values().filter(|instance| instance.waits).count()
    }

    /// Returns whether a client holds the lock of a counter, and nobody has changed the counter.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        let is_of_client = |lock: &LockRow| matches!(lock.origin, Origin::Client { .. });
        self.locks.iter().any(|lock| *lock.key == *key(id) && is_of_client(lock))
            && self.counters.get(id).is_some_and(|counter| counter.version == 1)
    }

    /// Checks what holds at every moment, whatever was lost: data and locks agree, everything that
    /// was told to have ended has ended so, and who has called is known.
    pub(crate) fn check(&self, ends: &Acknowledged, callers: &BTreeSet<String>) -> Checked {
        for (id, output) in ends {
            let stored = self.instances.get(id).and_then(|instance| instance.output.as_ref());
            ensure(stored == Some(output), || {
                format!("told is durable: {id} was told to end with {output}, and is {stored:?}")
            })?;
        }
        for id in callers {
            ensure(self.instances.contains_key(id), || {
                format!("called is durable: {id} has called")
            })?;
        }
        self.check_counters()?;
        for (id, amount) in self.counted() {
            let mark = self.marks.get(id);
            ensure(mark.is_some_and(|mark| mark.amount == amount), || {
                format!("exactly once: {id} is done and has counted {amount}, not {mark:?}")
            })?;
        }
        self.check_seen()?;
        self.check_locks()?;
        ensure(self.failed == 0, || format!("{} have failed", self.failed))
    }

    /// Checks what holds when everything has ended: nothing is left behind, and nobody has counted
    /// but those that are done.
    pub(crate) fn check_end(&self) -> Checked {
        ensure(self.unfinished == 0, || format!("{} are left behind", self.unfinished))?;
        ensure(self.locks.is_empty(), || format!("these locks are stuck: {:?}", self.locks))?;
        ensure(self.waiters() == 0, || format!("{} still wait for a lock", self.waiters()))?;
        let open = self.open().next();
        ensure(open.is_none(), || format!("{open:?} is open, and nobody is at work"))?;
        let done: BTreeSet<&str> = self.counted().map(|(id, _)| id).collect();
        let extra = self.marks.keys().find(|id| !done.contains(id.as_str()));
        ensure(extra.is_none(), || format!("{extra:?} has counted, and is not done"))
    }

    /// Returns those that are done and count, with how much they have counted.
    fn counted(&self) -> impl Iterator<Item = (&str, i64)> {
        self.instances.iter().filter_map(|(id, instance)| Some((&**id, instance.counts()?)))
    }

    /// Returns the counters that are between two commits of a workflow.
    fn open(&self) -> impl Iterator<Item = &String> {
        self.counters.iter().filter(|(_, counter)| counter.is_open).map(|(id, _)| id)
    }

    /// Checks that each counter holds what the marks tell.
    fn check_counters(&self) -> Checked {
        let mut told: BTreeMap<&str, i64> = BTreeMap::new();
        for mark in self.marks.values() {
            for (id, amount) in [(&mark.added_to, mark.amount), (&mark.taken_from, -mark.amount)] {
                if let Some(id) = id {
                    *told.entry(id).or_default() += amount;
                }
            }
        }
        for (id, counter) in &self.counters {
            let told = told.get(&**id).copied().unwrap_or_default();
            let value = counter.value;
            ensure(value == told, || format!("no lost update: {id} holds {value}, not {told}"))?;
        }
        Ok(())
    }

    /// Checks that what anybody has seen was there, and is not lost.
    fn check_seen(&self) -> Checked {
        let mut values: BTreeMap<(&str, i64), i64> = BTreeMap::new();
        for (id, counter) in &self.counters {
            values.insert((id, counter.version), counter.value);
        }
        for (reader, mark) in &self.marks {
            let Some((id, version, value)) = &mark.seen else { continue };
            let now = self.counters.get(id).map(|counter| counter.version);
            ensure(now >= Some(*version), || {
                format!("{reader} has seen version {version} of {id}, which has {now:?}")
            })?;
            let known = *values.entry((id, *version)).or_insert(*value);
            ensure(known == *value, || {
                format!("{reader} has seen {value} in version {version} of {id}, which is {known}")
            })?;
        }
        Ok(())
    }

    /// Checks that nobody holds a lock beside somebody whom it excludes, or behind its end, and that
    /// whoever is between two commits of its workflow holds the lock of it.
    fn check_locks(&self) -> Checked {
        for lock in &self.locks {
            let holder = self.instances.get(&lock.instance.to_string());
            let is_client = matches!(lock.origin, Origin::Client { .. });
            ensure(is_client || holder.is_some_and(|holder| holder.output.is_none()), || {
                format!("no orphan: {lock:?} is held by {holder:?}")
            })?;
            let other = self.locks.iter().find(|other| excludes(lock, other));
            ensure(other.is_none(), || format!("mutual exclusion: {lock:?} beside {other:?}"))?;
        }
        for id in self.open() {
            let of_workflow = |lock: &LockRow| lock.origin == Origin::Workflow;
            let is_locked =
                self.locks.iter().any(|lock| *lock.key == *key(id) && of_workflow(lock));
            ensure(is_locked, || format!("{id} is open, and the workflow's lock is not held"))?;
        }
        Ok(())
    }
}

/// Returns the key of a counter's lock.
fn key(id: &str) -> String {
    format!("Counter/{id}")
}

/// Returns whether two rows cannot be there together. No workflow of the load calls another one
/// under a lock: there is no lineage.
fn excludes(lock: &LockRow, other: &LockRow) -> bool {
    let is_for_all = |lock: &LockRow| &*lock.key == SYSTEM;
    let meet = lock.key == other.key || is_for_all(lock) || is_for_all(other);
    let are_shared = [lock, other].iter().all(|lock| lock.mode == LockMode::Shared);
    meet && lock.token != other.token && !are_shared
}

async fn instances(snapshot: &mut Snapshot) -> Result<BTreeMap<String, Instance>, StoreError> {
    let mut instances = BTreeMap::new();
    let mut filter = InstanceFilter::default();
    loop {
        let page = snapshot.instances(&filter, 1000).await?;
        for stored in page.instances {
            let row = stored.row?;
            instances.insert(row.id.to_string(), Instance::of(&row));
        }
        let Some(next) = page.next else { return Ok(instances) };
        filter.before = Some(next);
    }
}

/// Reads all objects of an entity, by id.
async fn objects<T>(
    snapshot: &mut Snapshot,
    entity: &str,
    read: impl Fn(&lockstep_core::Object) -> T,
) -> Result<BTreeMap<String, T>, StoreError> {
    let objects = snapshot.query(&entity.into(), None, ALL).await?;
    Ok(objects.iter().map(|object| (object.key.id.to_string(), read(object))).collect())
}

fn attribute(object: &lockstep_core::Object, name: &str) -> Json {
    object.attributes.get(name).map_or(Json::Null, json)
}

fn int(object: &lockstep_core::Object, name: &str) -> i64 {
    attribute(object, name).as_i64().expect("it is a number")
}

fn text(object: &lockstep_core::Object, name: &str) -> Option<String> {
    attribute(object, name).as_str().map(str::to_owned)
}

fn counter(object: &lockstep_core::Object) -> Counter {
    let is_open = attribute(object, "open") == Json::Bool(true);
    Counter { version: object.version, value: int(object, "value"), is_open }
}

fn mark(object: &lockstep_core::Object) -> Mark {
    Mark {
        amount: int(object, "amount"),
        added_to: text(object, "added_to"),
        taken_from: text(object, "taken_from"),
        seen: text(object, "seen").map(|id| (id, int(object, "version"), int(object, "value"))),
    }
}
