//! An explanation: what an instance does and waits for, who keeps it, and what ends the wait; or how
//! it ended. Of a client's lock the same.

mod build;

use lockstep_core::Ticket;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

pub use self::build::{CallSince, LAST_ENTRIES, TaskKnown};
use crate::definition::Field;
use crate::failure::Failure;
use crate::journal::Entry;
use crate::lock::{HeldLock, Mode};
use crate::moment::Moment;
use crate::plain::Plain;

/// What there is to know of an instance, or of a client's lock.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Explanation {
    /// An unfinished instance.
    Running(Running),
    /// An unfinished instance that no engine can take up.
    Refused(Refused),
    /// An instance that ended well.
    Done(Ended),
    /// An instance that ended with an error.
    Failed(Ended),
    /// A lock that a client holds.
    Held(ClientHeld),
    /// A lock that a client waits for.
    Waiting(ClientWaiting),
    /// A lock that a client held.
    Ended(ClientEnded),
}

impl Explanation {
    /// Returns all of it in one or two sentences.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Running(it) => &it.sentence,
            Self::Refused(it) => &it.sentence,
            Self::Done(it) | Self::Failed(it) => &it.sentence,
            Self::Held(it) => &it.sentence,
            Self::Waiting(it) => &it.sentence,
            Self::Ended(it) => &it.sentence,
        }
    }
}

/// Values are passed on as text, which none of serde's own ways to read a tagged form can do.
impl<'de> Deserialize<'de> for Explanation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tag {
            status: String,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let text = text.get();
        let tag: Tag = serde_json::from_str(text).map_err(D::Error::custom)?;
        let read = match tag.status.as_str() {
            "running" => serde_json::from_str(text).map(Self::Running),
            "refused" => serde_json::from_str(text).map(Self::Refused),
            "done" => serde_json::from_str(text).map(Self::Done),
            "failed" => serde_json::from_str(text).map(Self::Failed),
            "held" => serde_json::from_str(text).map(Self::Held),
            "waiting" => serde_json::from_str(text).map(Self::Waiting),
            "ended" => serde_json::from_str(text).map(Self::Ended),
            other => return Err(D::Error::custom(format!("`{other}` is no status"))),
        };
        read.map_err(D::Error::custom)
    }
}

/// An unfinished instance, and those whom it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Running {
    /// The instance.
    #[serde(flatten)]
    pub it: Unfinished,
    /// Where the lock was written that it waits for.
    pub lock_place: Option<Place>,
    /// Those whom it waits for, and whom they wait for, nearest first; at most 20.
    pub chain: Vec<Unfinished>,
    /// Whether there are more.
    pub chain_is_cut: bool,
    /// Of when this is.
    pub as_of: Moment,
    /// All of it in one or two sentences.
    pub sentence: String,
}

/// What an unfinished instance does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unfinished {
    /// Its identity.
    pub instance: String,
    /// Its workflow.
    pub workflow: String,
    /// When it was started.
    pub started_at: Moment,
    /// Who started it.
    pub started_by: String,
    /// Its activity; null before the first and behind the last.
    pub activity: Option<String>,
    /// What its lines of execution do; one, unless steps run at once.
    pub doing: Vec<Doing>,
    /// The locks that it holds.
    pub holds: Vec<HeldLock>,
    /// Objects that it has changed and not committed.
    pub uncommitted: Vec<ObjectName>,
    /// The code of what it is about to fail with.
    pub failing: Option<String>,
}

/// An object, by its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectName {
    /// The entity.
    pub entity: String,
    /// The object's id.
    pub id: String,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// What one line of execution does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Doing {
    /// The step at which it is; null before the first.
    pub step: Option<Place>,
    /// What it waits for.
    #[serde(flatten)]
    pub what: Awaits,
}

/// What a line of execution waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "awaits", rename_all = "snake_case")]
pub enum Awaits {
    /// Nothing: it goes on at once when an engine runs.
    Nothing,
    /// A lock.
    Lock(LockWait),
    /// Objects that are being read.
    Objects {
        /// They.
        objects: Vec<String>,
    },
    /// The answer to a query.
    Query,
    /// An outside call.
    Call {
        /// Attempts so far, this one included.
        attempt: u32,
        /// Since when, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Moment>,
    },
    /// A worker, which is to do a task.
    Task(TaskWait),
    /// The end of a pause before the next attempt.
    Retry {
        /// When it ends.
        until: Moment,
    },
    /// The store's answer to a commit.
    Commit,
    /// A moment.
    Moment {
        /// Which one.
        until: Moment,
    },
    /// A signal, or the answers to a form.
    Signal {
        /// Its name.
        name: String,
        /// When the wait ends at the latest.
        until: Option<Moment>,
        /// What a person is asked, if it is a form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        form: Option<Vec<Field>>,
    },
    /// The end of another instance.
    Instance {
        /// The other one.
        instance: String,
        /// Its workflow, if that is known.
        workflow: Option<String>,
        /// When the wait ends at the latest.
        until: Option<Moment>,
    },
    /// The ends of steps that run at once.
    Steps,
}

