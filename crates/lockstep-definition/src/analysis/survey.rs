//! What several checks want to know of one workflow, looked up once.

use std::sync::Arc;

use crate::workflow::{
    Activity, AutoCommit, ChildMode, ExclusiveLock, Goto, OnBusy, Operation, Step, Workflow,
};

use super::held::{Held, held};
use super::key::{Key, keys};
use super::names::Names;
use super::walk::{self, Walked};

/// What of a workflow takes a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The workflow itself, from before its first activity to its end.
    Workflow,
    /// The activity of this number.
    Activity(usize),
}

/// A workflow and what follows from its text.
#[derive(Debug)]
pub(crate) struct Survey<'w> {
    pub(crate) workflow: &'w Workflow,
    /// All steps of each activity, those of its catches not among them.
    pub(crate) steps: Vec<Vec<Walked<'w>>>,
    /// What names are bound to.
    pub(crate) names: Names<'w>,
    /// Locks that are held when an activity begins, by activity.
    pub(crate) held: Vec<Held>,
    /// Keys that the workflow itself locks.
    own_keys: Vec<Key>,
    /// Keys that each activity locks.
    keys: Vec<Vec<Key>>,
    /// Whether every instance that does not fail comes to an activity.
    always: Vec<bool>,
}

impl<'w> Survey<'w> {
    pub(crate) fn new(workflow: &'w Workflow) -> Self {
        let steps: Vec<Vec<Walked<'w>>> =
            workflow.activities.iter().map(|activity| walk::all(&activity.steps)).collect();
        let names = Names::of(workflow, &steps);
        let held = held(workflow, &steps);
        let own_keys = keys(workflow, None, &names);
        let keys = workflow.activities.iter().map(|a| keys(workflow, Some(a), &names)).collect();
        let always = always_reached(workflow, &steps);
        Self { workflow, steps, names, held, own_keys, keys, always }
    }

    /// The activities with their numbers and all of their steps.
    pub(crate) fn activities(&self) -> impl Iterator<Item = (usize, &'w Activity, &[Walked<'w>])> {
        self.workflow
            .activities
            .iter()
            .zip(&self.steps)
            .enumerate()
            .map(|(number, (activity, steps))| (number, activity, steps.as_slice()))
    }

    pub(crate) fn activity(&self, number: usize) -> Option<&'w Activity> {
        self.workflow.activities.get(number)
    }

    pub(crate) fn lock(&self, owner: Owner) -> Option<&'w ExclusiveLock> {
        match owner {
            Owner::Workflow => self.workflow.exclusive_lock.as_ref(),
            Owner::Activity(number) => self.activity(number)?.exclusive_lock.as_ref(),
        }
    }

    /// All that have a lock, in the order of the text.
    pub(crate) fn owners(&self) -> impl Iterator<Item = (Owner, &'w ExclusiveLock)> {
        let activities = (0..self.workflow.activities.len()).map(Owner::Activity);
        let all = std::iter::once(Owner::Workflow).chain(activities);
        all.filter_map(|owner| Some((owner, self.lock(owner)?)))
    }

    /// The name of the workflow or of the activity.
    pub(crate) fn name_of(&self, owner: Owner) -> &'w Arc<str> {
        let activity = match owner {
            Owner::Workflow => None,
            Owner::Activity(number) => self.activity(number),
        };
        activity.map_or(&self.workflow.name, |activity| &activity.name)
    }

    /// Whose locks are held when an activity begins.
    pub(crate) fn held_before(&self, number: usize) -> Vec<Owner> {
        let kept = self.held.get(number).map_or(&[][..], |held| held.locks.as_slice());
        let whole = self.lock(Owner::Workflow).map(|_| Owner::Workflow);
        whole.into_iter().chain(kept.iter().copied().map(Owner::Activity)).collect()
    }

    /// Whose locks are held while the steps of an activity run.
    pub(crate) fn held_during(&self, number: usize) -> Vec<Owner> {
        let mut held = self.held_before(number);
        let own = Owner::Activity(number);
        if self.lock(own).is_some() && !held.contains(&own) {
            held.push(own);
        }
        held
    }

    /// Keys that a lock locks; more than one if its context is a list.
    pub(crate) fn keys(&self, owner: Owner) -> &[Key] {
        match owner {
            Owner::Workflow => &self.own_keys,
            Owner::Activity(number) => self.keys.get(number).map_or(&[], Vec::as_slice),
        }
    }

    /// Whether every instance that does not fail comes to an activity.
    pub(crate) fn is_always_reached(&self, number: usize) -> bool {
        self.always.get(number).copied().unwrap_or(false)
    }
}

fn always_reached(workflow: &Workflow, steps: &[Vec<Walked<'_>>]) -> Vec<bool> {
    let ends = |walked: &Walked<'_>| {
        matches!(walked.step.operation, Operation::Stop(_) | Operation::Raise(_))
    };
    let mut reached = true;
    let each = workflow.activities.iter().zip(steps).map(|(activity, steps)| {
        let always = reached && activity.when.is_none();
        reached &= activity.next.is_empty() && !steps.iter().any(ends);
        always
    });
    each.collect()
}

/// Whether a step does something outside that makes it impossible to run again what is around it.
/// A wait does not: it waits again.
pub(crate) fn is_call(step: &Step) -> bool {
    matches!(
        step.operation,
        Operation::Http { .. }
            | Operation::Exec { .. }
            | Operation::Task { .. }
            | Operation::Workflow { mode: ChildMode::Call, .. }
    )
}

/// Whether a step puts something into the unit of work.
pub(crate) fn is_change(step: &Step) -> bool {
    matches!(
        step.operation,
        Operation::Create { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Load { for_update: true, .. }
    )
}

/// Whether an activity may end with changes that are not committed, if it begins with some or not.
pub(crate) fn leaves_changes(activity: &Activity, steps: &[Walked<'_>], before: bool) -> bool {
    if activity.auto_commit != AutoCommit::Never {
        return false;
    }
    let mut changed = before;
    for walked in steps {
        if is_change(walked.step) {
            changed = true;
        } else if matches!(walked.step.operation, Operation::Commit)
            && walked.step.when.is_none()
            && !walked.inner
        {
            changed = false;
        }
    }
    changed
}

/// Whether an activity may be left out.
pub(crate) fn may_be_left_out(activity: &Activity) -> bool {
    activity.when.is_some()
        || activity.exclusive_lock.as_ref().is_some_and(|lock| lock.on_busy == OnBusy::Skip)
}

/// Where an activity that was not left out may lead to when it does not fail.
pub(crate) fn successors(activity: &Activity, number: usize) -> Vec<Goto> {
    let mut to: Vec<Goto> = activity.next.iter().map(|next| next.goto).collect();
    if activity.next.iter().all(|next| next.when.is_some()) {
        to.push(Goto::Activity(number + 1));
    }
    to
}
