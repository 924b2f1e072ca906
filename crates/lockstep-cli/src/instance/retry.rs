//! `lockstep retry`: starts an instance that failed anew.

use super::outcome::StartingArgs;
use crate::command_error::CommandError;
use crate::look::Prefix;
use crate::request::{Request, path};
use crate::status::Status;

/// Arguments of `lockstep retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep retry 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --wait 10s --daemon http://localhost:7070\n\n\
    Another instance is started, with the same workflow and input, on the definitions that are \
    published; it writes what `lockstep start` does. Who retries twice gets the same instance.\n\n\
    Exit status 1 if there is no such instance, or it has not failed, or the other one fails within \
    --wait.")]
pub(crate) struct Args {
    /// The instance that failed: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    starting: StartingArgs,
}

/// Starts the other instance.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    args.starting.run(async |session| {
        let id = wanted.ask(session).await?;
        Ok(Request::new("POST", format!("{}:retry", path(&["instances", &id]))))
    })
}
