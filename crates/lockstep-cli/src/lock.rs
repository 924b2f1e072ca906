//! `lockstep lock`: locks of clients, at a daemon or over a store that no engine is at work on.
//!
//! Invariants:
//!
//! * A command owns a store only for a moment: what waits does so without it, so that others can
//!   release meanwhile.
//! * What is told to be held, renewed or released is durable.
//!
//! Absent by design: an order among commands that wait on a store; only a daemon keeps one.

mod acquire;
mod change;
mod command;
mod keeper;
mod run;
mod wanted;

use crate::command_error::CommandError;
use crate::session::block_on;
use crate::status::Status;

/// Arguments of `lockstep lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep lock run 'ref(\"Contact\", \"c1\")' --wait 10s -- ./export.sh c1\n  \
    lockstep lock acquire '\"deploy\"' --note 'release 7' --ttl 30m\n  \
    lockstep lock break Contact/c1 --reason 'ann has gone home'\n\n\
    They ask a daemon (--daemon), or work on a store that no engine is at work on; while `lockstep \
    run` is, they are refused. docs/locks.md tells more.")]
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
    block_on(async {
        match &args.command {
            Command::Acquire(args) => acquire::run(args).await,
            Command::Renew(args) => change::renew(args).await,
            Command::Release(args) => change::release(args).await,
            Command::Break(args) => change::break_lock(args).await,
            Command::Run(args) => run::run(args).await,
        }
    })
}
