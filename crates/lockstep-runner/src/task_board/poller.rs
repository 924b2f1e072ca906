//! Pollers: those who wait for tasks of some kinds.
//!
//! Invariants:
//!
//! * For each kind who came first is served first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::LeasedTask;

/// Names one who waits; grows from one to the next.
pub(crate) type PollerId = u64;

/// What somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Kinds of tasks that the worker can do.
    pub(crate) kinds: Arc<[Arc<str>]>,
    /// Who it is, for people.
    pub(crate) worker: Arc<str>,
    /// Most tasks at once.
    pub(crate) max: usize,
    /// How long it may be silent.
    pub(crate) lease: Duration,
}

/// Tasks for one who has waited.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) poller: PollerId,
    pub(crate) tasks: Vec<LeasedTask>,
}

/// All who wait.
#[derive(Debug, Default)]
pub(crate) struct Pollers {
    all: BTreeMap<PollerId, Wanted>,
    of_kind: HashMap<Arc<str>, BTreeSet<PollerId>>,
}

impl Pollers {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns how many wait for a kind.
    pub(super) fn asking(&self, kind: &str) -> usize {
        self.of_kind.get(kind).map_or(0, BTreeSet::len)
    }

    pub(super) fn enter(&mut self, poller: PollerId, wanted: Wanted) {
        for kind in &*wanted.kinds {
            self.of_kind.entry(Arc::clone(kind)).or_default().insert(poller);
        }
        self.all.insert(poller, wanted);
    }

    pub(super) fn leave(&mut self, poller: PollerId) -> Option<Wanted> {
        let wanted = self.all.remove(&poller)?;
        for kind in &*wanted.kinds {
            if let Some(pollers) = self.of_kind.get_mut(kind) {
                pollers.remove(&poller);
                if pollers.is_empty() {
                    self.of_kind.remove(kind);
                }
            }
        }
        Some(wanted)
    }

    /// Takes the first one who waits for a kind.
    pub(super) fn next(&mut self, kind: &Arc<str>) -> Option<(PollerId, Wanted)> {
        let poller = *self.of_kind.get(kind)?.first()?;
        Some((poller, self.leave(poller)?))
    }
}
