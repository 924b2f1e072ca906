//! Locks that are kept from one activity to the next.
//!
//! An activity with `auto_commit: false` that leaves changes uncommitted keeps its lock until a later
//! activity commits, or the workflow ends.
//!
//! Invariants:
//!
//! * Every way through the activities counts, those over `goto` and `catch` too.

use crate::workflow::{Goto, Handler, Workflow};

use super::survey::{leaves_changes, may_be_left_out, successors};
use super::walk::Walked;

/// Most locks that are followed from activity to activity.
const MAX_HELD: usize = 16;

/// What an activity may begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Activities that have taken the locks, in the order in which they were met.
    pub(crate) locks: Vec<usize>,
    /// Whether there may be uncommitted changes.
    pub(crate) changes: bool,
}

impl Held {
    /// Adds what another way brings; returns whether that was anything new.
    fn join(&mut self, other: &Self) -> bool {
        let mut grown = other.changes && !self.changes;
        self.changes |= other.changes;
        for lock in &other.locks {
            if self.locks.len() < MAX_HELD && !self.locks.contains(lock) {
                self.locks.push(*lock);
                grown = true;
            }
        }
        grown
    }
}

/// Returns what each activity may begin with.
pub(crate) fn held(workflow: &Workflow, steps: &[Vec<Walked<'_>>]) -> Vec<Held> {
    let count = workflow.activities.len();
    let mut held = vec![Held::default(); count];
    let mut open: Vec<usize> = (0..count).rev().collect();
    let mut queued = vec![true; count];
    while let Some(number) = open.pop() {
        if let Some(queued) = queued.get_mut(number) {
            *queued = false;
        }
        for (target, with) in ways(workflow, steps, number, held.get(number)) {
            let grown = held.get_mut(target).is_some_and(|held| held.join(&with));
            if grown && let Some(queued) = queued.get_mut(target).filter(|queued| !**queued) {
                *queued = true;
                open.push(target);
            }
        }
    }
    held
}

/// Where an activity leads to, and with what.
fn ways(
    workflow: &Workflow,
    steps: &[Vec<Walked<'_>>],
    number: usize,
    before: Option<&Held>,
) -> Vec<(usize, Held)> {
    let (Some(activity), Some(steps), Some(before)) =
        (workflow.activities.get(number), steps.get(number), before)
    else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if leaves_changes(activity, steps, before.changes) {
        let mut after = Held { changes: true, ..before.clone() };
        if activity.exclusive_lock.is_some() {
            after.join(&Held { locks: vec![number], changes: true });
        }
        for goto in successors(activity, number) {
            if let Goto::Activity(target) = goto {
                out.push((target, after.clone()));
            }
        }
    }
    if before.changes {
        if may_be_left_out(activity) {
            out.push((number + 1, before.clone()));
        }
        for catch in &activity.catch {
            if let Handler::Goto(Goto::Activity(target)) = catch.handler {
                out.push((target, before.clone()));
            }
        }
    }
    out
}
