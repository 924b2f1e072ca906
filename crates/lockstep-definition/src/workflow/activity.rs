//! The checked form of activities, and where a workflow goes on behind them.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Expression;

use super::{ExclusiveLock, Place, Step};

/// Steps run under one lock and as one unit of work.
#[derive(Debug)]
pub struct Activity {
    /// Its name.
    pub name: Arc<str>,
    /// The activity is left out unless this is true.
    pub when: Option<Expression>,
    /// The lock it takes before its first step.
    pub exclusive_lock: Option<ExclusiveLock>,
    /// When the unit of work is committed.
    pub auto_commit: AutoCommit,
    /// What happens if an object that was read for update has changed since.
    pub on_conflict: OnConflict,
    /// At least one.
    pub steps: Vec<Step>,
    /// Where to go on, first match wins; the following activity if none matches.
    pub next: Vec<Next>,
    /// Handlers of errors, first match wins.
    pub catch: Vec<Catch>,
    /// Runs the activity again after an error.
    pub retry: Option<Retry>,
    /// Longest time from its first step to its end, waiting for the lock not included; then error
    /// `activity.timeout`.
    pub timeout: Option<Duration>,
    /// Where it was written.
    pub place: Place,
}

/// When the unit of work is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoCommit {
    /// At the end of the activity, before its lock is released (`true`).
    #[default]
    Activity,
    /// After every step (`each_step`).
    EachStep,
    /// At a later commit or at the end of the workflow (`false`).
    Never,
}

/// What happens if an object that was read for update has changed since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Run the activity again on fresh data, as long as it has called nothing outside.
    #[default]
    Retry,
    /// Error `data.conflict`.
    Fail,
    /// Write anyway.
    Force,
}

/// Where to go on after an activity.
#[derive(Debug)]
pub struct Next {
    /// Taken only if true; always if absent.
    pub when: Option<Expression>,
    /// Where to.
    pub goto: Goto,
}

/// A place in a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goto {
    /// The activity with this index.
    Activity(usize),
    /// The end of the workflow.
    End,
}

/// A handler of errors of an activity.
///
/// When it is chosen, the uncommitted changes of the activity are gone and its lock is released.
#[derive(Debug)]
pub struct Catch {
    /// Patterns of error codes: a code, or a prefix followed by `*` (`timeslot.*`, `*`).
    pub errors: Vec<ErrorPattern>,
    /// What it does.
    pub handler: Handler,
    /// Where it was written.
    pub place: Place,
}

/// What a catch does.
#[derive(Debug)]
pub enum Handler {
    /// Goes on elsewhere.
    Goto(Goto),
    /// Runs steps, with the name `error` bound and a unit of work of their own that is committed
    /// at their end; then goes on behind the activity.
    Steps(Vec<Step>),
}

/// A pattern of error codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorPattern {
    /// This code.
    Exact(Arc<str>),
    /// Every code that begins with this.
    Prefix(Arc<str>),
}

impl ErrorPattern {
    /// Returns whether `code` fits the pattern.
    pub fn matches(&self, code: &str) -> bool {
        match self {
            Self::Exact(exact) => code == &**exact,
            Self::Prefix(prefix) => code.starts_with(&**prefix),
        }
    }
}

/// When and how often something that failed is tried again.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub max_attempts: u32,
    /// Pause before the second attempt. Default 1 s.
    pub backoff: Duration,
    /// By how much the pause grows with each attempt; at least 1. Default 2.
    pub factor: f64,
    /// Longest pause. Default 60 s.
    pub max_backoff: Duration,
    /// Errors that are tried again; all if empty.
    pub on: Vec<ErrorPattern>,
}
