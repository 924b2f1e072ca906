//! An expression: parsed once, evaluated often.
//!
//! Invariants:
//! - *Checked before*: length and nesting are bounded before anything calls itself.
//! - *Immutable*: an expression never changes, but that it keeps patterns it has compiled.

pub(crate) mod ast;
#[cfg(test)]
mod corner_tests;
mod evaluate;
mod guard;
#[cfg(test)]
mod hostile;
mod names;
#[cfg(test)]
pub(crate) mod page;
mod parse;
mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use crate::check::{self, TypeScope, Typing};
use crate::error::{EvalError, ParseError};
use crate::fault::Fault;
use crate::meter::Meter;
use crate::scope::Scope;
use crate::span::Span;
use crate::value::Value;

pub use guard::{Fact, Guarded};

pub(crate) use scan::embedded_end;

/// Longest text of an expression, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// Deepest nesting of brackets.
pub const MAX_NESTING: usize = 64;
/// Most nodes on a path of the tree: brackets, fields, elements, methods and operators that apply to
/// each other's results.
pub const MAX_HEIGHT: usize = 160;

/// A parsed expression. A clone counts a reference.
#[derive(Clone, Debug)]
pub struct Expression {
    parsed: Arc<Parsed>,
    /// Where the text begins in the text around it, in bytes.
    offset: usize,
}

#[derive(Debug)]
struct Parsed {
    text: Arc<str>,
    root: ast::Node,
}

/// A name that an expression takes from its scope, with the fields that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeName {
    /// The name.
    pub name: String,
    /// Names of fields that follow it, outermost first: `a.b.c` has `["b", "c"]`.
    pub path: Vec<String>,
    /// Where, from the name to the last of the fields.
    pub span: Span,
}

impl Expression {
    /// Reads an expression. A call of a function that does not exist is no error here, since its
    /// value may not be needed: see [`unresolved_calls`](Self::unresolved_calls).
    ///
    /// # Errors
    ///
    /// [`ParseError`] if `text` is not an expression, is longer than 16 KiB, or nests too deeply.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let root = parse::parse(text, true)?;
        Ok(Self { parsed: Arc::new(Parsed { text: text.into(), root }), offset: 0 })
    }

    /// Reads an expression in which macros are calls of functions that do not exist.
    #[cfg(test)]
    pub(crate) fn parse_without_macros(text: &str) -> Result<Self, ParseError> {
        let root = parse::parse(text, false)?;
        Ok(Self { parsed: Arc::new(Parsed { text: text.into(), root }), offset: 0 })
    }

    /// Returns the same expression as a part of a longer text.
    pub(crate) fn at_offset(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// Returns where the text begins in the text around it, in bytes; 0 if it stands alone.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Computes the value.
    ///
    /// # Errors
    ///
    /// [`EvalError`] with one of the codes of [`code`](crate::code).
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        self.evaluate_within(scope, &mut Meter::new())
    }

    /// Computes the value within what `meter` has left.
    pub(crate) fn evaluate_within(
        &self,
        scope: &dyn Scope,
        meter: &mut Meter,
    ) -> Result<Value, EvalError> {
        evaluate::evaluate(&self.parsed.root, &self.parsed.text, scope, meter)
    }

    /// Returns a fault about the whole expression as an error.
    pub(crate) fn error(&self, fault: Fault) -> EvalError {
        fault.into_error(&self.parsed.text)
    }

    /// Finds the type of the value, and what is wrong, without a value.
    pub fn check(&self, scope: &dyn TypeScope) -> Typing {
        check::check(&self.parsed.root, &self.parsed.text, scope)
    }

    /// Returns the paths (a name and its fields) that are known not to be null when the expression
    /// has come to `truth`: of `a.b != null`, when it is true, `a.b`.
    pub fn present_when(&self, truth: bool) -> Vec<Vec<String>> {
        check::present_when(&self.parsed.root, truth)
    }

    /// Returns the names that come from the scope, in the order of the text. Names that a macro
    /// binds are not among them, nor are names of types.
    pub fn free_names(&self) -> Vec<FreeName> {
        let mut free = Vec::new();
        names::free_names(&self.parsed.root, &mut free);
        free
    }

    /// Returns what is known when the expression came to `truth`: itself, and the conditions that it
    /// is made of with `&&`, `||` and `!`.
    pub fn facts(&self, truth: bool) -> Vec<Fact> {
        let mut facts = Vec::new();
        guard::facts(&self.parsed.root, &self.parsed.text, truth, &mut facts);
        facts
    }

    /// Returns the names whose value is needed only under some conditions, in the order of the text.
    pub fn guarded_names(&self) -> Vec<Guarded> {
        let mut guarded = Vec::new();
        guard::guarded(&self.parsed.root, &self.parsed.text, &[], &mut guarded);
        guarded
    }

    /// Returns the calls that no function answers: of an unknown name, or with a wrong number of
    /// arguments. Evaluating one is an error with the code `expr.unknown_function`.
    pub fn unresolved_calls(&self) -> Vec<ParseError> {
        let mut errors = Vec::new();
        names::unresolved_calls(&self.parsed.root, &mut errors);
        errors
    }
}

/// Returns whether an expression can use the text as a name: a letter or `_`, then letters, digits
/// and `_`; no reserved word (`in`, `for`, `true`, ...) and no name of a type (`int`, `list`, ...).
pub fn is_name(text: &str) -> bool {
    parse::is_name(text)
}
