//! Objects of a store, for a dry run: read, never written.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::{Failure, Object, ObjectKey};
use lockstep_simulator::Background;
use lockstep_store::{Store, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::command_error::CommandError;
use crate::store;

/// Objects that are read at a time.
const PAGE: u32 = 1000;
/// Most objects of an entity that are read.
const MAX_QUERIED: usize = 10_000;

/// An open store.
pub(super) struct Stored {
    runtime: Runtime,
    store: Arc<dyn Store>,
}

impl Stored {
    /// Opens a store that is there already.
    pub(super) fn open(url: &str) -> Result<Self, CommandError> {
        let path = url.strip_prefix("sqlite://").unwrap_or(url);
        let is_file = url != store::MEMORY && (path == url) != url.contains("://");
        if is_file && !Path::new(path).exists() {
            return Err(CommandError::usage_with(
                format!("there is no store at {path}"),
                "a dry run makes none: name one that is there, or give objects with --seed",
            ));
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime
            .map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
        let store = runtime.block_on(lockstep_store::open(url))?;
        Ok(Self { runtime, store })
    }

    pub(super) fn close(self) -> Result<(), CommandError> {
        Ok(self.runtime.block_on(self.store.close())?)
    }

    fn page(
        &self,
        entity: &Arc<str>,
        after: Option<Arc<str>>,
    ) -> Result<Vec<Arc<Object>>, Failure> {
        let page = self.store.query(Arc::clone(entity), after, PAGE);
        self.runtime.block_on(page).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &StoreError) -> Failure {
    Failure::new("simulation.store", error.to_string())
}

impl Background for Stored {
    fn load(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, Failure> {
        let loaded = self.runtime.block_on(self.store.load(vec![key.clone()]));
        match loaded.map_err(|error| unreadable(&error))?.into_iter().next() {
            None => Ok(None),
            Some(Ok(object)) => Ok(object),
            Some(Err(corrupt)) => Err(Failure::new("data.corrupt", corrupt.to_string())),
        }
    }

    fn query(&mut self, entity: &Arc<str>) -> Result<Vec<Arc<Object>>, Failure> {
        let mut objects: Vec<Arc<Object>> = Vec::new();
        loop {
            let after = objects.last().map(|object| Arc::clone(&object.key.id));
            let page = self.page(entity, after)?;
            if page.is_empty() {
                return Ok(objects);
            }
            objects.extend(page);
            if objects.len() > MAX_QUERIED {
                let message = format!("there are more than {MAX_QUERIED} {entity} objects");
                return Err(Failure::new("data.too_many", message));
            }
        }
    }
}
