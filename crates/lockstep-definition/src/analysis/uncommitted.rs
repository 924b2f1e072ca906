//! A lock whose changes stay uncommitted at the end of its activity, so that it is kept.

use crate::code::Code;
use crate::workflow::{Activity, AutoCommit, Operation};

use super::board::{Board, Told};
use super::survey::{Survey, leaves_changes};
use super::walk::Walked;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (number, activity, steps) in survey.activities() {
        let Some(lock) = &activity.exclusive_lock else { continue };
        let before = survey.held.get(number).is_some_and(|held| held.changes);
        if !leaves_changes(activity, steps, before) {
            continue;
        }
        let commit = survey
            .activities()
            .skip(number + 1)
            .find(|(_, later, steps)| commits(later, steps))
            .map(|(_, later, _)| later);
        let until = match commit {
            Some(later) => format!("the end of `{}`, which commits", later.name),
            None => "the end of the workflow".to_owned(),
        };
        let message = format!(
            "the changes made under this lock stay uncommitted at the end of `{}`: the lock is kept \
             until {until}",
            activity.name
        );
        let mut told = Told::new(Code::UncommittedUnderLock, &lock.place, message);
        if let Some(later) = commit {
            told = told.label(&later.place, "the lock is released at the end of this activity");
        }
        board.tell(told.help(
            "leave `auto_commit: false` out, so that the activity commits and releases its lock; or \
             put the steps that belong together into one activity",
        ));
    }
}

fn commits(activity: &Activity, steps: &[Walked<'_>]) -> bool {
    let commit = |walked: &Walked<'_>| {
        matches!(walked.step.operation, Operation::Commit) && walked.step.when.is_none()
    };
    activity.auto_commit != AutoCommit::Never
        || (steps.iter().any(commit) && !leaves_changes(activity, steps, true))
}
