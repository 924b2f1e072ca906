//! What goes wrong: with a program's use of the engine, and with an instance.

use lockstep_expr::Value;
use lockstep_runner::{RunnerError, StartError};
use lockstep_store::StoreError;
use serde_json::Value as Json;

use crate::plain::{plain, value};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The definitions are not right: what was found, one finding in each line.
    #[error("the definitions are not right:\n{0}")]
    Definitions(String),
    /// A file with definitions cannot be read.
    #[error("cannot read {0}")]
    File(String, #[source] std::io::Error),
    /// What was given cannot be written as JSON that the engine takes.
    #[error("it cannot be read as JSON: {0}")]
    Json(String),
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine has refused it, such as a start with an input that is not right.
    #[error("{0}")]
    Refused(Failure),
    /// The instance has ended with an error.
    #[error("{0}")]
    Failed(Failure),
    /// The engine has stopped. Unfinished instances go on with the next one.
    #[error(transparent)]
    Stopped(#[from] RunnerError),
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rejected(failure) => Self::Refused((&failure).into()),
            StartError::Runner(error) => Self::Stopped(error),
            _ => Self::Stopped(RunnerError::Stopped),
        }
    }
}

/// The error of an instance, or of a function that does a task.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// Words with dots, which a workflow can catch.
    pub code: String,
    /// What people read.
    pub message: String,
    /// More, by name: an object, or null. In a box, because an error is passed around often and looked
    /// into seldom.
    pub details: Box<Json>,
    /// Whether the `retry` of a step or an activity may try again.
    pub retryable: bool,
}

impl Failure {
    /// Returns an error without details.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, details: Box::new(Json::Null), retryable: true }
    }

    /// Returns the error as the engine knows it.
    pub(crate) fn into_core(self) -> lockstep_core::Failure {
        let details = value(&self.details).unwrap_or(Value::Null);
        let failure = lockstep_core::Failure::new(&self.code, self.message).with_details(details);
        if self.retryable { failure } else { failure.for_good() }
    }
}

impl From<&lockstep_core::Failure> for Failure {
    fn from(failure: &lockstep_core::Failure) -> Self {
        Self {
            code: failure.code.to_string(),
            message: failure.message.clone(),
            details: Box::new(plain(&failure.details)),
            retryable: failure.retryable,
        }
    }
}
