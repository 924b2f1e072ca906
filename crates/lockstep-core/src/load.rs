//! How much an engine has to do: numbers for people and for alarms.
//!
//! Absent by design: changes. Nothing is decided from what is told here.

use crate::engine::Engine;
use crate::lock::LockLoad;

/// How much an engine has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Instances that have not ended.
    pub unfinished: usize,
    /// Transitions that are ordered and not in the hands of the store.
    pub backlog: usize,
    /// Commits that found an object changed by another, since the engine was made.
    pub conflicts: u64,
    /// Locks.
    pub locks: LockLoad,
}

impl Engine {
    /// Returns how much there is to do, with at most `hottest` of the lock keys for which somebody
    /// waits.
    pub fn load(&self, hottest: usize) -> Load {
        Load {
            unfinished: self.unfinished(),
            backlog: self.backlog(),
            conflicts: self.world.conflicts,
            locks: self.world.locks.load(hottest),
        }
    }
}
