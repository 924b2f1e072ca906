//! A transition: all that one instance changes at one commit point, as plain data.
//!
//! The only thing that is ever written to a store. A batch of transitions is written in order; each
//! is committed or refused as a whole, on its own.
//!
//! Invariants:
//!
//! * `number` grows along the order of commits, within a batch and from batch to batch.
//! * Every object that a transition writes carries its `number` as stamp.
//! * The row of an instance stands in its last transition of a batch: it is the state after all of
//!   them. A transition that the store judges never shares a row with others.
//! * At the end of each batch the lock rows of an instance are the locks that its row lives under.
//!
//! Absent by design: encoded text (the store encodes only what it writes; of a thousand changes of
//! one object in a batch that is one).

use std::fmt;
use std::sync::Arc;

use lockstep_definition::LockMode;
use lockstep_expr::Value;

use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId, Ticket, TransitionNumber};
use crate::journal::Entry;
use crate::object::{Object, ObjectKey};
use crate::time::Time;

/// What one instance changes at one commit point.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Its place in the order of commits.
    pub number: TransitionNumber,
    /// Whose it is; `None` for an import or a write of objects.
    pub instance: Option<InstanceId>,
    /// The instance as it is from there on.
    pub row: Option<InstanceRow>,
    /// Entries to append to the instance's journal, oldest first.
    pub journal: Vec<Entry>,
    /// Changes of objects, applied one after another; one object may occur several times.
    pub objects: Vec<ObjectWrite>,
    /// Lock rows that must be there, each under this token; else the transition is refused.
    pub fences: Vec<(Arc<str>, FencingToken)>,
    /// Changes of lock rows, applied one after another.
    pub locks: Vec<LockWrite>,
    /// Changes of the parts of the instance's state, applied one after another.
    pub parts: Vec<PartWrite>,
    /// Instances that begin with it, because of what it changes. Later transitions of theirs may
    /// stand in the same batch.
    pub starts: Vec<Beginning>,
    /// Who decides whether it is committed.
    pub judge: Judge,
}

/// Who decides whether a transition is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The core has decided: it is the only writer of what the transition touches. A store that
    /// refuses it shows that this was not so, and the engine must stop.
    Core,
    /// The store decides: a unique constraint, or an object that another transition in the store's
    /// hands may be changing.
    Store,
}

/// The stored form of an instance.
#[derive(Clone, Debug)]
pub struct InstanceRow {
    /// Its identity.
    pub id: InstanceId,
    /// Name of its workflow.
    pub workflow: Arc<str>,
    /// Identity of the definitions that it runs on.
    pub definitions: Arc<str>,
    /// Its input, a map.
    pub input: Value,
    /// The part that holds the input, if one does: the row need not hold it then.
    pub input_part: Option<u32>,
    /// Who started it.
    pub started_by: Arc<str>,
    /// When it was started.
    pub started_at: Time,
    /// Place in the order of those that wait; 0 if it waits for no lock.
    pub ticket: Ticket,
    /// The key of its start, if it had one.
    pub start_key: Option<Arc<StartKey>>,
    /// How far it is.
    pub status: Status,
    /// The parts of its state, by number, in a row that a store has read; in one that is to be
    /// written there are none.
    pub parts: Vec<(u32, Arc<str>)>,
}

/// An instance that begins with a transition that is not its own.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The instance as it is from there on.
    pub row: InstanceRow,
    /// The first entries of its journal, oldest first.
    pub journal: Vec<Entry>,
}

/// Names a start, so that whoever asks for it again gets the same instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartKey {
    /// Unique among the starts of a store; 1 to 1,000 bytes. What a client has chosen stands behind
    /// the name of the client.
    pub key: Arc<str>,
    /// A digest of what was asked for: who comes with another one asks for something else.
    pub request: Arc<str>,
}

impl StartKey {
    /// What the keys of retries begin with. What a client has chosen stands behind a name.
    const RETRY: &str = "/retry/";

    /// Returns the key under which an instance is started anew.
    pub fn of_retry(instance: InstanceId) -> Self {
        let request = instance.to_string();
        Self { key: format!("{}{request}", Self::RETRY).into(), request: request.into() }
    }

    /// Returns the instance that is started anew under this key, if it is that of a retry.
    pub fn retry_of(&self) -> Option<InstanceId> {
        self.key.strip_prefix(Self::RETRY)?.parse().ok().map(InstanceId)
    }
}

