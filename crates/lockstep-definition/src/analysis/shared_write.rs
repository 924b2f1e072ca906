//! An object that is changed under a lock that others hold at the same time.

use crate::code::Code;
use crate::workflow::{LockMode, Operation, Place, Step};

use super::board::{Board, Told};
use super::key::{Key, Likeness};
use super::survey::{Owner, Survey};

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (number, _, steps) in survey.activities() {
        let held = survey.held_during(number);
        if !held.iter().any(|owner| mode(survey, *owner) == Some(LockMode::Shared)) {
            continue;
        }
        for walked in steps {
            let (Operation::Update { name, .. } | Operation::Delete { name, .. }) =
                &walked.step.operation
            else {
                continue;
            };
            if let Some(place) = shared_only(survey, &held, name) {
                board.tell(told(walked.step, name, place));
            }
        }
    }
}

fn mode(survey: &Survey<'_>, owner: Owner) -> Option<LockMode> {
    survey.lock(owner).map(|lock| lock.mode)
}

/// The shared lock that names an object, unless the object is locked alone too.
fn shared_only<'w>(survey: &Survey<'w>, held: &[Owner], name: &str) -> Option<&'w Place> {
    let names = |owner: Owner| {
        let locks = |key: &Key| {
            let object = Key { realm: key.realm.clone(), what: survey.names.locked(name) };
            key.likeness(&object) == Likeness::Same
        };
        survey.keys(owner).iter().any(locks)
    };
    let of_mode = |wanted: LockMode| {
        let mut owners =
            held.iter().copied().filter(move |owner| mode(survey, *owner) == Some(wanted));
        owners.find(|owner| names(*owner))
    };
    if of_mode(LockMode::Exclusive).is_some() {
        return None;
    }
    let shared = of_mode(LockMode::Shared)?;
    // Without a context it names no object.
    let lock = survey.lock(shared).filter(|lock| lock.context.is_some())?;
    Some(&lock.place)
}

fn told(step: &Step, name: &str, lock: &Place) -> Told {
    let message = format!("`{name}` is changed under a lock that others hold at the same time");
    Told::new(Code::WriteUnderSharedLock, &step.place, message)
        .label(lock, "the lock is shared")
        .help(
            "leave `mode: shared` out where the object is changed, so that nobody reads it \
             meanwhile; or change it in an activity of its own",
        )
}