/// A wait for a worker, which is to do a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskWait {
    /// Which workers can do it.
    pub kind: String,
    /// Attempts so far, this one included.
    pub attempt: u32,
    /// Since when it waits to be done, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// When the attempt ends at the latest, with the error `task.timeout`, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Who works on it, if a worker has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// When the lease of that worker ends, unless there is a heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Moment>,
    /// How many workers wait for tasks of its kind; only an engine at work knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<usize>,
    /// When a worker asked for tasks of its kind last, if one has and that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_asked: Option<Moment>,
}

/// A wait for a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LockWait {
    /// The keys, sorted.
    pub keys: Vec<String>,
    /// The expression that made them; null for a lock without context, and for a client's.
    pub context: Option<String>,
    /// Whether others may hold them at the same time.
    pub mode: Mode,
    /// Since when it waits.
    pub since: Moment,
    /// When its waiting timeout ends.
    pub waiting_timeout_at: Moment,
    /// Its place in the order in which locks were asked for.
    pub ticket: Ticket,
    /// Its priority.
    pub priority: i64,
    /// How many stand before it that want a key of it.
    pub ahead: usize,
    /// Who keeps it from being granted; at most 1,000.
    pub obstacles: Vec<Obstacle>,
    /// Whether there are more.
    #[serde(default, skip_serializing_if = "crate::lock::is_false")]
    pub obstacles_are_cut: bool,
}

/// Who keeps a wait for a lock from ending: an instance, or a client's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Obstacle {
    /// The key.
    pub key: String,
    /// The instance.
    pub instance: Option<String>,
    /// Its workflow.
    pub workflow: Option<String>,
    /// The identity of the client's lock.
    pub lock: Option<String>,
    /// Who says to be behind the client's lock.
    pub client: Option<String>,
    /// Whether it holds the key, or waits for it and goes first.
    pub holds: bool,
    /// Since when it holds it.
    pub since: Option<Moment>,
    /// When that ends at the latest.
    pub ends_at: Option<Moment>,
}

/// An unfinished instance that no engine can take up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Its identity.
    pub instance: String,
    /// Its workflow.
    pub workflow: String,
    /// When it was started.
    pub started_at: Moment,
    /// Who started it.
    pub started_by: String,
    /// Why it cannot go on.
    pub why: String,
    /// Of when this is.
    pub as_of: Moment,
    /// All of it in one or two sentences.
    pub sentence: String,
}

/// An instance that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are the names in JSON")]
pub struct Ended {
    /// Its identity.
    pub instance: String,
    /// Its workflow.
    pub workflow: String,
    /// When it was started.
    pub started_at: Moment,
    /// Who started it.
    pub started_by: String,
    /// When it ended.
    pub ended_at: Moment,
    /// Its output, if it ended well.
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
    /// Its error, if it ended with one.
    pub error: Option<Failure>,
    /// How many entries of its journal come before the last ones.
    pub earlier_entries: usize,
    /// The last entries of its journal.
    pub last_entries: Vec<Entry>,
    /// Of when this is.
    pub as_of: Moment,
    /// All of it in one or two sentences.
    pub sentence: String,
}

/// A lock that a client holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientHeld {
    /// Its identity.
    pub lock: String,
    /// The lock as it is held.
    #[serde(flatten)]
    pub held: HeldLock,
    /// Of when this is.
    pub as_of: Moment,
    /// All of it in one or two sentences.
    pub sentence: String,
}

/// A lock that a client waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientWaiting {
    /// Its identity.
    pub lock: String,
    /// Who says to want it.
    pub client: String,
    /// What for.
    pub note: String,
    /// The wait.
    #[serde(flatten)]
    pub wait: LockWait,
    /// Of when this is.
    pub as_of: Moment,
    /// All of it in one or two sentences.
    pub sentence: String,
}

/// A lock that a client held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientEnded {
    /// Its identity.
    pub lock: String,
    /// How many entries of its journal come before the last ones.
    pub earlier_entries: usize,
    /// The last entries of its journal.
    pub entries: Vec<Entry>,
    /// All of it in one or two sentences.
    pub sentence: String,
}
