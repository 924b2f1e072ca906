//! How an instance runs: from activity to activity, until it must wait or ends.
//!
//! ```text
//! Begin: the lock of the workflow, if it has one
//!   v
//! Enter --(when is false)--------------------------------------> following activity
//!   |  \--(lock is not free)--> wait, fail or leave out
//!   v
//! Step 0 .. Step n --> behind the last: commit, release --> next
//!   |
//!   +--(error)--> undo --> retry: Enter | catch: goto or steps | the instance fails
//! ```
//!
//! Invariants:
//!
//! * Commit before release: a lock is released behind the commit of what was changed under it, or
//!   after its changes were dropped.
//! * Every way out of an activity releases the locks that it took: its end, an error, a retry, the
//!   end of the instance. The one exception is an activity that leaves changes uncommitted.
//! * An instance that never waits gives way after [`MAX_STRETCH`] moves.

mod failing;
pub(crate) mod locking;
mod nesting;
mod strands;

use std::sync::Arc;

use lockstep_definition::{Activity, AutoCommit, Goto, Payload};
use lockstep_expr::Value;

use crate::commit::Committed;
use crate::event::Effect;
use crate::failure::Failure;
use crate::instance::names::condition;
use crate::instance::{Block, Instance, Position, Stage};
use crate::journal::Happening;
use crate::kin::Kin;
use crate::payload;
use crate::planted::Bug;
use crate::step::Done;
use crate::transition::Status;
use crate::world::World;
use locking::Asked;

/// Moves that an instance makes before it lets others go on.
pub(crate) const MAX_STRETCH: u32 = 1000;

/// How an instance goes on after a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// With the following move.
    Go,
    /// When what its phase says has come.
    Wait,
    /// Not at all.
    End,
}

impl Instance {
    /// Makes one move.
    pub(crate) fn advance(&mut self, world: &mut World) -> Flow {
        let workflow = Arc::clone(&self.workflow);
        let activity = Self::activity(&workflow, self.strand.position)
            .filter(|_| self.strand.position.stage != Stage::Begin);
        let Some(activity) = activity else {
            let moved = match (self.failed.take(), self.strand.position.stage) {
                (Some(failure), _) => Err(*failure),
                (None, Stage::Begin) => self.open(world),
                (None, Stage::Enter(_) | Stage::Step(_)) => self.finish(world),
            };
            return moved.unwrap_or_else(|failure| self.end_with(failure, world));
        };
        let moved = match self.failed.take() {
            Some(failure) => Err(*failure),
            None => match self.strand.position.stage {
                Stage::Begin => self.open(world),
                Stage::Enter(step) => self.enter(activity, step, world),
                Stage::Step(index) => match self.present_steps(activity).get(index) {
                    Some(step) => self.step(activity, index, step, world).map_err(|mut failure| {
                        failure.place.get_or_insert_with(|| step.place.clone());
                        failure
                    }),
                    None if self.strand.frames.is_empty() => self.leave(activity, world),
                    None => self.end_of_steps(activity, world),
                },
            },
        };
        moved.unwrap_or_else(|failure| self.fail(activity, failure, world))
    }

    /// Takes the lock of the workflow.
    fn open(&mut self, world: &mut World) -> Result<Flow, Failure> {
        let workflow = Arc::clone(&self.workflow);
        if let Some(lock) = &workflow.exclusive_lock {
            match self.ask(lock, self.origin(), world)? {
                Asked::Got => {}
                Asked::Waits => return Ok(Flow::Wait),
                Asked::Left => {
                    self.note(world.now, Happening::Skipped);
                    self.end_well(Value::Null, world);
                    return Ok(Flow::End);
                }
            }
        }
        self.strand.position = Position::of_activity(0);
        Ok(Flow::Go)
    }

    fn enter(
        &mut self,
        activity: &Activity,
        step: usize,
        world: &mut World,
    ) -> Result<Flow, Failure> {
        let now = *self.strand.now.get_or_insert(world.now);
        self.entered_with = self.held.len();
        if step == 0
            && self.strand.frames.is_empty()
            && let Some(when) = &activity.when
            && !condition(when, &self.scope(now))?
        {
            return Ok(self.skip(world));
        }
        let Some(lock) = &activity.exclusive_lock else {
            return Ok(self.begin(activity, step, world));
        };
        Ok(match self.ask(lock, self.origin(), world)? {
            Asked::Got => self.begin(activity, step, world),
            Asked::Left => self.skip(world),
            Asked::Waits => Flow::Wait,
        })
    }

    fn begin(&mut self, activity: &Activity, step: usize, world: &World) -> Flow {
        self.strand.now = None;
        self.strand.position.stage = Stage::Step(step);
        self.activity_until = activity.timeout.map(|timeout| world.now.after(timeout));
        self.activity_start = self.savepoint();
        if self.unit.is_empty() {
            self.unit_start = Arc::clone(&self.activity_start);
        }
        Flow::Go
    }

    fn skip(&mut self, world: &World) -> Flow {
        self.note(world.now, Happening::Skipped);
        self.go(Goto::Activity(self.strand.position.activity + 1));
        Flow::Go
    }

