//! Explanations: what an instance waits for, who holds which lock, and what will end the wait.
//!
//! Invariants:
//!
//! * All is read off the present state; nothing is kept for it, and nothing changes.
//!
//! Absent by design: sentences. Whoever shows an explanation words it.

mod chain;
mod lock_view;

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{ExclusiveLock, Input, LockMode, Operation, Place, Step, Wait};

pub use self::chain::{Chain, MAX_LINKS};
pub use self::lock_view::{
    ClientStage, ClientView, LockHolder, LockMark, LockOrder, LockPage, LockView, LockWaiter,
};

use crate::engine::Engine;
use crate::event::CallId;
use crate::id::{FencingToken, InstanceId, Ticket};
use crate::instance::{Held, Instance, Phase, Strand};
use crate::lock::ObstacleKind;
pub use crate::lock::WaiterMark;
use crate::object::ObjectKey;
use crate::step::call::DEFAULT_TIMEOUT;
use crate::time::Time;
use crate::transition::Origin;

/// Most of those who keep a wait from ending that are told.
pub const MAX_OBSTACLES: usize = 1000;

/// Where an unfinished instance is, and what for.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The instance.
    pub instance: InstanceId,
    /// Its workflow.
    pub workflow: Arc<str>,
    /// Since when it runs.
    pub started_at: Time,
    /// Who started it.
    pub started_by: Arc<str>,
    /// Its activity; `None` before the first and behind the last.
    pub activity: Option<Arc<str>>,
    /// The locks that it holds.
    pub held: Vec<HeldLock>,
    /// What its lines of execution do; one, unless steps run at once.
    pub doing: Vec<Doing>,
    /// Objects that it has changed and not committed.
    pub uncommitted: Vec<ObjectKey>,
    /// What it is about to fail with, as soon as the store has answered.
    pub failing: Option<Arc<str>>,
}

/// A lock that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The keys, sorted.
    pub keys: Arc<[Arc<str>]>,
    /// The expression that made them; `None` for a lock without context, and for a client's.
    pub context: Option<Arc<str>>,
    /// The fencing token.
    pub token: FencingToken,
    /// Whether others may hold the keys at the same time.
    pub mode: LockMode,
    /// Since when.
    pub since: Time,
    /// When its hold timeout ends.
    pub until: Time,
    /// What took it.
    pub origin: Origin,
}

/// What one line of execution of an instance does.
#[derive(Clone, Debug)]
pub struct Doing {
    /// The step at which it is; `None` before the first.
    pub step: Option<Place>,
    /// The task that the step hands to a worker, if it is such a step.
    pub task: Option<TaskStep>,
    /// What it waits for.
    pub what: Awaits,
}

/// What a step hands to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStep {
    /// Which workers can do it.
    pub kind: Arc<str>,
    /// Longest duration of an attempt.
    pub timeout: Duration,
}

impl TaskStep {
    fn of(step: &Step) -> Option<Self> {
        let Operation::Task { kind, .. } = &step.operation else { return None };
        let timeout = step.timeout.unwrap_or(DEFAULT_TIMEOUT);
        Some(Self { kind: Arc::clone(kind), timeout })
    }
}

/// What a line of execution waits for.
#[derive(Clone, Debug)]
pub enum Awaits {
    /// Nothing: it goes on at once when the engine runs.
    Nothing,
    /// A lock.
    Lock(LockWait),
    /// Objects that are being read.
    Objects(Vec<ObjectKey>),
    /// The answer to a query.
    Query,
    /// An outside call.
    Call {
        /// Attempts so far, this one included.
        attempt: u32,
        /// The call, as the driver was told it.
        call: CallId,
    },
    /// The end of a pause before the next attempt.
    Retry(Time),
    /// Its turn to commit, or the store's judgement of its commit.
    Commit,
    /// A moment.
    Moment(Time),
    /// A signal, or the answers to a form.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// When the wait ends at the latest.
        until: Option<Time>,
        /// What a person is asked, if it is a form.
        form: Option<Vec<Input>>,
    },
    /// The end of another instance.
    Instance {
        /// The other one.
        instance: InstanceId,
        /// Its workflow; `None` if it is not known any more.
        workflow: Option<Arc<str>>,
        /// When the wait ends at the latest.
        until: Option<Time>,
    },
    /// The ends of steps that run at once.
    Steps,
}

/// A wait for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockWait {
    /// The keys, sorted.
    pub keys: Arc<[Arc<str>]>,
    /// The expression that made them; `None` for a lock without context.
    pub context: Option<Arc<str>>,
    /// Whether others may hold the keys at the same time.
    pub mode: LockMode,
    /// Since when.
    pub since: Time,
    /// When the waiting timeout ends.
    pub until: Time,
    /// Its place in the order in which locks were asked for.
    pub ticket: Ticket,
    /// Its priority.
    pub priority: i64,
    /// How many stand before it that want a key of it.
    pub ahead: usize,
    /// Who keeps it from being granted; the first [`MAX_OBSTACLES`].
    pub obstacles: Vec<Obstacle>,
    /// Whether there are more of them.
    pub obstacles_are_cut: bool,
    /// Where the lock was written; `None` for a client's.
    pub place: Option<Place>,
}

/// Who keeps a wait for a lock from ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The key.
    pub key: Arc<str>,
    /// Who holds it, or waits for it and goes first.
    pub who: InstanceId,
    /// Its workflow; `None` for a client's lock.
    pub workflow: Option<Arc<str>>,
    /// Who says to be behind it, if it is a client's lock.
    pub client: Option<Arc<str>>,
    /// Since when it is held, and when that ends at the latest; `None` if it waits, too.
    pub held: Option<(Time, Option<Time>)>,
}

