//! A lock whose changes stay uncommitted at the end of its activity, so that it is kept.

use crate::code::Code;
use crate::workflow::{Activity, AutoCommit, ExclusiveLock, Operation};

use super::board::{Board, Told};
use super::survey::{Survey, leaves_changes};
use super::walk::Walked;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    // From the last activity to the first: which is the next one behind that commits.
    let mut commit: Option<&Activity> = None;
    for (number, activity, steps) in survey.activities().collect::<Vec<_>>().into_iter().rev() {
        let behind = if commits(activity, steps) { commit.replace(activity) } else { commit };
        let Some(lock) = &activity.exclusive_lock else { continue };
        let before = survey.held.get(number).is_some_and(|held| held.changes);
        if leaves_changes(activity, steps, before) {
            tell(activity, lock, behind, board);
        }
    }
}

fn tell(
    activity: &Activity,
    lock: &ExclusiveLock,
    commit: Option<&Activity>,
    board: &mut Board<'_, '_>,
) {
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

fn commits(activity: &Activity, steps: &[Walked<'_>]) -> bool {
    let commit = |walked: &Walked<'_>| {
        matches!(walked.step.operation, Operation::Commit) && walked.step.when.is_none()
    };
    activity.auto_commit != AutoCommit::Never
        || (steps.iter().any(commit) && !leaves_changes(activity, steps, true))
}
