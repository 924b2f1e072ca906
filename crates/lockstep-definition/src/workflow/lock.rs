//! The checked form of exclusive locks.

use std::time::Duration;

use lockstep_expr::Expression;

use super::Place;

/// Most that may wait for one key, as `max_waiting` says it.
pub const MAX_WAITING: u32 = 1_000_000;
/// Greatest priority of a waiter, and least if negative; beyond it counts as this.
pub const MAX_PRIORITY: i64 = 1_000_000;

/// What lock an activity or a workflow takes, and how.
#[derive(Debug)]
pub struct ExclusiveLock {
    /// The expression for the lock key, or for a list of keys that are taken together; `None` locks
    /// the whole system.
    pub context: Option<Expression>,
    /// How far the key reaches.
    pub scope: LockScope,
    /// Whether others may hold the key at the same time.
    pub mode: LockMode,
    /// How long to wait; then error `lock.waiting_timeout`. Default 60 s.
    pub waiting_timeout: Duration,
    /// How long it may be held; then error `lock.lost`. Default 5 min.
    pub hold_timeout: Duration,
    /// What happens if it is not free.
    pub on_busy: OnBusy,
    /// How many may wait for one key, from 1 to [`MAX_WAITING`]; a further one gets error
    /// `lock.queue_full`. `None`: any number.
    pub max_waiting: Option<u32>,
    /// The expression for the place among those who wait, higher first, from -[`MAX_PRIORITY`] to
    /// [`MAX_PRIORITY`]; `None` is 0.
    pub priority: Option<Expression>,
    /// What a `wait` step does with the lock; `None` if nothing waits under it.
    pub while_waiting: Option<WhileWaiting>,
    /// Where it was written.
    pub place: Place,
}

impl ExclusiveLock {
    /// The expressions of its keys: those of a list one by one, as far as they are written so; none
    /// for the whole system.
    pub fn written_keys(&self) -> Vec<&str> {
        let Some(context) = &self.context else { return Vec::new() };
        let text = context.text().trim();
        match crate::analysis::items(text) {
            Some(items) => items.into_iter().map(str::trim).collect(),
            None => vec![text],
        }
    }
}

/// What a `wait` step does with the lock of its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileWaiting {
    /// Keeps it; its hold timeout goes on.
    Hold,
    /// Gives it back, and takes it again, at the end of the queue, before it goes on.
    Release,
}

/// Whether others may hold a key at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// Nobody.
    #[default]
    Exclusive,
    /// Others who take it shared.
    Shared,
}

/// How far a lock key reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockScope {
    /// The same key anywhere is the same lock.
    #[default]
    System,
    /// The same key in the same workflow is the same lock.
    Workflow,
    /// The same key in the same activity of the same workflow is the same lock.
    Activity,
}

/// What happens if a lock is not free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBusy {
    /// Wait for it.
    #[default]
    Wait,
    /// Error `lock.busy`.
    Fail,
    /// Leave the activity out.
    Skip,
}
