//! Lengths of time, as they are written on the command line and in requests.

use std::time::Duration;

use lockstep_core::MAX_TIME_TO_LIVE;
use lockstep_definition::{DurationError, duration};

/// Reads a length of time as definitions write it.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|error| match error {
        DurationError::NoUnit => format!("a length of time has a unit: `{}s`", text.trim()),
        DurationError::Range => "at most ten years".to_owned(),
        DurationError::Form => "a length of time is written as 30s, 5m or 1h30m".to_owned(),
    })
}

/// Reads how long a lock of a client lives.
pub(crate) fn time_to_live(text: &str) -> Result<Duration, String> {
    let length = length(text)?;
    let is_right = !length.is_zero() && length <= MAX_TIME_TO_LIVE;
    is_right.then_some(length).ok_or_else(|| "more than 0s and at most 720h".to_owned())
}

/// Returns a length of time as requests tell it.
pub(crate) fn query(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_of_time_has_a_unit() {
        assert_eq!(length("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(length(&query(Duration::from_millis(1500))), Ok(Duration::from_millis(1500)));
        assert!(length("30").unwrap_err().contains("`30s`"));
        for text in ["", "soon", "-1s", "1000000h"] {
            assert!(length(text).is_err(), "{text}");
        }
        assert_eq!(time_to_live("720h"), Ok(MAX_TIME_TO_LIVE));
        for text in ["0s", "721h", "5"] {
            assert!(time_to_live(text).is_err(), "{text}");
        }
    }
}
