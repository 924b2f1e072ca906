//! Timers: what is to be told to whom when a time has come.
//!
//! Invariants:
//!
//! * A timer that was cancelled never fires, and leaves no trace.
//! * Timers fire in the order of their times, those of one time in the order in which they were set.
//! * Nothing relies on a timer for safety: whoever it is told checks the token or ticket in it.

use std::collections::BTreeMap;

use crate::id::{FencingToken, InstanceId, Ticket};
use crate::time::Time;

/// What a timer tells its instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The waiting timeout of the wait with this ticket has ended.
    WaitingTimeout(Ticket),
    /// The hold timeout of the lock held under this token has ended.
    HoldTimeout(FencingToken),
    /// What a strand waits for has come, or takes too long.
    Phase,
    /// The activity has taken too long.
    ActivityTimeout,
}

/// Names a timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey(Time, u64);

impl TimerKey {
    /// Returns when the timer fires.
    pub(crate) fn at(self) -> Time {
        self.0
    }
}

/// All timers of one engine.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    set: BTreeMap<TimerKey, (InstanceId, Alarm)>,
    issued: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Time, instance: InstanceId, alarm: Alarm) -> TimerKey {
        self.issued += 1;
        let key = TimerKey(at, self.issued);
        self.set.insert(key, (instance, alarm));
        key
    }

    pub(crate) fn cancel(&mut self, key: TimerKey) {
        self.set.remove(&key);
    }

    /// Returns when the next timer fires.
    pub(crate) fn next(&self) -> Option<Time> {
        self.set.first_key_value().map(|(key, _)| key.0)
    }

    /// Takes one timer whose time has come.
    pub(crate) fn take_due(&mut self, now: Time) -> Option<(TimerKey, InstanceId, Alarm)> {
        let first = self.set.first_entry()?;
        (first.key().0 <= now).then(|| {
            let (key, (instance, alarm)) = first.remove_entry();
            (key, instance, alarm)
        })
    }
}
