//! A text as a tree of mappings, lists and scalars, for every text: also for one that is being typed
//! and is no YAML yet.
//!
//! It follows indentation, quotes and brackets as YAML does where the text is YAML. Elsewhere it
//! guesses: a word without `:` is a key whose rest is still to come, a quote or bracket that is never
//! closed ends where the indentation says that something else begins.
//!
//! Invariants:
//!
//! * *Total*: every text has an outline, in time proportional to its length.
//! * *Shallow*: at most [`scan::MAX_DEPTH`] levels.
//! * *Local*: a mistake in one document leaves the others as they are.
//!
//! Absent by design: values, aliases, tags, errors. The checker's reader decides what a text means.

mod inline;
mod scan;

use lockstep_expr::Span;

use self::scan::Scan;

/// A mapping, list or scalar.
#[derive(Debug)]
pub(super) struct Node {
    /// From its first sign to the last one.
    pub(super) span: Span,
    /// Column of its first sign in its line, from 0, in bytes.
    pub(super) column: usize,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing is written.
    Empty,
    /// A text, without its quotes.
    Scalar {
        inner: Span,
    },
    List {
        items: Vec<Node>,
        brackets: bool,
    },
    Map {
        entries: Vec<Entry>,
        brackets: bool,
    },
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The key without quotes.
    pub(super) key: String,
    pub(super) key_span: Span,
    /// Whether the `:` is there.
    pub(super) complete: bool,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map { entries, .. } => entries,
            Kind::Empty | Kind::Scalar { .. } | Kind::List { .. } => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            Kind::Empty | Kind::Scalar { .. } | Kind::Map { .. } => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The place of a scalar's text.
    pub(super) fn scalar(&self) -> Option<Span> {
        match self.kind {
            Kind::Scalar { inner } => Some(inner),
            Kind::Empty | Kind::List { .. } | Kind::Map { .. } => None,
        }
    }

    /// The text of a scalar, as it is written.
    pub(super) fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.scalar().and_then(|span| text.get(span.start..span.end))
    }
}

/// One document, from behind the `---` before it to the one behind it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) span: Span,
    pub(super) node: Node,
}

/// The documents of a text; at least one.
pub(super) fn outline(text: &str) -> Vec<Document> {
    let mut scan = Scan::new(text);
    let mut documents = Vec::new();
    let mut start = 0;
    loop {
        let node = scan.document();
        let end = scan.at;
        documents.push(Document { span: Span::new(start, end), node });
        if end >= text.len() {
            return documents;
        }
        // The scan stands at `---` or `...`.
        scan.skip_line();
        start = scan.at;
    }
}

#[cfg(test)]
mod tests;
