//! Locks whose keys no other instance can come to: they exclude nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::code::Code;

use super::board::{Board, Told};
use super::expressions::of_workflow;
use super::key::{Class, Key, Realm, Term, What};
use super::survey::{Owner, Survey};

pub(crate) fn check(surveys: &[Survey<'_>], board: &mut Board<'_, '_>) {
    let mut entities: BTreeSet<(Realm, Arc<str>)> = BTreeSet::new();
    let mut private: Vec<(&Survey<'_>, Owner, Key)> = Vec::new();
    let mut unclear = false;
    for survey in surveys {
        for (owner, _) in survey.owners() {
            for key in survey.keys(owner) {
                match (&key.what, key.class()) {
                    (_, None) => private.push((survey, owner, key.clone())),
                    (What::Object { entity, .. }, _) => {
                        entities.insert((key.realm.clone(), Arc::clone(entity)));
                    }
                    (_, class) => unclear |= class.is_some_and(|class| !Class::is_known(&class)),
                }
            }
        }
    }
    for (survey, owner, key) in private {
        let shared = match &key.what {
            // Whoever finds the object may lock it; an expression may come to any object.
            What::Object { entity, id: Term::Fresh { text, .. } }
                if !text.contains("workflow.instance_id") =>
            {
                unclear || entities.contains(&(key.realm.clone(), Arc::clone(entity)))
            }
            What::Object { .. } | What::One(_) | What::Everything => tells_instance(survey),
        };
        if let Some(lock) = survey.lock(owner).filter(|_| !shared) {
            let message =
                format!("no other instance ever comes to {}: it excludes nobody", key.shown());
            board.tell(Told::new(Code::LockNobodyShares, &lock.place, message).help(
                "write what instances compete for into `context`, such as the object that they \
                 change; or remove the lock",
            ));
        }
    }
}

/// Whether the id of the instance leaves the workflow, so that others may lock it.
fn tells_instance(survey: &Survey<'_>) -> bool {
    let mut told = false;
    of_workflow(survey.workflow, &mut |expression| {
        told |= expression.text().contains("instance_id");
    });
    told
}
