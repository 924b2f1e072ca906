//! What workers in other processes ask of a runner: tasks, and to take their answers.
//!
//! Invariants:
//!
//! * A worker is told that its answer was taken when that is durable: the task is not done again by
//!   anybody. The core answers for that, with [`lockstep_core::Effect::Reported`].
//! * From the moment in which an answer is taken from the board it is on its way to the core, also if
//!   whoever brought it has gone.
//! * Tasks that were handed to somebody who has gone go to the next one at once, if that can be seen.
//! * Nobody is woken while the board is locked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::{CallId, CallRequest, CallTarget, Event, Failure, Time};
use lockstep_expr::{Value, json};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::clock::Clock;
use crate::driver::{Command, Reply};
use crate::error::{RunnerError, StartError};
use crate::runner::Runner;
use crate::task_board::{
    Handed, Heartbeat, LeasedTask, Lost, MAX_POSTED, PollerId, PostedTask, TaskBoard, TaskDetails,
    TaskLook, Wanted,
};

/// Most who wait for tasks at once.
pub const MAX_POLLERS: usize = 2048;

/// A worker that asks for tasks.
#[derive(Clone, Debug)]
pub struct Poll {
    /// Kinds of tasks that it can do.
    pub kinds: Vec<Arc<str>>,
    /// Who it is, for people.
    pub worker: Arc<str>,
    /// Most tasks at once, from 1.
    pub max: usize,
    /// How long it may be silent before another one gets its tasks.
    pub lease: Duration,
}

/// Tasks for a worker. Unless they are [taken](Self::take), they go to the next one at once.
#[derive(Debug)]
pub struct TaskBatch {
    desk: Arc<Desk>,
    tasks: Vec<LeasedTask>,
}

impl TaskBatch {
    /// Returns the tasks, to look at.
    pub fn tasks(&self) -> &[LeasedTask] {
        &self.tasks
    }

    /// Takes the tasks: they are the worker's until their leases end.
    pub fn take(mut self) -> Vec<LeasedTask> {
        std::mem::take(&mut self.tasks)
    }
}

impl Drop for TaskBatch {
    fn drop(&mut self) {
        if !self.tasks.is_empty() {
            let (now, tasks) = (self.desk.clock.now(), std::mem::take(&mut self.tasks));
            self.desk.change(|board| board.take_back(now, &tasks));
        }
    }
}

/// The task board, and those who wait at it.
#[derive(Debug)]
pub(crate) struct Desk {
    clock: Clock,
    counter: Mutex<Counter>,
    /// A lease ends earlier than any before.
    sooner: Notify,
}

#[derive(Debug)]
struct Counter {
    board: TaskBoard,
    waiting: HashMap<PollerId, oneshot::Sender<TaskBatch>>,
    pollers: PollerId,
    is_closed: bool,
}

/// Somebody's place among those who wait.
struct Place<'a> {
    desk: &'a Desk,
    poller: PollerId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counter = self.desk.counter();
        counter.board.leave(self.desk.clock.now(), self.poller);
        let waiting = counter.waiting.remove(&self.poller);
        drop(counter);
        drop(waiting);
    }
}

