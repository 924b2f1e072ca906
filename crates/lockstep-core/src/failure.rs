//! Errors of the workflow language: what an activity fails with, what a catch sees.

use std::sync::Arc;

use lockstep_definition::Place;
use lockstep_expr::{EvalError, Value};

/// An error with a code that authors can match on.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Words with dots.
    pub code: Arc<str>,
    /// What people read: what is wrong, and where it is not obvious, what to do.
    pub message: String,
    /// More, by name: a map, or null.
    pub details: Value,
    /// Whether a retry policy may try again.
    pub retryable: bool,
    /// The activity in which it happened; empty if in none.
    pub activity: Arc<str>,
    /// The step or key where it was written, if it comes from one.
    pub place: Option<Place>,
}

impl Failure {
    /// Returns an error without details.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            details: Value::Null,
            retryable: true,
            activity: "".into(),
            place: None,
        }
    }

    /// Adds details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Says that no further attempt can help, whatever a retry policy says.
    #[must_use]
    pub fn for_good(mut self) -> Self {
        self.retryable = false;
        self
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        Self::new(error.code, error.to_string())
    }
}
