//! Answers in place of people: what a signal says for which there is no mock.
//!
//! A signal says nothing (null). The answers to a form are the defaults of its fields, null where a
//! field may be left out, and else the plainest value of its type.

use std::sync::Arc;

use lockstep_definition::{Form, Handler, Input, Operation, Step, Wait, Workflow};
use lockstep_expr::{Duration, Map, Reference, Timestamp, Type, Value};

/// Returns what a signal says, or the answers to the form with this name.
pub(crate) fn made_up(workflow: &Workflow, name: &str) -> Value {
    let Some(form) = form(workflow, name) else { return Value::Null };
    let answer = |field: &Input| {
        let answer = match &field.default {
            Some(default) => default.clone(),
            None if field.optional => Value::Null,
            None => plainest(&field.ty),
        };
        (Arc::clone(&field.name), answer)
    };
    Value::from(form.fields.iter().map(answer).collect::<Map>())
}

/// Returns whether a form of the workflow has this name.
pub(crate) fn has_form(workflow: &Workflow, name: &str) -> bool {
    form(workflow, name).is_some()
}

fn form<'a>(workflow: &'a Workflow, name: &str) -> Option<&'a Form> {
    let mut open: Vec<&[Step]> = Vec::new();
    for activity in &workflow.activities {
        open.push(&activity.steps);
        open.extend(activity.catch.iter().filter_map(|catch| match &catch.handler {
            Handler::Steps(steps) => Some(steps.as_slice()),
            Handler::Goto(_) => None,
        }));
    }
    while let Some(steps) = open.pop() {
        for step in steps {
            if let Operation::Wait(Wait::Form(form)) = &step.operation {
                if *form.name == *name {
                    return Some(form);
                }
            } else if let Operation::ForEach(each) = &step.operation {
                open.push(&each.steps);
            } else if let Operation::Parallel(branches) = &step.operation {
                open.extend(branches.iter().map(|branch| branch.steps.as_slice()));
            }
        }
    }
    None
}

fn plainest(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int => Value::Int(0),
        Type::Double => Value::Double(0.0),
        Type::String => Value::from(""),
        Type::Bytes => Value::Bytes(Arc::from([])),
        Type::Timestamp => Value::Timestamp(Timestamp::from_micros(0)),
        Type::Duration => Value::Duration(Duration::from_micros(0)),
        Type::List(_) => Value::List(Arc::new(Vec::new())),
        Type::Map(_) => Value::from(Map::new()),
        Type::Reference(entity) => {
            let reference = Reference { entity: Arc::clone(entity), id: "made-up".into() };
            Value::Reference(Arc::new(reference))
        }
        Type::Uint => Value::Uint(0),
        Type::Any | Type::Null | Type::Record(_) => Value::Null,
    }
}