/// Returns what the form asks at which an instance is.
fn asked(instance: &Instance, strand: &Strand) -> Option<Vec<Input>> {
    let activity = Instance::activity(&instance.workflow, strand.position)?;
    let step = Instance::step_of(activity, strand)?;
    let Operation::Wait(Wait::Form(form)) = &step.operation else { return None };
    Some(form.fields.clone())
}

impl Engine {
    /// Returns what an unfinished instance does, and what it waits for; `None` if there is none.
    pub fn explain(&self, instance: InstanceId) -> Option<Explanation> {
        let instance = self.instances.get(&instance)?;
        let activity = Instance::activity(&instance.workflow, instance.strand.position);
        let doing = instance.strands().map(|strand| {
            let step = activity.and_then(|activity| Instance::step_of(activity, strand));
            Doing {
                step: step.map(|step| step.place.clone()),
                task: step.and_then(TaskStep::of),
                what: self.awaits(instance, strand),
            }
        });
        let changed = instance.unit.iter().filter(|(_, entry)| entry.is_change());
        Some(Explanation {
            instance: instance.id,
            workflow: Arc::clone(&instance.workflow.name),
            started_at: instance.started_at,
            started_by: Arc::clone(&instance.started_by),
            activity: activity.map(|activity| Arc::clone(&activity.name)),
            held: instance.held.iter().map(|held| held_lock(instance, held)).collect(),
            doing: doing.collect(),
            uncommitted: changed.map(|(key, _)| key.clone()).collect(),
            failing: instance.failed.as_ref().map(|failure| Arc::clone(&failure.code)),
        })
    }

    /// Returns the identities of all unfinished instances, sorted.
    pub fn unfinished_instances(&self) -> Vec<InstanceId> {
        let mut all: Vec<InstanceId> = self.instances.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Returns the wait of an instance, or of a client, for a lock; `None` if it does not wait.
    fn lock_wait(&self, who: InstanceId, since: Time, until: Time) -> Option<LockWait> {
        let locks = &self.world.locks;
        let (wish, ticket) = (locks.wish_of(who)?, locks.ticket_of(who)?);
        let lock = self.instances.get(&who).and_then(|instance| instance.present_lock());
        let mut obstacles = self.obstacles(who);
        let obstacles_are_cut = obstacles.len() > MAX_OBSTACLES;
        obstacles.truncate(MAX_OBSTACLES);
        Some(LockWait {
            keys: Arc::clone(&wish.keys),
            context: lock.and_then(context),
            mode: wish.mode,
            since,
            until,
            ticket,
            priority: wish.priority,
            ahead: locks.ahead(who),
            obstacles,
            obstacles_are_cut,
            place: lock.map(|lock| lock.place.clone()),
        })
    }

    fn awaits(&self, instance: &Instance, strand: &Strand) -> Awaits {
        match &strand.phase {
            Phase::Ready => Awaits::Nothing,
            Phase::Waiting(_) => {
                let (since, until) = (instance.waiting_since(), instance.waiting_deadline());
                self.lock_wait(instance.id, since, until).map_or(Awaits::Nothing, Awaits::Lock)
            }
            Phase::Loading(keys) => Awaits::Objects(keys.clone()),
            Phase::Querying(_) => Awaits::Query,
            Phase::Calling(call) => Awaits::Call { attempt: strand.call_attempts, call: *call },
            Phase::BackingOff(until) => Awaits::Retry(*until),
            Phase::Queuing | Phase::Committing => Awaits::Commit,
            Phase::Sleeping { until, .. } => Awaits::Moment(*until),
            Phase::Listening(to) => Awaits::Signal {
                name: Arc::clone(&to.name),
                until: to.until,
                form: asked(instance, strand),
            },
            Phase::Child(child) => Awaits::Instance {
                instance: child.id,
                workflow: self.workflow_of(child.id),
                until: child.until,
            },
            Phase::Joining(_) => Awaits::Steps,
        }
    }

    /// Returns who keeps a wait from ending, at most one more than are told.
    fn obstacles(&self, waiter: InstanceId) -> Vec<Obstacle> {
        let told = |obstacle: crate::lock::Obstacle| {
            let (who, held) = match obstacle.by {
                ObstacleKind::Held(hold) => {
                    let until = self.lock_holder(&hold).map(|holder| holder.lock.until);
                    (hold.owner, Some((hold.since, until)))
                }
                ObstacleKind::Behind { owner, .. } => (owner, None),
            };
            let (workflow, client) = (self.workflow_of(who), self.world.clients.owner(who));
            Obstacle { key: obstacle.key, who, workflow, client, held }
        };
        let obstacles = self.world.locks.obstacles(waiter, MAX_OBSTACLES + 1);
        obstacles.into_iter().map(told).collect()
    }
}

fn held_lock(instance: &Instance, held: &Held) -> HeldLock {
    let lock = match held.origin {
        Origin::Workflow => instance.workflow.exclusive_lock.as_ref(),
        Origin::Activity(index) => {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            instance.workflow.activities.get(index).and_then(|it| it.exclusive_lock.as_ref())
        }
        Origin::Client { .. } => None,
    };
    HeldLock {
        keys: Arc::clone(&held.keys),
        context: lock.and_then(context),
        token: held.token,
        mode: held.mode,
        since: held.since,
        until: held.until,
        origin: held.origin.clone(),
    }
}

/// Returns the text of a lock's context.
fn context(lock: &ExclusiveLock) -> Option<Arc<str>> {
    lock.context.as_ref().map(|context| context.text().into())
}
