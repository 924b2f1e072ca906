//! Why a text is not an expression, and why an expression has no value.

use std::fmt;
use std::sync::Arc;

use crate::span::Span;

/// Codes of evaluation errors: stable words that a `catch` can name.
pub mod code {
    /// An operator or function was given values that it is not defined for.
    pub const TYPE: &str = "expr.type";
    /// An object has no such field.
    pub const NO_SUCH_FIELD: &str = "expr.no_such_field";
    /// A map has no such key.
    pub const NO_SUCH_KEY: &str = "expr.no_such_key";
    /// A name is not bound.
    pub const UNKNOWN_NAME: &str = "expr.unknown_name";
    /// No function has this name.
    pub const UNKNOWN_FUNCTION: &str = "expr.unknown_function";
    /// A result lies outside the range of its type.
    pub const OVERFLOW: &str = "expr.overflow";
    /// A division or remainder by zero.
    pub const DIVIDE_BY_ZERO: &str = "expr.divide_by_zero";
    /// A position outside a list or string.
    pub const INDEX: &str = "expr.index";
    /// A value cannot be read as the wanted type.
    pub const CONVERSION: &str = "expr.conversion";
    /// A function got a value of the right type that it has no answer for.
    pub const ARGUMENT: &str = "expr.argument";
    /// A map literal has one key twice.
    pub const DUPLICATE_KEY: &str = "expr.duplicate_key";
    /// A bound on work, memory or nesting was reached.
    pub const LIMIT: &str = "expr.limit";
}

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Where, in bytes of the text that was parsed.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ParseError {
    /// Returns an error without help.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    /// What kind of error, one of [`code`].
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, in bytes of `text`.
    pub span: Span,
    /// The expression.
    pub text: Arc<str>,
}

impl EvalError {
    /// Returns the part of the expression that the error is about.
    pub fn excerpt(&self) -> &str {
        self.text.get(self.span.start..self.span.end).unwrap_or(&self.text)
    }
}

impl std::error::Error for EvalError {}

impl fmt::Display for EvalError {
    /// Writes the message, the expression and the place in it; columns count characters from 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (in `{}`", self.message, self.text)?;
        if self.span.start > 0 || self.span.end < self.text.len() {
            let before = self.text.get(..self.span.start).unwrap_or("");
            let column = before.chars().count().saturating_add(1);
            write!(f, ", at `{}`, column {column}", self.excerpt())?;
        }
        write!(f, ")")
    }
}
