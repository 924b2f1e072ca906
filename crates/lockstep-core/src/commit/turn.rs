//! Turns: who comes next at an object that several units of work want to change without a lock.
//!
//! An instance whose commit met a conflict runs its unit of work again in its *turn* at the object:
//! whoever else wants to commit a change of it waits until then, in the order in which they came. So
//! a retry finds the object as it read it, and 64 writers of one object run twice each, not up to 64
//! times. A commit that the store judges is a turn at its objects, too.
//!
//! Invariants:
//!
//! * A turn lasts only while the instance runs, reads, or commits; it is given up before any wait
//!   that may last, so that nobody waits for a person or for a call.
//! * Nobody waits for one turn while it has another: what is wanted is asked for at once. And nobody
//!   waits for a lock in its turn. So turns are in no deadlock.
//! * A turn is no lock: it grants nothing, outlives no crash, and no safety depends on it.

use std::sync::Arc;

use lockstep_definition::LockMode;

use crate::id::FencingToken;
use crate::instance::{Instance, Phase};
use crate::lock::{Answer, Grant, Wish};
use crate::object::ObjectKey;
use crate::unit_of_work::{Intent, UnitOfWork};
use crate::world::World;

/// The objects at which an instance has its turn: keys, each list under its token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn(Vec<(Arc<[Arc<str>]>, FencingToken)>);

impl Instance {
    /// Waits for the instance's turn at those objects of its unit at which somebody has one or waits
    /// for it; returns whether it has to.
    pub(super) fn awaits_turn(&mut self, world: &mut World) -> bool {
        if world.turns.is_idle() {
            return false;
        }
        let shared = self.unit.iter().filter(|(_, entry)| {
            // Nobody else knows an object whose id was made for this unit.
            !matches!(entry.intent, Intent::Put { fresh: true, .. })
        });
        let wanted = shared
            .map(|(key, _)| name(key))
            .filter(|key| !world.turns.holds(key).is_empty() || world.turns.queue_length(key) > 0);
        let wanted: Vec<Arc<str>> = wanted.collect();
        !wanted.is_empty() && !self.take_turn(wanted, world)
    }

    /// Asks for a turn at objects, besides those at which the instance has its turn already; returns
    /// whether it has it. Otherwise the instance gives up what it has, and waits for all of it.
    pub(super) fn take_turn(&mut self, mut wanted: Vec<Arc<str>>, world: &mut World) -> bool {
        if let Some(Turn(held)) = self.seldom.as_ref().and_then(|seldom| seldom.turn.as_ref()) {
            wanted.extend(held.iter().flat_map(|(keys, _)| keys.iter().cloned()));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let wish = Wish {
            owner: self.id,
            keys: wanted.into(),
            mode: LockMode::Exclusive,
            priority: 0,
            lineage: Arc::default(),
        };
        match world.turns.request(&wish, world.now) {
            Answer::Granted(grant) => {
                self.has_turn(grant);
                true
            }
            Answer::Held(_) => true,
            Answer::Busy => {
                self.end_turn(world);
                let (_, granted) = world.turns.wait(wish, world.now);
                world.turns_granted.extend(granted);
                self.strand.phase = Phase::Queuing;
                false
            }
        }
    }

    /// Takes a turn at objects that nobody else has one at, for a commit that the store judges.
    pub(super) fn take_free_turn(&mut self, unit: &UnitOfWork, world: &mut World) {
        let wanted = unit.iter().map(|(key, _)| name(key)).collect();
        let taken = self.take_turn(wanted, world);
        debug_assert!(taken, "a commit waits for its turn before it is judged");
    }

    /// Takes note that the turn has come that the instance waited for.
    pub(crate) fn has_turn(&mut self, grant: Grant) {
        let Grant { keys, token, .. } = grant;
        self.seldom_mut().turn.get_or_insert_default().0.push((keys, token));
    }

    /// Ends the turn of the instance, or its wait for one.
    pub(crate) fn end_turn(&mut self, world: &mut World) {
        let turn = self.seldom.as_mut().and_then(|seldom| seldom.turn.take());
        match turn {
            Some(Turn(held)) => {
                for (keys, token) in held {
                    let (_, granted) = world.turns.release(&keys, token, world.now);
                    world.turns_granted.extend(granted);
                }
            }
            None if matches!(self.strand.phase, Phase::Queuing) => {
                let granted = world.turns.forget(self.id, world.now);
                world.turns_granted.extend(granted);
            }
            None => {}
        }
    }

    /// Ends the turn of an instance that begins to wait for what may last.
    pub(crate) fn gives_way(&mut self, world: &mut World) {
        let has_turn = self.seldom.as_ref().is_some_and(|seldom| seldom.turn.is_some());
        if has_turn && self.strands().any(|strand| !strand.phase.is_short()) {
            self.end_turn(world);
        }
    }
}

/// Returns the name of an object among the keys of turns.
pub(crate) fn name(key: &ObjectKey) -> Arc<str> {
    format!("{}/{}", key.entity, key.id).into()
}
