//! Who keeps locks: a daemon, or a store that no engine is at work on.
//!
//! Invariants:
//!
//! * Both refuse with the same codes.
//! * Whoever stops waiting, because of a signal too, does not get the lock.

use std::sync::Arc;
use std::time::Duration;

use lockstep_api::{Acquire, Break, ClientHold, Entry, Explanation, Release, Renew};
use lockstep_core::lock::key;
use lockstep_core::{ClientLock, Failure, FencingToken, Happening, InstanceId};
use lockstep_definition::LockScope;
use lockstep_runner::{StartError, Wanted};
use uuid::Uuid;

use super::acquire;
use crate::command_error::CommandError;
use crate::length::query;
use crate::ownership::{look, own, refused};
use crate::request::{Request, path};
use crate::session::Session;
use crate::signals::{Caught, Signals};
use crate::target::{Target, TargetArgs};

/// What was refused, apart from what went wrong.
pub(super) type Outcome<T> = Result<Result<T, StartError>, CommandError>;

/// Who keeps locks.
#[derive(Debug)]
pub(super) enum Keeper {
    /// A daemon.
    Daemon(Session),
    /// A store, by its name.
    File(String),
}

impl Keeper {
    pub(super) fn of(target: &TargetArgs) -> Result<Self, CommandError> {
        Ok(match target.target()? {
            Target::Daemon(client) => Self::Daemon(Session::Daemon(client)),
            Target::File(url) => Self::File(url),
        })
    }

    /// Returns whether moments are those of this machine's clock.
    pub(super) fn shares_its_clock(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Takes a lock, or returns the signal that has ended the wait for it.
    pub(super) async fn take(
        &self,
        wanted: &Wanted,
        wait: Duration,
        signals: &mut Signals,
    ) -> Result<Result<ClientLock, Caught>, CommandError> {
        match self {
            Self::File(url) => acquire::take(url, wanted, wait, signals).await,
            Self::Daemon(session) => tokio::select! {
                biased;
                signal = signals.next() => Ok(Err(signal)),
                taken = acquired(session, wanted, wait) => taken?.map(Ok).map_err(refused),
            },
        }
    }

    /// Lets a lock live on; `of` is one of its keys, if that is known.
    pub(super) async fn renew(
        &self,
        (lock, token): (InstanceId, FencingToken),
        of: Option<&str>,
        ttl: Duration,
    ) -> Outcome<()> {
        let session = match self {
            Self::File(url) => {
                return own(url, async |runner| runner.renew_lock(lock, token, ttl).await).await;
            }
            Self::Daemon(session) => session,
        };
        let Some(of) = known(session, lock, of).await? else { return Ok(Err(lost(lock))) };
        let place = format!("{}:renew", path(&["locks", &of]));
        let form = Renew { lock: lock.to_string(), token, time_to_live: Some(query(ttl)) };
        session.ask(Request::post(place, &form)).await?.refusal()
    }

    /// Gives a lock back; `of` is one of its keys, if that is known.
    pub(super) async fn release(
        &self,
        (lock, token): (InstanceId, FencingToken),
        of: Option<&str>,
    ) -> Outcome<()> {
        let session = match self {
            Self::File(url) => {
                return own(url, async |runner| runner.release_lock(lock, token).await).await;
            }
            Self::Daemon(session) => session,
        };
        let Some(of) = known(session, lock, of).await? else { return Ok(Err(lost(lock))) };
        let place = format!("{}:release", path(&["locks", &of]));
        let form = Release { lock: lock.to_string(), token };
        session.ask(Request::post(place, &form)).await?.refusal()
    }

    /// Takes a lock away from whoever holds it. A daemon knows who asks, and takes no `by`.
    pub(super) async fn break_lock(
        &self,
        key: &str,
        token: Option<FencingToken>,
        by: &str,
        reason: &str,
    ) -> Outcome<()> {
        match self {
            Self::File(url) => {
                let (by, reason): (Arc<str>, Arc<str>) = (by.into(), reason.into());
                let work = async |runner: &lockstep_runner::Runner| {
                    runner.break_lock(key.into(), token, by, reason).await
                };
                own(url, work).await
            }
            Self::Daemon(session) => {
                let place = format!("{}:break", path(&["locks", key]));
                let form = Break { reason: reason.to_owned(), token };
                session.ask(Request::post(place, &form)).await?.refusal()
            }
        }
    }

    /// Returns what became of a lock, oldest first; `None` if that cannot be read.
    pub(super) async fn journal(&self, lock: InstanceId) -> Option<Vec<Happening>> {
        match self {
            Self::File(url) => {
                let entries = look(url).await.ok()?.journal(lock).await.ok()?;
                Some(entries.into_iter().map(|entry| entry.event).collect())
            }
            Self::Daemon(session) => {
                let mut events = Vec::new();
                let keep = |entry: Entry| {
                    events.push(entry.event.0);
                    Ok(())
                };
                let place = path(&["instances", &lock.to_string(), "journal"]);
                session.each(&place, &[], usize::MAX, keep).await.ok()?;
                Some(events)
            }
        }
    }
}

/// Takes a lock at a daemon.
async fn acquired(session: &Session, wanted: &Wanted, wait: Duration) -> Outcome<ClientLock> {
    let refuse = |why: String| Ok(Err(StartError::Rejected(Failure::new("lock.context", why))));
    let keys = match key::of(&wanted.context, LockScope::System, "", "") {
        Ok(keys) => keys,
        Err(why) => return refuse(why),
    };
    let mut keys = keys.iter().map(ToString::to_string);
    let Some(first) = keys.next() else { return refuse("it is empty".to_owned()) };
    let form = Acquire {
        mode: wanted.mode.into(),
        keys: keys.collect(),
        owner: Some(wanted.owner.to_string()),
        note: Some(wanted.note.to_string()).filter(|note| !note.is_empty()),
        waiting_timeout: (!wait.is_zero()).then(|| query(wait)),
        time_to_live: Some(query(wanted.time_to_live)),
    };
    let place = format!("{}:acquire", path(&["locks", &first]));
    let answer = session.ask(Request::post(place, &form).waiting(wait)).await?;
    if let Err(refused) = answer.refusal()? {
        return Ok(Err(refused));
    }
    let hold: ClientHold = answer.form()?;
    Ok(Ok(ClientLock {
        lock: InstanceId(Uuid::parse_str(&hold.lock).unwrap_or_default()),
        keys: hold.keys.iter().map(|key| key.as_str().into()).collect(),
        token: hold.token,
        until: hold.ends_at.0,
    }))
}

/// Returns a key of a lock: a daemon is asked by it. `None` if the lock is not held.
async fn known(
    session: &Session,
    lock: InstanceId,
    of: Option<&str>,
) -> Result<Option<String>, CommandError> {
    if let Some(of) = of {
        return Ok(Some(of.to_owned()));
    }
    let asked = Request::get(path(&["instances", &lock.to_string(), "explain"]));
    let answer = session.ask(asked).await?;
    if answer.refusal()?.is_err() {
        return Ok(None);
    }
    let Explanation::Held(it) = answer.form()? else { return Ok(None) };
    Ok(it.held.keys.into_iter().next())
}

fn lost(lock: InstanceId) -> StartError {
    let told = format!("the lock {lock} is not held any more");
    StartError::Rejected(Failure::new("lock.lost", told))
}
