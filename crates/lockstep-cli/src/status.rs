//! Exit statuses.
//!
//! Invariants:
//!
//! * A status never changes its meaning: scripts depend on it.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It did its work.
    Done,
    /// The work failed: an invalid definition, an instance that ended with an error.
    Failed,
    /// It was called in a wrong way; nothing was done.
    Usage,
    /// The store or the engine cannot be reached, or failed.
    Unavailable,
    /// A bug in this program.
    Bug,
    /// Ctrl-C (SIGINT, 2): 128 and the number of the signal, as shells do.
    Interrupted,
    /// SIGTERM (15).
    Terminated,
    /// What a command ended with that was run under a lock.
    Command(u8),
}

impl Status {
    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Command(number) => number,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.number())
    }
}
