//! `lockstep locks`: who holds which lock, and who waits for it.

mod queue;
mod table;

use std::io::IsTerminal as _;
use std::sync::Arc;

use lockstep_api::Lock;
use lockstep_api::words::explanation::{Source, as_of};
use lockstep_core::explain::LockView;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
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
    let (survey, now) = (look.survey().await?, look.now);
    let human = match &args.key {
        None => {
            let locks = survey.locks(table::FIRST);
            let locks: Vec<Lock> = locks.iter().map(|lock| Lock::of(lock, now)).collect();
            if args.format == Format::Json {
                return Ok(locks.iter().map(console::json_line).collect());
            }
            table::human(&locks, now, std::io::stdout().is_terminal())
        }
        Some(written) => {
            let lock = Lock::of(&find(written, |key| survey.lock(key)), now);
            if args.format == Format::Json {
                return Ok(console::json_line(&lock));
            }
            queue::human(&lock)
        }
    };
    Ok(human + &as_of(now, Source::Store))
}

/// Finds a lock by its key; one that nobody holds or wants is free.
fn find(written: &str, lock: impl Fn(&Arc<str>) -> LockView) -> LockView {
    let found = lock(&written.into());
    if found.holding > 0 || found.waiting > 0 {
        return found;
    }
    // A shell takes the quotes of a text away.
    let text = lock(&format!("{written:?}").into());
    if text.holding > 0 || text.waiting > 0 { text } else { found }
}

#[cfg(test)]
mod tests;
