//! The names that an expression takes from its scope, and calls that nothing answers.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "nodes that are not named are not paths of names"
)]

use super::FreeName;
use super::ast::{Kind, Name, Node};
use crate::error::ParseError;

/// Adds the names below a node in the order of the text.
pub(super) fn free_names(node: &Node, names: &mut Vec<FreeName>) {
    let mut path = Vec::new();
    let mut root = node;
    while let Kind::Field(field) | Kind::OptionalField(field) | Kind::Has(field) = &root.kind {
        path.push(field.name.to_string());
        root = &field.target;
    }
    if let Kind::Name(name) = &root.kind {
        path.reverse();
        if !is_type(name, node) {
            let span = match &node.kind {
                Kind::Has(field) => field.span,
                _ => node.span,
            };
            names.push(FreeName { name: name.text.to_string(), path, span });
        }
        return;
    }
    root.kind.for_each_child(&mut |child| free_names(child, names));
}

/// Returns whether a path of names means a type where the scope does not bind it.
fn is_type(name: &Name, path: &Node) -> bool {
    let denotes = match &path.kind {
        Kind::Field(field) => field.dotted.as_ref().and_then(|dotted| dotted.denotes.as_ref()),
        _ => name.denotes.as_ref(),
    };
    denotes.is_some()
}

/// Adds the calls below a node that no function answers.
pub(super) fn unresolved_calls(node: &Node, errors: &mut Vec<ParseError>) {
    if let Kind::Unresolved(call) = &node.kind {
        errors.push(call.error.clone());
    }
    node.kind.for_each_child(&mut |child| unresolved_calls(child, errors));
}
