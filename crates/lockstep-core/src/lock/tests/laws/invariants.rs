//! What is true of the table after every step.

use std::sync::Arc;

use lockstep_definition::LockMode;

use super::super::model::ModelWaiter;
use super::Trial;
use crate::id::InstanceId;
use crate::lock::{Hold, ObstacleKind, SYSTEM};

impl Trial {
    /// What messages tell of a waiter is true of it, and of one another.
    pub(super) fn check_told(&self, waiter: &ModelWaiter) {
        let wish = &waiter.wish;
        assert_eq!(self.table.ticket_of(wish.owner), Some(waiter.ticket));
        let obstacles = self.table.obstacles(wish.owner, usize::MAX);
        let held = obstacles.iter().filter_map(|obstacle| match obstacle.by {
            ObstacleKind::Held(hold) => Some((Arc::clone(&obstacle.key), hold)),
            ObstacleKind::Behind { .. } => None,
        });
        let wants_system = wish.keys.iter().any(|key| &**key == SYSTEM);
        let first = |held: &(Arc<str>, Hold)| if wants_system { held.1.token } else { 0 };
        assert_eq!(self.table.in_the_way(wish), held.min_by_key(first), "in the way");
        let before = obstacles.iter().find_map(|obstacle| match obstacle.by {
            ObstacleKind::Held(_) => None,
            ObstacleKind::Behind { owner, .. } => self.table.wish_of(owner),
        });
        assert_eq!(self.table.first_before(wish), before, "before it");
        assert!(!obstacles.is_empty(), "kept by nothing");
    }

    pub(super) fn check_exclusion(&self) {
        let kin = |one: InstanceId, other: InstanceId| {
            let below = |one, other| {
                self.lineages.get(&one).is_some_and(|all: &Vec<InstanceId>| all.contains(&other))
            };
            one == other || below(one, other) || below(other, one)
        };
        for (index, (key, one)) in self.model.holds.iter().enumerate() {
            for (other_key, other) in &self.model.holds[..index] {
                let meet = key == other_key || &**key == SYSTEM || &**other_key == SYSTEM;
                let shared = one.mode == LockMode::Shared && other.mode == LockMode::Shared;
                assert!(!meet || shared || kin(one.owner, other.owner), "exclusion");
            }
        }
    }

    /// What the table derives is what follows from holds, waiters and ends.
    pub(super) fn check_derived(&self) {
        let table = &self.table;
        let is_idle = self.model.holds.is_empty() && self.model.waiters.is_empty();
        assert_eq!(table.is_idle(), is_idle);
        for waiter in &self.model.waiters {
            let owner = waiter.wish.owner;
            let is_entangled =
                table.owners.contains_key(&owner) || table.awaited_by.contains_key(&owner);
            assert_eq!(table.entangled.contains(&owner), is_entangled, "entangled");
        }
        assert!(table.entangled.len() <= table.waiters.len());
        table.waiters.check();
        assert!(table.locks.values().all(|state| !state.is_idle()), "no idle key has an entry");
        let watchers = table.locks.values().chain([&table.system]).map(|state| {
            let next = |place: &_| state.next_watcher(Some(*place));
            std::iter::successors(state.next_watcher(None), next).count()
        });
        assert_eq!(watchers.sum::<usize>(), table.waiters.len(), "each waiter watches one key");
    }
}
