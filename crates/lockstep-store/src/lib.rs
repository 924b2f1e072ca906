//! Durable stores behind one trait, whose contract is a test suite.
//!
//! A store takes batches of transitions and answers, for each, whether it is committed; the rest
//! is reading. [`Memory`] keeps everything in the process; `open` also opens files, which are
//! embedded `SQLite` databases (feature `sqlite`, on by default). A `Snapshot` reads such a file
//! beside the process that owns it.
//!
//! Absent by design: what a transition means. The engine decides, a store compares and writes.

pub mod contract;
mod error;
mod judge;
mod memory;
#[cfg(feature = "sqlite")]
mod open;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod timings;

pub use error::{Corrupt, StoreError};
pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub use open::{open, open_snapshot};
#[cfg(feature = "sqlite")]
pub use sqlite::snapshot::Snapshot;
pub use store::{
    Counts, InstanceFilter, InstancePage, JournalPage, JournalPlace, LoadedObject, Published,
    State, Store, StoreFuture, StoredInstance,
};
pub use timings::Timings;
