//! How much a runner has to do, and what has become of what it has done.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::driver::{Command, Question};
use crate::error::RunnerError;
use crate::feed::Feed;
use crate::runner::Runner;
use crate::tally::Tally;

/// How much a runner has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Instances, commits and locks.
    pub engine: lockstep_core::Load,
    /// Outside calls that are under way.
    pub calls: usize,
}

impl Runner {
    /// Returns how much there is to do, with at most `hottest` of the lock keys for which somebody
    /// waits. Without any, it takes no longer if there are many.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn load(&self, hottest: usize) -> Result<Load, RunnerError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Look(Question::Load(hottest, done))).await?;
        result.await.map_err(|_| RunnerError::Stopped)
    }

    /// Returns what has become of instances since the runner was started.
    pub fn tally(&self) -> Tally {
        self.recorder.tallies.read()
    }

    /// Returns the feed: what becomes durable from here on.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.recorder.feed
    }

    /// Returns the clock that everything is timed by.
    pub fn clock(&self) -> crate::Clock {
        self.clock
    }
}
