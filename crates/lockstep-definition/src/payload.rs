//! Trees of literals and templates.
//!
//! Invariants:
//!
//! * A tree without expressions becomes one literal.

use std::sync::Arc;

use lockstep_expr::{Map, Template, Value};

use crate::code::Code;
use crate::conform::conform;
use crate::diagnostic::{Finding, shown};
use crate::fields::{Field, entries, wrong_kind};
use crate::flow::{Op, Tree};
use crate::reader::Reader;
use crate::report::Report;
use crate::typing::Expected;
use crate::workflow::Payload;
use crate::yaml::node::{self, Node};

/// Reads a tree of which every value is taken.
pub(crate) fn payload(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    payload_for(reader, node, Expected::Any)
}

/// Reads a tree, and notes what its value is for.
pub(crate) fn payload_for(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    expected: Expected,
) -> Option<Payload> {
    let (payload, tree) = part(reader, node, refused(&expected, node));
    reader.flow.push(Op::Value(tree, expected));
    payload
}

/// Whether a text is refused because of what it is for, so that no more is to be told about it.
fn refused(expected: &Expected, node: &Node) -> bool {
    match (expected, &node.value) {
        (Expected::List, _) => true,
        (Expected::Declared(declared), node::Value::Text(text)) => {
            conform(&declared.ty, Value::from(text.as_str())).is_err()
        }
        _ => false,
    }
}

fn part(reader: &mut Reader<'_, '_>, node: &Node, refused: bool) -> (Option<Payload>, Tree) {
    let literal = |value: Option<Value>| {
        let tree =
            value.clone().map_or(Tree::Broken(Vec::new()), |value| Tree::Literal(value, node.span));
        (value.map(Payload::Literal), tree)
    };
    match &node.value {
        node::Value::Text(text) => match reader.template(node, text) {
            Some((Template::Literal(text), _)) => {
                if !refused {
                    forgotten(reader, node, &text);
                }
                literal(Some(Value::String(text)))
            }
            Some((template, id)) => {
                (Some(Payload::Template(template)), id.map_or(Tree::Broken(Vec::new()), Tree::Use))
            }
            None => (None, Tree::Broken(Vec::new())),
        },
        node::Value::List(items) => {
            let (items, trees): (Vec<_>, Vec<_>) =
                items.iter().map(|item| part(reader, item, false)).unzip();
            let read = items.into_iter().collect::<Option<Vec<_>>>().map(list);
            match read {
                Some(Payload::Literal(value)) => literal(Some(value)),
                read => (read, Tree::List(trees, node.span)),
            }
        }
        node::Value::Map(_) => {
            let errors = reader.report.errors();
            let Some(fields) = entries(reader.report, node, "a mapping") else {
                return (None, Tree::Broken(Vec::new()));
            };
            let broken = reader.report.errors() > errors;
            let (items, trees): (Vec<_>, Vec<_>) = fields
                .into_iter()
                .map(|Field { key, value, .. }| {
                    let (payload, tree) = part(reader, value, false);
                    let key: Arc<str> = Arc::from(key);
                    (payload.map(|payload| (Arc::clone(&key), payload)), (key, tree))
                })
                .unzip();
            let read = items.into_iter().collect::<Option<Vec<_>>>().filter(|_| !broken).map(map);
            match read {
                Some(Payload::Literal(value)) => literal(Some(value)),
                None if broken => {
                    (None, Tree::Broken(trees.into_iter().map(|(_, tree)| tree).collect()))
                }
                read => (read, Tree::Map(trees, node.span)),
            }
        }
        node::Value::Null
        | node::Value::Bool(_)
        | node::Value::Int(_)
        | node::Value::LargeInt
        | node::Value::Double(_)
        | node::Value::Tagged(_) => literal(scalar(reader.report, node)),
    }
}

/// Tells a text that is nothing but the name of an input or a secret.
fn forgotten(reader: &mut Reader<'_, '_>, node: &Node, text: &str) {
    let named = match text.split_once('.') {
        Some(("input", rest)) => {
            let name = rest.split_once('.').map_or(rest, |(name, _)| name);
            let mut inputs = reader.flow.inputs.iter().flatten();
            inputs.any(|input| *input.name == *name) && rest.split('.').all(lockstep_expr::is_name)
        }
        Some(("secret", name)) => {
            let project = reader.catalog.project.as_ref();
            project.is_some_and(|project| project.secrets.iter().any(|secret| **secret == *name))
        }
        _ => false,
    };
    if named {
        let message = format!("this is the text `{}`, not its value", shown(text));
        let written = format!("\"${{{text}}}\"");
        reader.add(
            Finding::new(Code::ForgottenBraces, node.span, message)
                .help("an expression within a text stands in `${ }`")
                .suggest(written),
        );
    }
}

/// The entries of a mapping as payloads, each for the same.
pub(crate) fn named(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    what: &str,
    expected: &Expected,
) -> Option<Vec<(Arc<str>, Payload)>> {
    let errors = reader.report.errors();
    let fields = entries(reader.report, node, what)?;
    if reader.report.errors() > errors {
        return None;
    }
    let all: Vec<Option<(Arc<str>, Payload)>> = fields
        .into_iter()
        .map(|Field { key, value, .. }| {
            Some((Arc::from(key), payload_for(reader, value, expected.clone())?))
        })
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
