//! A task: what a function of the embedding program is asked to do.

use lockstep_core::InstanceId;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::error::Failure;
use crate::plain::plain;

/// One call of a function for a `task` step.
#[derive(Clone, Debug)]
pub struct Task {
    /// The `input` of the step.
    pub input: Json,
    /// The instance on whose behalf it is done.
    pub instance: InstanceId,
    /// The same for every attempt of this task, different from every other's: give it to whatever is
    /// called, so that it is done once.
    pub idempotency_key: String,
    /// From 1: grows when the engine asks again, after an error or a crash.
    pub attempt: u32,
    /// The token of the lock under which it is done: it only grows.
    pub fencing_token: Option<i64>,
}

impl Task {
    /// Reads the input.
    ///
    /// # Errors
    ///
    /// `data.invalid` if it is not of this form; no further attempt can help.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.input.clone()).map_err(|error| {
            let message = format!("the input of the task cannot be read: {error}");
            Failure { retryable: false, ..Failure::new("data.invalid", message) }
        })
    }
}

impl From<lockstep_runner::Task> for Task {
    fn from(task: lockstep_runner::Task) -> Self {
        Self {
            input: plain(&task.input),
            instance: task.instance,
            idempotency_key: task.idempotency_key,
            attempt: task.attempt,
            fencing_token: task.fencing_token,
        }
    }
}
