//! The rules of the lock table, written down once more without regard to speed.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_definition::LockMode;

use crate::id::{FencingToken, InstanceId, Ticket};
use crate::lock::{Hold, MAX_OVERTAKEN, MAX_PRIORITY, SYSTEM, Wish};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct ModelWaiter {
    pub(super) wish: Wish,
    pub(super) ticket: Ticket,
    pub(super) overtaken: u32,
    /// Grants that went past this one, but for those that it waited for itself.
    pub(super) passed: u32,
    /// Waiters that were seen in lower places.
    pub(super) before: BTreeSet<Ticket>,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) holds: Vec<(Arc<str>, Hold)>,
    pub(super) waiters: Vec<ModelWaiter>,
    pub(super) ends: Vec<(InstanceId, InstanceId)>,
    pub(super) last_ticket: Ticket,
    pub(super) last_token: FencingToken,
    /// How often a wish came first because another waited for it.
    pub(super) precedences: u64,
}

pub(super) type Place = (i64, Ticket);

pub(super) fn place(wish: &Wish, ticket: Ticket) -> Place {
    let priority = wish.priority.clamp(-MAX_PRIORITY, MAX_PRIORITY);
    (i64::try_from(ticket).unwrap() - priority * (1 << 20), ticket)
}

fn is_system(wish: &Wish) -> bool {
    &*wish.keys[0] == SYSTEM
}

fn foreign(wish: &Wish, owner: InstanceId) -> bool {
    owner != wish.owner && !wish.lineage.contains(&owner)
}

fn exclusive(one: LockMode, other: LockMode) -> bool {
    one == LockMode::Exclusive || other == LockMode::Exclusive
}

/// Returns whether two wishes conflict at a key of the first.
fn meet(one: &Wish, key: &Arc<str>, other: &Wish) -> bool {
    exclusive(one.mode, other.mode)
        && (is_system(one) || is_system(other) || other.keys.contains(key))
}

/// Returns whether a hold at a key is in the way of a wish.
fn hard(wish: &Wish, key: &str, hold: &Hold) -> bool {
    foreign(wish, hold.owner)
        && exclusive(wish.mode, hold.mode)
        && (key == SYSTEM || is_system(wish) || wish.keys.iter().any(|wanted| **wanted == *key))
}

impl Model {
    pub(super) fn missing(&self, wish: &Wish) -> Vec<Arc<str>> {
        let covers = |key: &Arc<str>, (held, hold): &(Arc<str>, Hold)| {
            hold.owner == wish.owner
                && (held == key || &**held == SYSTEM)
                && (hold.mode == LockMode::Exclusive || wish.mode == LockMode::Shared)
        };
        let is_missing = |key: &&Arc<str>| !self.holds.iter().any(|held| covers(key, held));
        wish.keys.iter().filter(is_missing).cloned().collect()
    }

    fn waits_hard(&self, one: InstanceId, other: InstanceId) -> bool {
        let wish = self.waiters.iter().find(|waiter| waiter.wish.owner == one);
        self.ends.contains(&(one, other))
            || wish.is_some_and(|waiter| {
                let mut holds = self.holds.iter();
                holds.any(|(key, hold)| hold.owner == other && hard(&waiter.wish, key, hold))
            })
    }

    fn waits_soft(&self, one: InstanceId, other: InstanceId) -> bool {
        let find = |owner| self.waiters.iter().find(|waiter| waiter.wish.owner == owner);
        let (Some(one), Some(other)) = (find(one), find(other)) else { return false };
        place(&other.wish, other.ticket) < place(&one.wish, one.ticket)
            && one.wish.keys.iter().any(|key| meet(&one.wish, key, &other.wish))
    }

    fn everyone(&self) -> BTreeSet<InstanceId> {
        let holders = self.holds.iter().map(|(_, hold)| hold.owner);
        let waiters = self.waiters.iter().map(|waiter| waiter.wish.owner);
        holders.chain(waiters).chain(self.ends.iter().flat_map(|(a, b)| [*a, *b])).collect()
    }

    /// Returns whether `one` waits for a hold or the end of `other`, perhaps over others.
    pub(super) fn waits_for(&self, one: InstanceId, other: InstanceId, soft: bool) -> bool {
        let is_hold = self.holds.iter().any(|(_, hold)| hold.owner == other);
        if !is_hold && !self.ends.iter().any(|(_, end)| *end == other) {
            return false;
        }
        let everyone = self.everyone();
        let (mut open, mut seen) = (vec![one], BTreeSet::from([one, other]));
        while let Some(at) = open.pop() {
            if self.waits_hard(at, other) {
                return true;
            }
            for next in &everyone {
                let is_edge = self.waits_hard(at, *next) || soft && self.waits_soft(at, *next);
                if is_edge && seen.insert(*next) {
                    open.push(*next);
                }
            }
        }
        false
    }

