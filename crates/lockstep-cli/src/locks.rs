//! `lockstep locks`: who holds which lock, and who waits for it.

mod program;
mod queue;
mod table;

use std::io::IsTerminal as _;

use lockstep_core::explain::LockView;
use lockstep_core::lock::SYSTEM;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::explain::as_of;
use crate::look::{self, Look};
use crate::status::Status;
use crate::store::StoreArgs;

/// Arguments of `lockstep locks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep locks\n  \
    lockstep locks Timeslot/t1 --store sqlite://shop.db\n\n\
    A key is written as it is shown: Timeslot/t1 for an object, \"text\" with its quotes for a text, \
    * for the lock of the whole system. The store is read as it was flushed last, also while \
    `lockstep run` is at work on it, and nothing is changed. A lock that is held only for a moment \
    is never flushed.\n\n\
    `lockstep explain INSTANCE` tells all about one wait, `lockstep lock break` takes a lock away.")]
pub(crate) struct Args {
    /// Only this lock, with all that wait for it, in order
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
    /// How it is written; json: one lock in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Writes the locks.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let text = look::look(&args.store, async |look| read(look, args).await)?;
    console::print(&text)?;
    Ok(Status::Done)
}

async fn read(mut look: Look, args: &Args) -> Result<String, CommandError> {
    let locks = look.survey().await?.locks();
    let now = look.now;
    let human = match &args.key {
        None if args.format == Format::Json => {
            return Ok(locks
                .iter()
                .map(|lock| program::line(lock, now, Some(table::FIRST)))
                .collect());
        }
        None => table::human(&locks, now, std::io::stdout().is_terminal()),
        Some(written) => {
            let system_is_held =
                locks.iter().any(|lock| &*lock.key == SYSTEM && !lock.holders.is_empty());
            let lock = find(locks, written);
            if args.format == Format::Json {
                return Ok(program::line(&lock, now, None));
            }
            queue::human(&lock, system_is_held, now)
        }
    };
    Ok(human + &as_of(now))
}

/// Finds a lock by its key; one that nobody holds or wants is free.
fn find(locks: Vec<LockView>, written: &str) -> LockView {
    // A shell takes the quotes of a text away.
    let text = format!("{written:?}");
    let mut locks = locks.into_iter();
    let found = locks.find(|lock| *lock.key == *written || *lock.key == *text);
    found.unwrap_or_else(|| LockView {
        key: written.into(),
        holders: Vec::new(),
        waiters: Vec::new(),
    })
}

/// Returns the expression that made the key of a lock, if one did.
fn context(lock: &LockView) -> Option<&str> {
    let of_holders = lock.holders.iter().find_map(|holder| holder.lock.context.as_deref());
    of_holders.or_else(|| lock.waiters.iter().find_map(|waiter| waiter.context.as_deref()))
}

#[cfg(test)]
mod tests;
