//! One instance: where it is, what it knows, what it holds.
//!
//! An instance runs until it must wait; then the [`Phase`] of its strand says for what. While it
//! runs it changes nothing but itself and the [`World`](crate::world::World) that it is handed.
//!
//! Invariants:
//!
//! * A savepoint is a state to which everything uncommitted since then can be undone: position,
//!   names, unit of work.
//! * `unit_start` is where the present unit of work began; `activity_start` is not before it.
//! * A held lock is in `held` and in the lock table under the same token, or in neither.

pub(crate) mod collected;
pub(crate) mod frames;
pub(crate) mod inbox;
pub(crate) mod names;
pub(crate) mod parts;
pub(crate) mod seldom;
pub(crate) mod state;
pub(crate) mod strand;

use std::sync::Arc;

use lockstep_definition::{Activity, Definitions, Handler, LockMode, Step, Workflow};
use lockstep_expr::Value;

use crate::commit::Judged;
use crate::event::Reader;
use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId, TransitionNumber};
use crate::journal::{Entry, Happening};
use crate::object::ObjectKey;
use crate::time::Time;
use crate::timer::TimerKey;
use crate::transition::{Origin, StartKey};
use crate::trigger::ChangeTriggers;
use crate::unit_of_work::UnitOfWork;
use frames::Frames;
use seldom::Seldom;
pub(crate) use strand::{Arrived, Phase, Strand};

/// Definitions that are published, with what is computed from them once.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) id: Arc<str>,
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) config: Value,
    pub(crate) change_triggers: ChangeTriggers,
}

/// One execution of a workflow.
///
/// Hundreds of thousands may wait at once: what is seldom there is boxed.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    pub(crate) published: Arc<Published>,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) input: Value,
    pub(crate) started_by: Arc<str>,
    pub(crate) started_at: Time,
    pub(crate) start_key: Option<Arc<StartKey>>,

    /// The one that runs, or was the last to run.
    pub(crate) strand: Strand,
    pub(crate) unit: UnitOfWork,
    pub(crate) activity_start: Arc<Savepoint>,
    pub(crate) unit_start: Arc<Savepoint>,
    /// In the order in which they were taken.
    pub(crate) held: Vec<Held>,
    /// How many of them were taken before the present activity.
    pub(crate) entered_with: usize,

    /// Outside calls made so far; numbers their idempotency keys.
    pub(crate) calls: u32,
    /// Objects made so far; numbers their ids.
    pub(crate) created: u32,
    /// Attempts of the present activity that failed.
    pub(crate) activity_attempts: u32,
    /// When the present activity began to work, if it has a timeout: when it ends.
    pub(crate) activity_until: Option<Time>,
    /// What the catch steps handle.
    pub(crate) error: Option<Arc<Failure>>,
    /// Since when it waits for a lock.
    pub(crate) waiting_since: Option<Time>,
    /// How long the lock of the present activity was waited for, in microseconds.
    pub(crate) waited: i64,
    /// The object and state of it at which the last commit failed, to see whether a retry helps.
    pub(crate) last_conflict: Option<Box<(ObjectKey, TransitionNumber)>>,
    /// What it is to fail with at its next move.
    pub(crate) failed: Option<Box<Failure>>,
    /// The commit that the store is judging.
    pub(crate) judged: Option<Box<Judged>>,
    /// Conflicts since the last commit.
    pub(crate) conflicts: u32,
    pub(crate) activity_timer: Option<TimerKey>,
    pub(crate) seldom: Option<Box<Seldom>>,
    /// Whether it was told that it is durable, or is being told with the batch that makes it so.
    pub(crate) accepted: bool,
    /// Entries that no transition carries yet.
    pub(crate) journal: Vec<Entry>,
}

/// Where an instance is in its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Index of the activity, from 0; that after the last one is the end of the workflow.
    pub(crate) activity: usize,
    /// Which steps: those of the activity, or of one of its catches.
    pub(crate) block: Block,
    /// How far within the activity.
    pub(crate) stage: Stage,
}

/// A list of steps of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// The activity's own.
    Steps,
    /// Those of the catch with this index.
    Catch(usize),
}

/// How far an instance is within an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the lock of the workflow.
    Begin,
    /// Before the lock; the step with which to begin under it.
    Enter(usize),
    /// Before the step with this index; behind the last one, before the commit.
    Step(usize),
}

impl Position {
    /// Returns the beginning of an activity.
    pub(crate) fn of_activity(activity: usize) -> Self {
        Self { activity, block: Block::Steps, stage: Stage::Enter(0) }
    }
}

/// A state to which an instance can return.
#[derive(Clone, Debug)]
pub(crate) struct Savepoint {
    pub(crate) position: Position,
    pub(crate) names: Names,
    pub(crate) frames: Frames,
    pub(crate) unit: UnitOfWork,
    /// Outside calls made before it.
    pub(crate) calls: u32,
    /// Signals taken before it, of those that can be given back.
    pub(crate) taken: usize,
}

