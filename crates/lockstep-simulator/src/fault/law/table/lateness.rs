//! Time: what has lasted too long ends as soon as the engine is told the time.
//!
//! Invariants:
//!
//! * With no timer due, only a holder that waits for the store's judgement, or its turn to commit,
//!   is past its hold timeout, and no waiter is past its waiting timeout.

use lockstep_core::explain::{Awaits, Explanation};
use lockstep_core::{Engine, Time};

use super::snapshot::Snapshot;
use crate::fault::law::Violation;

/// What has lasted too long has a timer that is due, or waits for the store's judgement.
pub(super) fn check_times(engine: &Engine, now: Time, seen: &Snapshot) -> Result<(), Violation> {
    if engine.next_deadline().is_some_and(|deadline| deadline <= now) {
        return Ok(());
    }
    for (token, hold) in seen.holds.iter().filter(|(_, hold)| hold.until <= now) {
        if !engine.explain(hold.who).is_some_and(|explained| is_committing(&explained)) {
            let text = format!("{hold:?} under {token} is held too long");
            return Violation::of("hold-timeout", text);
        }
    }
    for wish in seen.wishes.values() {
        let Some(explained) = engine.explain(wish.who) else { continue };
        let is_late = explained
            .doing
            .iter()
            .any(|doing| matches!(&doing.what, Awaits::Lock(wait) if wait.until <= now));
        if is_late {
            return Violation::of("waiting-timeout", format!("{wish:?} waits too long"));
        }
    }
    Ok(())
}

/// Returns whether an instance waits for the store's judgement, or its turn to commit.
pub(crate) fn is_committing(explained: &Explanation) -> bool {
    explained.doing.iter().any(|doing| matches!(doing.what, Awaits::Commit))
}
