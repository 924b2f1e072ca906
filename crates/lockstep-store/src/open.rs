//! From the name of a store to the store.

use std::path::Path;
use std::sync::Arc;

use crate::error::StoreError;
use crate::memory::Memory;
use crate::sqlite::Sqlite;
use crate::sqlite::snapshot::Snapshot;
use crate::store::Store;

const MEMORY: &str = "sqlite::memory:";
const FILE: &str = "sqlite://";

/// Opens a store: `sqlite://PATH` or a bare path for a file, `sqlite::memory:` for one that ends
/// with its process. A file that is not there is created, with the folders that lead to it. Must be
/// called within a tokio runtime, which must be there as long as the store is.
///
/// # Errors
///
/// [`StoreError`] says what is in the way and what to do; what is there was not changed.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match Address::of(url)? {
        Address::Memory => Ok(Arc::new(Memory::new())),
        Address::File(path) => Ok(Arc::new(Sqlite::open(path).await?)),
    }
}

/// Opens a snapshot of the store in a file, for reading alone: of what was committed up to now. Takes
/// the same names as [`open()`].
///
/// Another process may own the store and go on writing; it is not disturbed, and neither owner nor
/// contents are changed. Beside the file `SQLite` may leave two files of its own, `-wal` and `-shm`.
///
/// # Errors
///
/// [`StoreError::Absent`] if there is none, [`StoreError::InMemory`] if it is none of a file,
/// [`StoreError::Older`] and [`StoreError::Newer`] if its schema is another one; else what is in the
/// way.
pub async fn open_snapshot(url: &str) -> Result<Snapshot, StoreError> {
    match Address::of(url)? {
        Address::Memory => Err(StoreError::InMemory),
        Address::File(path) => Snapshot::open(path).await,
    }
}

/// Where a store is.
enum Address<'a> {
    Memory,
    File(&'a Path),
}

impl<'a> Address<'a> {
    fn of(url: &'a str) -> Result<Self, StoreError> {
        if url == MEMORY {
            return Ok(Self::Memory);
        }
        let path = match url.strip_prefix(FILE) {
            Some(path) => path,
            // Any other scheme is a slip, not a file with a colon in its name.
            None if url.starts_with("sqlite:") || url.contains("://") => "",
            None => url,
        };
        if path.is_empty() {
            return Err(StoreError::Address { url: url.to_owned() });
        }
        Ok(Self::File(Path::new(path)))
    }
}
