//! The embedded store: one `SQLite` file, one process.
//!
//! One connection writes, in a task of its own; a few others read. A commit is one transaction of
//! at most four calls of the driver, whatever its size, and one flush.
//!
//! Invariants:
//!
//! * The write-ahead log is flushed at each commit, before anybody is told of it and before any
//!   reader sees it.
//! * One process at a time has the file open.
//!
//! Absent by design: judging in SQL. The transaction asks what there is; the judge that all stores
//! share decides; the rest is writing.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::transition::{LockRow, Outcome, Transition};
use lockstep_core::{Entry, InstanceId, Object, ObjectKey, Time};
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::store::{
    Counts, InstanceFilter, InstancePage, JournalPage, JournalPlace, LoadedObject, Published,
    Store, StoreFuture, StoredInstance,
};
use crate::timings::{Meter, Timings};
use write::{Answer, Order, Writer};

mod error;
mod list;
mod open;
mod owner;
mod place;
mod read;
mod row;
pub(crate) mod snapshot;
mod statement;
mod transport;
mod write;

/// Orders that wait for the writer; who gives one more waits too.
const ORDERS: usize = 16;

/// A store in an `SQLite` file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    readers: SqlitePool,
    orders: mpsc::Sender<Order>,
    meter: Arc<Meter>,
}

impl Sqlite {
    /// Opens the file at `path`; creates it, and the folders that lead to it, if there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened; a file that is there was not changed.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = open::open(path).await?;
        let meter = Arc::new(Meter::default());
        let writer = Writer::new(opened.writer, opened.owner, Arc::clone(&meter));
        let (orders, receiver) = mpsc::channel(ORDERS);
        tokio::spawn(writer.run(receiver));
        Ok(Self { readers: opened.readers, orders, meter })
    }

    async fn order<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Store for Sqlite {
    fn raise_epoch(&self) -> StoreFuture<'_, u32> {
        Box::pin(self.order(Order::RaiseEpoch))
    }

    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(self.order(|answer| Order::Commit(batch, answer)))
    }

    fn load(&self, keys: Vec<ObjectKey>) -> StoreFuture<'_, Vec<LoadedObject>> {
        Box::pin(async move { read::load(&self.readers, &keys).await })
    }

    fn query(
        &self,
        entity: Arc<str>,
        after: Option<Arc<str>>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Arc<Object>>> {
        Box::pin(
            async move { read::objects(&self.readers, &entity, after.as_deref(), limit).await },
        )
    }

    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()> {
        Box::pin(self.order(|answer| Order::PutDefinitions(id, sources, answer)))
    }

    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>> {
        Box::pin(async move { read::definitions(&self.readers, &id).await })
    }

    fn publish(&self, published: Published, sources: String) -> StoreFuture<'_, ()> {
        Box::pin(self.order(|answer| Order::Publish(published, sources, answer)))
    }

    fn published(&self) -> StoreFuture<'_, Option<Published>> {
        Box::pin(read::published(&self.readers))
    }

    fn put_marks(&self, marks: Vec<(Arc<str>, Option<Time>)>) -> StoreFuture<'_, ()> {
        Box::pin(self.order(|answer| Order::PutMarks(marks, answer)))
    }

    fn marks(&self) -> StoreFuture<'_, Vec<(Arc<str>, Time)>> {
        Box::pin(read::marks(&self.readers))
    }

    fn unfinished(
        &self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        Box::pin(read::unfinished(&self.readers, after, limit))
    }

    fn locks(&self) -> StoreFuture<'_, Vec<LockRow>> {
        Box::pin(read::locks(&self.readers))
    }

    fn instance(&self, id: InstanceId) -> StoreFuture<'_, Option<StoredInstance>> {
        Box::pin(read::instance(&self.readers, id))
    }

    fn started(&self, key: Arc<str>) -> StoreFuture<'_, Option<StoredInstance>> {
        Box::pin(async move { read::started(&self.readers, &key).await })
    }

    fn instances(&self, filter: InstanceFilter, limit: u32) -> StoreFuture<'_, InstancePage> {
        Box::pin(async move { list::instances(&self.readers, &filter, limit).await })
    }

    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>> {
        Box::pin(read::journal(&self.readers, id))
    }

    fn journal_page(
        &self,
        id: InstanceId,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> StoreFuture<'_, JournalPage> {
        Box::pin(read::journal_page(&self.readers, id, after, limit))
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        Box::pin(read::counts(&self.readers))
    }

    fn timings(&self) -> Timings {
        self.meter.read()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            // The connection that writes is closed last: it empties the log into the file.
            self.readers.close().await;
            self.order(Order::Close).await
        })
    }
}

#[cfg(test)]
mod tests;
