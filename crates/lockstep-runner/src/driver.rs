//! The driver: the loop around the core.
//!
//! ```text
//! starts, imports ->+        +-> loads, queries --> events
//! events of calls ->+-> core +-> outside calls  --> events
//! time            ->+        +-> answers
//!                    batch --> store --> outcomes --> core
//! ```
//!
//! Invariants:
//!
//! * One batch is in the hands of the store at a time; while the store works, the core goes on.
//! * A commit is awaited in a task of its own, which nothing drops half-way.
//! * Starts are taken only while fewer than [`MAX_BACKLOG`] transitions wait for the store.
//! * After an error of the store nothing is acknowledged any more.

mod effect;
mod request;
mod room;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::Outcome;
use lockstep_core::{CallId, Effect, Engine, Event, Failure, InstanceId, RequestId};
use lockstep_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};

use crate::call::Permissions;
use crate::clock::Clock;
use crate::error::{RunnerError, StartError};
use crate::load::Load;
use crate::recorder::Recorder;
use crate::runner::{Import, Started};
use crate::worker::Desk;
use request::{AcceptanceSender, EndingSender};
pub(crate) use request::{Command, Question, Reply};

/// Transitions that may wait for the store before starts have to wait.
const MAX_BACKLOG: usize = 2048;

/// Messages that are taken between two looks at the store.
const MESSAGES_AT_ONCE: usize = 64;

/// Longest sleep of an engine without timers.
const IDLE: Duration = Duration::from_hours(1);
type Commit = JoinHandle<Result<Vec<Outcome>, StoreError>>;

/// The core and all that it talks to.
#[derive(Debug)]
pub(crate) struct Driver {
    engine: Engine,
    store: Arc<dyn Store>,
    clock: Clock,
    permissions: Arc<Permissions>,
    /// Where tasks wait for workers.
    desk: Option<Arc<Desk>>,
    recorder: Arc<Recorder>,
    endings: HashMap<InstanceId, EndingSender>,
    acceptances: HashMap<InstanceId, AcceptanceSender>,
    /// Others who wait for the end of an instance.
    watchers: HashMap<InstanceId, Vec<EndingSender>>,
    imports: Vec<oneshot::Sender<Result<Import, Failure>>>,
    replies: HashMap<RequestId, Reply>,
    calls: BTreeMap<CallId, AbortHandle>,
    events: mpsc::UnboundedSender<Result<Event, StoreError>>,
    incoming: mpsc::UnboundedReceiver<Result<Event, StoreError>>,
}

/// What woke the loop.
enum Woken {
    Landed(Result<Vec<Outcome>, RunnerError>),
    Events,
    Commands(usize),
    Time,
}

impl Driver {
    pub(crate) fn new(
        engine: Engine,
        store: Arc<dyn Store>,
        clock: Clock,
        (permissions, desk): (Permissions, Option<Arc<Desk>>),
        recorder: Arc<Recorder>,
    ) -> Self {
        let (events, incoming) = mpsc::unbounded_channel();
        Self {
            engine,
            store,
            clock,
            permissions: Arc::new(permissions),
            desk,
            recorder,
            endings: HashMap::new(),
            acceptances: HashMap::new(),
            watchers: HashMap::new(),
            imports: Vec::new(),
            replies: HashMap::new(),
            calls: BTreeMap::new(),
            events,
            incoming,
        }
    }

    /// Prepares to tell how an instance that was taken up ends.
    pub(crate) fn expect(&mut self, id: InstanceId) -> Started {
        let (sender, receiver) = oneshot::channel();
        self.endings.insert(id, sender);
        Started::new(id, receiver)
    }

