//! A moment in which this process owns a store, with an engine that stands still.
//!
//! Invariants:
//!
//! * Another command that owns the store for its moment is waited for; an engine at work is not.
//! * What the work has ordered is durable, and the store is free again, when the moment is over.

use std::time::Duration;

use lockstep_runner::{Clock, Options, Runner, RunnerError, StartError};
use lockstep_store::{Snapshot, StoreError};
use uuid::Uuid;

use crate::command_error::CommandError;
use crate::{failure_report, request};

/// How long the store may be another's before it is taken for that of an engine at work.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at a store that is there; the error says what to do if there is none.
pub(crate) async fn look(url: &str) -> Result<Snapshot, CommandError> {
    Ok(lockstep_store::open_snapshot(url).await?)
}

/// Does something with the locks of a store.
pub(crate) async fn own<T>(
    url: &str,
    work: impl AsyncFnOnce(&Runner) -> Result<T, StartError>,
) -> Result<Result<T, StartError>, CommandError> {
    let store = open(url).await?;
    let options = Options { stands_still: true, ..Options::default() };
    let (runner, _) = Runner::start(store, options).await?;
    let worked = work(&runner).await;
    match (worked, runner.stop().await) {
        (Err(StartError::Runner(RunnerError::Stopped)) | Ok(_), Err(error)) => Err(error.into()),
        (worked, _) => Ok(worked),
    }
}

/// Opens a store, as soon as nobody else has it for a moment.
pub(crate) async fn open(
    url: &str,
) -> Result<std::sync::Arc<dyn lockstep_store::Store>, CommandError> {
    let clock = Clock::start();
    loop {
        match lockstep_store::open(url).await {
            Err(error @ StoreError::InUse { .. }) if clock.elapsed() > PATIENCE => {
                return Err(CommandError::Owned(error));
            }
            Err(StoreError::InUse { .. }) => pause(20, 60).await,
            opened => return Ok(opened?),
        }
    }
}

/// Waits for some time between two numbers of milliseconds; any two processes for another one.
pub(crate) async fn pause(least: u64, most: u64) {
    let (_, random) = Uuid::now_v7().as_u64_pair();
    let millis = random.checked_rem(most.saturating_sub(least)).unwrap_or(0).saturating_add(least);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Returns what went wrong with a lock, and what to do.
pub(crate) fn refused(error: StartError) -> CommandError {
    let failure = match error {
        StartError::Rejected(failure) => failure,
        StartError::Runner(error) => return error.into(),
        _ => return CommandError::Refused(error.to_string()),
    };
    let message = failure_report::line(&failure);
    match request::help(&failure.code) {
        Some(help) => CommandError::failed_with(message, help),
        None if &*failure.code == "data.not_found" => {
            CommandError::failed_with(message, "`lockstep locks` tells the keys that are held")
        }
        None => CommandError::Refused(message),
    }
}
