//! `lockstep bench`: the engine's own benchmark.

use crate::command_error::CommandError;
use crate::status::Status;

/// Arguments of `lockstep bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the benchmark.
#[expect(clippy::unnecessary_wraps, reason = "every command can fail")]
pub(crate) fn run(_args: &Args) -> Result<Status, CommandError> {
    Ok(Status::Done)
}
