//! Durable stores behind one trait, whose contract is a test suite.
//!
//! A store takes batches of transitions and answers, for each, whether it is committed; the rest
//! is reading. [`Memory`] keeps everything in the process; [`open()`] also opens
//! files, which are embedded `SQLite` databases. A [`Snapshot`] reads such a file beside the
//! process that owns it.
//!
//! Absent by design: what a transition means. The engine decides, a store compares and writes.

pub mod contract;
mod error;
mod judge;
mod memory;
mod open;
mod sqlite;
mod store;
mod timings;

pub use error::{Corrupt, StoreError};
pub use memory::Memory;
pub use open::{open, open_snapshot};
pub use sqlite::snapshot::Snapshot;
pub use store::{Counts, LoadedObject, State, Store, StoreFuture, StoredInstance};
pub use timings::Timings;
