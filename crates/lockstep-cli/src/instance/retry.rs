//! `lockstep retry`: starts an instance that failed anew.

use std::time::Duration;

use super::outcome;
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::length::{length, query};
use crate::look::Prefix;
use crate::request::{Request, path, with_query};
use crate::session::{self, EngineArgs};
use crate::status::Status;
use crate::target::TargetArgs;

/// Arguments of `lockstep retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep retry 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --wait 10s --daemon http://localhost:7070\n\n\
    Another instance is started, with the same workflow and input, on the definitions that are \
    published; it writes what `lockstep start` does. Who retries twice gets the same instance.\n\n\
    Exit status 1 if there is no such instance, or it has not failed, or the other one fails within \
    --wait.")]
pub(crate) struct Args {
    /// The instance that failed: its id
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// How long to wait for the end of the other one, at most 60s
    #[arg(long, value_name = "DURATION", value_parser = length)]
    wait: Option<Duration>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    engine: EngineArgs,
    /// How the result is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Starts the other instance.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let id = Prefix::parse(&args.instance)?.whole_id()?;
    session::run(&args.target, &args.engine, async |session| {
        let place = format!("{}:retry", path(&["instances", &id]));
        let target = with_query(place, &[("wait", args.wait.map(query))]);
        let request = Request::new("POST", target).waiting(args.wait.unwrap_or_default());
        outcome::tell(&session.ask(request).await?, session, args.format)
    })
}