/// A lock that an instance holds: one or several keys under one token.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) keys: Arc<[Arc<str>]>,
    pub(crate) token: FencingToken,
    pub(crate) mode: LockMode,
    pub(crate) since: Time,
    pub(crate) until: Time,
    /// What it was taken for.
    pub(crate) origin: Origin,
    /// Whether a row tells of it, or is in the hands of the store.
    pub(crate) row: bool,
    pub(crate) timer: Option<TimerKey>,
}

/// Bound names and their values. Copied on the first change after a savepoint took hold of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Option<Arc<Bindings>>);

type Bindings = Vec<(Arc<str>, Value)>;

impl Names {
    pub(crate) fn from_vec(names: Bindings) -> Self {
        Self((!names.is_empty()).then(|| Arc::new(names)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Arc<str>, Value)> {
        self.0.iter().flat_map(|names| names.iter())
    }

    /// Returns whether both are one and the same, without looking at the values.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(bound, _)| **bound == *name).map(|(_, value)| value)
    }

    pub(crate) fn bind(&mut self, name: &Arc<str>, value: Value) {
        let names = Arc::make_mut(self.0.get_or_insert_default());
        match names.iter_mut().find(|(bound, _)| bound == name) {
            Some((_, present)) => *present = value,
            None => names.push((Arc::clone(name), value)),
        }
    }
}

impl Instance {
    /// Returns the activity in which the instance is; `None` at the end of the workflow.
    ///
    /// The workflow is passed apart, so that the instance can be changed meanwhile.
    pub(crate) fn activity(workflow: &Workflow, position: Position) -> Option<&Activity> {
        workflow.activities.get(position.activity)
    }

    /// Returns the steps among which the instance is.
    pub(crate) fn steps(activity: &Activity, block: Block) -> &[Step] {
        match block {
            Block::Steps => &activity.steps,
            Block::Catch(index) => match activity.catch.get(index).map(|catch| &catch.handler) {
                Some(Handler::Steps(steps)) => steps,
                Some(Handler::Goto(_)) | None => &[],
            },
        }
    }

    /// Returns an instance at the beginning of its workflow.
    pub(crate) fn new(
        id: InstanceId,
        published: Arc<Published>,
        workflow: Arc<Workflow>,
        input: Value,
        started_by: Arc<str>,
        started_at: Time,
    ) -> Self {
        let begin = Position { stage: Stage::Begin, ..Position::of_activity(0) };
        let has_lock = workflow.exclusive_lock.is_some();
        let position = if has_lock { begin } else { Position::of_activity(0) };
        let strand = Strand::new(position, Frames::default(), Names::default());
        let start = Arc::new(Savepoint {
            position,
            names: strand.names.clone(),
            frames: Frames::default(),
            unit: UnitOfWork::default(),
            calls: 0,
            taken: 0,
        });
        Self {
            id,
            published,
            workflow,
            input,
            started_by,
            started_at,
            start_key: None,
            strand,
            unit: UnitOfWork::default(),
            activity_start: Arc::clone(&start),
            unit_start: start,
            held: Vec::new(),
            entered_with: 0,
            calls: 0,
            created: 0,
            activity_attempts: 0,
            activity_until: None,
            error: None,
            waiting_since: None,
            waited: 0,
            last_conflict: None,
            failed: None,
            judged: None,
            conflicts: 0,
            activity_timer: None,
            seldom: None,
            accepted: false,
            journal: Vec::new(),
        }
    }

    /// Returns who asks for what it reads now.
    pub(crate) fn reader(&self) -> Reader {
        Reader { instance: self.id, activity: self.strand.position.activity }
    }

    /// Notes something in the journal.
    pub(crate) fn note(&mut self, now: Time, event: Happening) {
        let activity = u32::try_from(self.strand.position.activity).unwrap_or(u32::MAX);
        self.journal.push(Entry { at: now.0, activity, event });
    }

    /// Lets the instance fail at its next move. Of several reasons a cancel goes before a lost lock,
    /// which drops more than others do, and that before what came first.
    pub(crate) fn fail_with(&mut self, failure: Failure) {
        let rank = |code: &str| match code {
            "cancelled" => 2,
            "lock.lost" => 1,
            _ => 0,
        };
        let outranked =
            self.failed.as_ref().is_none_or(|present| rank(&present.code) < rank(&failure.code));
        if outranked {
            self.failed = Some(Box::new(failure));
        }
    }

    /// Returns the present state as a savepoint.
    pub(crate) fn savepoint(&self) -> Arc<Savepoint> {
        Arc::new(Savepoint {
            position: self.strand.position,
            names: self.strand.names.clone(),
            frames: self.strand.frames.clone(),
            unit: self.unit.clone(),
            calls: self.calls,
            taken: self.seldom.as_ref().map_or(0, |seldom| seldom.inbox.taken.len()),
        })
    }

    /// Moves the journal's entries behind those of a transition. An instance that waits keeps no
    /// room for them.
    pub(crate) fn hand_over_journal(&mut self, to: &mut Vec<Entry>) {
        let entries = std::mem::take(&mut self.journal);
        if to.is_empty() {
            *to = entries;
        } else {
            to.extend(entries);
        }
    }

    /// Returns whether something outside was called since a savepoint.
    pub(crate) fn has_called_since(&self, savepoint: &Savepoint) -> bool {
        self.calls > savepoint.calls
    }
}
