//! The input that something gives to a workflow which it starts.
//!
//! Invariants:
//!
//! * Every input that must be given is given, and no other; literals are of the declared types.

use std::sync::Arc;

use lockstep_expr::{Span, Value};

use crate::code::Code;
use crate::conform::conform;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::fields::{Field, entries};
use crate::payload::payload_for;
use crate::reader::Reader;
use crate::remedy::remedied;
use crate::report::Report;
use crate::typing::{Declared, Expected};
use crate::workflow::{Input, Payload};
use crate::yaml::node::{self, Node};

/// Of so many unknown inputs it is looked whether they are misspelt ones.
const MAX_COMPARED: usize = 20;

/// The workflow that is started, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee<'c> {
    /// Its name.
    pub(crate) name: &'c str,
    /// Where it is named.
    pub(crate) span: Span,
    /// What it asks for; `None` if that is not known.
    pub(crate) inputs: Option<&'c [Input]>,
}

/// Reads the `input` for a workflow.
pub(crate) fn given(
    reader: &mut Reader<'_, '_>,
    node: Option<&Node>,
    callee: Callee<'_>,
) -> Option<Vec<(Arc<str>, Payload)>> {
    let fields = match node {
        Some(node) if !matches!(node.value, node::Value::Null) => {
            entries(reader.report, node, "`input`")?
        }
        Some(_) | None => Vec::new(),
    };
    absent(reader.report, &fields, callee);
    let all: Vec<Option<(Arc<str>, Payload)>> =
        fields.into_iter().map(|field| one(reader, field, callee)).collect();
    all.into_iter().collect()
}

/// Tells inputs that must be given but are not.
fn absent(report: &mut Report<'_>, fields: &[Field<'_>], callee: Callee<'_>) {
    let inputs = callee.inputs.unwrap_or_default();
    let absent = || {
        inputs
            .iter()
            .filter(|input| !input.optional && input.default.is_none())
            .filter(|input| !fields.iter().any(|field| *field.key == *input.name))
            .map(|input| &*input.name)
    };
    // A misspelt name is told as one that does not exist.
    let misspelt = || {
        let mut unknown = fields
            .iter()
            .filter(|field| !inputs.iter().any(|input| *input.name == *field.key))
            .take(MAX_COMPARED);
        unknown.any(|field| nearest(field.key, absent()).is_some())
    };
    if report.is_full() || absent().next().is_none() || misspelt() {
        return;
    }
    let message = format!("the workflow `{}` needs {}", callee.name, listed(absent()));
    report.add(Finding::new(Code::MissingInput, callee.span, message).help(
        "write it under `input`, or give it a default or `optional: true` where it is declared",
    ));
}

fn one(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    callee: Callee<'_>,
) -> Option<(Arc<str>, Payload)> {
    let value = payload_for(reader, field.value, wanted(callee, field.key));
    let Some(inputs) = callee.inputs else { return Some((Arc::from(field.key), value?)) };
    let Some(input) = inputs.iter().find(|input| *input.name == *field.key) else {
        reader.report.tell(|| unknown(field, callee.name, inputs));
        return None;
    };
    let value = match value? {
        Payload::Literal(Value::Null) if input.optional => Payload::Literal(Value::Null),
        Payload::Literal(value) => {
            Payload::Literal(fitting(reader.report, input, value, field.value.span)?)
        }
        tree @ (Payload::Template(_) | Payload::List(_) | Payload::Map(_)) => tree,
    };
    Some((Arc::clone(&input.name), value))
}

/// What the value of an input is for.
fn wanted(callee: Callee<'_>, name: &str) -> Expected {
    let mut inputs = callee.inputs.unwrap_or_default().iter();
    let Some(input) = inputs.find(|input| *input.name == *name) else { return Expected::Any };
    let what = format!("the input `{name}` of `{}`", callee.name);
    let (ty, optional) = (input.ty.clone(), input.optional);
    Expected::Declared(Arc::new(Declared { what, name: Arc::clone(&input.name), ty, optional }))
}

fn fitting(report: &mut Report<'_>, input: &Input, value: Value, span: Span) -> Option<Value> {
    let conformed = conform(&input.ty, value);
    if let Err(error) = &conformed {
        let message = format!("`{}`: {error}", input.name);
        report.add(remedied(
            Finding::new(Code::TypeMismatch, span, message),
            &input.ty,
            &report.source.text,
        ));
    }
    conformed.ok()
}

fn unknown(field: Field<'_>, callee: &str, inputs: &[Input]) -> Finding {
    let names = || inputs.iter().map(|input| &*input.name);
    let message = format!("the workflow `{callee}` has no input `{}`", shown(field.key));
    let help = if inputs.is_empty() {
        "it has no inputs".to_owned()
    } else {
        format!("it has {}", listed(names()))
    };
    Finding::new(Code::UnknownInput, field.key_span, message)
        .mean(nearest(field.key, names()), help)
}
