//! The checked form of exclusive locks.

use std::time::Duration;

use lockstep_expr::Expression;

use super::Place;

/// What lock an activity takes, and how.
#[derive(Debug)]
pub struct ExclusiveLock {
    /// The expression for the lock key; `None` locks the whole system.
    pub context: Option<Expression>,
    /// How far the key reaches.
    pub scope: LockScope,
    /// How long to wait; then error `lock.waiting_timeout`. Default 60 s.
    pub waiting_timeout: Duration,
    /// How long it may be held; then error `lock.lost`. Default 5 min.
    pub hold_timeout: Duration,
    /// What happens if it is not free.
    pub on_busy: OnBusy,
    /// What a `wait` step does with the lock; `None` if the activity has none.
    pub while_waiting: Option<WhileWaiting>,
    /// Where it was written.
    pub place: Place,
}

/// What a `wait` step does with the lock of its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileWaiting {
    /// Keeps it; its hold timeout goes on.
    Hold,
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
