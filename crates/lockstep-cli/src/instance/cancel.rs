//! `lockstep cancel`: ends an instance.

use lockstep_api::{Cancel, Instance};

use super::words;
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::look::Prefix;
use crate::request::{Request, path};
use crate::session::{self, EngineArgs};
use crate::status::Status;
use crate::target::TargetArgs;

/// Arguments of `lockstep cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep cancel 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --reason 'ordered twice'\n\n\
    It ends with the error `cancelled`, unless it had begun to commit and ends well. What it had \
    called outside has been called. On a store an engine of its own takes up what is unfinished until \
    the command ends.\n\n\
    Exit status 1 if there is no such instance, or it has ended.")]
pub(crate) struct Args {
    /// The instance: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// Why, for people
    #[arg(long, value_name = "TEXT", default_value = "cancelled on the command line")]
    reason: String,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    engine: EngineArgs,
    /// How the instance is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Ends the instance.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    session::run(&args.target, &args.engine, async |session| {
        let id = wanted.ask(session).await?;
        let place = format!("{}:cancel", path(&["instances", &id]));
        let form = Cancel { reason: Some(args.reason.clone()) };
        let instance: Instance = session.form(Request::post(place, &form)).await?;
        words::print(&instance, args.format)?;
        Ok(Status::Done)
    })
}
