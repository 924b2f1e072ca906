//! A store around another one, which it asks for everything but what its manner does otherwise.
//!
//! Invariants:
//!
//! * Every call but those of [`Manner`] is the inner store's.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use lockstep_core::transition::{LockRow, Outcome, Transition};
use lockstep_core::{Entry, InstanceId, Object, ObjectKey, Time};
use lockstep_store::{
    Counts, InstanceFilter, InstancePage, JournalPage, JournalPlace, LoadedObject, Published,
    Store, StoreFuture, StoredInstance,
};

/// The store; what its manner can be asked and told, it can, too.
#[derive(Debug)]
pub(crate) struct StoreAround<M> {
    inner: Arc<dyn Store>,
    manner: M,
}

/// What a store does in its own way.
pub(crate) trait Manner: Default + Send + Sync + Debug {
    /// Commits a batch, or does not.
    fn commit<'a>(
        &'a self,
        inner: &'a dyn Store,
        batch: Vec<Transition>,
    ) -> StoreFuture<'a, Vec<Outcome>>;

    /// Sets marks.
    fn put_marks<'a>(
        &'a self,
        inner: &'a dyn Store,
        marks: Vec<(Arc<str>, Option<Time>)>,
    ) -> StoreFuture<'a, ()> {
        inner.put_marks(marks)
    }

    /// Closes the store.
    fn close<'a>(&'a self, inner: &'a dyn Store) -> StoreFuture<'a, ()> {
        inner.close()
    }
}

impl<M: Manner> StoreAround<M> {
    pub(crate) fn on(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { inner, manner: M::default() })
    }
}

impl<M> Deref for StoreAround<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.manner
    }
}

impl<M: Manner> Store for StoreAround<M> {
    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>> {
        self.manner.commit(&*self.inner, batch)
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.manner.close(&*self.inner)
    }

    fn raise_epoch(&self) -> StoreFuture<'_, u32> {
        self.inner.raise_epoch()
    }

    fn load(&self, keys: Vec<ObjectKey>) -> StoreFuture<'_, Vec<LoadedObject>> {
        self.inner.load(keys)
    }

    fn query(
        &self,
        entity: Arc<str>,
        after: Option<Arc<str>>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Arc<Object>>> {
        self.inner.query(entity, after, limit)
    }

    fn started(&self, key: Arc<str>) -> StoreFuture<'_, Option<StoredInstance>> {
        self.inner.started(key)
    }

    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()> {
        self.inner.put_definitions(id, sources)
    }

    fn publish(&self, published: Published, sources: String) -> StoreFuture<'_, ()> {
        self.inner.publish(published, sources)
    }

    fn published(&self) -> StoreFuture<'_, Option<Published>> {
        self.inner.published()
    }

    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>> {
        self.inner.definitions(id)
    }

    fn put_marks(&self, marks: Vec<(Arc<str>, Option<Time>)>) -> StoreFuture<'_, ()> {
        self.manner.put_marks(&*self.inner, marks)
    }

    fn marks(&self) -> StoreFuture<'_, Vec<(Arc<str>, Time)>> {
        self.inner.marks()
    }

    fn unfinished(
        &self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        self.inner.unfinished(after, limit)
    }

    fn locks(&self) -> StoreFuture<'_, Vec<LockRow>> {
        self.inner.locks()
    }

    fn instance(&self, id: InstanceId) -> StoreFuture<'_, Option<StoredInstance>> {
        self.inner.instance(id)
    }

    fn instances(&self, filter: InstanceFilter, limit: u32) -> StoreFuture<'_, InstancePage> {
        self.inner.instances(filter, limit)
    }

    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>> {
        self.inner.journal(id)
    }

    fn journal_page(
        &self,
        id: InstanceId,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> StoreFuture<'_, JournalPage> {
        self.inner.journal_page(id, after, limit)
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.inner.counts()
    }
}