impl Desk {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        let counter = Counter {
            board: TaskBoard::new(draw),
            waiting: HashMap::new(),
            pollers: 0,
            is_closed: false,
        };
        Arc::new(Self { clock, counter: Mutex::new(counter), sooner: Notify::new() })
    }

    fn counter(&self) -> MutexGuard<'_, Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the board, and wakes those who got something by that.
    fn change(self: &Arc<Self>, change: impl FnOnce(&mut TaskBoard) -> Vec<Handed>) {
        let mut woken = Vec::new();
        let mut counter = self.counter();
        let before = counter.board.next_lease_end();
        for Handed { poller, tasks } in change(&mut counter.board) {
            let batch = TaskBatch { desk: Arc::clone(self), tasks };
            woken.push((counter.waiting.remove(&poller), batch));
        }
        let is_sooner = is_sooner(before, counter.board.next_lease_end());
        drop(counter);
        if is_sooner {
            self.sooner.notify_one();
        }
        for (poller, batch) in woken {
            // Of one who has just gone it comes back by itself.
            match poller {
                Some(poller) => drop(poller.send(batch)),
                None => drop(batch),
            }
        }
    }

    /// Puts a task on the board.
    pub(crate) fn post(
        self: &Arc<Self>,
        call: CallId,
        request: &CallRequest,
        kind: &Arc<str>,
        input: &Value,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let details = TaskDetails {
            kind: Arc::clone(kind),
            input: json::to_json(input).into(),
            instance: request.instance,
            workflow: Arc::clone(&request.workflow),
            activity: Arc::clone(&request.activity),
            attempt: request.attempt,
            idempotency_key: request.idempotency_key.as_str().into(),
            fencing_token: request.fencing_token,
        };
        let deadline = now.after(request.timeout);
        let mut result = Ok(());
        self.change(|board| {
            board.post(now, call, details, deadline).unwrap_or_else(|_| {
                let message = format!("{MAX_POSTED} tasks wait for workers already");
                result = Err(Failure::new("task.limit", message));
                Vec::new()
            })
        });
        result
    }

    /// Takes a task off the board, if it is there; returns who works on it.
    pub(crate) fn withdraw(&self, call: CallId) -> Option<Arc<str>> {
        let now = self.clock.now();
        self.counter().board.withdraw(now, call)
    }

    /// Returns the failure of a task that was not done in time.
    pub(crate) fn overdue(&self, call: CallId, request: &CallRequest) -> Failure {
        let kind = if let CallTarget::Task { kind, .. } = &request.target { kind } else { "?" };
        let limit = request.timeout;
        let message = match self.withdraw(call) {
            Some(worker) => {
                format!("worker `{worker}` has not done the task `{kind}` in {limit:?}")
            }
            None => format!("no worker has done the task `{kind}` within {limit:?}"),
        };
        Failure::new("task.timeout", message)
    }

    /// Lets leases end, as long as it is not dropped.
    pub(crate) async fn watch(self: Arc<Self>) {
        loop {
            let now = self.clock.now();
            self.change(|board| board.expire(now));
            let next = self.counter().board.next_lease_end();
            match next {
                None => self.sooner.notified().await,
                Some(next) => tokio::select! {
                    () = tokio::time::sleep(self.clock.until(next)) => {}
                    () = self.sooner.notified() => {}
                },
            }
        }
    }

    /// Lets everybody go who waits; from here on nobody waits for tasks, and none is handed over.
    pub(crate) fn close(&self) {
        let mut counter = self.counter();
        counter.is_closed = true;
        counter.board.dismiss();
        let waiting = std::mem::take(&mut counter.waiting);
        drop(counter);
        drop(waiting);
    }

    async fn poll(self: &Arc<Self>, poll: Poll, wait: Duration) -> Result<TaskBatch, Failure> {
        let kinds = poll.kinds.into();
        let Poll { worker, max, lease, .. } = poll;
        let wanted = Wanted { kinds, worker, max, lease };
        let none = || TaskBatch { desk: Arc::clone(self), tasks: Vec::new() };
        let (sender, receiver) = oneshot::channel();
        let place = {
            let mut counter = self.counter();
            if counter.is_closed {
                return Ok(none());
            }
            counter.pollers += 1;
            let poller = counter.pollers;
            let before = counter.board.next_lease_end();
            if let Some(tasks) = counter.board.poll(self.clock.now(), poller, wanted) {
                if is_sooner(before, counter.board.next_lease_end()) {
                    self.sooner.notify_one();
                }
                return Ok(TaskBatch { desk: Arc::clone(self), tasks });
            }
            if wait.is_zero() || counter.waiting.len() >= MAX_POLLERS {
                counter.board.leave(self.clock.now(), poller);
                if wait.is_zero() {
                    return Ok(none());
                }
                let message = format!("{MAX_POLLERS} workers wait for tasks already");
                return Err(Failure::new("poll.limit", message));
            }
            counter.waiting.insert(poller, sender);
            Place { desk: self, poller }
        };
        let handed = tokio::time::timeout(wait, receiver).await;
        drop(place);
        match handed {
            Ok(Ok(batch)) => Ok(batch),
            // The time is over, or the board is closed.
            Ok(Err(_)) | Err(_) => Ok(none()),
        }
    }
}

/// Returns whether the next lease ends earlier than was known before.
fn is_sooner(before: Option<Time>, now: Option<Time>) -> bool {
    now.is_some_and(|now| before.is_none_or(|before| now < before))
}

/// Draws an identity or a token: it grows, and is drawn only once.
fn draw() -> Uuid {
    Uuid::now_v7()
}

fn lost() -> Failure {
    let message = "the lease is over, or nobody waits for this task any more: drop what was done, \
                   another worker may be doing it";
    Failure::new("task.lease_lost", message)
}

impl Runner {
    /// Returns tasks for a worker: at once, or as soon as there are some, but not later than after
    /// `wait`. Who asks first is served first.
    ///
    /// # Errors
    ///
    /// [`StartError::Rejected`] with `task.no_board` if the runner was started without
    /// [`Options::workers`](crate::Options::workers), with `poll.limit` if [`MAX_POLLERS`] wait.
    pub async fn poll_tasks(&self, poll: Poll, wait: Duration) -> Result<TaskBatch, StartError> {
        self.desk()?.poll(poll, wait).await.map_err(StartError::Rejected)
    }

