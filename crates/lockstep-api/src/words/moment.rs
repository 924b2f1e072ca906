//! Moments and lengths of time, as people read them.
//!
//! Invariants:
//!
//! * A moment for people is in UTC, to the second; programs get all of it.

use std::time::Duration;

use lockstep_core::Time;
use lockstep_expr::Timestamp;

/// Returns a moment for programs: RFC 3339, to the microsecond.
pub fn exact(time: Time) -> String {
    time.timestamp().to_string()
}

/// Returns a moment for people: RFC 3339, to the second.
pub fn plain(time: Time) -> String {
    let seconds = Timestamp::from_seconds(time.timestamp().as_seconds());
    seconds.unwrap_or(Timestamp::EPOCH).to_string()
}

/// Returns how long ago a moment was, or how long it is until then: `12 s ago`, `in 3 min 20 s`.
pub fn distance(now: Time, time: Time) -> String {
    if time > now {
        format!("in {}", length(time.since(now)))
    } else {
        format!("{} ago", length(now.since(time)))
    }
}

/// Returns a moment for people, and how far it is from now.
pub fn both(now: Time, time: Time) -> String {
    format!("{} ({})", plain(time), distance(now, time))
}

/// Returns a length of time with at most two units, rounded.
pub fn length(length: Duration) -> String {
    let millis = length.as_millis();
    let seconds = if millis < 1000 {
        0
    } else {
        u64::try_from(millis.saturating_add(500) / 1000).unwrap_or(u64::MAX)
    };
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        86_400.. => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_at_most_two_units() {
        for (millis, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1499, "1 s"),
            (1999, "2 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (3_600_000, "1 h"),
            (7_320_000, "2 h 2 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(length(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn distance_tells_the_direction() {
        let now = Time(1_000_000_000_000_000);
        assert_eq!(distance(now, now.after(Duration::from_secs(5))), "in 5 s");
        assert_eq!(distance(now.after(Duration::from_secs(5)), now), "5 s ago");
        assert_eq!(plain(Time(1_000_000_000_123_456)), "2001-09-09T01:46:40Z");
        assert_eq!(exact(Time(1_000_000_000_123_456)), "2001-09-09T01:46:40.123456Z");
    }
}
