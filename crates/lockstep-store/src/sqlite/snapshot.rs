//! A snapshot: what a file held at one moment, read beside the process that owns it.
//!
//! Invariants:
//!
//! * All answers are of one moment: everything that was committed before it, nothing of what came
//!   later.
//! * Whoever writes is never kept waiting, nor made to fail; the file is not written, and its owner's
//!   lock is not taken.
//!
//! Absent by design: bringing an older schema up to date, and waiting for changes. A snapshot that
//! is kept open keeps the log from being emptied, which grows meanwhile: take one, read, drop it.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::transition::LockRow;
use lockstep_core::{Entry, InstanceId, Object, ObjectKey};
use sqlx::Executor as _;
use sqlx::sqlite::SqliteConnection;

use super::open::{SCHEMA, open_to_read};
use super::place::Place;
use super::{list, read};
use crate::error::StoreError;
use crate::store::{Counts, InstanceFilter, InstancePage, LoadedObject, Published, StoredInstance};

/// What a store in a file held at one moment. The methods answer as those of the same name of
/// [`Store`](crate::Store) do.
#[derive(Debug)]
pub struct Snapshot {
    connection: SqliteConnection,
}

impl Snapshot {
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let (place, mut connection) = open_to_read(path).await?;
        // The moment is that of the first look at the file.
        let begun = connection.execute("BEGIN").await;
        begun.map_err(|error| place.refuse_sqlx(error))?;
        place.check_content(&mut connection).await?;
        check_schema(&place, &mut connection).await?;
        Ok(Self { connection })
    }

    /// Reads objects, in the order of the keys.
    ///
    /// # Errors
    ///
    /// As all methods: the file cannot be read, or what is in it.
    pub async fn load(&mut self, keys: &[ObjectKey]) -> Result<Vec<LoadedObject>, StoreError> {
        read::load(&mut self.connection, keys).await
    }

    /// Reads objects of an entity by growing id, those after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// As [`Store::query`](crate::Store::query).
    pub async fn query(
        &mut self,
        entity: &Arc<str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Arc<Object>>, StoreError> {
        read::objects(&mut self.connection, entity, after, limit).await
    }

    /// Reads the text of definitions.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn definitions(&mut self, id: &str) -> Result<Option<String>, StoreError> {
        read::definitions(&mut self.connection, id).await
    }

    /// Reads which definitions were published last.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn published(&mut self) -> Result<Option<Published>, StoreError> {
        read::published(&mut self.connection).await
    }

    /// Reads instances that have not ended by growing id, those after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn unfinished(
        &mut self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> Result<Vec<StoredInstance>, StoreError> {
        read::unfinished(&mut self.connection, after, limit).await
    }

    /// Reads all lock rows, by growing key and, for those of one key, by growing token.
    ///
    /// # Errors
    ///
    /// As [`Store::locks`](crate::Store::locks).
    pub async fn locks(&mut self) -> Result<Vec<LockRow>, StoreError> {
        read::locks(&mut self.connection).await
    }

    /// Reads one instance.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn instance(&mut self, id: InstanceId) -> Result<Option<StoredInstance>, StoreError> {
        read::instance(&mut self.connection, id).await
    }

    /// Reads a page of the instances that a filter wants.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn instances(
        &mut self,
        filter: &InstanceFilter,
        limit: u32,
    ) -> Result<InstancePage, StoreError> {
        list::instances(&mut self.connection, filter, limit).await
    }

    /// Reads the journal of an instance, oldest entry first; empty if there is no such instance.
    ///
    /// # Errors
    ///
    /// As [`Store::journal`](crate::Store::journal).
    pub async fn journal(&mut self, id: InstanceId) -> Result<Vec<Entry>, StoreError> {
        read::journal(&mut self.connection, id).await
    }

    /// Counts the instances in each state.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn counts(&mut self) -> Result<Counts, StoreError> {
        read::counts(&mut self.connection).await
    }
}

async fn check_schema(place: &Place, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let table = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let version = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    let found = match place.integer(connection, table).await? {
        0 => 0,
        _ => place.integer(connection, version).await?,
    };
    match found.cmp(&SCHEMA) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => {
            Err(StoreError::Older { path: place.shown(), found, known: SCHEMA })
        }
        std::cmp::Ordering::Greater => {
            Err(StoreError::Newer { path: place.shown(), found, known: SCHEMA })
        }
    }
}

#[cfg(test)]
mod tests;
