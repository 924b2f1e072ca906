//! Triggers: times and requests that start instances, as definitions say.
//!
//! Changes of objects start theirs in the core, together with the change.
//!
//! Invariants:
//!
//! * A time of a schedule, and a delivery to a webhook, has a start key of its own: whatever crashes,
//!   and however often it comes, it has one instance.
//! * What is started is durable before a schedule counts as handled up to there, and before a
//!   delivery is acknowledged.
//!
//! Absent by design: HTTP, which is the server's.

mod due;
mod schedules;
mod signature;
mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_core::{InstanceId, Time};
use lockstep_definition::{Definitions, Trigger, TriggerSource, Workflow};
use tokio::sync::watch;

use crate::runner::Runner;
pub(crate) use schedules::Watch;
pub use webhook::{Delivery, DeliveryError};

/// Definitions on which instances start.
pub(crate) type Published = Option<Arc<Definitions>>;

/// What a runner knows of its triggers.
#[derive(Debug)]
pub(crate) struct Triggers {
    published: watch::Sender<Published>,
    board: Board,
}

/// A trigger of a workflow, for people.
#[derive(Clone, Debug)]
pub struct TriggerView {
    /// The workflow that it starts.
    pub workflow: Arc<Workflow>,
    /// Which of its triggers, from 0.
    pub index: usize,
    /// How far its schedule is, if it has one that is watched.
    pub schedule: Option<ScheduleView>,
}

impl TriggerView {
    /// Returns the trigger.
    pub fn trigger(&self) -> Option<&Trigger> {
        self.workflow.triggers.get(self.index)
    }
}

/// How far a schedule is.
#[derive(Clone, Debug)]
pub struct ScheduleView {
    /// Up to when its times are handled.
    pub handled: Time,
    /// Its next time, if it has one.
    pub next: Option<Time>,
    /// The instance that it has started last, and for which time.
    pub last: Option<(Time, InstanceId)>,
    /// Why its last start was refused, if it was.
    pub refused: Option<String>,
}

/// Where the watch tells how far schedules are, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<Arc<str>, ScheduleView>>>);

impl Board {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, ScheduleView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Triggers {
    pub(crate) fn new() -> Self {
        Self { published: watch::Sender::new(None), board: Board::default() }
    }

    /// Takes note of new definitions.
    pub(crate) fn publish(&self, definitions: &Arc<Definitions>) {
        self.published.send_replace(Some(Arc::clone(definitions)));
    }

    /// Returns what the watch over schedules listens to, and where it tells.
    pub(crate) fn watched(&self) -> (watch::Receiver<Published>, Board) {
        (self.published.subscribe(), self.board.clone())
    }

    fn definitions(&self) -> Published {
        self.published.borrow().clone()
    }
}

impl Runner {
    /// Returns the triggers of the published definitions, by workflow and place.
    pub fn triggers(&self) -> Vec<TriggerView> {
        let Some(definitions) = self.triggers.definitions() else { return Vec::new() };
        let board = self.triggers.board.all();
        let mut names = Names::default();
        let mut views = Vec::new();
        for workflow in definitions.workflows.values() {
            for (index, trigger) in workflow.triggers.iter().enumerate() {
                let name = names.of(workflow, &trigger.source);
                let schedule = name.and_then(|name| board.get(&name).cloned());
                views.push(TriggerView { workflow: Arc::clone(workflow), index, schedule });
            }
        }
        views
    }
}

/// Gives schedules their names.
///
/// A name is made of what the schedule says, not of its place among others: who moves it, or adds
/// another one before it, does not begin it anew; who changes its times does.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    /// Returns the name of a schedule; `None` for other triggers.
    fn of(&mut self, workflow: &Workflow, source: &TriggerSource) -> Option<Arc<str>> {
        let TriggerSource::Schedule { cron, time_zone, .. } = source else { return None };
        let cron: Vec<&str> = cron.split_whitespace().collect();
        let name = format!("{SCHEDULES}{}/{time_zone}/{}", workflow.name, cron.join(" "));
        let count = self.0.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        Some(match *count {
            1 => name.into(),
            more => format!("{name} ({more})").into(),
        })
    }
}

/// Begins the names of schedules, and so their start keys. No key that a client chooses begins so:
/// the name of the client stands before it.
const SCHEDULES: &str = "/schedule/";
