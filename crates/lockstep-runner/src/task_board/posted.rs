//! A task on the board: what it is, and how it is.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{CallId, FencingToken, InstanceId, Time};
use uuid::Uuid;

/// What a task is.
#[derive(Clone, Debug)]
pub struct TaskDetails {
    /// Which workers can do it.
    pub kind: Arc<str>,
    /// What the worker is given, as JSON.
    pub input: Arc<str>,
    /// On whose behalf.
    pub instance: InstanceId,
    /// Name of the instance's workflow, for people.
    pub workflow: Arc<str>,
    /// Where in the workflow, for people.
    pub activity: Arc<str>,
    /// From 1; grows with every attempt of the engine's, also across restarts.
    pub attempt: u32,
    /// The same for every attempt of this task, different from every other's.
    pub idempotency_key: Arc<str>,
    /// Token of the lock under which it is done.
    pub fencing_token: Option<FencingToken>,
}

/// A task in the hands of a worker.
#[derive(Clone, Debug)]
pub struct LeasedTask {
    /// Its identity, on this board.
    pub id: Uuid,
    /// The token under which it is answered; never drawn twice.
    pub lease: Uuid,
    /// When another worker gets it, unless there is an answer or a heartbeat.
    pub lease_until: Time,
    /// When the engine does not wait any more.
    pub deadline: Time,
    /// What it is.
    pub details: Arc<TaskDetails>,
}

/// A task, as it is shown.
#[derive(Clone, Debug)]
pub struct PostedTask {
    /// Its identity, on this board.
    pub id: Uuid,
    /// When it came onto the board.
    pub since: Time,
    /// When the engine does not wait any more.
    pub deadline: Time,
    /// Who works on it, and until when without a heartbeat.
    pub leased: Option<(Arc<str>, Time)>,
    /// What it is.
    pub details: Arc<TaskDetails>,
}

/// A task on the board.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) call: CallId,
    pub(super) details: Arc<TaskDetails>,
    pub(super) since: Time,
    pub(super) deadline: Time,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// Nobody works on it.
    Open,
    /// A worker has it.
    Leased(Lease),
    /// A worker's answer is on its way to the engine.
    Answered,
}

#[derive(Debug)]
pub(super) struct Lease {
    pub(super) token: Uuid,
    pub(super) worker: Arc<str>,
    pub(super) until: Time,
    /// What a heartbeat adds that names no other time.
    pub(super) length: Duration,
}

impl Lease {
    /// Returns whether it is the lease under this token, and not over.
    pub(super) fn is(&self, token: Uuid, now: Time) -> bool {
        self.token == token && now < self.until
    }
}

impl Posted {
    /// Returns the lease under this token, unless it is over.
    pub(super) fn leased(&mut self, token: Uuid, now: Time) -> Option<&mut Lease> {
        match &mut self.state {
            State::Leased(lease) if lease.is(token, now) => Some(lease),
            State::Open | State::Leased(_) | State::Answered => None,
        }
    }

    pub(super) fn lease(&mut self, id: Uuid, lease: Lease) -> LeasedTask {
        let (token, lease_until) = (lease.token, lease.until);
        self.state = State::Leased(lease);
        let details = Arc::clone(&self.details);
        LeasedTask { id, lease: token, lease_until, deadline: self.deadline, details }
    }

    pub(super) fn view(&self, id: Uuid) -> PostedTask {
        let leased = match &self.state {
            State::Leased(lease) => Some((Arc::clone(&lease.worker), lease.until)),
            State::Open | State::Answered => None,
        };
        let details = Arc::clone(&self.details);
        PostedTask { id, since: self.since, deadline: self.deadline, leased, details }
    }
}
