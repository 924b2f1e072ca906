//! A workflow that is started, and waits for a lock of the one that started it, while this one waits
//! for somebody to tell it to go on: perhaps for the other.
//!
//! A called workflow enters the locks of its callers, so it never waits for them. One that is only
//! started does not: it is no part of what the lock was taken for.

use crate::code::Code;
use crate::workflow::{ChildMode, ExclusiveLock, Operation, Place, Step, Wait, WhileWaiting};

use super::board::{Board, Told};
use super::call_graph::Call;
use super::key::{Key, Likeness};
use super::lock_order::conflict;
use super::survey::{Owner, Survey};
use super::taken::{Take, Taken};

/// Most keys under which the starts of one activity are looked at.
const MAX_KEYS: usize = 64;
/// Most starts of one workflow that are looked at.
const MAX_STARTS: usize = 100;

/// A lock that is held where the other workflow is started, and the wait under it.
struct Holding<'w> {
    key: Key,
    lock: &'w ExclusiveLock,
    wait: &'w Place,
}

pub(crate) fn check(surveys: &[Survey<'_>], taken: &Taken<'_>, board: &mut Board<'_, '_>) {
    for (number, survey) in surveys.iter().enumerate() {
        let started = taken.children(number, ChildMode::Start);
        for (call, takes) in started.filter(|(_, takes)| !takes.is_empty()).take(MAX_STARTS) {
            let found = holding(survey, call).into_iter().find_map(|held| {
                let take = takes.iter().find(|take| is_in_the_way(&held, take))?;
                Some((held, take))
            });
            if let Some((held, take)) = found {
                tell(survey, call, &held, take, board);
            }
        }
    }
}

fn holding<'w>(survey: &Survey<'w>, call: &Call<'w>) -> Vec<Holding<'w>> {
    let mut out = Vec::new();
    for owner in survey.held_during(call.activity) {
        let Some(lock) = survey.lock(owner) else { continue };
        if lock.while_waiting != Some(WhileWaiting::Hold) {
            continue;
        }
        let Some(wait) = wait_behind(survey, call, owner) else { continue };
        let keys = survey.keys(owner).iter().cloned();
        out.extend(keys.map(|key| Holding { key, lock, wait }));
    }
    out.truncate(MAX_KEYS);
    out
}

/// The first wait for somebody behind the start under the same lock.
fn wait_behind<'w>(survey: &Survey<'w>, call: &Call<'w>, owner: Owner) -> Option<&'w Place> {
    let waits =
        |step: &Step| matches!(step.operation, Operation::Wait(Wait::Signal(_) | Wait::Form(_)));
    let of_activity = survey.steps.get(call.activity)?.iter();
    let mut here = of_activity.skip_while(|walked| !std::ptr::eq(walked.step, call.step));
    let mut later = survey
        .activities()
        .skip(call.activity + 1)
        .filter(|(number, ..)| survey.held_during(*number).contains(&owner))
        .flat_map(|(number, ..)| survey.steps.get(number).into_iter().flatten());
    let found = here.find(|walked| waits(walked.step));
    let found = found.or_else(|| later.find(|walked| waits(walked.step)));
    found.map(|walked| &walked.step.place)
}

/// Whether the lock that is held certainly stands in the way of the one that is taken.
fn is_in_the_way(held: &Holding<'_>, take: &Take<'_>) -> bool {
    held.key.likeness(&take.key) == Likeness::Same && conflict(held.lock.mode, take.lock.mode)
}

fn tell(
    survey: &Survey<'_>,
    call: &Call<'_>,
    held: &Holding<'_>,
    take: &Take<'_>,
    board: &mut Board<'_, '_>,
) {
    let (starter, started) = (&survey.workflow.name, take.workflow);
    let message = format!(
        "`{started}` waits for {}, which `{starter}` holds while it waits: if that is for \
         `{started}`, each waits for the other",
        held.key.shown()
    );
    let mut told = Told::new(Code::ChildMayWaitForParent, &call.step.place, message)
        .label(&held.lock.place, format!("`{starter}` holds the lock from here"))
        .label(held.wait, format!("`{starter}` waits here"))
        .help(
            "write `call` instead of `start`, for a called workflow enters the locks of its caller; \
             or wait in an activity of its own, without the lock",
        );
    for place in take.calls.iter().skip(1) {
        told = told.label(place, "called from here");
    }
    board.tell(told.label(&take.lock.place, format!("`{}` waits for the lock here", take.owner)));
}
