//! Workflows that run themselves on every way, so that no instance ever ends well.

use crate::code::Code;
use crate::workflow::{ChildMode, OnBusy, Operation, Step};

use super::board::{Board, Told};
use super::call_graph::{Call, CallGraph};
use super::groups::groups;
use super::survey::Survey;

pub(crate) fn check(surveys: &[Survey<'_>], calls: &CallGraph<'_>, board: &mut Board<'_, '_>) {
    let certain = |number: usize| {
        let survey = surveys.get(number);
        let calls = calls.of(number).iter();
        calls.filter(move |call| survey.is_some_and(|survey| is_certain(survey, call)))
    };
    let next: Vec<Vec<usize>> = (0..surveys.len())
        .map(|number| certain(number).map(|call| call.target).collect())
        .collect();
    for group in groups(&next) {
        let turns = match group.as_slice() {
            [alone] => next.get(*alone).is_some_and(|to| to.contains(alone)),
            _ => true,
        };
        if !turns {
            continue;
        }
        let mut inside = group
            .iter()
            .filter_map(|number| certain(*number).find(|call| group.contains(&call.target)));
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

/// Whether every instance that does not fail makes this call.
fn is_certain(survey: &Survey<'_>, call: &Call<'_>) -> bool {
    if call.inner || call.step.when.is_some() || !survey.is_always_reached(call.activity) {
        return false;
    }
    let before = || survey.activities().take(call.activity + 1);
    let may_turn = before().any(|(_, activity, _)| {
        !activity.catch.is_empty()
            || activity.exclusive_lock.as_ref().is_some_and(|lock| lock.on_busy != OnBusy::Wait)
    });
    let steps = before().flat_map(|(_, _, steps)| steps).map(|walked| walked.step);
    let mut steps = steps.take_while(|step| !std::ptr::eq(*step, call.step));
    !may_turn && !steps.any(|step| may_end(step, call.mode))
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
