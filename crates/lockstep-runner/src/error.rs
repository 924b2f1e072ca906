//! Errors of the runner, as opposed to those of instances.

use std::sync::Arc;

use lockstep_core::{Failure, TransitionNumber};
use lockstep_store::StoreError;

/// Why a runner could not start, or stopped.
///
/// After any of these, what was acknowledged is in the store and nothing else counts: a new start
/// takes it up from there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The store failed; whether the last batch is durable is unknown.
    #[error("the store failed, so the engine has stopped")]
    Store(#[source] Arc<StoreError>),
    /// The store holds something else than the engine's memory.
    #[error(
        "the store refused transition {0} ({1}): something else has written to it, perhaps a second \
         process whose lock file was deleted, so the engine has stopped"
    )]
    Diverged(TransitionNumber, String),
    /// The runner was told to stop.
    #[error("the engine was stopped")]
    Stopped,
}

impl From<StoreError> for RunnerError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Why a start was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The workflow or its input is not right; nothing of it is kept.
    #[error("{}", .0.message)]
    Rejected(Failure),
    /// The runner has stopped; whether the instance is kept is unknown.
    #[error(transparent)]
    Runner(#[from] RunnerError),
}
