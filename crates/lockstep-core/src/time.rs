//! Points in time as the core knows them: numbers that arrive with events.
//!
//! Invariants:
//!
//! * No decision about safety compares two times; a time only decides when an expiry is told.
//!
//! Absent by design: a clock. The driver reads one and hands its value in.

use std::time::Duration;

use lockstep_expr::Timestamp;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Returns the time that is `duration` later; the last representable one if there is none.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns the time from `earlier` to this one; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the same point as a value of the expression language.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_micros(self.0)
    }
}
