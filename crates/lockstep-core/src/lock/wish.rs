//! What somebody wants to hold, and with whose holds it agrees.
//!
//! Invariants:
//!
//! * A wish never conflicts with a hold of its owner or of one in its lineage.
//! * The lock of the whole system meets every key, in the manner of intention locks.
//!
//! Absent by design: queues; here a wish is judged beside one hold.

use std::sync::Arc;

use lockstep_definition::LockMode;

use super::SYSTEM;
use crate::id::{FencingToken, InstanceId};
use crate::time::Time;

/// Greatest priority of a wish, and with a minus the least: others are taken for the nearest one.
pub const MAX_PRIORITY: i64 = 1_000_000;

/// What somebody wants to hold, all of it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// An instance, or the identity of a client's lock.
    pub owner: InstanceId,
    /// Sorted, without duplicates, not empty; or [`SYSTEM`] alone.
    pub keys: Arc<[Arc<str>]>,
    /// Whether others may hold the keys at the same time.
    pub mode: LockMode,
    /// Head start in the queue, in steps of 2^20 tickets: from -[`MAX_PRIORITY`] to
    /// [`MAX_PRIORITY`], both included.
    pub priority: i64,
    /// Ancestors, each of which waits for the owner's end or for that of one who does; their holds
    /// are not in the way. The table must know of these waits by `await_end`.
    pub lineage: Arc<[InstanceId]>,
}

/// One lock in somebody's hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who holds it.
    pub owner: InstanceId,
    /// Token of the grant, which may have been one of several keys.
    pub token: FencingToken,
    /// Whether others may hold the key at the same time.
    pub mode: LockMode,
    /// Since when.
    pub since: Time,
}

impl Wish {
    /// Returns whether the lock of the whole system is wanted.
    pub(super) fn wants_system(&self) -> bool {
        self.keys.first().is_some_and(|key| &**key == SYSTEM)
    }

    pub(super) fn wants(&self, key: &str) -> bool {
        self.keys.binary_search_by(|wanted| (**wanted).cmp(key)).is_ok()
    }

    /// Returns whether a hold of `owner` is one of a stranger.
    pub(super) fn is_foreign(&self, owner: InstanceId) -> bool {
        owner != self.owner && !self.lineage.contains(&owner)
    }

    /// Returns whether a hold at a key that the wish meets lets it be granted.
    pub(super) fn is_compatible(&self, hold: &Hold) -> bool {
        both_shared(self.mode, hold.mode) || !self.is_foreign(hold.owner)
    }

    /// Returns whether a hold at `key` keeps the wish from being granted.
    ///
    /// Keys that the owner holds already are looked at too: beside its hold there can be others
    /// only of its own descendants, for whose ends it waits anyway.
    pub(super) fn conflicts(&self, key: &str, hold: &Hold) -> bool {
        !self.is_compatible(hold) && (key == SYSTEM || self.wants_system() || self.wants(key))
    }
}

pub(super) fn both_shared(one: LockMode, other: LockMode) -> bool {
    one == LockMode::Shared && other == LockMode::Shared
}
