//! Which texts are durations.

use std::time::Duration;

use super::{DurationError, MAX_DURATION, duration};

#[test]
fn duration_is_numbers_with_units() {
    for (text, expected) in [
        ("5s", Ok(Duration::from_secs(5))),
        ("200ms", Ok(Duration::from_millis(200))),
        ("1m30s", Ok(Duration::from_secs(90))),
        ("1.5s", Ok(Duration::from_millis(1500))),
        ("2h", Ok(Duration::from_hours(2))),
        ("0s", Ok(Duration::ZERO)),
        (" 5s ", Ok(Duration::from_secs(5))),
        ("5", Err(DurationError::NoUnit)),
        ("0", Err(DurationError::NoUnit)),
        ("2.5", Err(DurationError::NoUnit)),
        ("", Err(DurationError::Form)),
        ("s", Err(DurationError::Form)),
        ("5 seconds", Err(DurationError::Form)),
        ("1d", Err(DurationError::Form)),
        ("-5s", Err(DurationError::Range)),
        ("87600h", Ok(MAX_DURATION)),
        ("87600h1ms", Err(DurationError::Range)),
    ] {
        assert_eq!(duration(text), expected, "{text:?}");
    }
}
