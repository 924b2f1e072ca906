//! A value that is computed from what was read and then written whatever has happened since.

use std::collections::BTreeMap;

use lockstep_expr::FreeName;

use crate::code::Code;
use crate::workflow::{OnConflict, Operation, Place};

use super::board::{Board, Told};
use super::expressions::names_in;
use super::survey::Survey;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (number, activity, steps) in survey.activities() {
        if activity.on_conflict != OnConflict::Force || !survey.held_during(number).is_empty() {
            continue;
        }
        // Names that `set` has given a value out of an object, by the name of the object.
        let mut computed: BTreeMap<&str, String> = BTreeMap::new();
        let mut read: BTreeMap<&str, &Place> = BTreeMap::new();
        for walked in steps {
            let step = walked.step;
            match &step.operation {
                Operation::Set(values) => {
                    let of = objects(&names_in(step), &computed).into_iter().next();
                    for (name, _) in values {
                        match &of {
                            Some(object) => drop(computed.insert(name, object.clone())),
                            None => drop(computed.remove(&**name)),
                        }
                    }
                }
                Operation::Load { .. } => {
                    if let Some(name) = &step.bind {
                        read.insert(name, &step.place);
                    }
                }
                Operation::Update { name, .. } => {
                    let used = objects(&names_in(step), &computed);
                    if !used.iter().any(|object| **object == **name) {
                        continue;
                    }
                    let message = format!(
                        "this writes a value computed from `{name}` although `{name}` may have \
                         changed since: what others wrote in between is lost"
                    );
                    let mut told = Told::new(Code::LostUpdateByForce, &step.place, message);
                    if let Some(place) = read.get(&**name) {
                        told = told.label(place, "read here");
                    }
                    board.tell(told.help(
                        "leave `on_conflict: force` out, so that the activity runs again on fresh \
                         data; or take an exclusive lock before it is read",
                    ));
                }
                Operation::Find { .. }
                | Operation::Create { .. }
                | Operation::Delete { .. }
                | Operation::Require { .. }
                | Operation::Raise(_)
                | Operation::Commit
                | Operation::Log(_)
                | Operation::Http { .. }
                | Operation::Exec { .. }
                | Operation::Task { .. }
                | Operation::Wait(_)
                | Operation::Workflow { .. }
                | Operation::ForEach(_)
                | Operation::Parallel(_)
                | Operation::Stop(_) => {}
            }
        }
    }
}

/// The names of objects whose attributes are used, themselves or through a name that was computed
/// from them.
fn objects(names: &[FreeName], computed: &BTreeMap<&str, String>) -> Vec<String> {
    names
        .iter()
        .filter_map(|free| match free.path.first().map(String::as_str) {
            Some("id" | "metadata") => None,
            Some(_) if !computed.contains_key(free.name.as_str()) => Some(free.name.clone()),
            Some(_) | None => computed.get(free.name.as_str()).cloned(),
        })
        .collect()
}
