//! Workflows that run themselves on every way, so that no instance ever ends well.

use crate::code::Code;
use crate::workflow::{ChildMode, OnBusy, Operation, Step};

use super::board::{Board, Told};
use super::call_graph::{Call, CallGraph};
use super::groups::groups;
use super::survey::Survey;

pub(crate) fn check(surveys: &[Survey<'_>], calls: &CallGraph<'_>, board: &mut Board<'_, '_>) {
    let certain: Vec<Vec<&Call<'_>>> =
        surveys.iter().enumerate().map(|(number, survey)| certain(survey, number, calls)).collect();
    let next: Vec<Vec<usize>> =
        certain.iter().map(|calls| calls.iter().map(|call| call.target).collect()).collect();
    for group in groups(&next) {
        let turns = match group.as_slice() {
            [alone] => next.get(*alone).is_some_and(|to| to.contains(alone)),
            _ => true,
        };
        if !turns {
            continue;
        }
        let mut inside = group.iter().filter_map(|number| {
            let mut calls = certain.get(*number)?.iter();
            calls.find(|call| group.binary_search(&call.target).is_ok())
        });
        let Some(first) = inside.next() else { continue };
        let Some(target) = surveys.get(first.target) else { continue };
        let name = &target.workflow.name;
        let (message, also) = if group.len() == 1 {
            (format!("`{name}` runs itself each time, so no instance of it ever ends"), "")
        } else {
            (
                format!("this leads back to itself through `{name}`, so no instance ever ends"),
                "and here",
            )
        };
        let mut told = Told::new(Code::WorkflowRecursion, &first.step.place, message).help(
            "give the step a `when` that is false some time, or an activity before it that ends \
             the workflow (`next`, `stop`)",
        );
        for call in inside {
            told = told.label(&call.step.place, also);
        }
        board.tell(told);
    }
}

/// The calls that every instance makes which does not fail.
fn certain<'c, 'w>(
    survey: &Survey<'w>,
    number: usize,
    calls: &'c CallGraph<'w>,
) -> Vec<&'c Call<'w>> {
    let mut out = Vec::new();
    let mut calls = calls.of(number).iter().peekable();
    // Whether a step before may have ended the instance, by how the call is made.
    let (mut called, mut started) = (true, true);
    for (activity, written, steps) in survey.activities() {
        let turns = !written.catch.is_empty()
            || written.exclusive_lock.as_ref().is_some_and(|lock| lock.on_busy != OnBusy::Wait);
        if turns || !(called || started) {
            break;
        }
        let always = survey.is_always_reached(activity);
        for walked in steps {
            let call = calls.next_if(|call| std::ptr::eq(call.step, walked.step));
            let open = |call: &&Call<'_>| match call.mode {
                ChildMode::Call => called,
                ChildMode::Start => started,
            };
            let plain = always && !walked.inner && walked.step.when.is_none();
            out.extend(call.filter(open).filter(|_| plain));
            called &= !may_end(walked.step, ChildMode::Call);
            started &= !may_end(walked.step, ChildMode::Start);
        }
    }
    out
}

/// Whether a step may end the instance before the call. The failure of a workflow that is called is
/// that of its caller; one that is only started may fail alone.
fn may_end(step: &Step, mode: ChildMode) -> bool {
    match &step.operation {
        Operation::Require { .. } | Operation::Raise(_) | Operation::Stop(_) => true,
        Operation::Load { optional, .. } => mode == ChildMode::Start && !optional,
        Operation::Http { .. }
        | Operation::Exec { .. }
        | Operation::Task { .. }
        | Operation::Wait(_)
        | Operation::Workflow { .. }
        | Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Delete { .. } => mode == ChildMode::Start,
        Operation::Find { .. }
        | Operation::Set(_)
        | Operation::Commit
        | Operation::Log(_)
        | Operation::ForEach(_)
        | Operation::Parallel(_) => false,
    }
}
