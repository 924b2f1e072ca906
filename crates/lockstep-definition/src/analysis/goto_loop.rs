//! Activities that lead to each other for ever, without a pause.

use std::collections::BTreeSet;

use lockstep_expr::FreeName;

use crate::code::Code;
use crate::diagnostic::listed;
use crate::workflow::{Goto, OnBusy, Operation, Step};

use super::board::{Board, Told};
use super::groups::groups;
use super::survey::{Owner, Survey, is_call, is_change, may_be_left_out, successors};

/// Most activities of a circle that a finding points at, besides the first.
const MAX_SHOWN: usize = 8;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    let activities = &survey.workflow.activities;
    let next: Vec<Vec<usize>> = activities
        .iter()
        .enumerate()
        .map(|(number, activity)| {
            let mut to = successors(activity, number);
            if may_be_left_out(activity) {
                to.push(Goto::Activity(number + 1));
            }
            let inside = to.into_iter().filter_map(|goto| match goto {
                Goto::Activity(target) if target < activities.len() => Some(target),
                Goto::Activity(_) | Goto::End => None,
            });
            inside.collect()
        })
        .collect();
    // Without a way back there is no circle.
    if !next.iter().enumerate().any(|(number, to)| to.iter().any(|target| *target <= number)) {
        return;
    }
    for group in groups(&next) {
        let turns = match group.as_slice() {
            [alone] => next.get(*alone).is_some_and(|to| to.contains(alone)),
            _ => true,
        };
        if turns {
            check_group(survey, &group, &next, board);
        }
    }
}

fn check_group(
    survey: &Survey<'_>,
    group: &[usize],
    next: &[Vec<usize>],
    board: &mut Board<'_, '_>,
) {
    let steps = || {
        let of = |number: &usize| survey.steps.get(*number).into_iter().flatten();
        group.iter().flat_map(of).map(|walked| walked.step)
    };
    let waits = |number: &usize| {
        survey.lock(Owner::Activity(*number)).is_some_and(|lock| lock.on_busy == OnBusy::Wait)
    };
    let goes_on = |step: &Step| {
        is_call(step)
            || is_change(step)
            || matches!(step.operation, Operation::Workflow { .. } | Operation::Wait(_))
    };
    if group.iter().any(waits) || steps().any(goes_on) {
        return;
    }
    let leaves = steps().any(|step| {
        matches!(
            step.operation,
            Operation::Require { .. } | Operation::Raise(_) | Operation::Stop(_)
        )
    });
    let exits = group.iter().any(|number| leads_out(survey, *number, group, next));
    let asked = asked(survey, group, steps());
    let set: BTreeSet<&str> = steps()
        .filter_map(|step| {
            let Operation::Set(values) = &step.operation else { return None };
            Some(values.iter().map(|(name, _)| &**name))
        })
        .flatten()
        .collect();
    if (exits || leaves) && asked.iter().any(|free| set.contains(free.name.as_str())) {
        return;
    }
    tell(survey, group, exits || leaves, &asked, board);
}

/// Whether an activity may lead to one outside of its group.
fn leads_out(survey: &Survey<'_>, number: usize, group: &[usize], next: &[Vec<usize>]) -> bool {
    let Some(activity) = survey.activity(number) else { return false };
    let ends = successors(activity, number).into_iter().any(|goto| match goto {
        Goto::Activity(target) => target >= next.len(),
        Goto::End => true,
    });
    ends || next.get(number).into_iter().flatten().any(|to| group.binary_search(to).is_err())
}

/// The names that decide whether the circle goes on.
fn asked<'w>(
    survey: &Survey<'w>,
    group: &[usize],
    steps: impl Iterator<Item = &'w Step>,
) -> Vec<FreeName> {
    let mut asked = Vec::new();
    for activity in group.iter().filter_map(|number| survey.activity(*number)) {
        let conditions = activity.next.iter().flat_map(|next| &next.when).chain(&activity.when);
        conditions.for_each(|condition| asked.extend(condition.free_names()));
    }
    for step in steps {
        if let Operation::Require { condition, .. } = &step.operation {
            asked.extend(condition.free_names());
        }
        step.when.iter().for_each(|when| asked.extend(when.free_names()));
    }
    asked
}

fn tell(
    survey: &Survey<'_>,
    group: &[usize],
    leaves: bool,
    asked: &[FreeName],
    board: &mut Board<'_, '_>,
) {
    let Some(first) = group.first().and_then(|number| survey.activity(*number)) else { return };
    let names: Vec<&str> = group
        .iter()
        .filter_map(|number| survey.activity(*number))
        .map(|activity| &*activity.name)
        .collect();
    let around = match names.as_slice() {
        [alone] => format!("`{alone}` leads to itself"),
        names => format!("{} lead to each other", listed(names)),
    };
    let message = if leaves {
        format!("{around} again and again, and nothing in it waits or changes what is asked")
    } else {
        format!("{around} for ever: no way leads out, and nothing in it waits")
    };
    let asked: BTreeSet<String> = asked
        .iter()
        .map(|free| {
            let mut path = vec![free.name.as_str()];
            path.extend(free.path.iter().map(String::as_str));
            path.join(".")
        })
        .collect();
    let help = if !leaves || asked.is_empty() {
        "give one of its `next` entries a `when`, and change what it asks for with `set`".to_owned()
    } else {
        format!(
            "its end depends on {}: change that with `set`, or let a `wait` step pass the time",
            listed(asked.iter())
        )
    };
    let mut told = Told::new(Code::GotoLoop, &first.place, message).help(help);
    let others = group.iter().skip(1).take(MAX_SHOWN);
    for activity in others.filter_map(|number| survey.activity(*number)) {
        told = told.label(&activity.place, "part of the circle");
    }
    board.tell(told);
}