    pub(super) fn closes_cycle(&self, wish: &Wish) -> bool {
        let mut blockers = self.holds.iter().filter(|(key, hold)| hard(wish, key, hold));
        blockers.any(|(_, hold)| {
            hold.owner == wish.owner || self.waits_for(hold.owner, wish.owner, false)
        })
    }

    fn stranger_at(&self, wish: &Wish, key: &Arc<str>) -> bool {
        self.holds.iter().any(|(held, hold)| held == key && foreign(wish, hold.owner))
    }

    /// Returns those before a place who conflict with the wish at a key, in order.
    fn before(&self, wish: &Wish, at: Place, key: &Arc<str>) -> Vec<usize> {
        let mut found: Vec<usize> = (0..self.waiters.len())
            .filter(|index| {
                let other = &self.waiters[*index];
                place(&other.wish, other.ticket) < at && meet(wish, key, &other.wish)
            })
            .collect();
        found.sort_by_key(|index| place(&self.waiters[*index].wish, self.waiters[*index].ticket));
        found
    }

    pub(super) fn may_go(&self, wish: &Wish, at: Place) -> bool {
        let missing = self.missing(wish);
        let conflicts = |(key, hold): &(Arc<str>, Hold)| {
            let met = is_system(wish) || &**key == SYSTEM || missing.contains(key);
            met && hard(wish, key, hold)
        };
        if !missing.is_empty() && self.holds.iter().any(conflicts) {
            return false;
        }
        missing.iter().all(|key| {
            self.before(wish, at, key).into_iter().all(|index| {
                let other = &self.waiters[index];
                let is_kept_elsewhere = !is_system(wish)
                    && !is_system(&other.wish)
                    && !self.stranger_at(wish, key)
                    && other.overtaken < MAX_OVERTAKEN;
                is_kept_elsewhere || self.waits_for(other.wish.owner, wish.owner, true)
            })
        })
    }

    pub(super) fn take(&mut self, wish: &Wish, at: Place, now: Time) -> (Vec<Arc<str>>, i64) {
        let missing = self.missing(wish);
        let mut charged = BTreeSet::new();
        let mut passed = BTreeSet::new();
        for key in &missing {
            let before = self.before(wish, at, key);
            passed.extend(before.iter().copied());
            if is_system(wish) || self.stranger_at(wish, key) {
                continue;
            }
            let open = |index: &usize| {
                let other = &self.waiters[*index];
                !is_system(&other.wish) && other.overtaken < MAX_OVERTAKEN
            };
            charged.extend(before.into_iter().find(open));
        }
        for index in passed {
            if self.waits_for(self.waiters[index].wish.owner, wish.owner, true) {
                self.precedences += 1;
            } else {
                self.waiters[index].passed += 1;
            }
        }
        for index in charged {
            self.waiters[index].overtaken += 1;
        }
        self.last_token += 1;
        let token = self.last_token;
        for key in &missing {
            let hold = Hold { owner: wish.owner, token, mode: wish.mode, since: now };
            self.holds.push((Arc::clone(key), hold));
        }
        (missing, token)
    }

    /// Grants whoever may go, in order.
    pub(super) fn settle(&mut self, now: Time) -> Vec<(InstanceId, Vec<Arc<str>>, i64)> {
        let mut grants = Vec::new();
        self.waiters.sort_by_key(|waiter| place(&waiter.wish, waiter.ticket));
        let tickets: Vec<Ticket> = self.waiters.iter().map(|waiter| waiter.ticket).collect();
        for (index, waiter) in self.waiters.iter_mut().enumerate() {
            waiter.before.extend(&tickets[..index]);
        }
        let may_go = |model: &Self| {
            let mut waiters = model.waiters.iter();
            waiters
                .position(|waiter| model.may_go(&waiter.wish, place(&waiter.wish, waiter.ticket)))
        };
        while let Some(index) = may_go(self) {
            let waiter = self.waiters.remove(index);
            let at = place(&waiter.wish, waiter.ticket);
            let (keys, token) = self.take(&waiter.wish, at, now);
            grants.push((waiter.wish.owner, keys, token));
        }
        grants
    }
}
