//! A length of time with a sign.
//!
//! Invariants:
//! - *Range*: within ±315,576,000,000 seconds, which is about 10,000 years.
//! - *One form*: seconds and nanoseconds never have different signs, so equal lengths are equal
//!   field by field.
//!
//! Absent by design: days, months and years, which have no fixed length.

#[cfg(test)]
mod tests;

use std::fmt;

/// Nanoseconds in a second.
const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// Largest length, in seconds.
const MAX_SECONDS: i64 = 315_576_000_000;
/// Longest text that is read as a duration, in bytes.
const MAX_TEXT: usize = 128;
/// Units, longest first where one begins like another, with their length in nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
];

/// A length of time with a sign, exact to the nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    seconds: i64,
    nanos: i32,
}

/// Why a text or number is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// The text has another form.
    #[error("not a duration: write `5s`, `1h30m`, `1.5s` or `200ms`")]
    Form,
    /// The length is over 315,576,000,000 seconds.
    #[error("longer than 315576000000 seconds")]
    Range,
}

impl Duration {
    /// No time.
    pub const ZERO: Self = Self { seconds: 0, nanos: 0 };

    /// Returns the duration of that many nanoseconds, or `None` outside the range.
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let seconds = i64::try_from(nanos / NANOS_PER_SECOND).ok()?;
        let rest = i32::try_from(nanos % NANOS_PER_SECOND).ok()?;
        let over = seconds.abs() > MAX_SECONDS || (seconds.abs() == MAX_SECONDS && rest != 0);
        (!over).then_some(Self { seconds, nanos: rest })
    }

    /// Returns the duration of that many microseconds; the longest one beyond the range.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let longest = if micros < 0 { -MAX_SECONDS } else { MAX_SECONDS };
        let longest = Self { seconds: longest, nanos: 0 };
        Self::from_nanos(i128::from(micros) * 1_000).unwrap_or(longest)
    }

    /// Returns the duration of that many seconds, or `None` outside the range.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Self::from_nanos(i128::from(seconds) * NANOS_PER_SECOND)
    }

    /// Returns the length in nanoseconds.
    pub fn as_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// Returns the length in microseconds, rounded towards zero.
    pub fn as_micros(self) -> i64 {
        self.seconds * 1_000_000 + i64::from(self.nanos / 1_000)
    }

    /// Returns the whole seconds, rounded towards zero.
    pub fn as_seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds beyond the whole seconds, with the duration's sign.
    pub fn subsec_nanos(self) -> i32 {
        self.nanos
    }

    /// Returns the same length for the standard library, or `None` if it is negative.
    pub fn to_std(self) -> Option<std::time::Duration> {
        let seconds = u64::try_from(self.seconds).ok()?;
        let nanos = u32::try_from(self.nanos).ok()?;
        Some(std::time::Duration::new(seconds, nanos))
    }

    /// Returns the sum, or `None` outside the range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.as_nanos() + other.as_nanos())
    }

    /// Returns the difference, or `None` outside the range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_nanos(self.as_nanos() - other.as_nanos())
    }

    /// Returns the same length in the other direction.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { seconds: -self.seconds, nanos: -self.nanos }
    }

    /// Reads numbers with units `h`, `m`, `s`, `ms`, `us`, `ns`, such as `1h30m` or `-1.5s`.
    ///
    /// # Errors
    ///
    /// [`DurationError::Form`] for another form, [`DurationError::Range`] outside the range.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        if text.len() > MAX_TEXT {
            return Err(DurationError::Form);
        }
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(DurationError::Form);
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let nanos;
            (nanos, rest) = parse_term(rest)?;
            total = total.checked_add(nanos).ok_or(DurationError::Range)?;
        }
        Self::from_nanos(if negative { -total } else { total }).ok_or(DurationError::Range)
    }
}

/// Reads one number with its unit; returns its nanoseconds and the text after it.
fn parse_term(text: &str) -> Result<(i128, &str), DurationError> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::Form);
    }
    let (rest, unit) = UNITS
        .iter()
        .find_map(|(name, nanos)| Some((rest.strip_prefix(name)?, *nanos)))
        .ok_or(DurationError::Form)?;
    let whole: i128 =
        if whole.is_empty() { 0 } else { whole.parse().map_err(|_| DurationError::Range)? };
    let mut nanos = whole.checked_mul(unit).ok_or(DurationError::Range)?;
    let mut weight = unit;
    for digit in fraction.bytes() {
        weight /= 10;
        nanos += i128::from(digit - b'0') * weight;
    }
    Ok((nanos, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

impl fmt::Display for Duration {
    /// Writes seconds, such as `5400s`, `-1.5s` or `0.2s`: the form that the language defines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds < 0 || self.nanos < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", self.seconds.unsigned_abs())?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos.unsigned_abs());
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("s")
    }
}

impl std::str::FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        Self::parse(text)
    }
}
