//! Waits under a lock, and locks that speak of waits where there is none.

use crate::code::Code;
use crate::workflow::{ChildMode, ExclusiveLock, Operation, Place};

use super::board::{Board, Told};
use super::call_graph::CallGraph;
use super::survey::Survey;

pub(crate) fn check(surveys: &[Survey<'_>], calls: &CallGraph<'_>, board: &mut Board<'_, '_>) {
    let waits = first_waits(surveys, calls);
    for (number, survey) in surveys.iter().enumerate() {
        let mut waited = vec![false; survey.workflow.activities.len()];
        for (activity, _, steps) in survey.activities() {
            let held = survey.held_during(activity);
            let mut note = || {
                for holder in &held {
                    if let Some(waited) = waited.get_mut(*holder) {
                        *waited = true;
                    }
                }
            };
            let silent = || {
                held.iter()
                    .filter_map(|holder| survey.lock(*holder))
                    .find(|lock| lock.while_waiting.is_none())
            };
            for walked in steps {
                if matches!(walked.step.operation, Operation::Wait(_)) {
                    note();
                    if let Some(lock) = silent() {
                        board.tell(wait(&walked.step.place, lock));
                    }
                }
            }
            let of_activity = calls.of_activity(number, activity).iter();
            for call in of_activity.filter(|call| call.mode == ChildMode::Call) {
                // Whoever calls a workflow waits, for its end.
                note();
                let Some(place) = waits.get(call.target).copied().flatten() else { continue };
                if let (Some(lock), Some(child)) = (silent(), surveys.get(call.target)) {
                    board.tell(called(&call.step.place, lock, &child.workflow.name, place));
                }
            }
        }
        for (activity, waited) in waited.into_iter().enumerate() {
            if let Some(lock) = survey.lock(activity).filter(|_| !waited)
                && lock.while_waiting.is_some()
            {
                board.tell(no_wait(lock));
            }
        }
    }
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

fn wait(place: &Place, lock: &ExclusiveLock) -> Told {
    let message = "a lock is held here, and it does not say what becomes of it while this waits";
    Told::new(Code::WaitUnderLock, place, message)
        .label(&lock.place, "the lock is held since here")
        .help(
            "wait in an activity of its own, without the lock; or write `while_waiting: hold` if \
             everybody else is to wait as long",
        )
}

fn called(place: &Place, lock: &ExclusiveLock, child: &str, wait: &Place) -> Told {
    let message = format!("`{child}` waits, and the lock is held as long");
    Told::new(Code::ChildWaitsUnderLock, place, message)
        .label(&lock.place, "the lock is held since here")
        .label(wait, "the called workflow waits here")
        .help(
            "call it in an activity of its own, without the lock; or write `while_waiting: hold` if \
             everybody else is to wait as long",
        )
}

fn no_wait(lock: &ExclusiveLock) -> Told {
    let message = "`while_waiting` has no effect: nothing waits under this lock";
    Told::new(Code::WhileWaitingWithoutWait, &lock.place, message)
        .help("remove it; a `wait` step in another activity waits without this lock")
}
