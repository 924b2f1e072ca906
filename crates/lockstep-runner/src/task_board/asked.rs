//! When workers asked for tasks of which kind.
//!
//! Invariants:
//!
//! * Of at most [`MAX_KINDS`] kinds it is known: those that were asked for last.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use lockstep_core::Time;

/// Kinds of which it is known when somebody asked for them last.
pub(super) const MAX_KINDS: usize = 10_000;

/// When workers asked for tasks of which kind.
#[derive(Debug, Default)]
pub(super) struct Asked {
    of_kind: HashMap<Arc<str>, Time>,
    by_time: BTreeSet<(Time, Arc<str>)>,
}

impl Asked {
    /// Takes note that somebody asks for tasks of these kinds.
    pub(super) fn note(&mut self, now: Time, kinds: &[Arc<str>]) {
        for kind in kinds {
            if let Some(before) = self.of_kind.insert(Arc::clone(kind), now) {
                self.by_time.remove(&(before, Arc::clone(kind)));
            }
            self.by_time.insert((now, Arc::clone(kind)));
        }
        while self.by_time.len() > MAX_KINDS
            && let Some((_, kind)) = self.by_time.pop_first()
        {
            self.of_kind.remove(&kind);
        }
    }

    /// Returns when somebody asked for tasks of a kind last.
    pub(super) fn last(&self, kind: &str) -> Option<Time> {
        self.of_kind.get(kind).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_is_known_of_so_many_kinds() {
        let mut asked = Asked::default();
        let kind = |number: usize| -> Arc<str> { number.to_string().into() };
        asked.note(Time(1), &[kind(0), kind(1)]);
        asked.note(Time(2), &[kind(0)]);
        assert_eq!((asked.last("0"), asked.last("1")), (Some(Time(2)), Some(Time(1))));
        let others: Vec<Arc<str>> = (2..=MAX_KINDS).map(kind).collect();
        asked.note(Time(3), &others);
        assert_eq!((asked.last("0"), asked.last("1")), (Some(Time(2)), None));
        assert_eq!((asked.of_kind.len(), asked.by_time.len()), (MAX_KINDS, MAX_KINDS));
    }
}
