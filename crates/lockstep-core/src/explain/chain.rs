//! The chain of waits: whom an instance waits for, whom they wait for, to the end.
//!
//! Invariants:
//!
//! * Each instance stands in it once, and at most [`MAX_LINKS`] do: it ends, whatever the store says.

use std::collections::{BTreeSet, VecDeque};

use super::{Awaits, Explanation};
use crate::engine::Engine;
use crate::id::InstanceId;

/// Most instances of a chain.
pub const MAX_LINKS: usize = 20;

/// Those whom an instance waits for, nearest first.
#[derive(Clone, Debug)]
pub struct Chain {
    /// They, each once.
    pub links: Vec<Explanation>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl Engine {
    /// Follows the waits of one that was explained.
    pub fn chain(&self, first: &Explanation) -> Chain {
        Chain::of(first, |id| self.explain(id))
    }
}

impl Chain {
    /// Follows the waits of an instance.
    fn of(first: &Explanation, explain: impl Fn(InstanceId) -> Option<Explanation>) -> Self {
        let mut seen = BTreeSet::from([first.instance]);
        let mut next: VecDeque<InstanceId> = awaited(first).into();
        let mut chain = Self { links: Vec::new(), is_cut: false };
        while let Some(id) = next.pop_front() {
            if !seen.insert(id) {
                continue;
            }
            // A client, and one that cannot be read, waits for nothing that could be told.
            let Some(explanation) = explain(id) else { continue };
            if chain.links.len() == MAX_LINKS {
                chain.is_cut = true;
                break;
            }
            next.extend(awaited(&explanation));
            chain.links.push(explanation);
        }
        chain
    }
}

/// Returns those whom an instance waits for itself: holders before waiters, since those end the wait.
fn awaited(explanation: &Explanation) -> Vec<InstanceId> {
    let mut found = Vec::new();
    for doing in &explanation.doing {
        match &doing.what {
            Awaits::Lock(wait) => {
                let (held, waiting): (Vec<_>, Vec<_>) =
                    wait.obstacles.iter().partition(|obstacle| obstacle.held.is_some());
                found.extend(held.into_iter().chain(waiting).map(|obstacle| obstacle.who));
            }
            Awaits::Instance { instance, .. } => found.push(*instance),
            Awaits::Nothing
            | Awaits::Objects(_)
            | Awaits::Query
            | Awaits::Call { .. }
            | Awaits::Retry(_)
            | Awaits::Commit
            | Awaits::Moment(_)
            | Awaits::Signal { .. }
            | Awaits::Steps => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::explain::Doing;
    use crate::time::Time;

    fn id(number: u128) -> InstanceId {
        InstanceId(Uuid::from_u128(number))
    }

    fn waits_for(number: u128, others: &[u128]) -> Explanation {
        let doing = others.iter().map(|other| Doing {
            task: None,
            step: None,
            what: Awaits::Instance { instance: id(*other), workflow: None, until: None },
        });
        Explanation {
            instance: id(number),
            workflow: "w".into(),
            started_at: Time(0),
            started_by: "ann".into(),
            activity: None,
            held: Vec::new(),
            doing: doing.collect(),
            uncommitted: Vec::new(),
            failing: None,
        }
    }

    fn chain(all: &[(u128, &[u128])]) -> (Vec<u128>, bool) {
        let explain = |wanted: InstanceId| {
            let found = all.iter().find(|(number, _)| id(*number) == wanted);
            found.map(|(number, others)| waits_for(*number, others))
        };
        let chain = Chain::of(&explain(id(1)).expect("there is a first"), explain);
        (chain.links.iter().map(|link| link.instance.0.as_u128()).collect(), chain.is_cut)
    }

    #[test]
    fn waits_are_followed_to_the_end() {
        assert_eq!(chain(&[(1, &[2, 3]), (2, &[4]), (3, &[]), (4, &[])]), (vec![2, 3, 4], false));
        assert_eq!(chain(&[(1, &[2, 9]), (2, &[])]), (vec![2], false), "9 is a client");
    }

    #[test]
    fn cycle_ends() {
        assert_eq!(chain(&[(1, &[2]), (2, &[3]), (3, &[1, 2])]), (vec![2, 3], false));
    }

    #[test]
    fn long_chain_is_cut() {
        let others: Vec<[u128; 1]> = (2..100).map(|number| [number]).collect();
        let all: Vec<(u128, &[u128])> =
            (1..).zip(others.iter().map(<[u128; 1]>::as_slice)).collect();
        let (links, is_cut) = chain(&all);
        assert_eq!((links.len(), is_cut), (MAX_LINKS, true));
    }
}
