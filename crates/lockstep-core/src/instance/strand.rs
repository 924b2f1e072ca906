//! A strand: one line of execution within an instance.
//!
//! An instance begins with one. Steps that run at once (`parallel`, `for_each` with `max_parallel`)
//! fork others, whose end the forking strand waits for. One strand of an instance runs at a time,
//! until it must wait; the others are parked meanwhile. Strands share the unit of work and the locks
//! of their instance.
//!
//! Invariants:
//!
//! * A strand that was forked never outlives the one that forked it, nor the activity.
//! * An instance that waits for a lock, an object, a query or the store waits as a whole: these
//!   waits are short, and none of its other strands runs before they end.
//! * The unit of work is committed only while no strand is parked, so that a savepoint is the state
//!   of one strand.

use std::sync::Arc;

use lockstep_expr::Value;

use super::collected::Collected;
use super::frames::Frames;
use super::{Names, Position};
use crate::event::{CallId, ReadId};
use crate::failure::Failure;
use crate::id::{InstanceId, Ticket};
use crate::object::{Object, ObjectKey};
use crate::time::Time;
use crate::timer::{TimerKey, Timers};

/// Most strands of one instance.
pub(crate) const MAX_STRANDS: usize = 1000;

/// One line of execution.
#[derive(Debug)]
pub(crate) struct Strand {
    /// Unique within the instance; 0 is the one that it began with.
    pub(crate) number: u32,
    /// The strand that waits for its end.
    pub(crate) forked_by: u32,
    pub(crate) position: Position,
    /// The steps around the present list of steps.
    pub(crate) frames: Frames,
    pub(crate) names: Names,
    pub(crate) phase: Phase,
    pub(crate) phase_timer: Option<TimerKey>,
    /// Number of its present outside call.
    pub(crate) call: u32,
    /// Attempts of the present outside call; 0 before the first.
    pub(crate) call_attempts: u32,
    /// The time that the present step sees as `now`.
    pub(crate) now: Option<Time>,
    /// What it was waiting for.
    pub(crate) arrived: Option<Box<Arrived>>,
}

/// Something that a strand waited for.
#[derive(Debug)]
pub(crate) enum Arrived {
    /// The result of an outside call.
    Call(Result<Value, Failure>),
    /// The objects of an entity.
    Objects(Result<Vec<Arc<Object>>, Failure>),
    /// The end of a workflow that was called.
    Child(InstanceId, Result<Value, Failure>),
    /// The end of a pause; `overdue` if it was the timeout of the step.
    Woken { overdue: bool },
}

/// What a strand is waiting for.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Nothing: it runs, or will when its turn comes.
    Ready,
    /// A lock, under this ticket. What it wants is in the lock table.
    Waiting(Ticket),
    /// Objects that are being read.
    Loading(Vec<ObjectKey>),
    /// The objects of an entity.
    Querying(ReadId),
    /// An outside call.
    Calling(CallId),
    /// The end of a pause before the next attempt.
    BackingOff(Time),
    /// Its turn to commit, at objects that others are changing.
    Queuing,
    /// The store's judgement of this commit.
    Committing,
    /// A moment; `overdue` if it is the timeout of the step.
    Sleeping { until: Time, overdue: bool },
    /// A signal.
    Listening(Box<Listening>),
    /// The end of a workflow that was called.
    Child(Box<Child>),
    /// The ends of the strands that it forked.
    Joining(Box<Join>),
}

/// A signal that is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    pub(crate) name: Arc<str>,
    pub(crate) until: Option<Time>,
}

/// A workflow whose end is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) id: InstanceId,
    pub(crate) until: Option<Time>,
}

/// What is left of the steps that run at once.
#[derive(Clone, Debug)]
pub(crate) enum Join {
    /// So many branches of a `parallel` have not ended.
    Branches { left: usize },
    /// Items of a `for_each`.
    Items {
        /// The whole list.
        items: Arc<Vec<Value>>,
        /// The first one for which there was no strand yet.
        next: usize,
        /// How many strands there are.
        running: usize,
        /// What is collected.
        collected: Option<Collected>,
    },
}

impl Phase {
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    pub(crate) fn is_call(&self, call: CallId) -> bool {
        matches!(self, Self::Calling(present) if *present == call)
    }

    pub(crate) fn is_child(&self, id: InstanceId) -> bool {
        matches!(self, Self::Child(child) if child.id == id)
    }

    /// Returns the ticket of the lock that is waited for; 0 if none is.
    pub(crate) fn ticket(&self) -> Ticket {
        if let Self::Waiting(ticket) = self { *ticket } else { 0 }
    }

    /// Returns whether no other strand runs before it ends.
    pub(crate) fn holds_others(&self) -> bool {
        match self {
            Self::Waiting(_)
            | Self::Loading(_)
            | Self::Querying(_)
            | Self::Queuing
            | Self::Committing => true,
            Self::Ready
            | Self::Calling(_)
            | Self::BackingOff(_)
            | Self::Sleeping { .. }
            | Self::Listening(_)
            | Self::Child(_)
            | Self::Joining(_) => false,
        }
    }

    /// Returns whether it ends soon, without anybody outside: the store answers, or others commit.
    pub(crate) fn is_short(&self) -> bool {
        match self {
            Self::Ready
            | Self::Loading(_)
            | Self::Querying(_)
            | Self::Queuing
            | Self::Committing => true,
            Self::Waiting(_)
            | Self::Calling(_)
            | Self::BackingOff(_)
            | Self::Sleeping { .. }
            | Self::Listening(_)
            | Self::Child(_)
            | Self::Joining(_) => false,
        }
    }

    /// Returns whether it may take long, so that a row must tell of it.
    pub(crate) fn may_last(&self) -> bool {
        match self {
            Self::Waiting(_)
            | Self::BackingOff(_)
            | Self::Sleeping { .. }
            | Self::Listening(_)
            | Self::Child(_) => true,
            Self::Ready
            | Self::Loading(_)
            | Self::Querying(_)
            | Self::Calling(_)
            | Self::Queuing
            | Self::Committing
            | Self::Joining(_) => false,
        }
    }

    /// Returns when it ends by itself. That of a wait for a lock is the instance's to know.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match self {
            Self::BackingOff(until) | Self::Sleeping { until, .. } => Some(*until),
            Self::Listening(listening) => listening.until,
            Self::Child(child) => child.until,
            Self::Ready
            | Self::Waiting(_)
            | Self::Loading(_)
            | Self::Querying(_)
            | Self::Calling(_)
            | Self::Queuing
            | Self::Committing
            | Self::Joining(_) => None,
        }
    }
}

impl Strand {
    /// Returns a strand at the given place that waits for nothing.
    pub(crate) fn new(position: Position, frames: Frames, names: Names) -> Self {
        Self {
            number: 0,
            forked_by: 0,
            position,
            frames,
            names,
            phase: Phase::Ready,
            phase_timer: None,
            call: 0,
            call_attempts: 0,
            now: None,
            arrived: None,
        }
    }

    /// Makes it ready to run on; what it waited for has come.
    pub(crate) fn wake(&mut self, arrived: Option<Arrived>, timers: &mut Timers) {
        self.disarm(timers);
        self.phase = Phase::Ready;
        self.arrived = arrived.map(Box::new);
    }

    /// Cancels the timer of what it waits for.
    pub(crate) fn disarm(&mut self, timers: &mut Timers) {
        if let Some(timer) = self.phase_timer.take() {
            timers.cancel(timer);
        }
    }
}
