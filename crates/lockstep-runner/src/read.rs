//! Reads from the store on behalf of the core.
//!
//! Invariants:
//!
//! * Every load and query that the core asks for is answered by one event, or the runner stops.

use std::sync::Arc;

use lockstep_core::{Event, Failure, ObjectKey, ReadId};
use lockstep_store::{Corrupt, Store, StoreError};

/// Most objects that a query reads; more is an error of the instance that asked.
pub(crate) const MAX_QUERIED: usize = 10_000;

/// Objects that are read at a time.
const PAGE: u32 = 1000;

/// Reads objects by their keys.
pub(crate) async fn load(
    store: Arc<dyn Store>,
    wanted: Vec<(ReadId, ObjectKey)>,
) -> Result<Vec<Event>, StoreError> {
    let keys = wanted.iter().map(|(_, key)| key.clone()).collect();
    let objects = store.load(keys).await?;
    Ok(wanted
        .into_iter()
        .zip(objects)
        .map(|((read, key), object)| Event::Loaded { read, key, result: object.map_err(corrupt) })
        .collect())
}

fn corrupt(row: Corrupt) -> Failure {
    Failure::new("data.corrupt", row.to_string())
}

/// Reads the objects of an entity.
pub(crate) async fn query(
    store: Arc<dyn Store>,
    read: ReadId,
    entity: Arc<str>,
) -> Result<Event, StoreError> {
    let mut objects = Vec::new();
    let mut after = None;
    loop {
        let page = match store.query(Arc::clone(&entity), after, PAGE).await {
            Ok(page) => page,
            Err(StoreError::Corrupt(row)) => {
                return Ok(Event::Queried { read, result: Err(corrupt(row)) });
            }
            Err(error) => return Err(error),
        };
        let last = page.last().map(|object| Arc::clone(&object.key.id));
        let is_last_page = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        objects.extend(page);
        if objects.len() > MAX_QUERIED {
            let message =
                format!("there are more than {MAX_QUERIED} {entity} objects, a find reads no more");
            let result = Err(Failure::new("data.too_many", message));
            return Ok(Event::Queried { read, result });
        }
        if is_last_page {
            return Ok(Event::Queried { read, result: Ok(objects) });
        }
        after = last;
    }
}
