//! The runner: what a program holds of a running engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_core::{Event, Failure, InstanceId, ObjectKey, RequestId, Time};
use lockstep_definition::Definitions;
use lockstep_expr::{Map, Value};
use lockstep_store::{Published, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::call::{Permissions, Secrets};
use crate::clock::Clock;
use crate::driver::{self, Command, Reply};
use crate::error::{RunnerError, StartError};
use crate::recorder::Recorder;
use crate::recover;
use crate::start::KeysInUse;
use crate::stats::Stats;
use crate::task::{Task, Tasks};
use crate::trigger::{Triggers, Watch};
use crate::worker::Desk;

/// Starts that wait for the engine to take them; a further one waits for a place.
const MAX_QUEUED: usize = 4096;

/// How an instance ended: its output or its error.
pub type Ending = Result<Value, Failure>;

/// Objects that were created by an import, and objects that were there already.
pub type Import = (usize, usize);

/// What a runner is made with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Hosts, with or without port, that `http` steps may call although they are not public.
    pub allowed_hosts: Vec<String>,
    /// Programs that `exec` steps may start.
    pub allowed_programs: Vec<String>,
    /// How much may be under way at once.
    pub limits: Limits,
    /// Functions that do `task` steps.
    pub tasks: Tasks,
    /// Whether tasks for which there is no function wait for a worker, see [`Runner::poll_tasks`].
    /// Otherwise they fail at once.
    pub workers: bool,
    /// Where the values of secrets come from. Default: the environment.
    pub secrets: Secrets,
    /// Whether schedules, changes of objects and webhooks start instances, as definitions say.
    pub triggers: bool,
    /// Whether unfinished instances only stand there, to be looked at, with their locks.
    pub stands_still: bool,
}

impl Options {
    /// Adds a function that does the tasks of one kind.
    #[must_use]
    pub fn task<F, W>(mut self, kind: &str, function: F) -> Self
    where
        F: Fn(Task) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        self.tasks.add(kind, function);
        self
    }
}

/// How much may be under way at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// HTTP calls; further ones wait. Default 1,024.
    pub http_calls: usize,
    /// Processes; further ones wait. Default 64.
    pub processes: usize,
    /// Committed objects kept in memory, about. Default 16,384.
    pub cached_objects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { http_calls: 1024, processes: 64, cached_objects: 16_384 }
    }
}

/// An accepted instance.
#[derive(Debug)]
pub struct Started {
    /// Its identity.
    pub id: InstanceId,
    ending: oneshot::Receiver<Box<Result<Ending, StartError>>>,
}

impl Started {
    pub(crate) fn new(
        id: InstanceId,
        ending: oneshot::Receiver<Box<Result<Ending, StartError>>>,
    ) -> Self {
        Self { id, ending }
    }

    /// Waits for the end of the instance. When it returns, the end is durable.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the start was refused, or the runner stopped; in the second case the
    /// instance may go on when a runner is started again.
    pub async fn ending(self) -> Result<Ending, StartError> {
        self.ending.await.map_or(Err(StartError::Runner(RunnerError::Stopped)), |ending| *ending)
    }
}

/// What a runner has found in its store.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Unfinished instances that go on.
    pub instances: Vec<Started>,
    /// Unfinished instances that cannot go on, and why; their rows stay as they are.
    pub refused: Vec<(InstanceId, String)>,
}

/// A running engine. When it is dropped, the engine stops as by [`Runner::stop`].
#[derive(Debug)]
pub struct Runner {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<KeysInUse>,
    pub(crate) desk: Option<Arc<Desk>>,
    /// Ends with the runner.
    _watch: JoinSet<()>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) clock: Clock,
    pub(crate) secrets: Secrets,
    pub(crate) triggers: Triggers,
    requests: AtomicU64,
    schedules: Option<JoinHandle<()>>,
    task: JoinHandle<Result<(), RunnerError>>,
}

