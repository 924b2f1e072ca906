//! Explanations, made of what the core tells.

use std::sync::Arc;

use lockstep_core::explain::{self, Chain, ClientStage, ClientView};
use lockstep_core::transition::{InstanceRow, Status};
use lockstep_core::{CallId, InstanceId, Time};

use super::{
    Awaits, ClientEnded, ClientHeld, ClientWaiting, Doing, Ended, Explanation, LockWait,
    ObjectName, Obstacle, Place, Refused, Running, TaskWait, Unfinished,
};
use crate::definition::Field;
use crate::journal::{Activities, Entry};
use crate::lock::{HeldLock, either, owned, texts};
use crate::moment::Moment;
use crate::words;

/// Entries of the journal that are told of what has ended.
pub const LAST_ENTRIES: usize = 5;

/// Entries of the journal that are told of a client's lock that is not held any more.
const LAST_ENTRIES_OF_A_LOCK: usize = 100;

/// An outside call that has not come back: since when, and which attempt.
pub type CallSince = (Time, u32);

/// What an engine at work knows of a task.
#[derive(Clone, Debug, Default)]
pub struct TaskKnown {
    /// Since when it waits to be done, and when that ends at the latest.
    pub posted: Option<(Time, Time)>,
    /// Who works on it, and when the lease ends.
    pub leased: Option<(String, Time)>,
    /// How many workers wait for tasks of its kind.
    pub asking: usize,
    /// When a worker asked for tasks of its kind last.
    pub last_asked: Option<Time>,
}

impl Explanation {
    /// Explains an unfinished instance. `call` tells of an outside call of an instance that only
    /// seems to do nothing: what an engine that takes it up would do next is to make it again.
    /// `task` tells what an engine at work knows of a task, by its call and its kind.
    pub fn running(
        it: &explain::Explanation,
        chain: &Chain,
        call: impl Fn(InstanceId) -> Option<CallSince>,
        task: impl Fn(CallId, &Arc<str>) -> Option<TaskKnown>,
        now: Time,
    ) -> Self {
        let unfinished = |it: &explain::Explanation| Unfinished::of(it, call(it.instance), &task);
        let place = it.doing.iter().find_map(|doing| {
            let explain::Awaits::Lock(wait) = &doing.what else { return None };
            wait.place.as_ref()
        });
        let mut running = Running {
            lock_place: place.map(Place::from),
            it: unfinished(it),
            chain: chain.links.iter().map(unfinished).collect(),
            chain_is_cut: chain.is_cut,
            as_of: now.into(),
            sentence: String::new(),
        };
        running.sentence = words::sentence::running(&running);
        Self::Running(running)
    }

    /// Explains an unfinished instance that no engine can take up.
    pub fn refused(row: &InstanceRow, why: &str, now: Time) -> Self {
        let sentence = words::sentence::refused(&row.workflow, why);
        Self::Refused(Refused {
            instance: row.id.to_string(),
            workflow: row.workflow.to_string(),
            started_at: row.started_at.into(),
            started_by: row.started_by.to_string(),
            why: why.to_owned(),
            as_of: now.into(),
            sentence,
        })
    }

    /// Explains an instance that has ended; `None` of one that has not.
    pub fn ended(
        row: &InstanceRow,
        entries: &[lockstep_core::Entry],
        activities: &Activities,
        now: Time,
    ) -> Option<Self> {
        let (at, output, error) = match &row.status {
            Status::Running(_) => return None,
            Status::Done { at, output } => (*at, Some(output.into()), None),
            Status::Failed { at, failure } => (*at, None, Some(failure.into())),
        };
        let (earlier_entries, last_entries) = last(entries, LAST_ENTRIES, activities);
        let mut ended = Ended {
            instance: row.id.to_string(),
            workflow: row.workflow.to_string(),
            started_at: row.started_at.into(),
            started_by: row.started_by.to_string(),
            ended_at: at.into(),
            output,
            error,
            earlier_entries,
            last_entries,
            as_of: now.into(),
            sentence: String::new(),
        };
        ended.sentence = words::sentence::ended(&ended);
        Some(if ended.error.is_some() { Self::Failed(ended) } else { Self::Done(ended) })
    }

    /// Explains a client's lock that is held or waited for.
    pub fn client(view: &ClientView, now: Time) -> Self {
        let lock = view.lock.to_string();
        match &view.stage {
            ClientStage::Held(held) => {
                let mut held = ClientHeld {
                    lock,
                    held: HeldLock::from(held),
                    as_of: now.into(),
                    sentence: String::new(),
                };
                held.sentence = words::sentence::held(&held);
                Self::Held(held)
            }
            ClientStage::Waits(wait) => {
                let mut waiting = ClientWaiting {
                    lock,
                    client: view.owner.to_string(),
                    note: view.note.to_string(),
                    wait: LockWait::from(wait),
                    as_of: now.into(),
                    sentence: String::new(),
                };
                waiting.sentence = words::sentence::waiting(&waiting);
                Self::Waiting(waiting)
            }
        }
    }

    /// Explains a client's lock that is not held any more, by its journal.
    pub fn ended_client(lock: InstanceId, entries: &[lockstep_core::Entry]) -> Self {
        let none = Activities::default();
        let (earlier_entries, entries) = last(entries, LAST_ENTRIES_OF_A_LOCK, &none);
        let sentence = words::sentence::ENDED_CLIENT.to_owned();
        Self::Ended(ClientEnded { lock: lock.to_string(), earlier_entries, entries, sentence })
    }
}

