//! The order in which instances asked for their locks, and the order in which they got them.
//!
//! An instance whose first activity takes a lock asks for it when its start is taken, and starts are
//! taken in the order in which they are sent. So numbers that are drawn as they are sent tell who
//! asked before whom; and fencing tokens, which grow with each grant, who was served before whom.

use std::collections::BTreeSet;

use lockstep_core::Happening;
use lockstep_runner::Started;
use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::engine::{Ended, Engine, ended};

/// Starts instances one after another.
#[derive(Debug)]
pub(crate) struct Door {
    engine: Engine,
    next: Mutex<usize>,
}

/// An instance that has asked for its lock.
#[derive(Debug)]
pub(crate) struct Asked {
    /// How many asked before it.
    pub(crate) number: usize,
    pub(crate) started: Started,
}

/// An instance that has had its lock, once.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// How many asked before it.
    pub(crate) number: usize,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) shared: bool,
    /// Whether it had to wait.
    pub(crate) waited: bool,
    /// In microseconds since 1970.
    pub(crate) asked_at: i64,
    /// In microseconds since 1970.
    pub(crate) granted_at: i64,
    pub(crate) token: i64,
    pub(crate) ended: Ended,
}

impl Door {
    pub(crate) fn of(engine: &Engine) -> Self {
        Self { engine: engine.clone(), next: Mutex::new(0) }
    }

    pub(crate) async fn begin(&self, workflow: &str, input: Json) -> Asked {
        let mut next = self.next.lock().await;
        let started = self.engine.begin(workflow, input).await;
        let number = *next;
        *next += 1;
        Asked { number, started }
    }

    /// Waits for the end of an instance that took these keys, and tells how it was served.
    pub(crate) async fn served(
        &self,
        asked: Asked,
        keys: impl IntoIterator<Item = String>,
        shared: bool,
    ) -> Served {
        let Asked { number, started } = asked;
        let id = started.id;
        let ended = ended(started).await;
        let journal = self.engine.journal(id).await;
        let entry = |wanted: fn(&Happening) -> bool| {
            journal.iter().find(|entry| wanted(&entry.event)).map(|entry| entry.at)
        };
        let waited_since = entry(|event| matches!(event, Happening::LockWaited { .. }));
        let granted = journal.iter().find_map(|entry| {
            let Happening::LockGranted { token, .. } = &entry.event else { return None };
            Some((entry.at, *token))
        });
        let (granted_at, token) = granted.unwrap_or_else(|| panic!("not served: {journal:#?}"));
        Served {
            number,
            keys: keys.into_iter().collect(),
            shared,
            waited: waited_since.is_some(),
            asked_at: waited_since.unwrap_or(granted_at),
            granted_at,
            token,
            ended,
        }
    }
}

impl Served {
    /// Returns whether it and another want the same key.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        !self.keys.is_disjoint(&other.keys)
    }

    /// Returns whether it and another cannot hold their locks at the same time.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        let agree = self.shared && other.shared;
        !agree && self.meets(other)
    }

    /// Returns whether it asked behind another, and was served before it.
    pub(crate) fn overtook(&self, other: &Self) -> bool {
        self.number > other.number && self.token < other.token
    }

    /// Returns whether it may have waited when another asked: it did, or asked in the same moment.
    pub(crate) fn stood_before(&self, other: &Self) -> bool {
        self.waited && self.number < other.number && self.granted_at >= other.asked_at
    }
}
