//! An activity that is run again after it has called something outside.
//!
//! A step that is tried again sends the idempotency key of its first attempt. An activity that is
//! run again makes new calls, with new keys: the other side cannot tell that they are the same.

use crate::code::Code;
use crate::workflow::{ErrorPattern, Operation, Step};

use super::board::{Board, Told};
use super::survey::Survey;

/// Methods that change nothing.
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS"];
/// Errors that come before the first step.
const BEFORE: &[&str] =
    &["lock.waiting_timeout", "lock.busy", "lock.queue_full", "lock.deadlock", "lock.context"];

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (_, activity, steps) in survey.activities() {
        let Some(retry) = &activity.retry else { continue };
        let before = |pattern: &ErrorPattern| match pattern {
            ErrorPattern::Exact(code) => BEFORE.contains(&&**code),
            ErrorPattern::Prefix(_) => false,
        };
        if retry.max_attempts < 2 || (!retry.on.is_empty() && retry.on.iter().all(before)) {
            continue;
        }
        let Some(call) = steps.iter().find(|walked| has_effect(walked.step)) else { continue };
        let message = format!(
            "`retry` of the activity `{}` makes this call again, under another idempotency key",
            activity.name
        );
        board.tell(
            Told::new(Code::RetryAfterCall, &call.step.place, message)
                .label(&activity.place, "this activity is run again as a whole")
                .help(
                    "give the call a `retry` of its own, which keeps its key, and put it into an \
                     activity of its own; or limit the activity's `retry` with `on:`",
                ),
        );
    }
}

/// Whether a step does something outside that a repetition would do twice.
fn has_effect(step: &Step) -> bool {
    if let Operation::Http { method, headers, .. } = &step.operation {
        let named = |name: &str| name.to_ascii_lowercase().contains("idempotency");
        return !SAFE.contains(&&**method) && !headers.iter().any(|(name, _)| named(name));
    }
    matches!(
        step.operation,
        Operation::Exec { .. } | Operation::Task { .. } | Operation::Workflow { .. }
    )
}
