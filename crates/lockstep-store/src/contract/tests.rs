use std::sync::Arc;

use super::Home;
use crate::Memory;
use crate::store::{Store, StoreFuture};

impl Home for Arc<Memory> {
    fn open(&self) -> StoreFuture<'_, Arc<dyn Store>> {
        Box::pin(async {
            self.reopen();
            let store: Arc<dyn Store> = Self::clone(self);
            Ok(store)
        })
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::sync::Arc;

    use super::super::Home;
    use crate::open;
    use crate::store::{Store, StoreFuture};

    /// A folder that goes with its last store.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder is made"))
        }
    }

    impl Home for Folder {
        fn open(&self) -> StoreFuture<'_, Arc<dyn Store>> {
            Box::pin(async {
                let path = self.0.path().join("store.db");
                open(path.to_str().expect("the path is text")).await
            })
        }
    }

    crate::contract::contract_tests!(|| super::Folder::new());
}

mod memory {
    crate::contract::contract_tests!(|| std::sync::Arc::new(crate::Memory::new()));
}

#[tokio::test]
async fn all_clauses_can_be_run_in_one_go() {
    super::run_all(|| Box::new(Arc::new(Memory::new()))).await;
}
