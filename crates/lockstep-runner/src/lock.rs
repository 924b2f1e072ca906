//! Locks as a program asks a runner for them: those of its own, and a look at all others.
//!
//! Invariants:
//!
//! * A lock that is told to be held is durable.
//! * Whoever drops the wait for a lock does not get it: the wait ends, or the lock is given back.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::explain::{Chain, ClientView, Explanation, LockPage, LockView, WaiterMark};
use lockstep_core::{
    BreakLock, ClientLock, Event, Failure, FencingToken, InstanceId, LockRequest, RequestId,
};
use lockstep_definition::LockMode;
use lockstep_expr::Value;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
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
    /// Under which name it is taken, if it was asked who wants it.
    pub taker: Option<Arc<str>>,
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
        let (request, lock) = (self.new_request(), InstanceId(Uuid::now_v7()));
        let Wanted { context, mode, owner, note, taker, waiting_timeout, time_to_live } = wanted;
        let event = Event::Lock(LockRequest {
            request,
            lock,
            context,
            mode,
            owner,
            note,
            taker,
            waiting_timeout,
            time_to_live,
        });
        let commands = self.commands.clone();
        let asker = Asker { lock, request, commands, result: Some(result) };
        self.send(Command::Ask { request, event, reply: Reply::Lock(done) }).await?;
        asker.answer().await
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

    /// Returns locks that are held or waited for.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn locks(&self, page: LockPage) -> Result<Vec<LockView>, RunnerError> {
        self.look(|done| Question::Locks(page, done)).await
    }

    /// Returns one lock, with at most `first` of its holders, and of its waiters behind `after`.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn lock_view(
        &self,
        key: Arc<str>,
        after: Option<WaiterMark>,
        first: usize,
    ) -> Result<LockView, RunnerError> {
        self.look(|done| Question::Lock { key, after, first, done }).await
    }

    /// Returns what an unfinished instance does, what it waits for, and whom over others; `None` if
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn explain(
        &self,
        instance: InstanceId,
    ) -> Result<Option<(Explanation, Chain)>, RunnerError> {
        self.look(|done| Question::Explain(instance, done)).await
    }

    /// Returns a client's lock, held or waited for; `None` if there is none of that identity.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn client_lock(&self, lock: InstanceId) -> Result<Option<ClientView>, RunnerError> {
        self.look(|done| Question::Client(lock, done)).await
    }

    async fn look<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, RunnerError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Look(question(done))).await?;
        result.await.map_err(|_| RunnerError::Stopped)
    }
}

/// Somebody who waits for a lock. When it is dropped, the wait ends, and what was granted meanwhile
/// is given back.
struct Asker {
    lock: InstanceId,
    request: RequestId,
    commands: mpsc::Sender<Command>,
    /// `None` when the answer has been taken.
    result: Option<oneshot::Receiver<Result<ClientLock, Failure>>>,
}

impl Asker {
    async fn answer(mut self) -> Result<ClientLock, StartError> {
        let Some(result) = &mut self.result else { return Err(RunnerError::Stopped.into()) };
        let answer = result.await;
        self.result = None;
        match answer {
            Ok(answer) => answer.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let Some(mut result) = self.result.take() else { return };
        result.close();
        let (lock, request) = (self.lock, self.request);
        let command = match result.try_recv() {
            // What is granted from here on the driver gives back itself.
            Err(_) => Command::Cancel { instance: lock, reason: "who asked has gone".to_owned() },
            Ok(Err(_)) => return,
            Ok(Ok(ClientLock { token, .. })) => {
                let event = Event::ReleaseLock { request, lock, token };
                let (nobody, _) = oneshot::channel();
                Command::Ask { request, event, reply: Reply::Change(nobody) }
            }
        };
        let commands = self.commands.clone();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { commands.send(command).await.ok() });
        }
    }
}
