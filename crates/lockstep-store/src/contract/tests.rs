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

mod memory {
    crate::contract::contract_tests!(|| std::sync::Arc::new(crate::Memory::new()));
}

#[tokio::test]
async fn all_clauses_can_be_run_in_one_go() {
    super::run_all(|| Box::new(Arc::new(Memory::new()))).await;
}
