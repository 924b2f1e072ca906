//! What workers in other processes ask of a runner: tasks, and to take their answers.
//!
//! Invariants:
//!
//! * A worker is told that its answer was taken when that is durable: the task is not done again by
//!   anybody. The core answers for that, with [`lockstep_core::Effect::Reported`].
//! * From the moment in which an answer is taken from the board it is on its way to the core, also if
//!   whoever brought it has gone.

mod desk;

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{CallId, Event, Failure};
use lockstep_expr::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use self::desk::Desk;
pub use self::desk::{MAX_POLLERS, Poll, TaskBatch};
use crate::driver::{Command, Reply};
use crate::error::{RunnerError, StartError};
use crate::runner::Runner;
use crate::task_board::{Heartbeat, PostedTask, TaskLook};

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
        self.desk()?.heartbeat(id, lease, extend).map_err(StartError::Rejected)
    }

    /// Returns the tasks that wait or are worked on, behind that of the given id, oldest first.
    pub fn tasks(&self, after: Option<Uuid>, limit: usize) -> Vec<PostedTask> {
        self.desk.as_ref().map(|desk| desk.list(after, limit)).unwrap_or_default()
    }

    /// Returns the task that an instance waits for, and who asks for tasks of its kind; `None` if this
    /// runner has no board for tasks.
    pub fn task(&self, call: CallId, kind: &Arc<str>) -> Option<TaskLook> {
        self.desk.as_ref().map(|desk| desk.look(call, kind))
    }

    /// Returns how many wait for tasks.
    pub fn waiting_workers(&self) -> usize {
        self.desk.as_ref().map_or(0, |desk| desk.waiting())
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
        let call = desk.answer(id, lease).map_err(StartError::Rejected)?;
        let request = self.new_request();
        let (done, told) = oneshot::channel();
        let event = Event::Reported { request, call, result };
        place.send(Command::Ask { request, event, reply: Reply::Change(done) });
        Ok(told)
    }
}
