//! What a store does, for whoever drives the engine.
//!
//! The contract is a test suite, [`crate::contract`]: one function per clause, and every store
//! passes all of them.
//!
//! Invariants:
//!
//! * There is one way to write the state of the engine: [`Store::commit`].
//! * What a call returned is durable: it survives a kill of the process and a power cut.
//! * A future that is dropped leaves nothing half done; what it was about to write is written
//!   wholly or not at all, and in its place in the order.
//!
//! Absent by design: decisions. A store compares what a transition presumes with what there is, by
//! the one judge that all stores share, and knows nothing of locks, retries or workflows.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use lockstep_core::transition::{InstanceRow, LockRow, Outcome, Status, Transition};
use lockstep_core::{Entry, InstanceId, Object, ObjectKey, Time};

use crate::error::{Corrupt, StoreError};
use crate::timings::Timings;

/// What the calls of a store return: a future that can be boxed, wrapped and delayed.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A durable store of instances, journals, objects and locks.
pub trait Store: Send + Sync + Debug {
    /// Returns a new epoch, greater than all before; from 1. It is durable.
    fn raise_epoch(&self) -> StoreFuture<'_, u32>;

    /// Writes transitions as one database transaction, with one flush.
    ///
    /// They are judged one after another: each is committed or refused as a whole, and the next one
    /// finds what the committed ones before it have left. The outcomes stand in the same order.
    /// Calls take effect in the order in which they are made.
    ///
    /// # Errors
    ///
    /// Any error means that it is unknown whether the batch was written. Every later call of
    /// `commit` fails with [`StoreError::Stopped`]: the engine must stop, open the store anew and
    /// go on from what is there.
    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>>;

    /// Reads objects as the last commit left them, in the order of the keys; `None` for one that
    /// does not exist. An object that cannot be read does not hinder the others.
    fn load(&self, keys: Vec<ObjectKey>) -> StoreFuture<'_, Vec<LoadedObject>>;

    /// Reads objects of an entity by growing id, those after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if one of them cannot be read.
    fn query(
        &self,
        entity: Arc<str>,
        after: Option<Arc<str>>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Arc<Object>>>;

    /// Keeps the text of definitions under their identity; one that is there already stays.
    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()>;

    /// Reads the text of definitions.
    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>>;

    /// Keeps the text of definitions, and that these are the published ones from there on: both or
    /// neither.
    fn publish(&self, published: Published, sources: String) -> StoreFuture<'_, ()>;

    /// Reads which definitions were published last by [`publish`](Self::publish).
    fn published(&self) -> StoreFuture<'_, Option<Published>>;

    /// Keeps up to which time something was handled, by its name; `None` forgets the name. A time
    /// that is earlier than what is kept changes nothing.
    fn put_marks(&self, marks: Vec<(Arc<str>, Option<Time>)>) -> StoreFuture<'_, ()>;

    /// Reads all marks, by growing name.
    fn marks(&self) -> StoreFuture<'_, Vec<(Arc<str>, Time)>>;

    /// Reads instances that have not ended by growing id, those after `after`, at most `limit`.
    fn unfinished(
        &self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>>;

    /// Reads all lock rows, by growing key and, for those of one key, by growing token.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if one of them cannot be read: nobody may be granted a lock then.
    fn locks(&self) -> StoreFuture<'_, Vec<LockRow>>;

    /// Reads one instance.
    fn instance(&self, id: InstanceId) -> StoreFuture<'_, Option<StoredInstance>>;

    /// Reads the instance that was started under a key.
    fn started(&self, key: Arc<str>) -> StoreFuture<'_, Option<StoredInstance>>;

    /// Reads a page of the instances that a filter wants, by falling id: the youngest first, at most
    /// `limit` of them.
    ///
    /// What a page costs does not grow with the number of instances: it may hold fewer than there
    /// are, or none, and still name where the next one begins.
    fn instances(&self, filter: InstanceFilter, limit: u32) -> StoreFuture<'_, InstancePage>;

    /// Reads the journal of an instance, oldest entry first; empty if there is no such instance.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if a part of it cannot be read.
    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>>;

    /// Reads a page of the journal of an instance, oldest entry first: at most `limit` entries behind
    /// a place.
    ///
    /// What a page costs does not grow with the journal. A place that no page has named is allowed:
    /// the page begins behind it all the same.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if what is looked at cannot be read.
    fn journal_page(
        &self,
        id: InstanceId,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> StoreFuture<'_, JournalPage>;

    /// Counts the instances in each state.
    fn counts(&self) -> StoreFuture<'_, Counts>;

    /// Returns where the time of the commits went.
    fn timings(&self) -> Timings {
        Timings::default()
    }

    /// Waits for what is under way, and gives back what the store holds of the machine. Calls that
    /// are made later fail with [`StoreError::Stopped`].
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// One of the objects that [`Store::load`] was asked for.
pub type LoadedObject = Result<Option<Arc<Object>>, Corrupt>;

/// An instance as it is stored. One that cannot be read still has its name.
#[derive(Clone, Debug)]
pub struct StoredInstance {
    /// Its identity.
    pub id: InstanceId,
    /// Its row, or why it cannot be read.
    pub row: Result<InstanceRow, Corrupt>,
}

/// Which definitions are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Their identity.
    pub id: Arc<str>,
    /// Since when.
    pub since: Time,
    /// The names of those texts that came over the API; the others came from files.
    pub from_api: Vec<Arc<str>>,
}

/// Which instances are wanted: those that all parts fit which are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceFilter {
    /// How far it is.
    pub state: Option<State>,
    /// The name of its workflow.
    pub workflow: Option<Arc<str>>,
    /// Who started it.
    pub started_by: Option<Arc<str>>,
    /// A smaller id. Ids begin with the time at which they were drawn.
    pub after: Option<InstanceId>,
    /// A greater id.
    pub before: Option<InstanceId>,
}

impl InstanceFilter {
    /// Returns whether it wants an instance whose id lies in its bounds.
    pub(crate) fn wants(&self, row: &InstanceRow) -> bool {
        self.state.is_none_or(|state| State::from(&row.status) == state)
            && self.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
            && self.started_by.as_ref().is_none_or(|by| *by == row.started_by)
    }
}

/// Some of the instances that a filter wants.
#[derive(Clone, Debug, Default)]
pub struct InstancePage {
    /// The youngest first.
    pub instances: Vec<StoredInstance>,
    /// [`InstanceFilter::before`] of the next page; `None` if nothing is left.
    pub next: Option<InstanceId>,
}

/// How far an instance is, without the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Unfinished.
    Running,
    /// Ended well.
    Done,
    /// Ended with an error.
    Failed,
}

impl From<&Status> for State {
    fn from(status: &Status) -> Self {
        match status {
            Status::Running(_) => Self::Running,
            Status::Done { .. } => Self::Done,
            Status::Failed { .. } => Self::Failed,
        }
    }
}

/// The place of an entry in the journal of an instance. It never changes, whatever is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalPlace {
    /// What was appended together, in growing order.
    pub number: i64,
    /// The entry among those, from 0.
    pub index: u32,
}

/// A page of a journal.
#[derive(Clone, Debug, Default)]
pub struct JournalPage {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// The place of the last one, if there are more behind it.
    pub next: Option<JournalPlace>,
}

/// Numbers of instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Unfinished ones.
    pub running: u64,
    /// Those that ended well.
    pub done: u64,
    /// Those that ended with an error.
    pub failed: u64,
}
