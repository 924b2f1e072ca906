//! Where the values of a YAML text stand, as an index of byte offsets.
//!
//! The values themselves, and whether the text is valid at all, come from another parser; this index
//! only points. It keeps every entry of a mapping, duplicates too.
//!
//! Invariants:
//!
//! * At most [`super::MAX_VALUES`] nodes and [`super::MAX_DEPTH`] levels are indexed; more is an error.
//! * A child has a higher number than its parent, except behind an alias.
//!
//! Absent by design: values. The only module that knows the scanner.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, options};
use lockstep_expr::Span;

use super::{MAX_DEPTH, MAX_VALUES};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes; also anything that is not a scalar.
    #[default]
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// Behind `|`.
    Literal,
    /// Behind `>`.
    Folded,
}

/// One value of the text.
#[derive(Debug)]
pub(crate) struct Node {
    /// A scalar or an alias: the whole of it. A collection: its brackets, its first dash or its first
    /// key.
    pub(crate) span: Span,
    /// End of the last part of it.
    pub(crate) end: usize,
    pub(crate) style: Style,
    pub(crate) shape: Shape,
}

/// What a value is made of, as numbers of nodes.
#[derive(Debug)]
pub(crate) enum Shape {
    Scalar,
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
    /// The node that the alias stands for.
    Alias(Option<usize>),
}

/// Why the index ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The scanner refused the text.
    Scan { at: usize, kind: ErrorKind },
    /// More than [`MAX_DEPTH`] levels.
    Depth { at: usize },
    /// An alias stands inside the value of its own anchor.
    Cycle { span: Span },
    /// More than [`MAX_VALUES`] values.
    Values { at: usize },
}

/// The places of all values of a text.
#[derive(Debug, Default)]
pub(crate) struct Index {
    nodes: Vec<Node>,
    /// The top node of each document; `None` for a document that holds nothing.
    pub(crate) documents: Vec<Option<usize>>,
    /// Why the index ends before the text does.
    pub(crate) stop: Option<Stop>,
}

impl Index {
    /// Moves all places into a file in which the text begins at `base` bytes.
    pub(crate) fn shift(&mut self, base: usize) {
        for node in &mut self.nodes {
            node.span = node.span.shifted(base);
            node.end += base;
        }
    }

    pub(crate) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// The node behind a chain of aliases.
    pub(crate) fn resolve(&self, number: usize) -> Option<&Node> {
        let node = self.node(number)?;
        match node.shape {
            // An alias stands for an anchored node, which is never an alias itself.
            Shape::Alias(target) => target.and_then(|target| self.node(target)),
            Shape::Scalar | Shape::List(_) | Shape::Map(_) => Some(node),
        }
    }
}

/// A collection whose end has not been read.
struct Open {
    number: usize,
    /// The key of a mapping's entry whose value has not been read.
    key: Option<usize>,
}

/// Indexes a text.
pub(crate) fn index(text: &str) -> Index {
    let options = options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    let mut builder = Builder { text, ..Builder::default() };
    for next in Parser::new_from_str_with_options(text, options) {
        let done = match next {
            Ok((event, span)) => builder.event(event, place(span, text)),
            Err(error) => Err(stop(&error, text)),
        };
        if let Err(stop) = done {
            builder.index.stop = Some(stop);
            break;
        }
    }
    builder.index
}

/// The place of a node, without the line breaks that end a block scalar.
fn place(span: granit_parser::Span, text: &str) -> Span {
    let range = span.byte_range().unwrap_or_default();
    let kept = text.get(range.clone()).map_or(range.len(), |text| text.trim_end().len());
    Span::new(range.start, range.start + kept)
}

fn stop(error: &ScanError, text: &str) -> Stop {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return Stop::Depth { at };
    }
    Stop::Scan { at, kind: error.kind().clone() }
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    index: Index,
    open: Vec<Open>,
    anchors: BTreeMap<usize, usize>,
}

impl Builder<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the scanner may add kinds of events")]
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(..) => {
                self.index.documents.push(None);
                self.open.clear();
            }
            Event::Scalar(_, style, anchor, _) => {
                self.leaf(span, self::style(style), anchor, Shape::Scalar)?;
            }
            Event::Alias(id) => {
                let target = self.anchors.get(&id).copied();
                if self.open.iter().any(|open| Some(open.number) == target) {
                    return Err(Stop::Cycle { span });
                }
                self.leaf(span, Style::Plain, 0, Shape::Alias(target))?;
            }
            Event::UnresolvedAlias(_) => {
                self.leaf(span, Style::Plain, 0, Shape::Alias(None))?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.enter(span, anchor, Shape::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.enter(span, anchor, Shape::Map(Vec::new()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(span),
            // The start and end of the stream and of documents, and kinds of later versions.
            _ => {}
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        span: Span,
        style: Style,
        anchor: usize,
        shape: Shape,
    ) -> Result<usize, Stop> {
        if self.index.nodes.len() >= MAX_VALUES {
            return Err(Stop::Values { at: span.start });
        }
        let number = self.index.nodes.len();
        self.index.nodes.push(Node { span, end: span.end, style, shape });
        if anchor != 0 {
            self.anchors.insert(anchor, number);
        }
        self.attach(number);
        Ok(number)
    }

    fn enter(&mut self, mut span: Span, anchor: usize, shape: Shape) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Stop::Depth { at: span.start });
        }
        if span.start == span.end && matches!(shape, Shape::List(_)) {
            // A list without brackets begins with a dash.
            span.end += 1;
        }
        let number = self.leaf(span, Style::Plain, anchor, shape)?;
        self.open.push(Open { number, key: None });
        Ok(())
    }

    fn leave(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        // What was read last stands last; a mapping without braces has no end of its own.
        let last = self.index.nodes.last().map_or(0, |node| node.end);
        let Some(node) = self.index.nodes.get_mut(open.number) else { return };
        let closed = if end.end > end.start { end.end } else { 0 };
        node.end = node.end.max(last).max(closed);
        // Brackets on one line are shown whole; those on several lines would hide what is meant.
        let whole = self.text.get(node.span.start..end.end).unwrap_or("\n");
        if end.end > end.start && whole.starts_with(['[', '{']) && !whole.contains('\n') {
            node.span.end = end.end;
        }
    }

    fn attach(&mut self, number: usize) {
        let Some(parent) = self.open.last_mut() else {
            if let Some(document) = self.index.documents.last_mut() {
                *document = Some(number);
            }
            return;
        };
        let child = self.index.nodes.get(number).map(|node| node.span).unwrap_or_default();
        let Some(node) = self.index.nodes.get_mut(parent.number) else { return };
        match &mut node.shape {
            Shape::List(items) => items.push(number),
            Shape::Map(entries) => {
                if let Some(key) = parent.key.take() {
                    entries.push((key, number));
                    return;
                }
                // A mapping without braces has no sign of its own: its first key stands for it.
                if entries.is_empty() && node.span.start == node.span.end {
                    node.span = child;
                }
                parent.key = Some(number);
            }
            Shape::Scalar | Shape::Alias(_) => {}
        }
    }
}

fn style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
