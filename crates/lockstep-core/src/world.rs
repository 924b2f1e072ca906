//! The world of a running instance: everything of the engine but the instances themselves.
//!
//! Invariants:
//!
//! * An object is being read at most once at a time; all who want it wait for the same read.
//! * A query sees every change that was ordered before it was answered: those that the store's
//!   answer may lack are kept beside it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexSet;

use crate::client_lock::Clients;
use crate::engine::Config;
use crate::event::{CallId, Effect, ReadId, Reader};
use crate::id::{InstanceId, TransitionNumber};
use crate::instance::Published;
use crate::kin::Kin;
use crate::lock::{Grant, LockTable};
use crate::object::{Object, ObjectKey};
use crate::object_cache::ObjectCache;
use crate::outbox::Outbox;
use crate::planted::{Bug, Planted};
use crate::time::Time;
use crate::timer::Timers;

/// What running instances share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) planted: Planted,
    follows_changes: bool,
    /// Definitions on which instances start.
    pub(crate) published: Option<Arc<Published>>,
    /// The time of the event that is being handled.
    pub(crate) now: Time,
    pub(crate) locks: LockTable,
    pub(crate) clients: Clients,
    pub(crate) cache: ObjectCache,
    pub(crate) timers: Timers,
    pub(crate) outbox: Outbox,
    /// Locks that went to waiters who do not know it yet.
    pub(crate) granted: VecDeque<Grant>,
    /// Who comes next at objects that several want to change without a lock.
    pub(crate) turns: LockTable,
    /// Turns that came to instances that do not know it yet.
    pub(crate) turns_granted: VecDeque<Grant>,
    /// What instances have to do with one another, in order.
    pub(crate) kin: VecDeque<Kin>,
    /// Instances whose turn it is.
    pub(crate) runnable: VecDeque<InstanceId>,
    /// Who waits for which outside call.
    pub(crate) calls: HashMap<CallId, InstanceId>,
    /// Commits that found an object changed by another, so far.
    pub(crate) conflicts: u64,
    loads: HashMap<ObjectKey, Load>,
    queries: BTreeMap<ReadId, Query>,
    reads: ReadId,
    calls_issued: CallId,
}

#[derive(Debug)]
struct Load {
    read: ReadId,
    /// In the order in which they asked.
    waiting: IndexSet<InstanceId>,
}

/// A query that is not answered yet.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) instance: InstanceId,
    pub(crate) entity: Arc<str>,
    /// Objects of the entity that have changed since it was asked.
    pub(crate) touched: BTreeMap<Arc<str>, Option<Arc<Object>>>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let Config { epoch, cached_objects, follows_changes, planted } = config;
        Self {
            planted,
            follows_changes,
            published: None,
            now: Time::default(),
            locks: LockTable::with_bug(epoch, planted),
            clients: Clients::default(),
            cache: ObjectCache::new(cached_objects),
            timers: Timers::default(),
            outbox: Outbox::new(epoch, planted),
            granted: VecDeque::new(),
            turns: LockTable::new(epoch),
            turns_granted: VecDeque::new(),
            kin: VecDeque::new(),
            runnable: VecDeque::new(),
            calls: HashMap::new(),
            conflicts: 0,
            loads: HashMap::new(),
            queries: BTreeMap::new(),
            reads: 0,
            calls_issued: 0,
        }
    }

    /// Takes an instance out of the queue in which it waits for a lock, if it does.
    pub(crate) fn leave_queue(&mut self, id: InstanceId) {
        if self.planted.is(Bug::GrantToGone) {
            return;
        }
        let granted = self.locks.forget(id, self.now);
        self.granted.extend(granted);
    }

    /// Asks for an object that the cache does not know, unless the instance waits for it already.
    pub(crate) fn load(&mut self, key: &ObjectKey, by: Reader) {
        if let Some(load) = self.loads.get_mut(key) {
            load.waiting.insert(by.instance);
            return;
        }
        self.reads += 1;
        let load = Load { read: self.reads, waiting: IndexSet::from([by.instance]) };
        self.loads.insert(key.clone(), load);
        self.outbox.effects.push(Effect::Load { read: self.reads, key: key.clone(), by });
    }

    /// Takes note that a load is answered; returns who waited for it, or `None` if it comes late.
    pub(crate) fn loaded(&mut self, read: ReadId, key: &ObjectKey) -> Option<Vec<InstanceId>> {
        self.loads.get(key).filter(|load| load.read == read)?;
        self.loads.remove(key).map(|load| load.waiting.into_iter().collect())
    }

    /// Takes note of a committed change: whoever reads the object from here on sees it.
    ///
    /// Returns who waited for a load of it.
    pub(crate) fn changed(
        &mut self,
        key: ObjectKey,
        object: Option<Arc<Object>>,
        number: TransitionNumber,
    ) -> Vec<InstanceId> {
        for query in self.queries.values_mut().filter(|query| query.entity == key.entity) {
            query.touched.insert(Arc::clone(&key.id), object.clone());
        }
        let waited = self.loads.remove(&key).map(|load| load.waiting);
        let waited = waited.into_iter().flatten().collect();
        self.cache.insert(key, object, number);
        waited
    }

    /// Asks for the objects of an entity, as they are after all that is ordered.
    pub(crate) fn query(&mut self, by: Reader, entity: &Arc<str>) -> ReadId {
        self.reads += 1;
        let entity = Arc::clone(entity);
        let query =
            Query { instance: by.instance, entity: Arc::clone(&entity), touched: BTreeMap::new() };
        self.queries.insert(self.reads, query);
        let effect = Effect::Query { read: self.reads, entity, by };
        self.outbox.when_durable(effect);
        self.reads
    }

    /// Takes the query that an answer is for, if it is still wanted.
    pub(crate) fn queried(&mut self, read: ReadId) -> Option<Query> {
        self.queries.remove(&read)
    }

    /// Returns the definitions whose triggers changes meet. An engine that takes up instances before
    /// anything is published goes by those of the instance that makes the change.
    pub(crate) fn triggers<'a>(&'a self, own: &'a Arc<Published>) -> Option<&'a Arc<Published>> {
        let published = self.published.as_ref().unwrap_or(own);
        (self.follows_changes && !published.change_triggers.is_empty()).then_some(published)
    }

    /// Returns a name for a new outside call of the instance.
    pub(crate) fn new_call(&mut self, instance: InstanceId) -> CallId {
        self.calls_issued += 1;
        self.calls.insert(self.calls_issued, instance);
        self.calls_issued
    }

    /// Lets an instance that is not awaited any more end.
    pub(crate) fn cancel_child(&mut self, parent: InstanceId, child: InstanceId) {
        self.locks.forget_end(parent, child);
        self.kin.push_back(Kin::Unwanted { parent, child });
    }
}
