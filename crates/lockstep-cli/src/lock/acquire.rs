//! `lockstep lock acquire`, and the wait for a lock that is not free.
//!
//! Invariants:
//!
//! * A wait ends in time, and a signal ends it at once; what has been granted in the same moment is
//!   given back.
//! * A store is not written while nothing in it has changed: each attempt costs an epoch.

use std::pin::pin;
use std::time::Duration;

use lockstep_api::ClientHold;
use lockstep_api::words::moment::plain;
use lockstep_api::words::shown::line;
use lockstep_core::transition::{LockRow, Origin};
use lockstep_core::{ClientLock, Time};
use lockstep_runner::{Clock, StartError, Wanted};
use lockstep_store::StoreError;

use super::keeper::Keeper;
use super::wanted::WantedArgs;
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::length::time_to_live;
use crate::ownership::{look, own, pause, refused};
use crate::signals::{Caught, Signals};
use crate::status::Status;
use crate::target::TargetArgs;

/// Milliseconds between two looks at a lock that is not free, at least and at most.
const PAUSE: (u64, u64) = (100, 300);

/// Longest time without an attempt, although nothing seems to have changed.
const STALE: Duration = Duration::from_secs(5);

/// Arguments of `lockstep lock acquire`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep lock acquire 'ref(\"Contact\", \"c1\")' --note 'edits the address' --ttl 10m\n  \
    lockstep lock acquire '[\"a\", \"b\"]' --shared --wait 5s --daemon http://localhost:7070\n\n\
    It writes the id and the token of the lock, which renew and release name. The lock ends with its \
    time to live unless it is renewed.\n\n\
    Exit status 1 if it is not free (in time); 3 if there is no daemon, or an engine is at work on \
    the store.")]
pub(super) struct Args {
    #[command(flatten)]
    wanted: WantedArgs,
    /// How long the lock lives unless it is renewed, such as 90s or 2h; at most 720h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = time_to_live)]
    ttl: Duration,
    #[command(flatten)]
    target: TargetArgs,
    /// How the lock is written; human: id and token in one line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Takes the lock and tells of it.
pub(super) async fn run(args: &Args) -> Result<Status, CommandError> {
    // The process that takes the lock ends at once; its parent is who uses it.
    let wanted = args.wanted.request(args.ttl, std::os::unix::process::parent_id())?;
    let mut signals = Signals::listen()?;
    let keeper = Keeper::of(&args.target)?;
    let lock = match keeper.take(&wanted, args.wanted.wait, &mut signals).await? {
        Ok(lock) => lock,
        Err(signal) => return Ok(signal.status()),
    };
    let (id, token, until) = (lock.lock, lock.token, lock.until);
    match args.format {
        Format::Human => {
            let keys = line(&lock.keys.join(", "));
            console::tell(&format!("holding {keys} until {}\n", plain(until)));
            console::print(&format!("{id} {token}\n"))?;
        }
        Format::Json => {
            console::print(&console::json_line(&ClientHold::from(&lock)))?;
        }
    }
    Ok(Status::Done)
}

/// Takes a lock of a store, or returns the signal that has ended the wait for it.
pub(super) async fn take(
    url: &str,
    wanted: &Wanted,
    wait: Duration,
    signals: &mut Signals,
) -> Result<Result<ClientLock, Caught>, CommandError> {
    match look(url).await {
        Err(CommandError::Store(StoreError::Absent { path })) => {
            console::tell(&format!("the store is {path}, a new one\n"));
        }
        // Whoever takes the lock brings it up to date, or waits for the one that is doing so.
        Err(CommandError::Store(StoreError::Older { .. })) => {}
        looked => drop(looked?),
    }
    let clock = Clock::start();
    let mut tells = true;
    loop {
        let found = rows(url).await;
        let (taken, signal) = attempt(url, wanted, signals).await?;
        let failure = match (taken, signal) {
            (Ok(lock), None) => return Ok(Ok(lock)),
            (Ok(lock), Some(signal)) => {
                let given =
                    own(url, async |runner| runner.release_lock(lock.lock, lock.token).await);
                given.await?.map_err(refused)?;
                return Ok(Err(signal));
            }
            (Err(_), Some(signal)) => return Ok(Err(signal)),
            (Err(StartError::Rejected(failure)), None) if &*failure.code == "lock.busy" => failure,
            (Err(error), None) => return Err(refused(error)),
        };
        let left = wait.saturating_sub(clock.elapsed());
        if left.is_zero() {
            return Err(refused(StartError::Rejected(failure)));
        }
        if std::mem::take(&mut tells) {
            console::tell(&format!("waiting: {}\n", line(&failure.message)));
        }
        tokio::select! {
            biased;
            signal = signals.next() => return Ok(Err(signal)),
            () = tokio::time::sleep(left) => {}
            () = changed(url, found.as_deref()) => {}
        }
    }
}

/// Asks for the lock, to the end: a lock that nobody knows of would be held until its time is over.
async fn attempt(
    url: &str,
    wanted: &Wanted,
    signals: &mut Signals,
) -> Result<(Result<ClientLock, StartError>, Option<Caught>), CommandError> {
    let mut taken = pin!(own(url, async |runner| runner.lock(wanted.clone()).await));
    let mut caught = None;
    loop {
        tokio::select! {
            taken = &mut taken => return Ok((taken?, caught)),
            signal = signals.next() => caught = Some(signal),
        }
    }
}

/// Waits until another attempt may do better than the last one, which found these rows.
async fn changed(url: &str, found: Option<&[LockRow]>) {
    let clock = Clock::start();
    loop {
        pause(PAUSE.0, PAUSE.1).await;
        let rows = rows(url).await;
        if clock.elapsed() > STALE || rows.as_deref() != found || has_ended(rows, clock.now()) {
            return;
        }
    }
}

async fn rows(url: &str) -> Option<Vec<LockRow>> {
    look(url).await.ok()?.locks().await.ok()
}

/// Whether the time to live of a client's lock is over: an attempt ends it.
fn has_ended(rows: Option<Vec<LockRow>>, now: Time) -> bool {
    let mut rows = rows.into_iter().flatten();
    rows.any(|row| matches!(row.origin, Origin::Client { .. }) && row.until <= now)
}
