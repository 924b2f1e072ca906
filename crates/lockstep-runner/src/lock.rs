//! Locks as a program asks a runner for them: those of its own, and a look at all others.
//!
//! Invariants:
//!
//! * A lock that is told to be held is durable.
//! * A lock whose asker has gone while it waited is given back.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::explain::{Explanation, LockView};
use lockstep_core::{BreakLock, ClientLock, Event, FencingToken, InstanceId, LockRequest};
use lockstep_definition::LockMode;
use lockstep_expr::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::driver::{Command, Question, Reply};
use crate::error::{RunnerError, StartError};
use crate::runner::Runner;

/// A lock that a program wants to hold.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What to lock, as a lock context comes to it: a text, a number, a reference; a list for several
    /// keys at once.
    pub context: Value,
    /// Whether others may hold it at the same time.
    pub mode: LockMode,
    /// Who wants it, for people: 1 to 200 bytes.
    pub owner: Arc<str>,
    /// What for, for people: at most 1,000 bytes.
    pub note: Arc<str>,
    /// How long to wait; zero: not at all.
    pub waiting_timeout: Duration,
    /// How long it lives unless it is renewed: more than 0, at most 30 days.
    pub time_to_live: Duration,
}

impl Runner {
    /// Waits for a lock. When it returns, the lock is held, durably, until it is released or its
    /// time to live ends.
    ///
    /// # Errors
    ///
    /// The failure if it is not held: `lock.busy` (with no waiting timeout), `lock.waiting_timeout`,
    /// `lock.context`, `data.invalid`, `lock.limit`.
    pub async fn lock(&self, wanted: Wanted) -> Result<ClientLock, StartError> {
        let (done, result) = oneshot::channel();
        let request = self.new_request();
        let Wanted { context, mode, owner, note, waiting_timeout, time_to_live } = wanted;
        let event = Event::Lock(LockRequest {
            request,
            lock: InstanceId(Uuid::now_v7()),
            context,
            mode,
            owner,
            note,
            waiting_timeout,
            time_to_live,
        });
        self.send(Command::Ask { request, event, reply: Reply::Lock(done) }).await?;
        match result.await {
            Ok(result) => result.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }

    /// Lets a lock live on, for `time_to_live` from now. When it returns, that is durable.
    ///
    /// # Errors
    ///
    /// `lock.lost` if it is not held under the token any more; `data.invalid`.
    pub async fn renew_lock(
        &self,
        lock: InstanceId,
        token: FencingToken,
        time_to_live: Duration,
    ) -> Result<(), StartError> {
        self.ask(|request| Event::RenewLock { request, lock, token, time_to_live }).await
    }

    /// Gives a lock back. When it returns, that is durable.
    ///
    /// # Errors
    ///
    /// `lock.lost` if it is not held under the token any more: then nothing changes.
    pub async fn release_lock(
        &self,
        lock: InstanceId,
        token: FencingToken,
    ) -> Result<(), StartError> {
        self.ask(|request| Event::ReleaseLock { request, lock, token }).await
    }

    /// Takes a lock away from whoever holds it, or only from the one who holds it under `token`. When
    /// it returns, that is durable, and the reason stands in the holder's journal.
    ///
    /// # Errors
    ///
    /// `data.not_found` if nobody holds it.
    pub async fn break_lock(
        &self,
        key: Arc<str>,
        token: Option<FencingToken>,
        by: Arc<str>,
        reason: Arc<str>,
    ) -> Result<(), StartError> {
        self.ask(|request| Event::BreakLock(BreakLock { request, key, token, by, reason })).await
    }

    /// Returns all locks that are held or waited for, by key.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn locks(&self) -> Result<Vec<LockView>, RunnerError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Look(Question::Locks(done))).await?;
        result.await.map_err(|_| RunnerError::Stopped)
    }

    /// Returns what an unfinished instance does, and what it waits for; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn explain(&self, instance: InstanceId) -> Result<Option<Explanation>, RunnerError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Look(Question::Explain(instance, done))).await?;
        result.await.map_err(|_| RunnerError::Stopped)
    }
}
