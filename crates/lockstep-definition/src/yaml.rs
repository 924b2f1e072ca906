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
use crate::source::{BYTE_ORDER_MARK, Lines};

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
        report.add(too_large());
        Vec::new()
    } else if let Some(at) = report.source.not_utf_8 {
        let wrong = Span { start: at, end: at + char::REPLACEMENT_CHARACTER.len_utf8() };
        report.add(
            Finding::new(Code::NotUtf8, wrong, "this byte is not UTF-8")
                .help("save the file as UTF-8"),
        );
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

fn too_large() -> Finding {
    let message = format!("the file is larger than {MAX_FILE_BYTES} bytes");
    Finding::new(Code::FileTooLarge, Span::default(), message)
        .help("split it: definitions in several files are checked together")
}

/// What may still be read of a file.
struct Budget {
    values: Cell<usize>,
    brackets: usize,
}

fn documents(report: &mut Report<'_>, text: &str) -> Vec<Node> {
    let mut budget = Budget { values: Cell::new(MAX_VALUES), brackets: MAX_UNSEEN_BRACKETS };
    let mut nodes = Vec::new();
    for (base, text) in parts(text) {
        if let Err(finding) = part(text, base, &mut budget, &mut nodes) {
            report.add(finding.shifted(base));
            if report.is_full() {
                break;
            }
        }
    }
    nodes
}

/// The text, cut where a line begins a document, each part with its offset. Such a line ends whatever
/// stands before it, so that a mistake in one part says nothing about the next.
fn parts(text: &str) -> Vec<(usize, &str)> {
    // A byte order mark is no part of the first document.
    let first = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
    let mut cuts = vec![first];
    let (mut at, mut content) = (first, false);
    for line in text.get(first..).unwrap_or_default().split_inclusive('\n') {
        let behind = line.strip_prefix("---");
        if content
            && behind.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        {
            cuts.push(at);
        }
        at += line.len();
        // Comments and directives belong to the document that follows.
        content |= !line.trim().is_empty() && !line.starts_with(['#', '%']);
    }
    let ends = cuts.iter().skip(1).copied().chain([text.len()]);
    cuts.iter().zip(ends).filter_map(|(&from, to)| Some((from, text.get(from..to)?))).collect()
}

/// Reads the documents of a part of a file that begins at `base` bytes, up to the first that cannot be
/// read. The finding tells places in the part.
fn part(
    text: &str,
    base: usize,
    budget: &mut Budget,
    nodes: &mut Vec<Node>,
) -> Result<(), Finding> {
    let mut index = spans::index(text);
    if let Some(stop) = &index.stop
        && !may_go_on(stop, text, &mut budget.brackets)
    {
        return Err(syntax::stopped(stop, text));
    }
    index.shift(base);
    for (number, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
        let number = index.documents.get(number).copied().flatten();
        let around = Span::default().shifted(base);
        let seed = Seed { index: &index, number, around, depth: 0, left: &budget.values };
        let node = seed.deserialize(document).map_err(|error| explain(text, &index, &error))?;
        nodes.extend(Some(node).filter(|node| !matches!(node.value, Value::Null)));
    }
    Ok(())
}

/// Whether the second parser may see a text that the first did not read to its end.
fn may_go_on(stop: &Stop, text: &str, brackets: &mut usize) -> bool {
    match stop {
        Stop::Depth { .. } | Stop::Values { .. } | Stop::Cycle { .. } => false,
        Stop::Scan { at, .. } => {
            let unseen = text.get(*at..).unwrap_or(text);
            let unseen = unseen.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
            let left = brackets.checked_sub(unseen);
            *brackets = left.unwrap_or(*brackets);
            left.is_some()
        }
    }
}

fn explain(text: &str, index: &Index, error: &serde_yaml::Error) -> Finding {
    let lines = Lines::new(text);
    let at = error.location().map(|place| lines.offset(place.line(), place.column()));
    syntax::refused(&error.to_string(), at, index.stop.as_ref(), text)
}
