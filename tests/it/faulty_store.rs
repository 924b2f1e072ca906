//! A store whose flush can be held back, or fail.

use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_core::transition::{Outcome, Transition};
use lockstep_store::{Store, StoreError, StoreFuture};
use tokio::sync::watch;

use crate::patience::soon;
use crate::store_around::{Manner, StoreAround};

/// The store.
pub(crate) type FaultyStore = StoreAround<Faults>;

/// What happens to a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flush {
    /// It is written.
    #[default]
    Goes,
    /// It is not written before this changes.
    HeldBack,
    /// It is not written, and the store fails.
    FailsBefore,
    /// It is written, and the store fails all the same.
    FailsBehind,
}

/// Decides what happens to each batch.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    flush: watch::Sender<Flush>,
    /// Batches that came in.
    batches: watch::Sender<usize>,
    stopped: AtomicBool,
}

impl Faults {
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

impl Manner for Faults {
    fn commit<'a>(
        &'a self,
        inner: &'a dyn Store,
        batch: Vec<Transition>,
    ) -> StoreFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            if self.stopped.load(Ordering::SeqCst) {
                return Err(StoreError::Stopped);
            }
            self.batches.send_modify(|batches| *batches += 1);
            let mut flush = self.flush.subscribe();
            let flush = *flush.wait_for(|flush| *flush != Flush::HeldBack).await.unwrap();
            match flush {
                Flush::Goes | Flush::HeldBack => inner.commit(batch).await,
                Flush::FailsBefore => {
                    self.stopped.store(true, Ordering::SeqCst);
                    Err(broken())
                }
                Flush::FailsBehind => {
                    self.stopped.store(true, Ordering::SeqCst);
                    inner.commit(batch).await?;
                    Err(broken())
                }
            }
        })
    }

    /// Leaves the inner store open, for those who look at it.
    fn close<'a>(&'a self, _: &'a dyn Store) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
