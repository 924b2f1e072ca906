//! Where in a document an offset is, and what the grammar expects there.
//!
//! Invariants:
//!
//! * The trail goes from the document to the innermost mapping or list around the offset.

#![expect(clippy::wildcard_enum_match_arm, reason = "a question is about a few of the shapes")]

use lockstep_expr::Span;

use super::outline::{Entry, Kind, Node};
use crate::grammar::{Choosing, DOCUMENT, Mapping, Names, STEPS, Shape};

/// What stands at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A key of the last mapping of the trail, or the place for one.
    Key,
    /// A value, or the place for one.
    Value,
}

/// A mapping or list around an offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'o> {
    pub(super) node: &'o Node,
    /// The entry that the way goes through, of a mapping.
    pub(super) entry: Option<&'o Entry>,
    /// What the grammar knows about the mapping.
    pub(super) mapping: Option<&'static Mapping>,
    /// Which names it has, if the author gives them; with what their values are.
    pub(super) names: Option<(Names, &'static Shape)>,
    /// Whether its keys are codes of warnings.
    pub(super) allow: bool,
}

/// The place of an offset.
#[derive(Debug)]
pub(super) struct Place<'o> {
    pub(super) trail: Vec<Link<'o>>,
    pub(super) spot: Spot,
    /// The key or scalar that the offset touches; empty where nothing is written.
    pub(super) word: Span,
    /// What a value can be here.
    pub(super) shapes: Vec<&'static Shape>,
    /// Whether a value begins a line, so that a mapping without braces may begin here.
    pub(super) begins_line: bool,
}

impl<'o> Place<'o> {
    /// The innermost mapping.
    pub(super) fn inner(&self) -> Option<&Link<'o>> {
        self.trail.iter().rev().find(|link| matches!(link.node.kind, Kind::Map { .. }))
    }

    /// The innermost mapping of this kind around the offset.
    pub(super) fn around(&self, name: &str) -> Option<&Link<'o>> {
        let is = |link: &&Link<'o>| link.mapping.is_some_and(|mapping| mapping.name == name);
        self.trail.iter().rev().find(is)
    }

    /// The key whose value the offset is in.
    pub(super) fn key(&self) -> Option<&'o Entry> {
        self.inner().and_then(|link| link.entry)
    }
}

/// The alternatives that a shape stands for.
pub(super) fn alternatives(shape: &'static Shape) -> Vec<&'static Shape> {
    match shape {
        Shape::Either(shapes) => shapes.iter().flat_map(alternatives).collect(),
        Shape::Steps => alternatives(&STEPS),
        other => vec![other],
    }
}

/// Finds the place of an offset in a document.
pub(super) fn place<'o>(text: &str, root: &'o Node, offset: usize) -> Place<'o> {
    let mut search = Search { text, offset, trail: Vec::new() };
    let found = search.node(root, &alternatives(&DOCUMENT));
    // What is typed already belongs to the value that begins the line.
    let line = text.get(..found.word.start).unwrap_or_default();
    let before = line.rsplit('\n').next().unwrap_or_default();
    let begins_line = before.trim_start_matches([' ', '-']).is_empty();
    let Found { spot, word, shapes } = found;
    Place { trail: search.trail, spot, word, shapes, begins_line }
}

struct Found {
    spot: Spot,
    word: Span,
    shapes: Vec<&'static Shape>,
}

struct Search<'t, 'o> {
    text: &'t str,
    offset: usize,
    trail: Vec<Link<'o>>,
}

