//! The clock: the one place where time enters.
//!
//! Invariants:
//!
//! * It never goes back: the wall clock is read once, from there on the monotonic one counts. What
//!   people expect at a time of the day goes by [`Clock::wall`] instead.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lockstep_core::Time;

/// Wall time at the start of the process, and monotonic time since then.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Time,
    started: Instant,
}

impl Clock {
    /// Reads the wall clock.
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    pub fn start() -> Self {
        Self { base: Self::wall(), started: Instant::now() }
    }

    /// Reads the wall clock, which may be set, also back.
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    pub fn wall() -> Time {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::default().after(wall)
    }

    /// Returns the time.
    pub fn now(&self) -> Time {
        self.base.after(self.elapsed())
    }

    /// Returns the time since the clock was started.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns how long it is until `time`; zero if it has come.
    pub fn until(&self, time: Time) -> Duration {
        time.since(self.now())
    }
}
