//! A called workflow that needs a lock which the caller holds: each waits for the other.

use crate::code::Code;
use crate::workflow::{Activity, Place};

use super::board::{Board, Told};
use super::call_graph::Call;
use super::key::{Key, Likeness};
use super::survey::Survey;
use super::taken::{Take, Taken};

/// Most keys under which the calls of one activity are looked at.
const MAX_KEYS: usize = 64;

/// A lock that is held, and where it was taken.
struct Holding<'w> {
    key: Key,
    activity: &'w Activity,
    place: &'w Place,
}

pub(crate) fn check(surveys: &[Survey<'_>], taken: &Taken<'_>, board: &mut Board<'_, '_>) {
    for (number, survey) in surveys.iter().enumerate() {
        for (call, takes) in taken.called(number) {
            let holding = holding(survey, call.activity);
            let found = holding.iter().find_map(|held| {
                let take = takes.iter().find(|take| meets(held, take) == Likeness::Same)?;
                Some((held, take, Likeness::Same))
            });
            let found = found.or_else(|| {
                holding.iter().find_map(|held| {
                    let take = takes.iter().find(|take| meets(held, take) == Likeness::Unknown)?;
                    Some((held, take, Likeness::Unknown))
                })
            });
            if let Some((held, take, likeness)) = found {
                tell(survey, call, held, take, likeness, board);
            }
        }
    }
}

fn holding<'w>(survey: &Survey<'w>, activity: usize) -> Vec<Holding<'w>> {
    let mut out = Vec::new();
    for number in survey.held_during(activity) {
        let (Some(activity), Some(lock)) = (survey.activity(number), survey.lock(number)) else {
            continue;
        };
        let keys = survey.keys(number).iter().cloned();
        out.extend(keys.map(|key| Holding { key, activity, place: &lock.place }));
    }
    out.truncate(MAX_KEYS);
    out
}

/// Whether the lock that is held stands in the way of the one that is taken. What is not certain
/// counts only between locks of one class, and where both are no single locks.
fn meets(held: &Holding<'_>, take: &Take<'_>) -> Likeness {
    match held.key.likeness(&take.key) {
        Likeness::Unknown if held.key.class() == Some(take.class()) => Likeness::Unknown,
        Likeness::Unknown | Likeness::Different => Likeness::Different,
        Likeness::Same => Likeness::Same,
    }
}

fn tell(
    survey: &Survey<'_>,
    call: &Call<'_>,
    held: &Holding<'_>,
    take: &Take<'_>,
    likeness: Likeness,
    board: &mut Board<'_, '_>,
) {
    let handled = survey.activity(call.activity).is_some_and(|a| !a.catch.is_empty());
    let certain = likeness == Likeness::Same && take.always && !handled;
    let code = if certain { Code::ChildWaitsForParent } else { Code::ChildMayWaitForParent };
    let message = match likeness {
        Likeness::Same => format!(
            "`{}` waits for {} that `{}` holds until the call is done",
            take.workflow,
            held.key.shown(),
            survey.workflow.name
        ),
        Likeness::Unknown | Likeness::Different => format!(
            "`{}` takes {} while `{}` holds {}: if they are the same, each waits for the other",
            take.workflow,
            take.key.shown(),
            survey.workflow.name,
            held.key.shown()
        ),
    };
    let mut told = Told::new(code, &call.step.place, message)
        .label(held.place, format!("`{}` holds the lock from here", held.activity.name))
        .help(
            "call it in an activity of its own without the lock, behind the commit; or leave the \
             lock of the called workflow out and let every caller hold it",
        );
    for place in take.calls.iter().skip(1) {
        told = told.label(place, "called from here");
    }
    let waits = format!("`{}` waits for it here", take.activity);
    board.tell(told.label(&take.lock.place, waits));
}
