//! Durations as authors write them: `5s`, `200ms`, `1m30s`.
//!
//! Invariants:
//!
//! * A duration is at least zero and at most [`MAX_DURATION`].

use std::time::Duration;

/// Longest duration: ten years of 365 days.
pub const MAX_DURATION: Duration = Duration::from_hours(10 * 365 * 24);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("a duration without a unit")]
    NoUnit,
    /// Another form.
    #[error("not a duration")]
    Form,
    /// Below zero, or longer than [`MAX_DURATION`].
    #[error("a duration out of range")]
    Range,
}

/// Reads a duration: numbers, each with a unit `h`, `m`, `s`, `ms` or `us`, without spaces.
///
/// # Errors
///
/// [`DurationError`] for another form, a number without a unit, and a duration out of range.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if !text.is_empty() && text.parse::<f64>().is_ok() {
        return Err(DurationError::NoUnit);
    }
    let parsed = lockstep_expr::Duration::parse(text).map_err(|_| DurationError::Form)?;
    let duration = parsed.to_std().ok_or(DurationError::Range)?;
    if duration > MAX_DURATION { Err(DurationError::Range) } else { Ok(duration) }
}

#[cfg(test)]
mod tests;
