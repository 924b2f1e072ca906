//! Where tests keep their stores: a folder that goes away with the test.

use std::path::PathBuf;
use std::process;
use std::sync::Arc;

use lockstep_store::{Store, StoreError};
use tempfile::TempDir;

use crate::patience::soon;

/// A folder with a store in it.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: TempDir,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder can be made") }
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns what names the store, for the command line.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path("lockstep.db").display())
    }

    /// Opens the store as the program does.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        let opening = async {
            loop {
                match lockstep_store::open(&self.url()).await {
                    // A process that another test is starting has all that is open here for a
                    // moment, the lock of a store that has just been closed too.
                    Err(StoreError::InUse { pid: Some(pid), .. }) if pid == process::id() => {
                        tokio::task::yield_now().await;
                    }
                    opened => return opened.expect("the store can be opened"),
                }
            }
        };
        soon("the store", opening).await
    }
}
