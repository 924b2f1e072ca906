//! Waits under a lock, and locks that speak of waits where there is none.

use std::collections::BTreeSet;

use crate::code::Code;
use crate::workflow::{ChildMode, ExclusiveLock, Operation, Place, WhileWaiting};

use super::board::{Board, Told};
use super::call_graph::CallGraph;
use super::survey::{Owner, Survey};
use super::walk::{self, handled};

pub(crate) fn check(surveys: &[Survey<'_>], calls: &CallGraph<'_>, board: &mut Board<'_, '_>) {
    let waits = first_waits(surveys, calls);
    for (number, survey) in surveys.iter().enumerate() {
        let waited = steps(survey, board);
        for (activity, ..) in survey.activities() {
            let held = survey.held_during(activity);
            let mut silent =
                held.iter().filter(|owner| keeps(survey, **owner) != Some(WhileWaiting::Hold));
            let Some(lock) = silent.next().and_then(|owner| survey.lock(*owner)) else { continue };
            let of_activity = calls.of_activity(number, activity).iter();
            for call in of_activity.filter(|call| call.mode == ChildMode::Call) {
                let Some(place) = waits.get(call.target).copied().flatten() else { continue };
                if let Some(child) = surveys.get(call.target) {
                    board.tell(called(&call.step.place, lock, &child.workflow.name, place));
                }
            }
        }
        for (owner, lock) in survey.owners() {
            if lock.while_waiting.is_some() && !waited.contains(&owner) {
                board.tell(no_wait(lock));
            }
        }
    }
}

/// Looks at the waits of a workflow; returns whose locks say what becomes of them during one.
fn steps(survey: &Survey<'_>, board: &mut Board<'_, '_>) -> BTreeSet<Owner> {
    let mut waited = BTreeSet::new();
    for (number, activity, steps) in survey.activities() {
        let held = survey.held_during(number);
        // The steps of a `catch` run under the lock of the workflow only.
        let mut whole = held.clone();
        whole.retain(|owner| *owner == Owner::Workflow);
        let handled = activity.catch.iter().flat_map(|catch| walk::all(handled(&catch.handler)));
        let under = steps.iter().map(|walked| (&held, walked.step));
        for (held, step) in under.chain(handled.map(|walked| (&whole, walked.step))) {
            if matches!(step.operation, Operation::Wait(_)) {
                waited.extend(held);
                let mut silent = held.iter().filter(|owner| keeps(survey, **owner).is_none());
                if let Some(owner) = silent.next()
                    && let Some(lock) = survey.lock(*owner)
                {
                    board.tell(wait(&step.place, *owner, lock));
                }
            } else if matches!(step.operation, Operation::Workflow { mode: ChildMode::Call, .. }) {
                // Whoever calls a workflow waits for its end, and gives nothing back meanwhile.
                let gives_back = |owner| keeps(survey, owner) == Some(WhileWaiting::Release);
                waited.extend(held.iter().filter(|owner| !gives_back(**owner)));
            }
        }
    }
    waited
}

fn keeps(survey: &Survey<'_>, owner: Owner) -> Option<WhileWaiting> {
    survey.lock(owner)?.while_waiting
}

/// By workflow: the first `wait` that it or one that it calls comes to.
fn first_waits<'w>(surveys: &[Survey<'w>], calls: &CallGraph<'w>) -> Vec<Option<&'w Place>> {
    let mut waits: Vec<Option<&'w Place>> = vec![None; surveys.len()];
    for number in calls.callees_first() {
        let Some(survey) = surveys.get(number) else { continue };
        let own = survey
            .steps
            .iter()
            .flatten()
            .find(|walked| matches!(walked.step.operation, Operation::Wait(_)))
            .map(|walked| &walked.step.place);
        let found = own.or_else(|| {
            calls.waited(number).find_map(|call| waits.get(call.target).copied().flatten())
        });
        if let Some(wait) = waits.get_mut(number) {
            *wait = found;
        }
    }
    waits
}

fn wait(place: &Place, owner: Owner, lock: &ExclusiveLock) -> Told {
    let message = "a lock is held here, and it does not say what becomes of it while this waits";
    let help = match owner {
        Owner::Workflow => {
            "write `while_waiting: hold` at the lock of the workflow, if everybody else is to wait \
             as long; or give the lock to the activities that need it"
        }
        Owner::Activity(_) => {
            "wait in an activity of its own, without the lock; or write `while_waiting: hold` if \
             everybody else is to wait as long, or `release` to give the lock back meanwhile"
        }
    };
    Told::new(Code::WaitUnderLock, place, message)
        .label(&lock.place, "the lock is held since here")
        .help(help)
}

fn called(place: &Place, lock: &ExclusiveLock, child: &str, wait: &Place) -> Told {
    let message = format!("`{child}` waits, and the lock is held as long");
    let help = match lock.while_waiting {
        Some(WhileWaiting::Release) => {
            "`release` is for `wait` steps, not for calls: call it in an activity of its own, \
             without the lock"
        }
        Some(WhileWaiting::Hold) | None => {
            "call it in an activity of its own, without the lock; or write `while_waiting: hold` if \
             everybody else is to wait as long"
        }
    };
    Told::new(Code::ChildWaitsUnderLock, place, message)
        .label(&lock.place, "the lock is held since here")
        .label(wait, "the called workflow waits here")
        .help(help)
}

fn no_wait(lock: &ExclusiveLock) -> Told {
    let message = "`while_waiting` has no effect: nothing waits under this lock";
    Told::new(Code::WhileWaitingWithoutWait, &lock.place, message)
        .help("remove it; a `wait` step in another activity waits without this lock")
}
