//! Recovery: an engine is made from what a store holds.
//!
//! Invariants:
//!
//! * The epoch is raised, durably, before the engine issues its first token.
//! * Nothing in the store keeps the engine from starting: what cannot be read is told, and left.

use std::sync::Arc;

use lockstep_core::transition::InstanceRow;
use lockstep_core::{Config, DefinitionsById, Engine, InstanceId};
use lockstep_store::Store;

use crate::clock::Clock;
use crate::definition_text::DefinitionText;
use crate::error::RunnerError;
use crate::runner::Options;

/// Instances that are read at a time.
const PAGE: u32 = 1000;

/// What was found in a store.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) taken_up: Vec<InstanceId>,
    pub(crate) refused: Vec<(InstanceId, String)>,
    /// What the instances run on.
    pub(crate) definitions: DefinitionsById,
}

/// Returns an engine that goes on where the last one on this store was.
pub(crate) async fn engine(
    store: &Arc<dyn Store>,
    clock: Clock,
    options: &Options,
) -> Result<(Engine, Found), RunnerError> {
    let epoch = store.raise_epoch().await?;
    let cached_objects = options.limits.cached_objects;
    let mut engine = Engine::new(Config {
        cached_objects,
        follows_changes: options.triggers,
        ..Config::new(epoch)
    });
    let mut found = Found::default();
    let rows = unfinished(store, &mut found).await?;
    let locks = store.locks().await?;
    if rows.is_empty() && locks.is_empty() && !options.stands_still {
        return Ok((engine, found));
    }
    found.definitions = definitions(store, &rows).await?;
    let ids: Vec<InstanceId> = rows.iter().map(|row| row.id).collect();
    let refused = if options.stands_still {
        let refused = engine.survey(clock.now(), rows, &locks, &found.definitions);
        found.refused.extend(refused);
        return Ok((engine, found));
    } else {
        engine.recover(clock.now(), rows, locks, &found.definitions)
    };
    found.taken_up =
        ids.into_iter().filter(|id| refused.iter().all(|(refused, _)| refused != id)).collect();
    found.refused.extend(refused);
    Ok((engine, found))
}

async fn unfinished(
    store: &Arc<dyn Store>,
    found: &mut Found,
) -> Result<Vec<InstanceRow>, RunnerError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store.unfinished(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some(last.id);
        for stored in page {
            match stored.row {
                Ok(row) => rows.push(row),
                Err(corrupt) => found.refused.push((stored.id, corrupt.to_string())),
            }
        }
    }
}

async fn definitions(
    store: &Arc<dyn Store>,
    rows: &[InstanceRow],
) -> Result<DefinitionsById, RunnerError> {
    let mut ids: Vec<Arc<str>> = rows.iter().map(|row| Arc::clone(&row.definitions)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut all = Vec::new();
    for id in ids {
        let Some(text) = store.definitions(Arc::clone(&id)).await? else { continue };
        let Some(text) = DefinitionText::decode(&text) else { continue };
        if let Some(definitions) = text.check().definitions {
            all.push((id, Arc::new(definitions)));
        }
    }
    Ok(all)
}
