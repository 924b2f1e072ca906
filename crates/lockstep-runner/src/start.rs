//! Starts, and whoever waits for the ends of instances.
//!
//! A start may have a key: whoever asks again under it, at whatever time, gets the same instance.
//! The key stands in the instance's row, so it is durable with the start, and at no other moment.
//!
//! Invariants:
//!
//! * Of those who ask under one key at the same time one at a time looks into the store and starts;
//!   the next one looks when that start is durable, or refused.
//! * What was begun under a key goes on to that point also if whoever asked does not wait for it.
//! * Who waits for an end registers, then reads, then waits: no end falls between.
//!
//! Absent by design: keys that another process uses. One runner owns a store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_core::transition::{StartKey, Status};
use lockstep_core::{Failure, InstanceId, Start};
use lockstep_expr::Value;
use lockstep_store::{Store, StoreError};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::driver::Command;
use crate::error::{RunnerError, StartError};
use crate::runner::{Ending, Runner, Started};
use crate::trace::TraceParent;

/// What became of a start under a key.
#[derive(Debug)]
pub enum Once {
    /// It began a new instance.
    New(Started),
    /// It had been made before: this is its instance, which may have ended.
    Known(Started),
}

/// A start that is on its way to the engine.
#[derive(Debug)]
pub struct Begun {
    started: Started,
    accepted: oneshot::Receiver<Result<(), StartError>>,
}

impl Begun {
    /// Waits until the start is durable: the instance goes on after a crash.
    ///
    /// # Errors
    ///
    /// As [`Runner::start_durably`].
    pub async fn durably(self) -> Result<Started, StartError> {
        self.accepted.await.unwrap_or_else(|_| Err(RunnerError::Stopped.into()))?;
        Ok(self.started)
    }
}

/// A start under a key that is on its way to the engine.
#[derive(Debug)]
pub struct BegunOnce(JoinHandle<Result<Once, StartError>>);

impl BegunOnce {
    /// Waits until the start is durable, or is found to have been.
    ///
    /// # Errors
    ///
    /// As [`Runner::start_once`].
    pub async fn durably(self) -> Result<Once, StartError> {
        self.0.await.unwrap_or_else(|_| Err(RunnerError::Stopped.into()))
    }
}

/// The keys under which somebody is starting.
#[derive(Debug, Default)]
pub(crate) struct KeysInUse(Mutex<HashMap<Arc<str>, Arc<AsyncMutex<()>>>>);

