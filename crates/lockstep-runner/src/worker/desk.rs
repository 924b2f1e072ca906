//! The task board in the hands of a runner: with a clock, and with those who wait at it.
//!
//! Invariants:
//!
//! * Tasks that were handed to somebody who has gone go to the next one at once, if that can be seen.
//! * Nobody is woken while the board is locked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::{CallId, CallRequest, CallTarget, Failure, Time};
use lockstep_expr::{Value, json};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::clock::Clock;
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

    /// Returns tasks, at once or as soon as there are some within `wait`.
    pub(super) async fn poll(
        self: &Arc<Self>,
        poll: Poll,
        wait: Duration,
    ) -> Result<TaskBatch, Failure> {
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

    /// Puts the end of a lease off.
    pub(super) fn heartbeat(
        &self,
        id: Uuid,
        lease: Uuid,
        extend: Option<Duration>,
    ) -> Result<Heartbeat, Failure> {
        let mut counter = self.counter();
        let before = counter.board.next_lease_end();
        let beat = counter.board.heartbeat(self.clock.now(), id, lease, extend);
        if is_sooner(before, counter.board.next_lease_end()) {
            self.sooner.notify_one();
        }
        beat.map_err(|Lost| lost())
    }

    /// Takes the answer to a task from whoever has it; returns the call that is answered.
    pub(super) fn answer(&self, id: Uuid, lease: Uuid) -> Result<CallId, Failure> {
        self.counter().board.answer(self.clock.now(), id, lease).map_err(|Lost| lost())
    }

    /// Returns the tasks that wait or are worked on, behind that of the given id, oldest first.
    pub(super) fn list(&self, after: Option<Uuid>, limit: usize) -> Vec<PostedTask> {
        self.counter().board.list(after, limit)
    }

    /// Returns the task of a call, and who asks for tasks of its kind.
    pub(super) fn look(&self, call: CallId, kind: &Arc<str>) -> TaskLook {
        self.counter().board.look(call, kind)
    }

    /// Returns how many wait for tasks.
    pub(super) fn waiting(&self) -> usize {
        self.counter().board.waiting()
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
