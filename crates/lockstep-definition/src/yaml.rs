//! YAML text to documents whose values know their places.
//!
//! Two parsers read a text: one decides whether it is valid and what the values are, the other where
//! they stand ([`spans`]). Where they disagree, the first decides.
//!
//! Invariants:
//!
//! * Size, depth and number of values are checked before anything is built.
//! * Work and memory are in proportion to the size of the text, at most [`MAX_FILE_BYTES`].
//!
//! Absent by design: what the documents mean.

pub(crate) mod node;
mod scalar;
pub(crate) mod spans;
mod syntax;

#[cfg(test)]
mod tests;

use std::cell::Cell;

use lockstep_expr::Span;
use serde::de::DeserializeSeed;

use self::node::{Node, Seed, Value};
pub(crate) use self::scalar::Places;
use self::spans::{Index, Stop};
use crate::code::Code;
use crate::diagnostic::Finding;
use crate::report::Report;

/// Largest file in bytes: 1 MiB.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Deepest nesting of lists and mappings.
pub const MAX_DEPTH: usize = 64;
/// Most values (texts, numbers, lists, mappings, keys) in one file, after aliases are put in.
pub const MAX_VALUES: usize = 200_000;
/// Most opening brackets behind the place where the first parser gave up, for the second to be asked:
/// its work grows with the square of the open brackets.
const MAX_UNSEEN_BRACKETS: usize = 2_000;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Documents {
    /// The documents that can be read, in order; empty ones are left out.
    pub(crate) nodes: Vec<Node>,
    /// Whether a part of the file could not be read.
    pub(crate) broken: bool,
}

/// Reads a file, and adds to the report why parts of it cannot be read.
pub(crate) fn read(report: &mut Report<'_>) -> Documents {
    let text: &str = &report.source.text;
    let before = report.errors();
    let nodes = if text.len() > MAX_FILE_BYTES {
        report.add(too_large(text.len()));
        Vec::new()
    } else {
        documents(report, text)
    };
    let broken = report.errors() > before;
    if nodes.is_empty() && !broken {
        report.add(
            Finding::new(Code::EmptyFile, Span::default(), "the file holds no definition")
                .help("begin a definition with `workflow:`, `entity:` or `project:`"),
        );
    }
    Documents { nodes, broken }
}

fn too_large(bytes: usize) -> Finding {
    Finding::new(
        Code::FileTooLarge,
        Span::default(),
        format!("the file has {bytes} bytes; at most {MAX_FILE_BYTES} are allowed"),
    )
    .help("split it: definitions in several files are checked together")
}

fn documents(report: &mut Report<'_>, text: &str) -> Vec<Node> {
    let index = spans::index(text);
    if let Some(stop) = &index.stop
        && !may_go_on(stop, text)
    {
        report.add(syntax::stopped(stop, text));
        return Vec::new();
    }
    let left = Cell::new(MAX_VALUES);
    let mut nodes = Vec::new();
    for (number, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
        let top = index.documents.get(number).copied().flatten();
        let seed =
            Seed { index: &index, number: top, around: Span::default(), depth: 0, left: &left };
        match seed.deserialize(document) {
            Ok(node) => nodes.extend(Some(node).filter(|node| !matches!(node.value, Value::Null))),
            Err(error) => {
                report.add(explain(report, &index, &error));
                break;
            }
        }
    }
    nodes
}

/// Whether the second parser may see a text that the first did not read to its end.
fn may_go_on(stop: &Stop, text: &str) -> bool {
    match stop {
        Stop::Depth { .. } | Stop::Values { .. } | Stop::Cycle { .. } => false,
        Stop::Scan { at, .. } => {
            let unseen = text.get(*at..).unwrap_or(text);
            unseen.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= MAX_UNSEEN_BRACKETS
        }
    }
}

fn explain(report: &Report<'_>, index: &Index, error: &serde_yaml::Error) -> Finding {
    let text: &str = &report.source.text;
    let at = error.location().map(|place| report.lines.offset(place.line(), place.column()));
    syntax::refused(&error.to_string(), at, index.stop.as_ref(), text)
}
