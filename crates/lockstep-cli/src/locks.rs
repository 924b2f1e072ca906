//! `lockstep locks`: who holds which lock, and who waits for it.

mod queue;
mod table;

use std::io::IsTerminal as _;
use std::sync::Arc;

use lockstep_api::Lock;
use lockstep_api::words::explanation::{Source, as_of};
use lockstep_core::Time;
use lockstep_core::explain::{LockPage, LockView};
use lockstep_runner::Clock;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::look::{self, Look};
use crate::request::{Request, path, with_query};
use crate::session::{Session, block_on};
use crate::status::Status;
use crate::target::{Target, TargetArgs};

/// Arguments of `lockstep locks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep locks --daemon http://localhost:7070\n  \
    lockstep locks Timeslot/t1 --store sqlite://shop.db\n\n\
    A key is written as it is shown: Timeslot/t1 for an object, \"text\" with its quotes for a text, \
    * for the lock of the whole system. A store is read as it was flushed last, also while \
    `lockstep run` is at work on it, and nothing is changed. A lock that is held only for a moment \
    is never flushed.\n\n\
    `lockstep explain INSTANCE` tells all about one wait, `lockstep lock break` takes a lock away.")]
pub(crate) struct Args {
    /// Only this lock, with all that wait for it, in order
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    /// How it is written; json: one lock in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// What there is to tell.
enum Told {
    All(Vec<Lock>),
    One(Box<Lock>),
}

/// Writes the locks.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let (told, now, source) = match args.target.target()? {
        Target::Daemon(client) => {
            let told = block_on(ask(&Session::Daemon(client), args.key.as_deref()))?;
            let now = match &told {
                Told::One(lock) => Some(lock.as_of.0),
                Told::All(locks) => locks.last().map(|lock| lock.as_of.0),
            };
            (told, now.unwrap_or_else(|| Clock::start().now()), Source::Engine)
        }
        Target::File(url) => {
            let read = async |look| read(look, args.key.as_deref()).await;
            let (told, now) = look::look(url, read)?;
            (told, now, Source::Store)
        }
    };
    let text = match (args.format, &told) {
        (Format::Json, Told::All(locks)) => locks.iter().map(console::json_line).collect(),
        (Format::Json, Told::One(lock)) => console::json_line(lock),
        (Format::Human, Told::All(locks)) => {
            table::human(locks, now, std::io::stdout().is_terminal()) + &as_of(now, source)
        }
        (Format::Human, Told::One(lock)) => queue::human(lock) + &as_of(now, source),
    };
    console::print(&text)?;
    Ok(Status::Done)
}

/// Asks a daemon.
async fn ask(session: &Session, key: Option<&str>) -> Result<Told, CommandError> {
    let Some(key) = key else {
        let mut locks = Vec::new();
        let keep = |lock| {
            locks.push(lock);
            Ok(())
        };
        session.each(&path(&["locks"]), &[], usize::MAX, keep).await?;
        return Ok(Told::All(locks));
    };
    let place = path(&["locks", key]);
    let mut lock: Option<Lock> = None;
    loop {
        let cursor = lock.as_mut().and_then(|lock| lock.next.take());
        let parameters = [("limit", Some("200".to_owned())), ("cursor", cursor)];
        let asked = Request::get(with_query(place.clone(), &parameters));
        let mut part: Lock = session.form(asked).await?;
        // Who has waited longest comes first; the rest of it is the latest.
        if let Some(before) = lock {
            part.waiters.splice(0..0, before.waiters);
        }
        if part.next.is_none() {
            return Ok(Told::One(Box::new(part)));
        }
        lock = Some(part);
    }
}

async fn read(mut look: Look, key: Option<&str>) -> Result<(Told, Time), CommandError> {
    let (survey, now) = (look.survey().await?, look.now);
    let told = match key {
        None => {
            let all = LockPage { limit: usize::MAX, first: table::FIRST, ..LockPage::default() };
            let locks = survey.locks(&all);
            Told::All(locks.iter().map(|lock| Lock::of(lock, now)).collect())
        }
        Some(written) => Told::One(Box::new(Lock::of(&find(written, |key| survey.lock(key)), now))),
    };
    Ok((told, now))
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