    /// Runs until the runner is dropped, or something fails that concerns all instances.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<(), RunnerError> {
        let result = self.turn_until_stopped(&mut commands).await;
        self.recorder.feed.close();
        for call in std::mem::take(&mut self.calls).into_values() {
            call.abort();
        }
        if let Err(error) = &result {
            tracing::error!(%error, "the engine has stopped");
            commands.close();
            let endings: Vec<EndingSender> =
                self.endings.drain().map(|(_, ending)| ending).collect();
            let watchers: Vec<EndingSender> =
                self.watchers.drain().flat_map(|(_, watchers)| watchers).collect();
            for ending in endings.into_iter().chain(watchers) {
                drop(ending.send(Box::new(Err(StartError::Runner(error.clone())))));
            }
            let acceptances: Vec<AcceptanceSender> =
                self.acceptances.drain().map(|(_, acceptance)| acceptance).collect();
            for acceptance in acceptances {
                drop(acceptance.send(Err(StartError::Runner(error.clone()))));
            }
        }
        result
    }

    async fn turn_until_stopped(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Result<(), RunnerError> {
        let mut queue = Vec::with_capacity(MESSAGES_AT_ONCE);
        let mut events = Vec::new();
        let mut commit: Option<Commit> = None;
        self.carry_out()?;
        loop {
            if commit.is_none() {
                commit = self.offer_batch();
            }
            match self.wake(&mut commit, commands, &mut queue, &mut events).await {
                Woken::Commands(0) => return self.settle(commit).await,
                Woken::Commands(_) => self.take(queue.drain(..)),
                Woken::Events => {
                    let events: Result<Vec<Event>, StoreError> = events.drain(..).collect();
                    let events = events?;
                    for event in &events {
                        if let Event::Returned { call, .. } = event {
                            self.end_call(*call);
                        }
                    }
                    self.handle(events);
                }
                Woken::Landed(outcomes) => {
                    self.handle([Event::Judged(outcomes?)]);
                    // The store gets its next batch before anybody gets an answer: it is what
                    // everybody waits for.
                    commit = self.offer_batch();
                }
                Woken::Time => self.handle([Event::Tick]),
            }
            self.carry_out()?;
        }
    }

    async fn wake(
        &mut self,
        commit: &mut Option<Commit>,
        commands: &mut mpsc::Receiver<Command>,
        queue: &mut Vec<Command>,
        events: &mut Vec<Result<Event, StoreError>>,
    ) -> Woken {
        let pause = self.engine.next_deadline().map_or(IDLE, |at| self.clock.until(at));
        let takes_starts = self.engine.backlog() < MAX_BACKLOG;
        tokio::select! {
            biased;
            outcomes = landed(commit) => Woken::Landed(outcomes),
            _ = self.incoming.recv_many(events, MESSAGES_AT_ONCE) => Woken::Events,
            count = commands.recv_many(queue, MESSAGES_AT_ONCE), if takes_starts => {
                Woken::Commands(count)
            }
            () = tokio::time::sleep(pause) => Woken::Time,
        }
    }

    /// Makes durable what is ordered, at the end: the batch in the hands of the store, and one more.
    /// What instances do after that is done again by the next runner.
    async fn settle(&mut self, mut commit: Option<Commit>) -> Result<(), RunnerError> {
        for _ in 0..2 {
            if commit.is_none() {
                commit = self.offer_batch();
            }
            if commit.is_none() {
                break;
            }
            let outcomes = landed(&mut commit).await?;
            commit = None;
            self.handle([Event::Judged(outcomes)]);
            for effect in self.engine.take_effects() {
                match effect {
                    Effect::Accepted { instance } => self.accepted(instance, Ok(())),
                    Effect::Answer { instance, result } => self.answer(instance, Ok(result)),
                    Effect::Reported { request, result }
                    | Effect::Signalled { request, result }
                    | Effect::LockChanged { request, result } => self.changed(request, result),
                    Effect::Locked { request, result } => self.locked(request, result),
                    Effect::Written { request, result } => self.written(request, result),
                    Effect::Diverged { number, refusal } => {
                        return Err(RunnerError::Diverged(number, refusal.to_string()));
                    }
                    Effect::Load { .. }
                    | Effect::Query { .. }
                    | Effect::Call { .. }
                    | Effect::CancelCall { .. }
                    | Effect::Rejected { .. }
                    | Effect::Imported { .. } => {}
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, commands: impl Iterator<Item = Command>) {
        let mut events = Vec::new();
        for command in commands {
            events.push(match command {
                Command::Publish { id, definitions } => {
                    self.permissions.publish(&definitions);
                    self.recorder.feed.learn(&id, &definitions);
                    Event::Publish { id, definitions }
                }
                Command::Start { start, acceptance, ending } => {
                    if let Some(acceptance) = acceptance {
                        self.acceptances.insert(start.instance, acceptance);
                    }
                    room::in_map(&mut self.endings, |ending| !ending.is_closed());
                    self.endings.insert(start.instance, ending);
                    Event::Start(start)
                }
                Command::Import { by, objects, done } => {
                    self.imports.push(done);
                    Event::Import { by, objects }
                }
                Command::Cancel { instance, reason } => Event::Cancel { instance, reason },
                Command::Ask { request, event, reply } => {
                    if let Event::Reported { call, .. } = event {
                        self.end_call(call);
                    }
                    self.replies.insert(request, reply);
                    event
                }
                Command::Watch { instance, ending, registered } => {
                    self.watch(instance, ending);
                    // Nobody may be waiting any more.
                    registered.send(()).ok();
                    continue;
                }
                Command::Look(question) => {
                    // What was asked before it is to be seen.
                    self.handle(std::mem::take(&mut events));
                    self.look(question);
                    continue;
                }
            });
        }
        self.handle(events);
    }

    fn handle(&mut self, events: impl IntoIterator<Item = Event>) {
        let began = self.clock.elapsed();
        let now = self.clock.now();
        let mut count = 0;
        for event in events {
            self.engine.handle(now, event);
            count += 1;
        }
        self.recorder.counters.add(self.clock.elapsed().saturating_sub(began), count);
    }

    fn offer_batch(&mut self) -> Option<Commit> {
        let began = self.clock.elapsed();
        let batch = self.engine.take_batch()?;
        self.recorder.counters.add(self.clock.elapsed().saturating_sub(began), 0);
        self.recorder.counters.add_batch();
        let store = Arc::clone(&self.store);
        Some(tokio::spawn(Arc::clone(&self.recorder).commit(store, batch)))
    }

    fn look(&self, question: Question) {
        match question {
            Question::Load(hottest, done) => {
                let (engine, calls) = (self.engine.load(hottest), self.calls.len());
                drop(done.send(Load { engine, calls }));
            }
            Question::Entity(name, done) => drop(done.send(self.engine.declares(&name))),
            Question::Explain(instance, done) => {
                let explained = self.engine.explain(instance);
                let chain = |it| {
                    let chain = self.engine.chain(&it);
                    (it, chain)
                };
                drop(done.send(explained.map(chain)));
            }
            Question::Client(lock, done) => drop(done.send(self.engine.client(lock))),
            Question::Locks(page, done) => drop(done.send(self.engine.lock_page(&page))),
            Question::Lock { key, after, first, done } => {
                drop(done.send(self.engine.lock_view(&key, after, first)));
            }
        }
    }
}

/// Waits for the store's answer to a batch; for ever if there is none in its hands.
async fn landed(commit: &mut Option<Commit>) -> Result<Vec<Outcome>, RunnerError> {
    match commit {
        None => std::future::pending().await,
        Some(task) => match task.await {
            Ok(outcomes) => Ok(outcomes?),
            Err(_) => Err(RunnerError::Stopped),
        },
    }
}
