//! From the name of a store to the store.

use std::path::Path;
use std::sync::Arc;

use crate::error::StoreError;
use crate::memory::Memory;
use crate::sqlite::Sqlite;
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
    if url == MEMORY {
        return Ok(Arc::new(Memory::new()));
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
    Ok(Arc::new(Sqlite::open(Path::new(path)).await?))
}
