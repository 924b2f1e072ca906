//! Which times of a schedule are due, and which of those get an instance.
//!
//! A time is *missed* if nobody was watching when it came: it lies before the first look of this
//! process, or in a longer gap between two looks (a suspended machine, a clock that was set).
//!
//! Invariants:
//!
//! * A time that is not behind the mark is never due, whatever the clock does.
//! * Work is bounded: at most [`MAX_TIMES`] times are looked at, from the last one back.

use std::time::Duration;

use lockstep_core::Time;
use lockstep_definition::{Missed, Schedule};
use lockstep_expr::Timestamp;

/// Most times of one schedule that get an instance at one look; of more, the last ones do.
pub(super) const MAX_TIMES: usize = 1000;

/// Longest time between two looks of one watch; what lies in a longer gap was missed.
pub(super) const GAP: Duration = Duration::from_mins(1);

const MICROS: i64 = 1_000_000;

/// What is to be done for a schedule.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// Times that get an instance each, oldest first.
    pub(super) times: Vec<Time>,
    /// Up to when all times are handled then; `None` if none is due.
    pub(super) handled: Option<Time>,
    /// Whether there were more missed times than [`MAX_TIMES`].
    pub(super) has_more: bool,
}

/// Returns what is due at `now` of a schedule that is handled up to `mark` and was looked at last at
/// `looked`.
pub(super) fn due(
    schedule: &Schedule,
    missed: Missed,
    mark: Time,
    looked: Option<Time>,
    now: Time,
) -> Due {
    let is_watched = looked.is_some_and(|looked| now.since(looked) <= GAP);
    let most = match missed {
        _ if is_watched => MAX_TIMES,
        Missed::All => MAX_TIMES,
        Missed::Once | Missed::Skip => 1,
    };
    let mut times = Vec::new();
    let mut at = last(schedule, now);
    while let Some(time) = at.filter(|time| *time > mark && times.len() < most) {
        times.push(time);
        at = last(schedule, Time(time.0.saturating_sub(MICROS)));
    }
    let handled = times.first().copied();
    let has_more = times.len() == MAX_TIMES && at.is_some_and(|time| time > mark);
    times.reverse();
    if missed == Missed::Skip && !is_watched {
        times.clear();
    }
    Due { times, handled, has_more }
}

fn last(schedule: &Schedule, until: Time) -> Option<Time> {
    let until = Timestamp::from_seconds(until.0.div_euclid(MICROS))?;
    schedule.last(until).map(|time| Time(time.as_micros()))
}

/// Returns the first time behind both the mark and the present.
pub(super) fn next(schedule: &Schedule, mark: Time, now: Time) -> Option<Time> {
    let after = Timestamp::from_seconds(mark.max(now).0.div_euclid(MICROS))?;
    schedule.next(after).map(|time| Time(time.as_micros()))
}

#[cfg(test)]
mod tests;
