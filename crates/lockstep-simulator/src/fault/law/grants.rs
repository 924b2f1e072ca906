//! Grants of locks: tokens only grow, who came first is served first, a lost token is void.

use std::collections::BTreeMap;

use lockstep_core::{Entry, FencingToken, InstanceId};

use super::Violation;

/// A grant that a journal tells of.
#[derive(Debug)]
struct Granted {
    instance: InstanceId,
    key: String,
    at: i64,
    /// When the wait began.
    since: i64,
    /// How long it may be held, in microseconds.
    holding: Option<i64>,
    lost: bool,
}

/// All grants, by token.
#[derive(Debug, Default)]
pub(super) struct Grants(BTreeMap<FencingToken, Granted>);

impl Grants {
    pub(super) fn granted(
        &mut self,
        instance: InstanceId,
        entry: &Entry,
        key: &str,
        (token, waited, holding): (FencingToken, i64, Option<i64>),
    ) -> Result<(), Violation> {
        let (key, at) = (key.to_owned(), entry.at);
        let since = at.saturating_sub(waited);
        let granted = Granted { instance, key, at, since, holding, lost: false };
        match self.0.insert(token, granted) {
            None => Ok(()),
            Some(earlier) => {
                let text = format!("{token} of {} and of {instance}", earlier.instance);
                Violation::of("token-used-twice", text)
            }
        }
    }

    /// Takes note that a lock was taken away.
    pub(super) fn lost(
        &mut self,
        instance: InstanceId,
        entry: &Entry,
        (key, token): (&str, FencingToken),
    ) -> Result<(), Violation> {
        let granted = self.0.get_mut(&token);
        let Some(granted) = granted.filter(|granted| granted.instance == instance) else {
            return Violation::of("journal", format!("{instance} lost {key} without having it"));
        };
        granted.lost = true;
        match granted.holding {
            Some(holding) if entry.at < granted.at.saturating_add(holding) => {
                let held = entry.at.saturating_sub(granted.at);
                let text = format!("{instance} lost {key} after {held} us of {holding}");
                Violation::of("hold-timeout", text)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns whether a token is void.
    pub(super) fn is_lost(&self, token: FencingToken) -> bool {
        self.0.get(&token).is_some_and(|granted| granted.lost)
    }

    /// Returns to whom a token was granted, of those that journals tell of.
    pub(super) fn owner(&self, token: FencingToken) -> Option<InstanceId> {
        self.0.get(&token).map(|granted| granted.instance)
    }

    /// First come, first served: of two waits for one key, the one that began earlier was granted
    /// the lower token.
    pub(super) fn check_order(&self) -> Result<(), Violation> {
        let mut by_key: BTreeMap<&str, Vec<(i64, FencingToken, InstanceId)>> = BTreeMap::new();
        for (token, granted) in &self.0 {
            let of_key = by_key.entry(&granted.key).or_default();
            of_key.push((granted.since, *token, granted.instance));
        }
        for (key, mut grants) in by_key {
            grants.sort_unstable();
            let mut before: Option<(i64, FencingToken, InstanceId)> = None;
            for grant in grants {
                if let Some(earlier) = before
                    && earlier.0 < grant.0
                    && earlier.1 > grant.1
                {
                    let (first, second) = (earlier.2, grant.2);
                    let text = format!("{second} got {key} before {first}, which came earlier");
                    return Violation::of("first-come-first-served", text);
                }
                if before.is_none_or(|earlier| earlier.1 < grant.1) {
                    before = Some(grant);
                }
            }
        }
        Ok(())
    }
}
