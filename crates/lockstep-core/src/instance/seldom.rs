//! What few instances have, kept apart so that all others stay small.

use std::sync::Arc;

use super::inbox::Inbox;
use super::parts::Parts;
use super::strand::Strand;
use crate::commit::turn::Turn;
use crate::engine::breaking::Break;
use crate::failure::Failure;
use crate::id::InstanceId;

/// Longest line of workflows that run one another.
pub(crate) const MAX_DEPTH: u32 = 32;

/// What few instances have.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    /// All strands but the present one.
    pub(crate) parked: Vec<Strand>,
    /// Strands forked so far; numbers them.
    pub(crate) forked: u32,
    pub(crate) inbox: Inbox,
    pub(crate) parts: Parts,
    /// By whom it was started, if by an instance.
    pub(crate) lineage: Option<Lineage>,
    /// How many changes it follows from, one from the other.
    pub(crate) chain: u32,
    /// The keys of the activity's lock while it is given back for a wait.
    pub(crate) given_back: Option<Arc<[Arc<str>]>>,
    /// Its turn at objects that others want to change, too.
    pub(crate) turn: Option<Turn>,
    /// Who wants to break which of its locks as soon as the store has judged its commit.
    pub(crate) breaking: Vec<Break>,
    /// What it is to fail with when it waits or commits again, behind a commit that came first.
    pub(crate) late: Option<Box<Failure>>,
}

/// Where an instance comes from.
#[derive(Clone, Debug)]
pub(crate) struct Lineage {
    pub(crate) parent: InstanceId,
    /// Whether the parent waits for its end.
    pub(crate) awaited: bool,
    /// Instances above it; from 1.
    pub(crate) depth: u32,
    /// Those that wait for its end, directly or over others: it may enter their locks.
    pub(crate) ancestors: Arc<[InstanceId]>,
}
