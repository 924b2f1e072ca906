//! What workers answer: outputs and errors, one or many, as the engine knows them.
//!
//! Invariants:
//!
//! * Of many answers all are looked at before the first one is taken: a form that is not right
//!   changes nothing.

use lockstep_api::{CompleteTasks, Plain, TaskError, TaskReceipt, TaskReceipts};
use lockstep_core::Failure;
use lockstep_definition::is_error_code;
use lockstep_expr::{Value, json};
use uuid::Uuid;

use super::named;
use crate::problem::Problem;

/// Most answers at once.
const MAX_ANSWERS: usize = 1000;

/// Longest message of an error, in bytes.
const MAX_MESSAGE: usize = 10_000;

/// The result of a task, under the token of a lease.
type Answer = (Uuid, Uuid, Result<Value, Failure>);

/// Reads several answers; returns the tasks as they are named, and what is answered.
pub(super) fn read(form: CompleteTasks) -> Result<(Vec<String>, Vec<Answer>), Problem> {
    if form.tasks.len() > MAX_ANSWERS {
        return Err(Problem::unusable(format!("`tasks` are at most {MAX_ANSWERS}")));
    }
    let (mut ids, mut answers) = (Vec::new(), Vec::new());
    for answer in form.tasks {
        let result = match (answer.error, &answer.output) {
            (Some(_), Some(_)) => {
                return Err(Problem::unusable("a task has an `output` or an `error`, not both"));
            }
            (Some(error), None) => Err(failure(error)?),
            (None, output) => Ok(self::output(output.as_ref())?),
        };
        // A token that cannot be is that of no lease.
        let lease = named(&answer.lease).unwrap_or_default();
        answers.push((named(&answer.id).unwrap_or_default(), lease, result));
        ids.push(answer.id);
    }
    Ok((ids, answers))
}

/// Tells what became of several answers.
pub(super) fn receipts(ids: Vec<String>, results: Vec<Result<(), Failure>>) -> TaskReceipts {
    let receipt = |(id, result): (String, Result<(), Failure>)| TaskReceipt {
        id,
        taken: result.is_ok(),
        code: result.err().map(|failure| failure.code.to_string()),
    };
    TaskReceipts { tasks: ids.into_iter().zip(results).map(receipt).collect() }
}

/// Reads the output of a task.
pub(super) fn output(output: Option<&Plain>) -> Result<Value, Problem> {
    output.map_or(Ok(Value::Null), |output| value("output", output))
}

/// Reads the error of a task.
pub(super) fn failure(error: TaskError) -> Result<Failure, Problem> {
    let TaskError { code, message, details, retryable } = error;
    if !is_error_code(&code) || code == "cancelled" || code.starts_with("lock.") {
        let told = "`code` is words with dots such as `mail.rejected`, not `cancelled` and nothing \
                    under `lock.`";
        return Err(Problem::unusable(told));
    }
    if message.len() > MAX_MESSAGE {
        return Err(Problem::unusable(format!(
            "`message` is a text of at most {MAX_MESSAGE} bytes"
        )));
    }
    let details = details.map_or(Ok(Value::Null), |details| value("details", &details))?;
    if !matches!(details, Value::Null | Value::Map(_)) {
        return Err(Problem::invalid("`details` is an object"));
    }
    let failure = Failure::new(&code, message).with_details(details);
    Ok(if retryable == Some(false) { failure.for_good() } else { failure })
}

fn value(name: &str, json: &Plain) -> Result<Value, Problem> {
    json::from_json(json.text())
        .map_err(|error| Problem::invalid(format!("`{name}` cannot be read: {error}")))
}
