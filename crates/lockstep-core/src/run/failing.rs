//! How an instance fails: what is undone and released, and what comes after.
//!
//! Invariants:
//!
//! * None of the uncommitted changes of a failed activity survive; if a lock was lost, none of those
//!   that were made under it.
//! * A cancel is neither tried again nor caught; an error of a catch step is not either.

use std::sync::Arc;

use lockstep_definition::{Activity, Handler};

use super::Flow;
use crate::event::Effect;
use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::{Block, Instance, Phase, Position, Stage, Strand};
use crate::journal::Happening;
use crate::planted::{Bug, Planted};
use crate::retry;
use crate::world::World;

impl Instance {
    pub(super) fn fail(
        &mut self,
        activity: &Activity,
        mut failure: Failure,
        world: &mut World,
    ) -> Flow {
        failure.activity = Arc::clone(&activity.name);
        self.stop_waiting(world);
        let in_catch = self.strand.position.block != Block::Steps;
        let lost = &*failure.code == "lock.lost";
        let from = Arc::clone(if lost { &self.unit_start } else { &self.activity_start });
        let entered = matches!(self.strand.position.stage, Stage::Step(_));
        let mut back = self.strand.position;
        if entered || lost {
            self.strand.names = from.names.clone();
            self.strand.frames = from.frames.clone();
            if !world.planted.is(Bug::FailureKeepsChanges) {
                self.unit = from.unit.clone();
            }
            back = from.position;
        }
        self.let_go(None);
        if lost && self.has_lost_its_workflow() {
            return self.end_with(failure, world);
        }
        let pause = activity
            .retry
            .as_ref()
            .and_then(|policy| retry::pause(policy, self.activity_attempts + 1, &failure));
        let is_final = &*failure.code == "cancelled" || in_catch;
        let pause = pause.filter(|_| !is_final);
        if leaks(&failure.code, pause.is_some(), world.planted) {
            self.held.clear();
        }
        if lost || self.unit.is_empty() {
            self.release_all(world);
        } else {
            self.release_from(self.entered_with, world);
        }
        if is_final {
            return self.end_with(failure, world);
        }
        if let Some(pause) = pause {
            self.activity_attempts += 1;
            self.note(world.now, Happening::Retried { error: failure.code.to_string() });
            let step = match back.stage {
                Stage::Begin => 0,
                Stage::Enter(step) | Stage::Step(step) => step,
            };
            self.strand.position = Position { stage: Stage::Enter(step), ..back };
            self.strand.phase = Phase::BackingOff(world.now.after(pause));
            self.activity_until = None;
            self.give_back_signals(from.taken);
            return Flow::Wait;
        }
        if let Some(seldom) = &mut self.seldom {
            seldom.inbox.taken.truncate(from.taken);
        }
        self.catch(activity, failure, world)
    }

    fn catch(&mut self, activity: &Activity, failure: Failure, world: &mut World) -> Flow {
        let caught =
            activity.catch.iter().enumerate().find(|(_, catch)| {
                catch.errors.iter().any(|pattern| pattern.matches(&failure.code))
            });
        let Some((index, catch)) = caught else { return self.end_with(failure, world) };
        self.note(world.now, Happening::Caught { error: failure.code.to_string() });
        match &catch.handler {
            Handler::Goto(to) => self.go(*to),
            Handler::Steps(_) => {
                self.leave_loops();
                self.strand.position.block = Block::Catch(index);
                self.strand.position.stage = Stage::Step(0);
                self.error = Some(Arc::new(failure));
                self.activity_until = None;
                self.activity_start = self.savepoint();
                if self.unit.is_empty() {
                    self.unit_start = Arc::clone(&self.activity_start);
                }
            }
        }
        Flow::Go
    }

    /// Forgets all that the instance was waiting for, and ends all strands but one, which is from
    /// there on the one that the instance began with.
    pub(crate) fn stop_waiting(&mut self, world: &mut World) {
        world.leave_queue(self.id);
        self.end_turn(world);
        give_up(self.id, &mut self.strand, world);
        self.end_other_strands(world);
        self.waiting_since = None;
    }

    /// Ends all strands but the present one.
    pub(super) fn end_other_strands(&mut self, world: &mut World) {
        if let Some(seldom) = &mut self.seldom {
            for mut strand in std::mem::take(&mut seldom.parked) {
                give_up(self.id, &mut strand, world);
            }
        }
        self.strand.number = 0;
        self.strand.forked_by = 0;
    }

    /// Gives signals back that were taken after the first `kept` ones.
    pub(super) fn give_back_signals(&mut self, kept: usize) {
        if let Some(seldom) = &mut self.seldom {
            seldom.inbox.give_back(kept);
        }
    }

    /// Makes it final that signals were taken.
    pub(super) fn keep_signals(&mut self) {
        if let Some(seldom) = &mut self.seldom {
            seldom.inbox.taken.clear();
        }
    }
}

/// Returns whether locks are not given back, by a planted bug.
fn leaks(code: &str, is_tried_again: bool, planted: Planted) -> bool {
    match (code, is_tried_again) {
        ("cancelled", _) => planted.is(Bug::LeakOnCancel),
        (_, true) => planted.is(Bug::LeakOnRetry),
        (_, false) => planted.is(Bug::LeakOnError),
    }
}

/// Gives up all that a strand waits for. A workflow that it called is cancelled.
fn give_up(instance: InstanceId, strand: &mut Strand, world: &mut World) {
    strand.disarm(&mut world.timers);
    match std::mem::replace(&mut strand.phase, Phase::Ready) {
        Phase::Calling(call) => {
            if world.calls.remove(&call).is_some() {
                world.outbox.effects.push(Effect::CancelCall { call });
            }
        }
        Phase::Querying(read) => drop(world.queried(read)),
        Phase::Child(child) => world.cancel_child(instance, child.id),
        Phase::Ready
        | Phase::Waiting(_)
        | Phase::Loading(_)
        | Phase::BackingOff(_)
        | Phase::Queuing
        | Phase::Committing
        | Phase::Sleeping { .. }
        | Phase::Listening(_)
        | Phase::Joining(_) => {}
    }
    strand.now = None;
    strand.arrived = None;
    strand.call_attempts = 0;
}
