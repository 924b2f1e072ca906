//! What has become durable, in the log: a lock that was taken away is a warning, a failure is told at
//! the level `info`, all else at `debug`.
//!
//! Absent by design: inputs and outputs.

use lockstep_core::Happening;
use tracing::level_filters::LevelFilter;

use super::Happened;

/// Returns whether an entry is logged at present.
pub(super) fn is_wanted(event: &Happening) -> bool {
    level(event) <= LevelFilter::current()
}

fn level(event: &Happening) -> LevelFilter {
    if matches!(event, Happening::LockLost { .. } | Happening::LockBroken { .. }) {
        return LevelFilter::WARN;
    }
    let is_failure = matches!(event, Happening::Failed { .. });
    if is_failure { LevelFilter::INFO } else { LevelFilter::DEBUG }
}

/// Logs what has happened, if it is wanted.
pub(super) fn tell(happened: &Happened) {
    let event = &happened.entry.event;
    if !is_wanted(event) {
        return;
    }
    let (instance, name) = (happened.instance, event.name());
    let (workflow, activity) = (happened.workflow.as_deref(), happened.activity.as_deref());
    if let Happening::LockLost { key, .. } = event {
        tracing::warn!(%instance, workflow, activity, lock = key, "a lock was taken away");
    } else if let Happening::LockBroken { key, by, reason } = event {
        tracing::warn!(%instance, workflow, activity, lock = key, by, reason, "a lock was broken");
    } else if let Happening::Failed { error, message } = event {
        tracing::info!(%instance, workflow, activity, code = error, "an instance failed: {message}");
    } else if let Happening::LockWaited { key, .. } | Happening::LockGranted { key, .. } = event {
        tracing::debug!(%instance, workflow, activity, lock = key, "{name}");
    } else {
        tracing::debug!(%instance, workflow, activity, "{name}");
    }
}