/// Returns the last entries, and how many come before them.
fn last(
    entries: &[lockstep_core::Entry],
    most: usize,
    activities: &Activities,
) -> (usize, Vec<Entry>) {
    let first = entries.len().saturating_sub(most);
    (first, Entry::all(entries.get(first..).unwrap_or_default(), activities))
}

impl Unfinished {
    fn of(
        it: &explain::Explanation,
        call: Option<CallSince>,
        task: &impl Fn(CallId, &Arc<str>) -> Option<TaskKnown>,
    ) -> Self {
        let uncommitted = it.uncommitted.iter();
        let names = uncommitted
            .map(|key| ObjectName { entity: key.entity.to_string(), id: key.id.to_string() });
        Self {
            instance: it.instance.to_string(),
            workflow: it.workflow.to_string(),
            started_at: it.started_at.into(),
            started_by: it.started_by.to_string(),
            activity: owned(it.activity.as_ref()),
            doing: it.doing.iter().map(|doing| Doing::of(doing, call, task)).collect(),
            holds: it.held.iter().map(HeldLock::from).collect(),
            uncommitted: names.collect(),
            failing: owned(it.failing.as_ref()),
        }
    }
}

impl Doing {
    fn of(
        doing: &explain::Doing,
        call: Option<CallSince>,
        task: &impl Fn(CallId, &Arc<str>) -> Option<TaskKnown>,
    ) -> Self {
        let what = match (&doing.what, call, &doing.task) {
            (explain::Awaits::Call { attempt, call }, _, Some(step)) => {
                Awaits::Task(TaskWait::of(step, *attempt, task(*call, &step.kind)))
            }
            (explain::Awaits::Nothing, Some((since, attempt)), Some(step)) => {
                let (since, until) = (Some(Moment(since)), Some(since.after(step.timeout).into()));
                Awaits::Task(TaskWait { since, until, ..TaskWait::of(step, attempt, None) })
            }
            (explain::Awaits::Nothing, Some((since, attempt)), None) => {
                Awaits::Call { attempt, since: Some(since.into()) }
            }
            (what, _, _) => what.into(),
        };
        Self { step: doing.step.as_ref().map(Place::from), what }
    }
}

impl TaskWait {
    fn of(step: &explain::TaskStep, attempt: u32, known: Option<TaskKnown>) -> Self {
        let asking = known.as_ref().map(|known| known.asking);
        let TaskKnown { posted, leased, last_asked, .. } = known.unwrap_or_default();
        let (worker, lease_until) = leased.unzip();
        let (since, until) = posted.unzip();
        Self {
            kind: step.kind.to_string(),
            attempt,
            since: since.map(Moment),
            until: until.map(Moment),
            worker,
            lease_until: lease_until.map(Moment),
            asking,
            last_asked: last_asked.map(Moment),
        }
    }
}

impl From<&explain::Awaits> for Awaits {
    fn from(awaits: &explain::Awaits) -> Self {
        let moment = |until: &Option<Time>| until.map(Moment);
        match awaits {
            explain::Awaits::Nothing => Self::Nothing,
            explain::Awaits::Lock(wait) => Self::Lock(wait.into()),
            explain::Awaits::Objects(keys) => {
                Self::Objects { objects: keys.iter().map(ToString::to_string).collect() }
            }
            explain::Awaits::Query => Self::Query,
            explain::Awaits::Call { attempt, .. } => Self::Call { attempt: *attempt, since: None },
            explain::Awaits::Retry(until) => Self::Retry { until: Moment(*until) },
            explain::Awaits::Commit => Self::Commit,
            explain::Awaits::Moment(until) => Self::Moment { until: Moment(*until) },
            explain::Awaits::Signal { name, until, form } => Self::Signal {
                name: name.to_string(),
                until: moment(until),
                form: form.as_ref().map(|form| form.iter().map(Field::from).collect()),
            },
            explain::Awaits::Instance { instance, workflow, until } => Self::Instance {
                instance: instance.to_string(),
                workflow: owned(workflow.as_ref()),
                until: moment(until),
            },
            explain::Awaits::Steps => Self::Steps,
        }
    }
}

impl From<&explain::LockWait> for LockWait {
    fn from(wait: &explain::LockWait) -> Self {
        Self {
            keys: texts(&wait.keys),
            context: owned(wait.context.as_ref()),
            mode: wait.mode.into(),
            since: wait.since.into(),
            waiting_timeout_at: wait.until.into(),
            ticket: wait.ticket,
            priority: wait.priority,
            ahead: wait.ahead,
            obstacles: wait.obstacles.iter().map(Obstacle::from).collect(),
            obstacles_are_cut: wait.obstacles_are_cut,
        }
    }
}

impl From<&explain::Obstacle> for Obstacle {
    fn from(obstacle: &explain::Obstacle) -> Self {
        let (instance, lock) = either(obstacle.who, obstacle.client.is_some());
        let (since, until) =
            obstacle.held.map_or((None, None), |(since, until)| (Some(since), until));
        Self {
            key: obstacle.key.to_string(),
            instance,
            workflow: owned(obstacle.workflow.as_ref()),
            lock,
            client: owned(obstacle.client.as_ref()),
            holds: obstacle.held.is_some(),
            since: since.map(Moment),
            ends_at: until.map(Moment),
        }
    }
}

impl From<&lockstep_definition::Place> for Place {
    fn from(place: &lockstep_definition::Place) -> Self {
        Self { file: place.file.to_string(), line: place.line, column: place.column }
    }
}
