//! Grants of locks: tokens only grow, who came first is served first, a lost token is void.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Until when it might have waited.
    deadline: i64,
    /// How long it may be held, in microseconds.
    holding: Option<i64>,
    lost: bool,
}

/// What a journal tells of a grant, and how long its lock may be waited for and held, in
/// microseconds.
pub(super) struct Grant {
    pub(super) token: FencingToken,
    pub(super) waited: i64,
    pub(super) limits: Option<(i64, i64)>,
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
        grant: &Grant,
    ) -> Result<(), Violation> {
        let (key, at) = (key.to_owned(), entry.at);
        let since = at.saturating_sub(grant.waited);
        let token = grant.token;
        let (waiting, holding) = grant.limits.unzip();
        let deadline = since.saturating_add(waiting.unwrap_or(0));
        let granted = Granted { instance, key, at, since, deadline, holding, lost: false };
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
    ///
    /// A wait that was given up is no wait, also if the process ended before that was durable, and
    /// it went on: whoever came later may have been served meanwhile. Such are those in `cancelled`,
    /// and those whose time was over when the other was served.
    pub(super) fn check_order(&self, cancelled: &BTreeSet<InstanceId>) -> Result<(), Violation> {
        let mut by_key: BTreeMap<&str, Vec<(FencingToken, &Granted)>> = BTreeMap::new();
        for (token, granted) in &self.0 {
            by_key.entry(&granted.key).or_default().push((*token, granted));
        }
        for (key, mut grants) in by_key {
            grants.sort_by_key(|(_, granted)| granted.since);
            for (place, (token, first)) in grants.iter().enumerate() {
                let overtakes = |(later, second): &&(FencingToken, &Granted)| {
                    second.since > first.since && later < token && second.at <= first.deadline
                };
                let overtaken = grants.iter().skip(place).find(overtakes);
                if let Some((_, second)) = overtaken
                    && !cancelled.contains(&first.instance)
                {
                    let (first, second) = (first.instance, second.instance);
                    let text = format!("{second} got {key} before {first}, which came earlier");
                    return Violation::of("first-come-first-served", text);
                }
            }
        }
        Ok(())
    }
}
