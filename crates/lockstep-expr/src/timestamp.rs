//! A moment on the time line, in UTC.
//!
//! Invariants:
//! - *Range*: from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
//! - *One form*: nanoseconds count forwards from the second, so the order of fields is the order of
//!   time.
//!
//! Absent by design: leap seconds (a day has 86,400 seconds), time zones (see `zone`), the present.

pub(crate) mod civil;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::duration::Duration;
use civil::Civil;

/// Nanoseconds in a second.
const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z.
const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;

/// A moment, exact to the nanosecond, from the year 1 to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

/// Why a text is not a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text has another form, or names a day or time that does not exist.
    #[error("not a timestamp: write `2030-01-31T18:00:00Z`, or an offset such as `+02:00` for `Z`")]
    Form,
    /// The moment is outside the years 1 to 9999.
    #[error("not in the years 1 to 9999")]
    Range,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { seconds: 0, nanos: 0 };
    /// The first moment.
    pub const MIN: Self = Self { seconds: MIN_SECONDS, nanos: 0 };
    /// The last moment.
    pub const MAX: Self = Self { seconds: MAX_SECONDS, nanos: 999_999_999 };

    /// Returns the moment that many nanoseconds after 1970, or `None` outside the range.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let seconds = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).ok()?;
        let nanos = u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).ok()?;
        (MIN_SECONDS..=MAX_SECONDS).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Returns the moment that many seconds after 1970, or `None` outside the range.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::from_nanos(i128::from(seconds) * NANOS_PER_SECOND)
    }

    /// Returns the moment that many microseconds after 1970; the first or last moment beyond them.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let limit = if micros < 0 { Self::MIN } else { Self::MAX };
        Self::from_nanos(i128::from(micros) * 1_000).unwrap_or(limit)
    }

    /// Returns the nanoseconds since 1970, negative before.
    pub fn as_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// Returns the whole microseconds since 1970, negative before, rounded down.
    pub fn as_micros(self) -> i64 {
        self.seconds * 1_000_000 + i64::from(self.nanos / 1_000)
    }

    /// Returns the whole seconds since 1970, negative before, rounded down.
    pub fn as_seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds since the last whole second, 0 to 999,999,999.
    pub fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Returns the moment `duration` later, or `None` outside the range.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        Self::from_nanos(self.as_nanos() + duration.as_nanos())
    }

    /// Returns the moment `duration` earlier, or `None` outside the range.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        Self::from_nanos(self.as_nanos() - duration.as_nanos())
    }

    /// Returns the time from `earlier` to this moment, or `None` if it is over 2^63 nanoseconds,
    /// about 292 years: the language's limit for differences, below that of durations.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        let nanos = i64::try_from(self.as_nanos() - earlier.as_nanos()).ok()?;
        Duration::from_nanos(nanos.into())
    }

    /// Reads a moment in the form of RFC 3339, such as `2030-01-31T18:00:00.5+02:00`.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Form`] for another form, [`TimestampError::Range`] outside the range.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let (seconds, nanos) = civil::parse_rfc3339(text).ok_or(TimestampError::Form)?;
        if (MIN_SECONDS..=MAX_SECONDS).contains(&seconds) {
            Ok(Self { seconds, nanos })
        } else {
            Err(TimestampError::Range)
        }
    }

    /// Returns the calendar's reading at `offset_seconds` east of UTC.
    pub(crate) fn civil(self, offset_seconds: i64) -> Civil {
        Civil::at(self.seconds + offset_seconds)
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC with as many digits of the second as there are, such as
    /// `2030-01-31T18:00:00.5Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, .. } = self.civil(0);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::parse(text)
    }
}
