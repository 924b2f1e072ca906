//! Surveys: a store that is looked at, not run.
//!
//! Invariants:
//!
//! * Nothing is written, and nothing goes on: a survey tells what a snapshot held.
//! * What cannot be read is told, and hides nothing else.
//!
//! Absent by design: what an engine had not flushed when the snapshot was taken.

use std::sync::Arc;

use lockstep_core::explain::{Chain, ClientView, Explanation, LockPage, LockView};
use lockstep_core::transition::InstanceRow;
use lockstep_core::{Config, DefinitionsById, Engine, InstanceId, Time};
use lockstep_definition::Definitions;
use lockstep_runner::DefinitionText;
use lockstep_store::{Snapshot, StoreError};

/// Instances that are read at a time.
const PAGE: u32 = 1000;

/// What a snapshot held of unfinished instances and locks.
#[derive(Debug)]
pub(crate) struct Survey {
    engine: Engine,
    refused: Vec<(InstanceId, String)>,
}

impl Survey {
    /// Reads all unfinished instances and all locks. `now` is the time at which they are looked at.
    /// An instance that cannot be read is no error.
    pub(crate) async fn read(snapshot: &mut Snapshot, now: Time) -> Result<Self, StoreError> {
        let mut refused = Vec::new();
        let rows = unfinished(snapshot, &mut refused).await?;
        let locks = snapshot.locks().await?;
        let mut definitions = DefinitionsById::new();
        for id in names(&rows) {
            if let Some(found) = Self::definitions(snapshot, &id).await? {
                definitions.push((id, found));
            }
        }
        // No token is issued, so the epoch is of no matter.
        let mut engine = Engine::new(Config::new(0));
        refused.extend(engine.survey(now, rows, &locks, &definitions));
        Ok(Self { engine, refused })
    }

    /// Reads definitions by their identity; `None` if they are not there, or not valid any more.
    pub(crate) async fn definitions(
        snapshot: &mut Snapshot,
        id: &str,
    ) -> Result<Option<Arc<Definitions>>, StoreError> {
        let text = snapshot.definitions(id).await?;
        let text = text.and_then(|text| DefinitionText::decode(&text));
        Ok(text.and_then(|text| text.check().definitions).map(Arc::new))
    }

    /// Returns what an unfinished instance does, and what it waits for; `None` if there is none, or
    /// if it cannot go on.
    pub(crate) fn explain(&self, instance: InstanceId) -> Option<Explanation> {
        self.engine.explain(instance)
    }

    /// Follows the waits of one that was explained.
    pub(crate) fn chain(&self, first: &Explanation) -> Chain {
        self.engine.chain(first)
    }

    /// Returns a client's lock; `None` if there is none of that identity.
    pub(crate) fn client(&self, lock: InstanceId) -> Option<ClientView> {
        self.engine.client(lock)
    }

    /// Returns locks that are held or waited for, with the first who hold and want each.
    pub(crate) fn locks(&self, page: &LockPage) -> Vec<LockView> {
        self.engine.lock_page(page)
    }

    /// Returns how many hold a lock, and how many wait for one.
    #[cfg(feature = "top")]
    pub(crate) fn load(&self) -> lockstep_core::lock::LockLoad {
        self.engine.load(0).locks
    }

    /// Returns a lock with all who hold and want it.
    pub(crate) fn lock(&self, key: &Arc<str>) -> LockView {
        self.engine.lock_view(key, None, usize::MAX)
    }

    /// Returns why an unfinished instance cannot go on; `None` if it can.
    pub(crate) fn refusal(&self, instance: InstanceId) -> Option<&str> {
        let found = self.refused.iter().find(|(id, _)| *id == instance);
        found.map(|(_, why)| why.as_str())
    }
}

/// Returns the identities of the definitions that instances run on, each once.
fn names(rows: &[InstanceRow]) -> Vec<Arc<str>> {
    let mut ids: Vec<Arc<str>> = rows.iter().map(|row| Arc::clone(&row.definitions)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn unfinished(
    snapshot: &mut Snapshot,
    refused: &mut Vec<(InstanceId, String)>,
) -> Result<Vec<InstanceRow>, StoreError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = snapshot.unfinished(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some(last.id);
        for stored in page {
            match stored.row {
                Ok(row) => rows.push(row),
                Err(corrupt) => refused.push((stored.id, corrupt.to_string())),
            }
        }
    }
}
