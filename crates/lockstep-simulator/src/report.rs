//! What happened in a simulation.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{CallTarget, Failure, FencingToken, InstanceId, ObjectKey, Time};
use lockstep_expr::Value;

/// How a simulation went.
#[derive(Debug)]
pub struct Report {
    /// Name of the workflow.
    pub workflow: Arc<str>,
    /// When it began, on the virtual clock.
    pub began: Time,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The output, or the error.
    pub ending: Result<Value, Failure>,
    /// How long it took, on the virtual clock.
    pub elapsed: Duration,
}

impl Report {
    /// Returns how many outside calls and waits for signals were answered without a mock.
    pub fn assumed(&self) -> usize {
        let assumed = |event: &&Event| {
            matches!(
                event.what,
                Happened::Called { assumed: true, .. } | Happened::Signalled { assumed: true, .. }
            )
        };
        self.events.iter().filter(assumed).count()
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, on the virtual clock.
    pub at: Time,
    /// To which instance; a read for several is that of the first that asked.
    pub instance: InstanceId,
    /// Name of its workflow, if another instance started it.
    pub workflow: Option<Arc<str>>,
    /// Name of the activity; `None` before the first and behind the last.
    pub activity: Option<Arc<str>>,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The activity was left out.
    Skipped,
    /// It waits for a lock.
    LockWaited {
        /// The expression; `None` for a lock without context.
        context: Option<String>,
        /// What it came to.
        key: String,
    },
    /// It was granted a lock.
    LockGranted {
        /// The expression; `None` for a lock without context.
        context: Option<String>,
        /// What it came to.
        key: String,
        /// The fencing token.
        token: FencingToken,
        /// How long it waited.
        waited: Duration,
    },
    /// It lost a lock before it had released it.
    LockLost {
        /// The lock key.
        key: String,
    },
    /// It gave a lock back for the time of a wait.
    LockReleased {
        /// The lock key.
        key: String,
    },
    /// An object was read.
    Read {
        /// Which one.
        key: ObjectKey,
        /// Its version; `None` if there is no such object.
        version: Option<i64>,
    },
    /// All objects of an entity were read.
    Queried {
        /// The entity.
        entity: Arc<str>,
        /// How many there are.
        count: usize,
    },
    /// An outside call would be made.
    Called {
        /// What would be called.
        target: CallTarget,
        /// From 1.
        attempt: u32,
        /// What it is answered with.
        answer: Result<Value, Failure>,
        /// How long the answer takes.
        takes: Duration,
        /// Whether no mock fits, so that the answer is made up.
        assumed: bool,
    },
    /// An outside call that was not answered yet is given up.
    CallEnded,
    /// Changes would be committed.
    Committed(Vec<Write>),
    /// The store would refuse changes, for this reason.
    Refused(String),
    /// The activity runs again from its last commit.
    Retried {
        /// The error code.
        error: String,
    },
    /// An error handler took over.
    Caught {
        /// The error code.
        error: String,
    },
    /// A `log` step.
    Logged(String),
    /// It would wait.
    Waits {
        /// For a signal, or answers to a form.
        signal: Option<String>,
        /// What people would read above the form.
        title: Option<String>,
        /// How long at most.
        limit: Option<Duration>,
    },
    /// A signal comes that it waits for.
    Signalled {
        /// Its name.
        name: String,
        /// What it says.
        payload: Value,
        /// Whether no mock fits, so that it is made up.
        assumed: bool,
    },
    /// A signal came that does not conform to the form.
    SignalDropped {
        /// Its name.
        name: String,
        /// Why.
        error: String,
    },
    /// Another instance begins.
    ChildStarted {
        /// Its workflow.
        workflow: String,
        /// Whether it waits for the end of it.
        awaited: bool,
    },
    /// An instance ended that it waited for.
    ChildEnded {
        /// The error code, if it failed.
        error: Option<String>,
    },
    /// A `for_each` begins.
    EachBegan {
        /// How many items there are.
        items: u32,
    },
    /// A `parallel` begins.
    ParallelBegan {
        /// Names of its branches.
        branches: Vec<String>,
    },
}

/// A change of one object.
#[derive(Clone, Debug)]
pub struct Write {
    /// The object.
    pub key: ObjectKey,
    /// Its version before; `None` if it did not exist.
    pub before: Option<i64>,
    /// Its version from there on; `None` if it is deleted.
    pub after: Option<i64>,
    /// Attributes that changed: name, value before (`None` at creation), value from there on (`None`
    /// at deletion).
    pub changed: Vec<(Arc<str>, Option<Value>, Option<Value>)>,
}
