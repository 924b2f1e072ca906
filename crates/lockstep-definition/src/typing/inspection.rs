//! What an editor wants to know about one file: types of parts, bindings and uses, visible names.
//!
//! Invariants:
//!
//! * Nothing here is computed unless it is asked for.

use std::sync::Arc;

use lockstep_expr::{Span, StaticType};

/// A name that a step binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundName {
    /// The name.
    pub name: Arc<str>,
    /// Where it is bound, in the order of the text.
    pub bindings: Vec<Span>,
    /// Where it is used, in the order of the text.
    pub uses: Vec<Span>,
}

/// Names at one place and their types.
pub(crate) type Moment = (usize, Vec<(Arc<str>, StaticType)>);

/// What is known about one workflow.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The part of the file that the workflow is written in, from its first activity on.
    pub span: Span,
    /// Each part of an expression, and each name where it is bound, with the type of its value.
    pub types: Vec<(Span, StaticType)>,
    /// The names that it binds.
    pub names: Vec<BoundName>,
    /// The type of `input`.
    pub input: Option<StaticType>,
    /// Names that have a meaning of their own, with their types.
    pub built_in: Vec<(Arc<str>, StaticType)>,
    moments: Vec<Moment>,
}

impl Inspection {
    /// The smallest part of an expression at a byte of the file, and its type.
    pub fn type_at(&self, byte: usize) -> Option<&(Span, StaticType)> {
        let around = self.types.iter().filter(|(span, _)| span.start <= byte && byte <= span.end);
        around.min_by_key(|(span, _)| span.end - span.start)
    }

    /// The names that are bound, on some way at least, at a byte of the file.
    pub fn names_at(&self, byte: usize) -> &[(Arc<str>, StaticType)] {
        let before = self.moments.iter().filter(|(at, _)| *at <= byte);
        before.max_by_key(|(at, _)| *at).map(|(_, names)| names.as_slice()).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, seen: Seen) {
        self.types.extend(seen.types);
        self.moments.extend(seen.moments);
    }
}

/// What a walk has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) types: Vec<(Span, StaticType)>,
    pub(crate) moments: Vec<Moment>,
}