/// How far an instance is.
#[derive(Clone, Debug)]
pub enum Status {
    /// Unfinished: the text is all that the core needs to take it up again.
    Running(Arc<str>),
    /// Ended well, with this output.
    Done {
        /// When.
        at: Time,
        /// Its output.
        output: Value,
    },
    /// Ended with an error.
    Failed {
        /// When.
        at: Time,
        /// The error.
        failure: Failure,
    },
}

/// One change of an object, and what it presumes.
#[derive(Clone, Debug)]
pub struct ObjectWrite {
    /// The object.
    pub key: ObjectKey,
    /// What must hold before.
    pub expected: Expected,
    /// What changes.
    pub change: Change,
    /// The unique keys of the object as it is from there on; those of its former state are dropped.
    /// `None` leaves them as they are (they do not change, or the entity has none).
    pub unique: Option<Vec<UniqueKey>>,
}

/// What a change presumes of the object before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is no such object.
    Absent,
    /// It was last written by this transition.
    Stamp(TransitionNumber),
}

/// What happens to an object.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is written.
    Put(Arc<Object>),
    /// It is deleted.
    Delete,
    /// Nothing: it was read for update, and must be as it was.
    Check,
}

/// Values that no two objects of an entity may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueKey {
    /// The attributes of the constraint, joined with commas.
    pub constraint: Arc<str>,
    /// Their values in canonical text.
    pub values: Arc<str>,
}

/// One change of the parts of an instance's state. What is large and does not change is written
/// once, as a part that the state names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartWrite {
    /// There is, from there on, this part.
    Put {
        /// Its number, unique within the instance.
        number: u32,
        /// The exact form of a value.
        text: Arc<str>,
    },
    /// The part is not needed any more.
    Delete {
        /// Its number.
        number: u32,
    },
}

/// One change of a lock row.
#[derive(Clone, Debug)]
pub enum LockWrite {
    /// The lock is held, from there on, by this holder.
    Put(LockRow),
    /// The lock is not held under this token any more. Nothing happens if it is not anyway.
    Delete {
        /// The lock key.
        key: Arc<str>,
        /// The token under which it was held.
        token: FencingToken,
    },
}

/// The stored form of a held lock. A key that several hold (shared, or a workflow and those that it
/// calls) has a row for each: key and token together are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRow {
    /// The lock key.
    pub key: Arc<str>,
    /// The fencing token of its grant.
    pub token: FencingToken,
    /// Whether others may hold it at the same time.
    pub mode: LockMode,
    /// Who holds it: an instance, or a client's lock.
    pub instance: InstanceId,
    /// Since when.
    pub since: Time,
    /// When its hold timeout, or time to live, ends.
    pub until: Time,
    /// What took it.
    pub origin: Origin,
}

/// What took a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The workflow of the instance, for as long as it runs.
    Workflow,
    /// The activity of the instance with this index, from 0.
    Activity(u32),
    /// Somebody outside.
    Client {
        /// Who it says it is.
        owner: Arc<str>,
        /// What for, for people; may be empty.
        note: Arc<str>,
        /// Under which name it was taken, if it was asked who it is.
        taker: Option<Arc<str>>,
    },
}

/// What became of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is durable.
    Committed,
    /// Nothing of it was written.
    Refused(Refusal),
}

/// Why a store refused a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An object is not as it was presumed to be.
    Conflict {
        /// The object.
        key: ObjectKey,
        /// Its version as it is; `None` if there is no such object.
        actual: Option<i64>,
    },
    /// Another object has the same values.
    Unique {
        /// The object that was to be written.
        key: ObjectKey,
        /// The constraint and the values.
        unique: UniqueKey,
        /// Id of the object that has them.
        other: Arc<str>,
    },
    /// A lock is not held under the token any more.
    Fenced {
        /// The lock key.
        key: Arc<str>,
        /// The token that is void.
        token: FencingToken,
        /// The greatest under which it is held; `None` if it is free.
        actual: Option<FencingToken>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { key, actual: Some(version) } => {
                write!(f, "{key} is at version {version}, written by another")
            }
            Self::Conflict { key, actual: None } => write!(f, "{key} is not there"),
            Self::Unique { key, unique, other } => {
                write!(f, "{key} has the same {} as {}/{other}", unique.constraint, key.entity)
            }
            Self::Fenced { key, .. } => write!(f, "the lock {key} is held under another token"),
        }
    }
}
