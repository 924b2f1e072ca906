//! Which workflow runs which.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::workflow::{ChildMode, Operation, Payload, Step};

use super::survey::Survey;

/// A step that runs another workflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'w> {
    /// The activity that it stands in.
    pub(crate) activity: usize,
    pub(crate) step: &'w Step,
    /// The workflow that it runs.
    pub(crate) target: usize,
    pub(crate) input: &'w [(Arc<str>, Payload)],
    pub(crate) mode: ChildMode,
}

/// The calls of all workflows; these have the numbers of their surveys.
#[derive(Debug)]
pub(crate) struct CallGraph<'w> {
    calls: Vec<Vec<Call<'w>>>,
}

impl<'w> CallGraph<'w> {
    pub(crate) fn new(surveys: &[Survey<'w>]) -> Self {
        let numbers: BTreeMap<&str, usize> = surveys
            .iter()
            .enumerate()
            .map(|(number, survey)| (&*survey.workflow.name, number))
            .collect();
        Self { calls: surveys.iter().map(|survey| calls_of(survey, &numbers)).collect() }
    }

    /// The calls of a workflow in the order of its text.
    pub(crate) fn of(&self, workflow: usize) -> &[Call<'w>] {
        self.calls.get(workflow).map_or(&[], Vec::as_slice)
    }

    /// The calls of one activity.
    pub(crate) fn of_activity(&self, workflow: usize, activity: usize) -> &[Call<'w>] {
        let calls = self.of(workflow);
        let from = calls.partition_point(|call| call.activity < activity);
        let to = calls.partition_point(|call| call.activity <= activity);
        calls.get(from..to).unwrap_or_default()
    }

    /// Calls of a workflow for whose end it waits.
    pub(crate) fn waited(&self, workflow: usize) -> impl Iterator<Item = &Call<'w>> {
        self.of(workflow).iter().filter(|call| call.mode == ChildMode::Call)
    }

    /// All workflows, those that are called before those that call them; where workflows call each
    /// other in a circle, one of them comes first.
    pub(crate) fn callees_first(&self) -> Vec<usize> {
        let mut out = Vec::with_capacity(self.calls.len());
        let mut seen = vec![false; self.calls.len()];
        for root in 0..self.calls.len() {
            let mut open = vec![(root, 0)];
            while let Some((workflow, next)) = open.pop() {
                if next == 0 && std::mem::replace(seen.get_mut(workflow).unwrap_or(&mut true), true)
                {
                    continue;
                }
                match self.of(workflow).get(next) {
                    Some(call) => {
                        open.push((workflow, next + 1));
                        open.push((call.target, 0));
                    }
                    None => out.push(workflow),
                }
            }
        }
        out
    }
}

fn calls_of<'w>(survey: &Survey<'w>, numbers: &BTreeMap<&str, usize>) -> Vec<Call<'w>> {
    let mut calls = Vec::new();
    for (activity, _, steps) in survey.activities() {
        for walked in steps {
            if let Operation::Workflow { name, input, mode } = &walked.step.operation
                && let Some(target) = numbers.get(&**name)
            {
                let step = walked.step;
                calls.push(Call { activity, step, target: *target, input, mode: *mode });
            }
        }
    }
    calls
}
