//! From the errors of `SQLite` to those of a store: the only place.
//!
//! Source: `SQLite` manual, "Result and Error Codes".

use sqlx::Error;

use crate::error::StoreError;
use crate::sqlite::row::corrupt;

/// Bits of a result code that name its kind; those above tell more.
const PRIMARY: u32 = 0xff;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const NOT_A_DATABASE: u32 = 26;

/// Returns the result code that `SQLite` gave, if the error is one of its own.
pub(crate) fn code(error: &Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & PRIMARY)
}

/// Whether the file is no database.
pub(crate) fn is_not_a_database(error: &Error) -> bool {
    code(error) == Some(NOT_A_DATABASE)
}

/// Says what an error during a call means.
pub(crate) fn store_error(error: Error) -> StoreError {
    match code(&error) {
        Some(FULL) => StoreError::Full(error.into()),
        Some(BUSY | LOCKED) => StoreError::Busy(error.into()),
        Some(CORRUPT | NOT_A_DATABASE) => StoreError::Corrupt(corrupt("a page", error.to_string())),
        None if matches!(error, Error::PoolClosed | Error::WorkerCrashed) => StoreError::Stopped,
        None | Some(_) => StoreError::Io(error.into()),
    }
}
