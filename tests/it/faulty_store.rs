//! A store whose flush can be held back, or fail: a wrapper around another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_core::transition::{LockRow, Outcome, Transition};
use lockstep_core::{Entry, InstanceId, Object, ObjectKey};
use lockstep_store::{
    Counts, LoadedObject, Memory, State, Store, StoreError, StoreFuture, StoredInstance,
};
use tokio::sync::watch;

use crate::patience::soon;

/// What happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// It is written.
    Goes,
    /// It is not written before this changes.
    HeldBack,
    /// It is not written, and the store fails.
    FailsBefore,
    /// It is written, and the store fails all the same.
    FailsBehind,
}

/// The wrapper.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<Memory>,
    flush: watch::Sender<Flush>,
    /// Batches that came in.
    batches: watch::Sender<usize>,
    stopped: AtomicBool,
}

impl FaultyStore {
    pub(crate) fn on(inner: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            flush: watch::Sender::new(Flush::Goes),
            batches: watch::Sender::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    /// Says what happens to batches from here on, one that is held back included.
    pub(crate) fn set(&self, flush: Flush) {
        self.flush.send_replace(flush);
    }

    /// Returns what happens to batches.
    pub(crate) fn flush(&self) -> Flush {
        *self.flush.borrow()
    }

    /// Returns how many batches have come in.
    pub(crate) fn batches(&self) -> usize {
        *self.batches.borrow()
    }

    /// Waits until more than so many batches have come in.
    pub(crate) async fn has_more_batches_than(&self, count: usize) {
        let mut batches = self.batches.subscribe();
        let wait = batches.wait_for(|batches| *batches > count);
        drop(soon("a batch in the store", wait).await.expect("the store is there"));
    }
}

fn broken() -> StoreError {
    StoreError::Io("the disk is gone".into())
}

impl Store for FaultyStore {
    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(async move {
            if self.stopped.load(Ordering::SeqCst) {
                return Err(StoreError::Stopped);
            }
            self.batches.send_modify(|batches| *batches += 1);
            let mut flush = self.flush.subscribe();
            let flush = *flush.wait_for(|flush| *flush != Flush::HeldBack).await.unwrap();
            match flush {
                Flush::Goes | Flush::HeldBack => self.inner.commit(batch).await,
                Flush::FailsBefore => {
                    self.stopped.store(true, Ordering::SeqCst);
                    Err(broken())
                }
                Flush::FailsBehind => {
                    self.stopped.store(true, Ordering::SeqCst);
                    self.inner.commit(batch).await?;
                    Err(broken())
                }
            }
        })
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

    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()> {
        self.inner.put_definitions(id, sources)
    }

    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>> {
        self.inner.definitions(id)
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

    fn instances(
        &self,
        state: Option<State>,
        before: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        self.inner.instances(state, before, limit)
    }

    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>> {
        self.inner.journal(id)
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.inner.counts()
    }

    /// Leaves the inner store open, for those who look at it.
    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