    /// Takes a worker's answer to a task. When it returns, that is durable: nobody is asked to do the
    /// task again.
    ///
    /// # Errors
    ///
    /// [`StartError::Rejected`] with `task.lease_lost` if the task is not leased under this token, or
    /// not wanted any more. [`StartError::Runner`] if the runner has stopped; whether the answer was
    /// taken is unknown.
    pub async fn report_task(
        &self,
        id: Uuid,
        lease: Uuid,
        result: Result<Value, Failure>,
    ) -> Result<(), StartError> {
        let told = self.send_report(id, lease, result).await?;
        match told.await {
            Ok(result) => result.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }

    /// Takes several answers; they are made durable together.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped. Otherwise there is a result for each, as that of
    /// [`report_task`](Self::report_task).
    pub async fn report_tasks(
        &self,
        answers: Vec<(Uuid, Uuid, Result<Value, Failure>)>,
    ) -> Result<Vec<Result<(), Failure>>, RunnerError> {
        let mut told = Vec::with_capacity(answers.len());
        for (id, lease, result) in answers {
            told.push(match self.send_report(id, lease, result).await {
                Ok(receiver) => Ok(receiver),
                Err(StartError::Rejected(failure)) => Err(failure),
                Err(StartError::Runner(error)) => return Err(error),
            });
        }
        let mut results = Vec::with_capacity(told.len());
        for told in told {
            results.push(match told {
                Ok(receiver) => receiver.await.map_err(|_| RunnerError::Stopped)?,
                Err(failure) => Err(failure),
            });
        }
        Ok(results)
    }

    /// Takes note that a worker is there: its lease lasts `extend` from now on, or as long again.
    ///
    /// # Errors
    ///
    /// `task.lease_lost` if the task is not leased under this token any more.
    pub fn heartbeat(
        &self,
        id: Uuid,
        lease: Uuid,
        extend: Option<Duration>,
    ) -> Result<Heartbeat, StartError> {
        let desk = self.desk()?;
        let mut counter = desk.counter();
        let before = counter.board.next_lease_end();
        let beat = counter.board.heartbeat(desk.clock.now(), id, lease, extend);
        if is_sooner(before, counter.board.next_lease_end()) {
            desk.sooner.notify_one();
        }
        beat.map_err(|Lost| StartError::Rejected(lost()))
    }

    /// Returns the tasks that wait or are worked on, behind that of the given id, oldest first.
    pub fn tasks(&self, after: Option<Uuid>, limit: usize) -> Vec<PostedTask> {
        let desk = self.desk.as_ref();
        desk.map(|desk| desk.counter().board.list(after, limit)).unwrap_or_default()
    }

    /// Returns the task that an instance waits for, and who asks for tasks of its kind; `None` if this
    /// runner has no board for tasks.
    pub fn task(&self, call: CallId, kind: &Arc<str>) -> Option<TaskLook> {
        self.desk.as_ref().map(|desk| desk.counter().board.look(call, kind))
    }

    /// Returns how many wait for tasks.
    pub fn waiting_workers(&self) -> usize {
        self.desk.as_ref().map_or(0, |desk| desk.counter().board.waiting())
    }

    /// Hands over no more tasks: whoever waits for some gets none, at once. Answers are still taken.
    pub fn close_task_board(&self) {
        if let Some(desk) = &self.desk {
            desk.close();
        }
    }

    fn desk(&self) -> Result<&Arc<Desk>, StartError> {
        self.desk.as_ref().ok_or_else(|| {
            let message = "this runner has no board for tasks";
            StartError::Rejected(Failure::new("task.no_board", message))
        })
    }

    /// Takes an answer from the board and sends it to the core, in one go.
    async fn send_report(
        &self,
        id: Uuid,
        lease: Uuid,
        result: Result<Value, Failure>,
    ) -> Result<oneshot::Receiver<Result<(), Failure>>, StartError> {
        let desk = self.desk()?;
        let place = self.commands.reserve().await.map_err(|_| RunnerError::Stopped)?;
        let answered = desk.counter().board.answer(desk.clock.now(), id, lease);
        let call = answered.map_err(|Lost| StartError::Rejected(lost()))?;
        let request = self.new_request();
        let (done, told) = oneshot::channel();
        let event = Event::Reported { request, call, result };
        place.send(Command::Ask { request, event, reply: Reply::Change(done) });
        Ok(told)
    }
}