impl Runner {
    /// Starts an engine on a store and takes up what is unfinished there.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        options: Options,
    ) -> Result<(Self, Recovered), RunnerError> {
        let clock = Clock::start();
        let permissions = Permissions::new(&options);
        let (engine, found) = recover::engine(&store, clock, &options).await?;
        let recorder = Arc::new(Recorder::new(clock));
        for (id, definitions) in &found.definitions {
            permissions.publish(definitions);
            recorder.feed.learn(id, definitions);
        }
        let (commands, queue) = mpsc::channel(MAX_QUEUED);
        let desk = options.workers.then(|| Desk::new(clock));
        let mut watch = JoinSet::new();
        if let Some(desk) = &desk {
            watch.spawn(Arc::clone(desk).watch());
        }
        let mut driver = driver::Driver::new(
            engine,
            Arc::clone(&store),
            clock,
            (permissions, desk.clone()),
            Arc::clone(&recorder),
        );
        let instances = found.taken_up.into_iter().map(|id| driver.expect(id)).collect();
        let recovered = Recovered { instances, refused: found.refused };
        let task = tokio::spawn(driver.run(queue));
        let requests = AtomicU64::new(1);
        let keys = Arc::new(KeysInUse::default());
        let mut runner = Self {
            commands,
            store,
            keys,
            secrets: options.secrets,
            triggers: Triggers::new(),
            desk,
            _watch: watch,
            recorder,
            clock,
            requests,
            schedules: None,
            task,
        };
        if options.triggers {
            let watched = runner.triggers.watched();
            let watch = Watch::new(watched, runner.starter(), Arc::clone(&runner.store));
            runner.schedules = Some(tokio::spawn(watch.run()));
        }
        Ok((runner, recovered))
    }

    /// Publishes definitions: instances that start from here on run on them.
    ///
    /// `sources` is their text, from which a later runner makes them again; `id` names it.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the store does not take the text; nothing is published then.
    pub async fn publish(
        &self,
        id: Arc<str>,
        sources: String,
        definitions: Arc<Definitions>,
    ) -> Result<(), RunnerError> {
        self.store.put_definitions(Arc::clone(&id), sources).await?;
        self.hand_over(id, definitions).await
    }

    /// Publishes definitions as [`publish`](Self::publish) does, and keeps that they are the
    /// published ones: [`Store::published`] tells it to a later runner.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the store does not take it; nothing is published then.
    pub async fn publish_lastingly(
        &self,
        published: Published,
        sources: String,
        definitions: Arc<Definitions>,
    ) -> Result<(), RunnerError> {
        let id = Arc::clone(&published.id);
        self.store.publish(published, sources).await?;
        self.hand_over(id, definitions).await
    }

    async fn hand_over(
        &self,
        id: Arc<str>,
        definitions: Arc<Definitions>,
    ) -> Result<(), RunnerError> {
        let triggers = Arc::clone(&definitions);
        self.send(Command::Publish { id, definitions }).await?;
        if self.schedules.is_some() {
            self.tell_of_webhooks(&triggers);
        }
        self.triggers.publish(&triggers);
        Ok(())
    }

    /// Creates objects unless they are there. When it returns, they are durable.
    ///
    /// # Errors
    ///
    /// The failure if one of them is not valid; none is created then.
    pub async fn import(
        &self,
        by: Arc<str>,
        objects: Vec<(ObjectKey, Map)>,
    ) -> Result<Import, StartError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Import { by, objects, done }).await?;
        match result.await {
            Ok(result) => result.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }

    /// Ends an instance with the error `cancelled`.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn cancel(&self, instance: InstanceId, reason: String) -> Result<(), RunnerError> {
        self.send(Command::Cancel { instance, reason }).await
    }

    /// Sends a signal to an instance, or a person's answers to a form. When it returns, the signal is
    /// kept durably until the instance takes it.
    ///
    /// # Errors
    ///
    /// The failure if it is not kept: `data.not_found`, `instance.ended`, `data.invalid` for answers
    /// that do not conform, `signal.limit`.
    pub async fn signal(
        &self,
        instance: InstanceId,
        name: Arc<str>,
        payload: Value,
        by: Arc<str>,
    ) -> Result<(), StartError> {
        let event = |request| Event::Signal { request, instance, name, payload, by };
        let failure = match self.ask(event).await {
            Err(StartError::Rejected(failure)) => failure,
            other => return other,
        };
        let is_unknown = &*failure.code == "data.not_found";
        let stored = if is_unknown { self.store.instance(instance).await } else { Ok(None) };
        if stored.map_err(RunnerError::from)?.is_some() {
            let message = format!("instance {instance} has ended");
            return Err(StartError::Rejected(Failure::new("instance.ended", message)));
        }
        Err(StartError::Rejected(failure))
    }

    /// Returns the time by the engine's clock.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Returns where the engine's time went.
    pub fn stats(&self) -> Stats {
        self.recorder.counters.read()
    }

    /// Returns the store that the runner works on.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Waits until the engine has stopped by itself: something failed that concerns all instances.
    /// [`stop`](Self::stop) tells what.
    pub async fn has_stopped(&self) {
        self.commands.closed().await;
    }

    /// Stops the engine: outside calls are ended, what is ordered is made durable. Unfinished
    /// instances go on when a runner is started again.
    ///
    /// # Errors
    ///
    /// Why the engine had stopped before, if it had.
    pub async fn stop(self) -> Result<(), RunnerError> {
        drop(self.triggers);
        if let Some(schedules) = self.schedules {
            // The watch ends behind the starts that it has begun; how, is in the log.
            drop(schedules.await);
        }
        drop(self.commands);
        match self.task.await {
            Ok(result) => result?,
            Err(_) => return Err(RunnerError::Stopped),
        }
        match self.store.close().await {
            Ok(()) | Err(StoreError::Stopped) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends an event whose request is answered with success or a failure.
    pub(crate) async fn ask(
        &self,
        event: impl FnOnce(RequestId) -> Event,
    ) -> Result<(), StartError> {
        let (done, result) = oneshot::channel();
        let request = self.new_request();
        let (event, reply) = (event(request), Reply::Change(done));
        self.send(Command::Ask { request, event, reply }).await?;
        match result.await {
            Ok(result) => result.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }

    pub(crate) fn new_request(&self) -> RequestId {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) async fn send(&self, command: Command) -> Result<(), RunnerError> {
        self.commands.send(command).await.map_err(|_| RunnerError::Stopped)
    }
}

#[cfg(test)]
mod tests;
