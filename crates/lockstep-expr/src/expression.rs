//! An expression: parsed once, evaluated often.

use std::sync::Arc;

use crate::error::{EvalError, ParseError, code};
use crate::scope::Scope;
use crate::span::Span;
use crate::value::Value;

/// A parsed expression. A clone counts a reference.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
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
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if `text` is not an expression or is beyond a limit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { text: text.into() })
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Computes the value.
    ///
    /// # Errors
    ///
    /// [`EvalError`] with one of the codes of [`code`].
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        scope.lookup(&self.text).ok_or_else(|| EvalError {
            code: code::UNKNOWN_NAME,
            message: format!("`{}` is not bound", self.text),
            span: Span::new(0, self.text.len()),
            text: Arc::clone(&self.text),
        })
    }

    /// Returns the names that come from the scope, in the order of the text. Names that a macro
    /// binds are not among them.
    pub fn free_names(&self) -> Vec<FreeName> {
        Vec::new()
    }
}
