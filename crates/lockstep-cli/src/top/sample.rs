//! A sample: what is known of an engine at one moment.

use std::time::Duration;

use lockstep_api::{Counts, Instance, Lock, Overview, Point};
use lockstep_core::Time;

/// What is known of an engine at one moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Time,
    /// Since when it runs; `None` if a store was read, whose engine is not known.
    pub(super) up_since: Option<Time>,
    pub(super) instances: Counts,
    /// Instances and clients that hold a lock.
    pub(super) holding: u64,
    /// Instances and clients that wait for one.
    pub(super) waiting: u64,
    /// Outside calls that are under way, if that is known.
    pub(super) calls: Option<u64>,
    /// How fast it is; `None` until there are two looks to compare.
    pub(super) pace: Option<Pace>,
    /// Instances that ended in each stretch of time, the oldest first.
    pub(super) ended: Vec<u64>,
    /// Those locks first for which most wait.
    pub(super) locks: Vec<Lock>,
    /// Instances that failed, the youngest first.
    pub(super) failures: Vec<Instance>,
}

/// How fast it is: instances in a second.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) started: u64,
    pub(super) done: u64,
    pub(super) failed: u64,
    /// The last minute, if that is known.
    pub(super) minute: Option<Point>,
}

impl Sample {
    /// Makes one of what a daemon has told.
    pub(super) fn of(overview: Overview, locks: Vec<Lock>, failures: Vec<Instance>) -> Self {
        let last = overview.seconds.last();
        let pace = last.map(|last| Pace {
            started: last.started,
            done: last.done,
            failed: last.failed,
            minute: Some(overview.last_minute.clone()),
        });
        let ended = overview.seconds.iter();
        Self {
            at: overview.at.0,
            up_since: Some(overview.up_since.0),
            instances: overview.instances,
            holding: overview.locks.holding,
            waiting: overview.locks.waiting,
            calls: Some(overview.calls),
            pace,
            ended: ended.map(|point| point.done.saturating_add(point.failed)).collect(),
            locks,
            failures,
        }
    }
}

/// Returns how fast it was between two looks, and how many have ended.
pub(super) fn between(before: (Time, Counts), after: (Time, Counts)) -> Option<(Pace, u64)> {
    let took = after.0.since(before.0);
    let (before, after) = (before.1, after.1);
    let done = after.done.saturating_sub(before.done);
    let failed = after.failed.saturating_sub(before.failed);
    let ended = done.saturating_add(failed);
    let started = after.running.saturating_add(ended).saturating_sub(before.running);
    let pace = Pace {
        started: in_a_second(started, took)?,
        done: in_a_second(done, took)?,
        failed: in_a_second(failed, took)?,
        minute: None,
    };
    Some((pace, in_a_second(ended, took)?))
}

/// Returns how many there were in a second, rounded; `None` if no time has passed.
fn in_a_second(count: u64, took: Duration) -> Option<u64> {
    let micros = took.as_micros();
    let scaled = u128::from(count).saturating_mul(1_000_000).saturating_add(micros / 2);
    u64::try_from(scaled.checked_div(micros)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_is_what_came_between_two_looks() {
        let counts = |running, done, failed| Counts { running, done, failed };
        let second = |second: i64| Time(second * 1_000_000);
        let pace = |started, done, failed| Pace { started, done, failed, minute: None };
        for (before, after, took, expected) in [
            (counts(0, 0, 0), counts(5, 10, 1), 1, Some((pace(16, 10, 1), 11))),
            (counts(5, 10, 1), counts(5, 10, 1), 1, Some((pace(0, 0, 0), 0))),
            (counts(5, 0, 0), counts(0, 3, 2), 2, Some((pace(0, 2, 1), 3))),
            (counts(0, 0, 0), counts(1, 0, 0), 0, None),
        ] {
            assert_eq!(between((second(7), before), (second(7 + took), after)), expected);
        }
    }
}
