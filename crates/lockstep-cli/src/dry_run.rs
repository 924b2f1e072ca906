//! `lockstep dry-run`: how an instance would go.

use crate::command_error::CommandError;
use crate::status::Status;

/// Arguments of `lockstep dry-run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Shows how the instance would go.
#[expect(clippy::unnecessary_wraps, reason = "every command can fail")]
pub(crate) fn run(_args: &Args) -> Result<Status, CommandError> {
    Ok(Status::Done)
}
