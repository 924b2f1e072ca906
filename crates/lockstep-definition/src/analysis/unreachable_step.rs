//! Steps behind one that always ends the list.

use crate::code::Code;
use crate::workflow::{Operation, Step};

use super::board::{Board, Told};
use super::survey::Survey;
use super::walk;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (_, activity, steps) in survey.activities() {
        check_list(&activity.steps, board);
        for walked in steps {
            inner(walked.step, board);
        }
        for catch in &activity.catch {
            let handled = walk::handled(&catch.handler);
            check_list(handled, board);
            for walked in walk::all(handled) {
                inner(walked.step, board);
            }
        }
    }
}

fn inner(step: &Step, board: &mut Board<'_, '_>) {
    if let Operation::ForEach(each) = &step.operation {
        check_list(&each.steps, board);
    }
    if let Operation::Parallel(branches) = &step.operation {
        for branch in branches {
            check_list(&branch.steps, board);
        }
    }
}

fn check_list(steps: &[Step], board: &mut Board<'_, '_>) {
    for pair in steps.windows(2) {
        let [step, behind] = pair else { continue };
        let what = match &step.operation {
            Operation::Raise(_) => "`raise`",
            Operation::Stop(_) => "`stop`",
            Operation::Load { .. }
            | Operation::Find { .. }
            | Operation::Create { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Set(_)
            | Operation::Require { .. }
            | Operation::Commit
            | Operation::Log(_)
            | Operation::Http { .. }
            | Operation::Exec { .. }
            | Operation::Task { .. }
            | Operation::Wait(_)
            | Operation::Workflow { .. }
            | Operation::ForEach(_)
            | Operation::Parallel(_) => continue,
        };
        if step.when.is_none() {
            let message = format!("this step is never run: the {what} before it always ends here");
            board.tell(
                Told::new(Code::UnreachableStep, &behind.place, message)
                    .label(&step.place, "nothing behind this is run")
                    .help("give the step before it a `when`, or remove what stands behind it"),
            );
            return;
        }
    }
}
