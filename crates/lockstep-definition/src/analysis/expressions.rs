//! All expressions of a step or a workflow.

use lockstep_expr::{Expression, FreeName};

use crate::workflow::{Operation, Payload, Raise, Step, TriggerSource, Wait, Workflow};

use super::walk;

/// Calls `visit` with each expression of a payload.
pub(crate) fn of_payload<'w>(payload: &'w Payload, visit: &mut dyn FnMut(&'w Expression)) {
    let mut open = vec![payload];
    while let Some(payload) = open.pop() {
        match payload {
            Payload::Literal(_) => {}
            Payload::Template(template) => {
                template.expressions().into_iter().for_each(|(_, expression)| visit(expression));
            }
            Payload::List(items) => open.extend(items.iter().rev()),
            Payload::Map(entries) => open.extend(entries.iter().rev().map(|(_, item)| item)),
        }
    }
}

/// Calls `visit` with each expression of a step, its condition included; not with those of steps
/// within it.
pub(crate) fn of_step<'w>(step: &'w Step, visit: &mut dyn FnMut(&'w Expression)) {
    step.when.iter().for_each(&mut *visit);
    let mut payloads: Vec<&'w Payload> = Vec::new();
    match &step.operation {
        Operation::Load { id: payload, .. }
        | Operation::Log(payload)
        | Operation::Wait(Wait::For(payload)) => payloads.push(payload),
        Operation::Find { filter, .. } => filter.iter().for_each(&mut *visit),
        Operation::Create { id, set, .. } => {
            payloads.extend(id);
            payloads.extend(set.iter().map(|(_, value)| value));
        }
        Operation::Update { set, expect, .. } => {
            payloads.extend(set.iter().map(|(_, value)| value));
            payloads.extend(expect);
        }
        Operation::Delete { expect, .. } => payloads.extend(expect),
        Operation::Set(values) => payloads.extend(values.iter().map(|(_, value)| value)),
        Operation::Require { condition, otherwise } => {
            visit(condition);
            payloads.extend(message(otherwise));
        }
        Operation::Raise(raise) => payloads.extend(message(raise)),
        Operation::Commit | Operation::Parallel(_) | Operation::Wait(Wait::Signal(_)) => {}
        Operation::Http { url, headers, body, .. } => {
            payloads.push(url);
            payloads.extend(headers.iter().map(|(_, value)| value));
            payloads.extend(body);
        }
        Operation::Exec { args, input, env, .. } => {
            payloads.extend(args);
            payloads.extend(input);
            payloads.extend(env.iter().map(|(_, value)| value));
        }
        Operation::Task { input, .. } => payloads.extend(input),
        Operation::Wait(Wait::Until(moment)) => visit(moment),
        Operation::Wait(Wait::Form(form)) => payloads.extend(&form.title),
        Operation::Workflow { input, .. } => payloads.extend(input.iter().map(|(_, value)| value)),
        Operation::ForEach(each) => {
            payloads.push(&each.items);
            payloads.extend(&each.collect);
        }
        Operation::Stop(output) => payloads.extend(output),
    }
    for payload in payloads {
        of_payload(payload, visit);
    }
}

fn message(raise: &Raise) -> Option<&Payload> {
    raise.message.as_ref()
}

/// Calls `visit` with each expression of a workflow but the contexts of locks.
pub(crate) fn of_workflow<'w>(workflow: &'w Workflow, visit: &mut dyn FnMut(&'w Expression)) {
    for activity in &workflow.activities {
        activity.when.iter().for_each(&mut *visit);
        activity.next.iter().flat_map(|next| &next.when).for_each(&mut *visit);
        let handled = activity.catch.iter().map(|catch| walk::handled(&catch.handler));
        for steps in std::iter::once(activity.steps.as_slice()).chain(handled) {
            for walked in walk::all(steps) {
                of_step(walked.step, visit);
            }
        }
    }
    if let Some(output) = &workflow.output {
        of_payload(output, visit);
    }
    for trigger in &workflow.triggers {
        for (_, value) in &trigger.input {
            of_payload(value, visit);
        }
        if let TriggerSource::Change { when, .. } = &trigger.source {
            when.iter().for_each(&mut *visit);
        }
    }
}

/// The names in the expressions of a step.
pub(crate) fn names_in(step: &Step) -> Vec<FreeName> {
    let mut names = Vec::new();
    of_step(step, &mut |expression| names.extend(expression.free_names()));
    names
}
