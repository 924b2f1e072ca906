//! The inbox: signals that have come and were not waited for yet.
//!
//! Invariants:
//!
//! * Signals of one name are taken in the order in which they came.
//! * What an activity took is given back if the activity runs again as if it had never run (a retry,
//!   a unit of work on fresh data). It is gone for good if the failure was handled: whoever asks
//!   anew, because the answer would not do, is not given the same answer.

use std::collections::VecDeque;
use std::sync::Arc;

use lockstep_expr::Value;

/// Most signals that an instance keeps, and most that can be given back.
pub(crate) const MAX_SIGNALS: usize = 1000;

/// A message to an instance.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) name: Arc<str>,
    pub(crate) payload: Value,
    /// Who sent it.
    pub(crate) by: Arc<str>,
}

/// Signals of one instance.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(crate) kept: VecDeque<Letter>,
    /// Those that were taken since the last commit, oldest first.
    pub(crate) taken: Vec<Letter>,
    /// Those that came while the store judged a commit, with the requests that brought them: they
    /// are accepted when it has.
    pub(crate) arriving: Vec<(u64, Letter)>,
}

impl Inbox {
    /// Returns whether there is a signal of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.kept.iter().any(|letter| *letter.name == *name)
    }

    /// Takes the oldest signal of a name.
    pub(crate) fn take(&mut self, name: &str) -> Option<Letter> {
        let place = self.kept.iter().position(|letter| *letter.name == *name)?;
        let letter = self.kept.remove(place)?;
        if self.taken.len() < MAX_SIGNALS {
            self.taken.push(letter.clone());
        }
        Some(letter)
    }

    /// Gives back what was taken after the first `kept` ones.
    pub(crate) fn give_back(&mut self, kept: usize) {
        let back = self.taken.split_off(kept.min(self.taken.len()));
        for letter in back.into_iter().rev() {
            self.kept.push_front(letter);
        }
    }
}