impl KeysInUse {
    fn all(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<AsyncMutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something alone among all who use the key.
    async fn alone<T>(&self, key: &Arc<str>, work: impl Future<Output = T>) -> T {
        let turn = Arc::clone(self.all().entry(Arc::clone(key)).or_default());
        let result = {
            let _held = turn.lock().await;
            work.await
        };
        drop(turn);
        let mut all = self.all();
        if all.get(key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            all.remove(key);
        }
        result
    }
}

/// What it takes to start instances.
#[derive(Clone)]
pub(crate) struct Starter {
    commands: mpsc::Sender<Command>,
    store: Arc<dyn Store>,
    keys: Arc<KeysInUse>,
}

impl Runner {
    /// Starts an instance. That it is accepted is known, and durable, at its [`Started::ending`].
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn start_instance(
        &self,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> Result<Started, RunnerError> {
        let start = new_start(workflow, input, by, None);
        self.starter().begin(start, None).await
    }

    /// Starts an instance. When it returns, the start is durable: the instance goes on after a crash.
    ///
    /// # Errors
    ///
    /// [`StartError::Rejected`] if the workflow or its input is not right; nothing is kept then.
    /// [`StartError::Runner`] if the runner has stopped; whether the instance is kept is unknown.
    pub async fn start_durably(
        &self,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> Result<Started, StartError> {
        self.begin(workflow, input, by).await?.durably().await
    }

    /// Hands a start to the engine, which takes those that one task hands to it in their order. It
    /// waits only while the engine has more to take than it is to have.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn begin(
        &self,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> Result<Begun, RunnerError> {
        self.starter().begin_accepted(new_start(workflow, input, by, None)).await
    }

    /// Starts an instance unless there is one under this key. When it returns, the start is durable.
    ///
    /// # Errors
    ///
    /// As [`start_durably`](Self::start_durably); a start that is refused does not use up the key.
    /// [`StartError::Rejected`] with the code `start.key_used` if there is an instance under the
    /// key and another request began it.
    pub async fn start_once(
        &self,
        key: StartKey,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> Result<Once, StartError> {
        self.begin_once(key, workflow, input, by).durably().await
    }

    /// Starts an instance, under a key if there is one, within the trace of whoever asks. When it
    /// returns, the start is durable.
    ///
    /// # Errors
    ///
    /// As [`start_once`](Self::start_once).
    pub async fn start_traced(
        &self,
        key: Option<StartKey>,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
        trace: Option<TraceParent>,
    ) -> Result<Once, StartError> {
        let key = key.map(Arc::new);
        let trace = trace.map(|trace| trace.to_string().into());
        let start = Start { trace, ..new_start(workflow, input, by, key.clone()) };
        match key {
            None => self.starter().begin_accepted(start).await?.durably().await.map(Once::New),
            Some(key) => self.starter().find_or_begin_alone(key, start).durably().await,
        }
    }

    /// Begins a start under a key, beside whatever else the caller does.
    pub fn begin_once(
        &self,
        key: StartKey,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> BegunOnce {
        self.starter().begin_once(key, workflow, input, by)
    }

    /// Returns an instance to wait for its end, which may have come; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped, or the row of the instance cannot be read.
    pub async fn watch(&self, instance: InstanceId) -> Result<Option<Started>, RunnerError> {
        self.starter().watch(instance).await
    }

    pub(crate) fn starter(&self) -> Starter {
        Starter {
            commands: self.commands.clone(),
            store: Arc::clone(&self.store),
            keys: Arc::clone(&self.keys),
        }
    }
}

impl Starter {
    /// Begins a start under a key, as [`Runner::begin_once`].
    pub(crate) fn begin_once(
        &self,
        key: StartKey,
        workflow: Arc<str>,
        input: Value,
        by: Arc<str>,
    ) -> BegunOnce {
        let key = Arc::new(key);
        let start = new_start(workflow, input, by, Some(Arc::clone(&key)));
        self.find_or_begin_alone(key, start)
    }

    fn find_or_begin_alone(&self, key: Arc<StartKey>, start: Start) -> BegunOnce {
        let starter = self.clone();
        // A task: whoever asks may go away while the start is on its way to the disk.
        BegunOnce(tokio::spawn(async move {
            let keys = Arc::clone(&starter.keys);
            keys.alone(&key.key, starter.find_or_begin(&key, start)).await
        }))
    }

    async fn send(&self, command: Command) -> Result<(), RunnerError> {
        self.commands.send(command).await.map_err(|_| RunnerError::Stopped)
    }

    async fn begin(
        &self,
        start: Start,
        acceptance: Option<oneshot::Sender<Result<(), StartError>>>,
    ) -> Result<Started, RunnerError> {
        let id = start.instance;
        let (ending, receiver) = oneshot::channel();
        self.send(Command::Start { start, acceptance, ending }).await?;
        Ok(Started::new(id, receiver))
    }

    async fn begin_accepted(&self, start: Start) -> Result<Begun, RunnerError> {
        let (acceptance, accepted) = oneshot::channel();
        let started = self.begin(start, Some(acceptance)).await?;
        Ok(Begun { started, accepted })
    }

    async fn find_or_begin(&self, key: &StartKey, start: Start) -> Result<Once, StartError> {
        match self.find(key).await? {
            Some(known) => Ok(known),
            None => self.begin_accepted(start).await?.durably().await.map(Once::New),
        }
    }

    /// Returns the instance that was started under a key, if there is one.
    pub(crate) async fn find(&self, key: &StartKey) -> Result<Option<Once>, StartError> {
        let found = self.store.started(Arc::clone(&key.key)).await.map_err(RunnerError::from)?;
        let Some(found) = found else { return Ok(None) };
        let row = found.row.map_err(|corrupt| RunnerError::from(StoreError::from(corrupt)))?;
        if row.start_key.is_none_or(|present| present.request != key.request) {
            let message =
                format!("another start was made under this key; it is that of instance {}", row.id);
            return Err(StartError::Rejected(Failure::new("start.key_used", message)));
        }
        let known = self.watch(row.id).await?;
        known.map(|known| Some(Once::Known(known))).ok_or_else(|| RunnerError::Stopped.into())
    }

    async fn watch(&self, instance: InstanceId) -> Result<Option<Started>, RunnerError> {
        let (ending, receiver) = oneshot::channel();
        let (registered, is_registered) = oneshot::channel();
        self.send(Command::Watch { instance, ending, registered }).await?;
        is_registered.await.map_err(|_| RunnerError::Stopped)?;
        let Some(stored) = self.store.instance(instance).await? else { return Ok(None) };
        let row = stored.row.map_err(StoreError::from)?;
        let ended = match row.status {
            Status::Running(_) => return Ok(Some(Started::new(instance, receiver))),
            Status::Done { output, .. } => Ok(output),
            Status::Failed { failure, .. } => Err(failure),
        };
        Ok(Some(told(instance, ended)))
    }
}

fn new_start(workflow: Arc<str>, input: Value, by: Arc<str>, key: Option<Arc<StartKey>>) -> Start {
    Start { instance: InstanceId(Uuid::now_v7()), workflow, input, by, key, trace: None }
}

/// Returns an instance whose end is known.
fn told(instance: InstanceId, ended: Ending) -> Started {
    let (ending, receiver) = oneshot::channel();
    drop(ending.send(Box::new(Ok(ended))));
    Started::new(instance, receiver)
}
