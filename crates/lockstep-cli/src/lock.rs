//! `lockstep lock`: locks of clients, over a store that no engine is at work on.
//!
//! Invariants:
//!
//! * A command owns the store only for a moment: what waits does so without it, so that others can
//!   release meanwhile.
//! * What is told to be held, renewed or released is durable.
//!
//! Absent by design: an order among commands that wait; there is none until a daemon keeps it.

mod acquire;
mod change;
mod command;
mod ownership;
mod run;
mod wanted;

use crate::command_error::CommandError;
use crate::status::Status;

/// Arguments of `lockstep lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep lock run 'ref(\"Contact\", \"c1\")' --wait 10s -- ./export.sh c1\n  \
    lockstep lock acquire '\"deploy\"' --note 'release 7' --ttl 30m\n  \
    lockstep lock break Contact/c1 --reason 'ann has gone home'\n\n\
    They work on a store that no engine is at work on; while `lockstep run` is, they are refused. \
    docs/locks.md tells more.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Takes a lock, and tells its id and its token
    Acquire(acquire::Args),
    /// Lets a lock live on
    Renew(change::RenewArgs),
    /// Gives a lock back
    Release(change::ReleaseArgs),
    /// Takes a lock away from whoever holds it
    Break(change::BreakArgs),
    /// Runs a command while a lock is held
    Run(run::Args),
}

/// Does what is asked for.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    runtime.block_on(async {
        match &args.command {
            Command::Acquire(args) => acquire::run(args).await,
            Command::Renew(args) => change::renew(args).await,
            Command::Release(args) => change::release(args).await,
            Command::Break(args) => change::break_lock(args).await,
            Command::Run(args) => run::run(args).await,
        }
    })
}