impl<'o> Search<'_, 'o> {
    /// The text of the line before the offset.
    fn line_before(&self) -> &str {
        let head = self.text.get(..self.offset).unwrap_or_default();
        head.rsplit('\n').next().unwrap_or_default()
    }

    fn here(&self) -> Span {
        Span::new(self.offset, self.offset)
    }

    fn node(&mut self, node: &'o Node, shapes: &[&'static Shape]) -> Found {
        match &node.kind {
            Kind::Empty => Self::value(self.here(), shapes),
            Kind::Scalar { inner } => {
                let touched = inner.start <= self.offset && self.offset <= inner.end;
                Self::value(if touched { *inner } else { self.here() }, shapes)
            }
            Kind::List { items, brackets } => self.list(node, items, *brackets, shapes),
            Kind::Map { entries, brackets } => self.map(node, entries, *brackets, shapes),
        }
    }

    fn value(word: Span, shapes: &[&'static Shape]) -> Found {
        Found { spot: Spot::Value, word, shapes: shapes.to_vec() }
    }

    fn new_key(&self) -> Found {
        Found { spot: Spot::Key, word: self.here(), shapes: Vec::new() }
    }

    fn list(
        &mut self,
        node: &'o Node,
        items: &'o [Node],
        brackets: bool,
        shapes: &[&'static Shape],
    ) -> Found {
        let of = shapes.iter().find_map(|shape| match shape {
            Shape::List(_, of) => Some(alternatives(of)),
            _ => None,
        });
        let of = of.unwrap_or_default();
        self.trail.push(Link { node, entry: None, mapping: None, names: None, allow: false });
        let blank = self.line_before().trim().is_empty();
        let column = self.line_before().len();
        let last = items.iter().rfind(|item| item.span.start <= self.offset);
        match last {
            Some(item) if !brackets && blank && column > node.column => self.node(item, &of),
            Some(item) if !blank && !brackets && self.on_line_of(item) => self.node(item, &of),
            Some(item) if brackets && self.touches(item) => self.node(item, &of),
            Some(_) | None => Self::value(self.here(), &of),
        }
    }

    fn map(
        &mut self,
        node: &'o Node,
        entries: &'o [Entry],
        brackets: bool,
        shapes: &[&'static Shape],
    ) -> Found {
        let names = shapes.iter().find_map(|shape| match shape {
            Shape::Map(names, of) => Some((*names, *of)),
            _ => None,
        });
        let mapping = chosen(node, shapes);
        let allow = shapes.iter().any(|shape| matches!(shape, Shape::Allow));
        let last = entries.iter().rfind(|entry| entry.key_span.start <= self.offset);
        let link = Link { node, entry: last, mapping, names, allow };
        self.trail.push(link);
        let number = self.trail.len() - 1;
        let blank = self.line_before().trim().is_empty();
        let as_key = |search: &mut Self, found: Found| {
            if let Some(link) = search.trail.get_mut(number) {
                link.entry = link.entry.filter(|entry| entry.key_span == found.word);
            }
            found
        };
        let Some(entry) = last else {
            let found = self.new_key();
            return as_key(self, found);
        };
        if self.offset <= entry.key_span.end {
            let found = Found { spot: Spot::Key, word: entry.key_span, shapes: Vec::new() };
            return as_key(self, found);
        }
        if !brackets && blank && self.line_before().len() <= node.column {
            let found = self.new_key();
            return as_key(self, found);
        }
        let of = mapping.and_then(|mapping| mapping.key(&entry.key)).map(|key| &key.shape);
        let of = of.or(names.map(|(_, of)| of)).map(alternatives).unwrap_or_default();
        let between = self.text.get(entry.key_span.end..self.offset).unwrap_or_default();
        let same_line = !between.contains('\n');
        let value = &entry.value;
        let written = !matches!(value.kind, Kind::Empty);
        let within = written && self.touches(value);
        if within || (!written && same_line && !self.behind_comma(brackets)) {
            return self.node(value, &of);
        }
        if brackets && (self.behind_comma(brackets) || !entry.complete) {
            let found = self.new_key();
            return as_key(self, found);
        }
        // A line below the entry.
        let open = matches!(
            value.kind,
            Kind::Empty | Kind::List { brackets: false, .. } | Kind::Map { brackets: false, .. }
        );
        if !same_line && open && entry.complete {
            return self.node(value, &of);
        }
        let found = if same_line { Self::value(self.here(), &[]) } else { self.new_key() };
        if found.spot == Spot::Key { as_key(self, found) } else { found }
    }

    /// Whether the offset is in a node, or at its end unless a bracket closes it.
    fn touches(&self, node: &Node) -> bool {
        let text = self.text.get(node.span.start..node.span.end).unwrap_or_default();
        let brackets = matches!(
            node.kind,
            Kind::List { brackets: true, .. } | Kind::Map { brackets: true, .. }
        );
        let closed = brackets && text.len() > 1 && text.ends_with(['}', ']']);
        node.span.start <= self.offset
            && (self.offset < node.span.end || (self.offset == node.span.end && !closed))
    }

    /// Whether the offset is in a node or behind it in its last line.
    fn on_line_of(&self, node: &Node) -> bool {
        let behind = self.text.get(node.span.end..self.offset);
        behind.is_none_or(|behind| !behind.contains('\n'))
    }

    /// Whether the last sign before the offset ends an entry of a mapping in braces.
    fn behind_comma(&self, brackets: bool) -> bool {
        let head = self.text.get(..self.offset).unwrap_or_default().trim_end();
        brackets && head.ends_with([',', '{'])
    }
}

/// Which of the mappings that are possible a node is: by its keys, if there are several.
fn chosen(node: &Node, shapes: &[&'static Shape]) -> Option<&'static Mapping> {
    let mut mappings = shapes.iter().filter_map(|shape| match shape {
        Shape::Mapping(mapping) => Some(*mapping),
        _ => None,
    });
    let first = mappings.next()?;
    let others: Vec<&'static Mapping> = mappings.collect();
    if others.is_empty() {
        return Some(first);
    }
    let names = |mapping: &&&Mapping| {
        mapping.keys.first().is_some_and(|key| node.entry(key.name).is_some())
    };
    std::iter::once(&first).chain(&others).find(names).copied()
}

/// The choosing key that a mapping has.
pub(super) fn choosing(node: &Node, mapping: &'static Mapping) -> Option<&'static Choosing> {
    let has = |choosing: &&Choosing| node.entry(choosing.key).is_some();
    // `set` beside `update` does not choose.
    let beside = |choosing: &&Choosing| {
        !mapping
            .one_of
            .iter()
            .any(|other| other.beside.contains(&choosing.key) && node.entry(other.key).is_some())
    };
    mapping.one_of.iter().filter(has).find(beside)
}
