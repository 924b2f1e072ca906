//! The journal: an instance's history, for people.
//!
//! Invariants:
//!
//! * Entries are appended in the transition that makes what they tell durable; one that is refused
//!   leaves none.
//! * Nothing is decided from a journal: recovery reads the instance's state.
//!
//! Absent by design: inputs of outside calls and secrets.

use serde::{Deserialize, Serialize};

/// Something that happened to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Index of the activity, from 0.
    pub activity: u32,
    /// What happened.
    pub event: Happening,
}

/// What an [`Entry`] tells. Names of its fields are stable: journals are kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The instance began.
    Started,
    /// Whoever started it did so within a trace.
    Traced {
        /// The trace, and the span in it, in hexadecimal with a hyphen between them.
        parent: String,
    },
    /// It waits for a lock that another instance holds.
    LockWaited {
        /// The lock key.
        key: String,
        /// Who held it, if one did.
        holder: Option<String>,
    },
    /// It was granted a lock.
    LockGranted {
        /// The lock key.
        key: String,
        /// The fencing token.
        token: i64,
        /// How long it waited, in microseconds.
        waited: i64,
    },
    /// It lost a lock before it had released it.
    LockLost {
        /// The lock key.
        key: String,
        /// The token that is void from there on.
        token: i64,
    },
    /// It gave a lock back: for the time of a wait, or because its client did.
    LockReleased {
        /// The lock key.
        key: String,
    },
    /// Somebody took a lock away from it.
    LockBroken {
        /// The lock key.
        key: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A client asked for a lock. The journal of a client's lock begins with this.
    ClientAsked {
        /// The lock key.
        key: String,
        /// Who it says it is.
        owner: String,
        /// What for.
        note: String,
    },
    /// A client's lock lives on.
    LockRenewed {
        /// Until when, in microseconds since 1970.
        until: i64,
    },
    /// The activity was left out, or the workflow if its own lock was not free.
    Skipped,
    /// An outside call is about to be made.
    Called {
        /// The idempotency key.
        key: String,
        /// From 1.
        attempt: u32,
    },
    /// An outside call came back.
    Returned {
        /// The idempotency key.
        key: String,
        /// The error code, if it failed.
        error: Option<String>,
    },
    /// Changes were committed: the objects, each with its version, 0 for a deleted one.
    Committed(Vec<(String, i64)>),
    /// The activity runs again from its last commit, after this error.
    Retried {
        /// The error code.
        error: String,
    },
    /// The activity failed and an error handler took over.
    Caught {
        /// The error code.
        error: String,
    },
    /// A `log` step.
    Logged(String),
    /// It waits: for a signal, or a form if there is a title, or a moment.
    Waited {
        /// Name of the signal or form.
        signal: Option<String>,
        /// What people read above the form.
        title: Option<String>,
        /// When the wait ends at the latest, in microseconds since 1970.
        until: Option<i64>,
    },
    /// A signal came, and is kept.
    Signalled {
        /// Its name.
        name: String,
        /// Who sent it.
        by: String,
    },
    /// A `wait` step took a signal.
    SignalTaken {
        /// Its name.
        name: String,
        /// Who sent it.
        by: String,
    },
    /// Answers that came before the form was asked do not conform to its fields.
    SignalDropped {
        /// Its name.
        name: String,
        /// Who sent it.
        by: String,
        /// What is wrong.
        error: String,
    },
    /// It started another instance.
    ChildStarted {
        /// The other one.
        instance: String,
        /// Its workflow.
        workflow: String,
        /// Whether it waits for its end.
        awaited: bool,
    },
    /// An instance ended whose end it waited for.
    ChildEnded {
        /// The other one.
        instance: String,
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
    /// The instance was taken up again after a restart.
    Recovered,
    /// The instance ended well.
    Finished,
    /// The instance ended with this error.
    Failed {
        /// The error code.
        error: String,
        /// What people read.
        message: String,
    },
}

impl Happening {
    /// The names of all kinds.
    pub const NAMES: [&'static str; 27] = [
        "started",
        "lock_waited",
        "lock_granted",
        "lock_lost",
        "lock_released",
        "lock_broken",
        "client_asked",
        "lock_renewed",
        "traced",
        "skipped",
        "called",
        "returned",
        "committed",
        "retried",
        "caught",
        "logged",
        "waited",
        "signalled",
        "signal_taken",
        "signal_dropped",
        "child_started",
        "child_ended",
        "each_began",
        "parallel_began",
        "recovered",
        "finished",
        "failed",
    ];

    /// Returns the name of its kind, as it is written.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::LockWaited { .. } => "lock_waited",
            Self::LockGranted { .. } => "lock_granted",
            Self::LockLost { .. } => "lock_lost",
            Self::LockReleased { .. } => "lock_released",
            Self::LockBroken { .. } => "lock_broken",
            Self::ClientAsked { .. } => "client_asked",
            Self::LockRenewed { .. } => "lock_renewed",
            Self::Skipped => "skipped",
            Self::Traced { .. } => "traced",
            Self::Called { .. } => "called",
            Self::Returned { .. } => "returned",
            Self::Committed(_) => "committed",
            Self::Retried { .. } => "retried",
            Self::Caught { .. } => "caught",
            Self::Logged(_) => "logged",
            Self::Waited { .. } => "waited",
            Self::Signalled { .. } => "signalled",
            Self::SignalTaken { .. } => "signal_taken",
            Self::SignalDropped { .. } => "signal_dropped",
            Self::ChildStarted { .. } => "child_started",
            Self::ChildEnded { .. } => "child_ended",
            Self::EachBegan { .. } => "each_began",
            Self::ParallelBegan { .. } => "parallel_began",
            Self::Recovered => "recovered",
            Self::Finished => "finished",
            Self::Failed { .. } => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_it_is_written() {
        let key = || "k".to_owned();
        let cases = [
            Happening::Started,
            Happening::LockWaited { key: key(), holder: None },
            Happening::LockReleased { key: key() },
            Happening::Committed(Vec::new()),
            Happening::EachBegan { items: 1 },
        ];
        for case in cases {
            let written = serde_json::to_string(&case).unwrap();
            assert_eq!(written.split('"').nth(1), Some(case.name()));
            assert!(Happening::NAMES.contains(&case.name()));
        }
    }
}
