//! Trees of literals and templates.
//!
//! Invariants:
//!
//! * A tree without expressions becomes one literal.

use std::sync::Arc;

use lockstep_expr::{Map, Template, Value};

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Field, entries, wrong_kind};
use crate::reader::Reader;
use crate::report::Report;
use crate::workflow::Payload;
use crate::yaml::node::{self, Node};

/// Reads a tree.
pub(crate) fn payload(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    match &node.value {
        node::Value::Text(text) => match reader.template(node, text)? {
            Template::Literal(text) => Some(Payload::Literal(Value::String(text))),
            template @ (Template::Expression(_) | Template::Parts(_)) => {
                Some(Payload::Template(template))
            }
        },
        node::Value::List(items) => {
            let items: Vec<Option<Payload>> =
                items.iter().map(|item| payload(reader, item)).collect();
            let items: Vec<Payload> = items.into_iter().collect::<Option<_>>()?;
            Some(list(items))
        }
        node::Value::Map(_) => Some(map(named(reader, node, "a mapping")?)),
        node::Value::Null
        | node::Value::Bool(_)
        | node::Value::Int(_)
        | node::Value::LargeInt
        | node::Value::Double(_)
        | node::Value::Tagged(_) => scalar(reader.report, node).map(Payload::Literal),
    }
}

/// The entries of a mapping as payloads.
pub(crate) fn named(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    what: &str,
) -> Option<Vec<(Arc<str>, Payload)>> {
    let errors = reader.report.errors();
    let fields = entries(reader.report, node, what)?;
    if reader.report.errors() > errors {
        return None;
    }
    let all: Vec<Option<(Arc<str>, Payload)>> = fields
        .into_iter()
        .map(|Field { key, value, .. }| Some((Arc::from(key), payload(reader, value)?)))
        .collect();
    all.into_iter().collect()
}

/// A value without expressions: a default, a bound, an entry of the project's configuration.
pub(crate) fn literal(report: &mut Report<'_>, node: &Node) -> Option<Value> {
    match &node.value {
        node::Value::Text(text) => {
            if text.contains("${") {
                report.add(
                    Finding::new(
                        Code::InvalidValue,
                        node.span,
                        "expressions are not possible here",
                    )
                    .help("write the value itself"),
                );
                return None;
            }
            Some(Value::from(text.as_str()))
        }
        node::Value::List(items) => {
            let items: Vec<Option<Value>> =
                items.iter().map(|item| literal(report, item)).collect();
            Some(Value::List(Arc::new(items.into_iter().collect::<Option<_>>()?)))
        }
        node::Value::Map(_) => {
            let mut map = Map::new();
            let mut complete = true;
            for field in entries(report, node, "a mapping")? {
                match literal(report, field.value) {
                    Some(value) => drop(map.insert(field.key, value)),
                    None => complete = false,
                }
            }
            complete.then(|| Value::Map(Arc::new(map)))
        }
        node::Value::Null
        | node::Value::Bool(_)
        | node::Value::Int(_)
        | node::Value::LargeInt
        | node::Value::Double(_)
        | node::Value::Tagged(_) => scalar(report, node),
    }
}

fn scalar(report: &mut Report<'_>, node: &Node) -> Option<Value> {
    match &node.value {
        node::Value::Null => Some(Value::Null),
        node::Value::Bool(value) => Some(Value::Bool(*value)),
        node::Value::Int(value) => Some(Value::Int(*value)),
        node::Value::Double(value) => Some(Value::Double(*value)),
        node::Value::LargeInt => {
            report.add(
                Finding::new(Code::InvalidValue, node.span, "the number does not fit 64 bits")
                    .help("write it as a text, in quotes"),
            );
            None
        }
        node::Value::Text(_)
        | node::Value::List(_)
        | node::Value::Map(_)
        | node::Value::Tagged(_) => {
            report.add(wrong_kind(node, "a value stands here"));
            None
        }
    }
}

fn list(items: Vec<Payload>) -> Payload {
    if items.iter().all(|item| matches!(item, Payload::Literal(_))) {
        let values = items.into_iter().filter_map(into_literal).collect();
        return Payload::Literal(Value::List(Arc::new(values)));
    }
    Payload::List(items)
}

fn map(entries: Vec<(Arc<str>, Payload)>) -> Payload {
    if entries.iter().all(|(_, item)| matches!(item, Payload::Literal(_))) {
        let mut map = Map::with_capacity(entries.len());
        for (key, item) in entries {
            if let Some(value) = into_literal(item) {
                map.insert(key, value);
            }
        }
        return Payload::Literal(Value::Map(Arc::new(map)));
    }
    Payload::Map(entries)
}

fn into_literal(payload: Payload) -> Option<Value> {
    match payload {
        Payload::Literal(value) => Some(value),
        Payload::Template(_) | Payload::List(_) | Payload::Map(_) => None,
    }
}