    fn leave(&mut self, activity: &Activity, world: &mut World) -> Result<Flow, Failure> {
        let handled = self.strand.position.block != Block::Steps;
        if world.planted.is(Bug::ReleaseBeforeCommit) {
            self.release_all(world);
        }
        if handled || activity.auto_commit != AutoCommit::Never {
            match self.commit(activity.on_conflict, world)? {
                Committed::Done => self.mark(),
                Committed::Wait => return Ok(Flow::Wait),
                Committed::Again => return Ok(Flow::Go),
            }
        }
        let mut to = Goto::Activity(self.strand.position.activity + 1);
        if !handled {
            for next in &activity.next {
                let scope = self.scope(world.now);
                if next.when.as_ref().map_or(Ok(true), |when| condition(when, &scope))? {
                    to = next.goto;
                    break;
                }
            }
        }
        if self.unit.is_empty() {
            self.release_all(world);
        } else {
            self.flush(world);
        }
        self.go(to);
        Ok(Flow::Go)
    }

    fn go(&mut self, to: Goto) {
        let activity = match to {
            Goto::Activity(index) => index,
            Goto::End => self.workflow.activities.len(),
        };
        self.leave_loops();
        self.strand.position = Position::of_activity(activity);
        self.strand.now = None;
        self.error = None;
        self.activity_attempts = 0;
        self.activity_until = None;
        self.let_go(None);
    }

    /// Takes the present state as that to which an error or a conflict returns.
    pub(crate) fn mark(&mut self) {
        self.keep_signals();
        self.activity_start = self.savepoint();
        self.unit_start = Arc::clone(&self.activity_start);
    }

    /// Undoes the unit of work, to run it again under the locks that are held.
    pub(crate) fn return_to_unit_start(&mut self, world: &World) {
        let now = world.now;
        self.activity_start = Arc::clone(&self.unit_start);
        self.strand.position = self.unit_start.position;
        if !world.planted.is(Bug::RetryKeepsNames) {
            self.strand.names = self.unit_start.names.clone();
        }
        self.strand.frames = self.unit_start.frames.clone();
        self.give_back_signals(self.unit_start.taken);
        self.unit = self.unit_start.unit.clone();
        self.strand.now = None;
        self.error = None;
        self.activity_attempts = 0;
        let timeout = Self::activity(&self.workflow, self.strand.position)
            .and_then(|activity| activity.timeout);
        self.activity_until = timeout.map(|timeout| now.after(timeout));
    }

    fn finish(&mut self, world: &mut World) -> Result<Flow, Failure> {
        let workflow = Arc::clone(&self.workflow);
        let output = match &workflow.output {
            Some(output) => payload::evaluate(output, &self.scope(world.now))?,
            None => Value::Null,
        };
        let began_in = Self::activity(&workflow, self.unit_start.position);
        let on_conflict = began_in.map(|activity| activity.on_conflict).unwrap_or_default();
        match self.commit(on_conflict, world)? {
            Committed::Done => self.mark(),
            Committed::Wait => return Ok(Flow::Wait),
            Committed::Again => return Ok(Flow::Go),
        }
        self.end_well(output, world);
        Ok(Flow::End)
    }

    /// Ends the instance well where it is.
    pub(crate) fn stop(
        &mut self,
        activity: &Activity,
        output: Option<&Payload>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let output = output.map(|output| payload::evaluate(output, &self.scope(world.now)));
        let output = output.transpose()?.unwrap_or(Value::Null);
        self.end_other_strands(world);
        match self.commit(activity.on_conflict, world)? {
            Committed::Done => self.mark(),
            Committed::Wait => return Ok(Done::Wait),
            Committed::Again => return Ok(Done::Inside),
        }
        self.end_well(output, world);
        Ok(Done::Ended)
    }

    fn end_well(&mut self, output: Value, world: &mut World) {
        self.release_from(0, world);
        self.note(world.now, Happening::Finished);
        let status = Status::Done { at: world.now, output: output.clone() };
        self.end(status, Ok(output), world);
    }

    fn end_with(&mut self, failure: Failure, world: &mut World) -> Flow {
        self.stop_waiting(world);
        self.release_from(0, world);
        let (error, message) = (failure.code.to_string(), failure.message.clone());
        self.note(world.now, Happening::Failed { error, message });
        let status = Status::Failed { at: world.now, failure: failure.clone() };
        self.end(status, Err(failure), world);
        Flow::End
    }

    fn end(&mut self, status: Status, result: Result<Value, Failure>, world: &mut World) {
        let row = self.row(status, 0);
        let transition = world.outbox.append(self.id);
        self.hand_over_journal(&mut transition.journal);
        transition.row = Some(row);
        if let Some(seldom) = &mut self.seldom {
            transition.parts.extend(seldom.parts.drop_all());
        }
        world.outbox.unsaved.remove(self.id);
        if let Some(lineage) = self.seldom.as_ref().and_then(|seldom| seldom.lineage.as_ref())
            && lineage.awaited
        {
            let (parent, child) = (lineage.parent, self.id);
            world.kin.push_back(Kin::Ended { parent, child, result: result.clone() });
        }
        world.outbox.when_durable(Effect::Answer { instance: self.id, result });
    }

    /// Puts what has happened into a transition that the next batch takes.
    pub(crate) fn flush(&mut self, world: &mut World) {
        let transition = world.outbox.append(self.id);
        self.hand_over_journal(&mut transition.journal);
    }
}
