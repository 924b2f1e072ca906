//! Inputs that nothing uses.

use std::collections::BTreeSet;

use lockstep_expr::Expression;

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::report::Report;
use crate::workflow::Workflow;
use crate::yaml::node::{Node, Value};

use super::expressions::of_workflow;

/// Tells the inputs of a workflow that none of its expressions uses; `inputs` is the entry that
/// declares them.
pub(crate) fn check(report: &mut Report<'_>, workflow: &Workflow, inputs: Option<(&Node, &Node)>) {
    let Some(Value::Map(entries)) = inputs.map(|(_, node)| &node.value) else { return };
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut whole = false;
    let mut visit = |expression: &Expression| {
        for free in expression.free_names().into_iter().filter(|free| free.name == "input") {
            match free.path.into_iter().next() {
                Some(field) => drop(used.insert(field)),
                None => whole = true,
            }
        }
    };
    of_workflow(workflow, &mut visit);
    let locks = workflow.activities.iter().filter_map(|a| a.exclusive_lock.as_ref());
    let locks = locks.chain(&workflow.exclusive_lock);
    locks.flat_map(|lock| lock.context.iter().chain(&lock.priority)).for_each(&mut visit);
    if whole {
        return;
    }
    for (key, _) in entries {
        if let Value::Text(name) = &key.value
            && !name.starts_with('_')
            && !used.contains(name)
        {
            let message = format!("the input `{name}` is never used");
            report.add(Finding::new(Code::UnusedInput, key.span, message).help(format!(
                "remove it, or call it `_{name}` if callers give it for another reason"
            )));
        }
    }
}
