//! `lockstep get`: tells how an instance is.

use std::time::Duration;

use lockstep_api::{Instance, State};

use super::{form, words};
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::length::length;
use crate::look::{self, Look, Prefix};
use crate::session::{Session, block_on};
use crate::status::Status;
use crate::target::{Target, TargetArgs};

/// Arguments of `lockstep get`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep get 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --wait 30s --daemon http://localhost:7070\n  \
    lockstep get 0198c6f2-8d --store sqlite://shop.db\n\n\
    A store is read as it was flushed last, also while an engine is at work on it.\n\n\
    Exit status 1 if there is no such instance; with --wait also if it failed.")]
pub(crate) struct Args {
    /// The instance: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// Waits for the end; at a daemon
    #[arg(long, value_name = "DURATION", value_parser = length)]
    wait: Option<Duration>,
    #[command(flatten)]
    target: TargetArgs,
    /// How it is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Writes how the instance is.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    let instance: Instance = match args.target.target()? {
        Target::Daemon(client) => {
            let session = Session::Daemon(client);
            block_on(async {
                let id = wanted.ask(&session).await?;
                session.instance(&id, args.wait.unwrap_or_default()).await
            })?
        }
        Target::File(_) if args.wait.is_some() => {
            return Err(CommandError::usage_with(
                "`--wait` waits at a daemon; a store is only looked at",
                "`lockstep run FILE --count 0` finishes what is unfinished in a store",
            ));
        }
        Target::File(url) => look::look(url, async |look| read(look, &wanted).await)?,
    };
    words::print(&instance, args.format)?;
    let fails = args.wait.is_some() && instance.state == State::Failed;
    Ok(if fails { Status::Failed } else { Status::Done })
}

async fn read(mut look: Look, wanted: &Prefix) -> Result<Instance, CommandError> {
    let id = look.find(wanted).await?;
    let stored = look.snapshot.instance(id).await?;
    form(stored.ok_or_else(|| look.absent(wanted))?)
}
