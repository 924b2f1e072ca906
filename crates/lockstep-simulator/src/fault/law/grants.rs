//! Grants of locks: tokens only grow, who came first is served first, a lost token is void.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lockstep_core::{Entry, FencingToken, InstanceId};
use lockstep_definition::{ExclusiveLock, LockMode};

use super::Violation;
use super::table::{both_shared, meet};

/// A grant that a journal tells of.
#[derive(Debug)]
struct Granted {
    instance: InstanceId,
    activity: u32,
    key: String,
    mode: LockMode,
    at: i64,
    /// When the wait began.
    since: i64,
    /// Until when it might have waited.
    deadline: i64,
    /// How long it may be held, in microseconds.
    holding: Option<i64>,
    /// The last moment at which a journal tells that it was held.
    held_at: i64,
    lost: bool,
}

/// What a journal tells of a grant, and the definition of its lock, if there is one.
pub(super) struct Grant<'a> {
    pub(super) token: FencingToken,
    pub(super) waited: i64,
    pub(super) mode: LockMode,
    pub(super) lock: Option<&'a ExclusiveLock>,
}

/// All grants, by token.
#[derive(Debug, Default)]
pub(super) struct Grants(BTreeMap<FencingToken, Granted>);

impl Granted {
    /// Returns whether both may not be held at once by strangers.
    fn conflicts(&self, other: &Self) -> bool {
        meet(&self.keys(), &other.keys()) && !both_shared(self.mode, other.mode)
    }

    fn keys(&self) -> Vec<&str> {
        self.key.split(", ").collect()
    }
}

impl Grants {
    /// Returns whether a journal tells of a grant.
    pub(super) fn is_told(&self, token: FencingToken) -> bool {
        self.0.contains_key(&token)
    }

    pub(super) fn granted(
        &mut self,
        instance: InstanceId,
        entry: &Entry,
        key: &str,
        grant: &Grant<'_>,
    ) -> Result<(), Violation> {
        let (key, at, activity) = (key.to_owned(), entry.at, entry.activity);
        let since = at.saturating_sub(grant.waited);
        let (token, mode) = (grant.token, grant.mode);
        let waiting = grant.lock.map_or(0, |lock| micros(lock.waiting_timeout));
        let deadline = since.saturating_add(waiting);
        let holding = grant.lock.map(|lock| micros(lock.hold_timeout));
        let granted = Granted {
            instance,
            activity,
            key,
            mode,
            at,
            since,
            deadline,
            holding,
            held_at: at,
            lost: false,
        };
        match self.0.insert(token, granted) {
            None => Ok(()),
            Some(earlier) => {
                let text = format!("{token} of {} and of {instance}", earlier.instance);
                Violation::of("token-used-twice", text)
            }
        }
    }

    /// Takes note that a lock was still held at a moment: nobody had it before then under a later
    /// token who may not have it at the same time.
    pub(super) fn held_at(
        &mut self,
        token: FencingToken,
        at: i64,
        is_below: &dyn Fn(InstanceId, InstanceId) -> bool,
    ) -> Result<(), Violation> {
        let Some(held) = self.0.get_mut(&token) else { return Ok(()) };
        held.held_at = held.held_at.max(at);
        let Some(held) = self.0.get(&token) else { return Ok(()) };
        for (later, other) in self.0.range(token + 1..) {
            if other.at < at && held.conflicts(other) && !is_below(other.instance, held.instance) {
                return overlap(token, held, *later, other);
            }
        }
        Ok(())
    }

    /// Looks whether a lock was granted while somebody else had it.
    pub(super) fn check_free(
        &self,
        token: FencingToken,
        is_below: &dyn Fn(InstanceId, InstanceId) -> bool,
    ) -> Result<(), Violation> {
        let Some(granted) = self.0.get(&token) else { return Ok(()) };
        for (earlier, other) in self.0.range(..token) {
            if other.held_at > granted.at
                && other.conflicts(granted)
                && !is_below(granted.instance, other.instance)
            {
                return overlap(*earlier, other, token, granted);
            }
        }
        Ok(())
    }

    /// Takes note that a lock was taken away; returns whether that was before its hold timeout.
    pub(super) fn lost(
        &mut self,
        instance: InstanceId,
        entry: &Entry,
        (key, token): (&str, FencingToken),
    ) -> Result<bool, Violation> {
        let granted = self.0.get_mut(&token);
        let Some(granted) = granted.filter(|granted| granted.instance == instance) else {
            return Violation::of("journal", format!("{instance} lost {key} without having it"));
        };
        granted.lost = true;
        let until = |holding| granted.at.saturating_add(holding);
        Ok(granted.holding.is_some_and(|holding| entry.at < until(holding)))
    }

    /// Takes note that a lock was given back.
    pub(super) fn end(&mut self, token: FencingToken) {
        if let Some(granted) = self.0.get_mut(&token) {
            granted.lost = true;
        }
    }

    /// Returns the token of the lock that an instance gives back for a wait: of those that it was
    /// granted for the activity, the last.
    pub(super) fn given_back(
        &self,
        instance: InstanceId,
        entry: &Entry,
        key: &str,
    ) -> Option<FencingToken> {
        let keys: Vec<&str> = key.split(", ").collect();
        let last = self.0.iter().rev().find(|(_, granted)| {
            granted.instance == instance
                && granted.activity == entry.activity
                && granted.keys().iter().all(|key| keys.contains(key))
        });
        last.filter(|(_, granted)| !granted.lost).map(|(token, _)| *token)
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
    /// and those whose time was over when the other was served. Whoever was served before, by a grant
    /// of `untold`, had its turn, and waits once more because that was lost with an engine.
    pub(super) fn check_order(
        &self,
        cancelled: &BTreeSet<InstanceId>,
        untold: &BTreeSet<(InstanceId, FencingToken)>,
    ) -> Result<(), Violation> {
        let mut by_key: BTreeMap<&str, Vec<(FencingToken, &Granted)>> = BTreeMap::new();
        for (token, granted) in &self.0 {
            by_key.entry(&granted.key).or_default().push((*token, granted));
        }
        for (key, mut grants) in by_key {
            grants.sort_by_key(|(_, granted)| granted.since);
            for (place, (token, first)) in grants.iter().enumerate() {
                let overtakes = |(later, second): &&(FencingToken, &Granted)| {
                    second.since > first.since
                        && later < token
                        && second.at <= first.deadline
                        && first.conflicts(second)
                        && !untold.iter().any(|(who, of)| *who == first.instance && of < later)
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

fn overlap(
    token: FencingToken,
    held: &Granted,
    later: FencingToken,
    other: &Granted,
) -> Result<(), Violation> {
    let text = format!("{later} is granted while {token} is held: {other:?}, {held:?}");
    Violation::of("exclusion", text)
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
