//! Retries: the pause before the next attempt, as a function of the policy and what failed.

use std::time::Duration;

use lockstep_definition::Retry;

use crate::failure::Failure;

/// Errors that no further attempt can help.
const NEVER: &[&str] = &["secret.missing"];

/// Returns how long to pause after the failed attempt number `attempt` (from 1), or `None` if the
/// error is not to be tried again.
pub(crate) fn pause(policy: &Retry, attempt: u32, failure: &Failure) -> Option<Duration> {
    let code = &*failure.code;
    if !failure.retryable || NEVER.contains(&code) {
        return None;
    }
    let is_meant = policy.on.is_empty() || policy.on.iter().any(|pattern| pattern.matches(code));
    if !is_meant || attempt >= policy.max_attempts {
        return None;
    }
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let pause = policy.backoff.as_secs_f64() * policy.factor.max(1.0).powi(exponent);
    let pause = Duration::try_from_secs_f64(pause).unwrap_or(policy.max_backoff);
    Some(pause.min(policy.max_backoff))
}
