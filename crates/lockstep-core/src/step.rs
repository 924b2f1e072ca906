//! Steps: what each operation does to its instance.
//!
//! A step that must wait is run again from its beginning when what it waits for is there; until then
//! it has changed nothing.
//!
//! Invariants:
//!
//! * A step sees one value of `now`, however often it is run again.
//! * Data changes go to the unit of work alone.

pub(crate) mod call;
pub(crate) mod child;
pub(crate) mod data;
pub(crate) mod find;
pub(crate) mod target;
pub(crate) mod wait;

use std::sync::Arc;

use lockstep_definition::{Activity, AutoCommit, Operation, Raise, Step};
use lockstep_expr::Value;

use crate::codec;
use crate::commit::Committed;
use crate::failure::Failure;
use crate::instance::names::condition;
use crate::instance::{Block, Instance, Stage};
use crate::journal::Happening;
use crate::payload;
use crate::run::Flow;
use crate::world::World;

/// Longest message that a `log` step writes to the journal, in bytes.
const MAX_LOG_BYTES: usize = 4096;

/// What became of an operation.
pub(crate) enum Done {
    /// It is done; its result, for the name that the step binds.
    With(Value),
    /// It must wait; the phase says for what.
    Wait,
    /// The instance goes on elsewhere.
    Inside,
    /// The instance has ended.
    Ended,
}

impl Instance {
    /// Runs one step.
    pub(crate) fn step(
        &mut self,
        activity: &Activity,
        index: usize,
        step: &Step,
        world: &mut World,
    ) -> Result<Flow, Failure> {
        let each_step = activity.auto_commit == AutoCommit::EachStep
            && self.strand.position.block == Block::Steps;
        if each_step && !self.unit.is_empty() {
            match self.commit(activity.on_conflict, world)? {
                Committed::Done => self.mark(),
                Committed::Wait => return Ok(Flow::Wait),
                Committed::Again => return Ok(Flow::Go),
            }
        }
        let now = *self.strand.now.get_or_insert(world.now);
        if let Some(when) = &step.when
            && !condition(when, &self.scope(now))?
        {
            self.proceed(index);
            return Ok(Flow::Go);
        }
        if matches!(step.operation, Operation::Commit) {
            return Ok(match self.commit(activity.on_conflict, world)? {
                Committed::Done => {
                    self.proceed(index);
                    self.mark();
                    Flow::Go
                }
                Committed::Wait => Flow::Wait,
                Committed::Again => Flow::Go,
            });
        }
        match self.operate(activity, index, step, world)? {
            Done::Wait => Ok(Flow::Wait),
            Done::Inside => Ok(Flow::Go),
            Done::Ended => Ok(Flow::End),
            Done::With(value) => {
                if let Some(name) = &step.bind {
                    codec::check_depth(&value)?;
                    self.strand.names.bind(name, value);
                }
                self.proceed(index);
                Ok(Flow::Go)
            }
        }
    }

    fn proceed(&mut self, index: usize) {
        self.strand.position.stage = Stage::Step(index + 1);
        self.strand.now = None;
    }

    fn operate(
        &mut self,
        activity: &Activity,
        index: usize,
        step: &Step,
        world: &mut World,
    ) -> Result<Done, Failure> {
        match &step.operation {
            Operation::Load { entity, id, for_update, optional } => {
                self.load(entity, id, *for_update, *optional, world)
            }
            Operation::Find { entity, filter, order_by, descending, limit } => {
                let find = find::Find { entity, filter, order_by, descending: *descending };
                self.find(&find, *limit, world)
            }
            Operation::Create { entity, id, set } => self.create(entity, id.as_ref(), set, world),
            Operation::Update { name, set, expect } => {
                self.update(name, set, expect.as_ref(), world)
            }
            Operation::Delete { name, expect } => self.delete(name, expect.as_ref(), world),
            Operation::Set(values) => {
                for (name, payload) in values {
                    let value = payload::evaluate(payload, &self.scope(world.now))?;
                    codec::check_depth(&value)?;
                    self.strand.names.bind(name, value);
                }
                Ok(Done::With(Value::Null))
            }
            Operation::Require { condition: required, otherwise } => {
                if condition(required, &self.scope(world.now))? {
                    return Ok(Done::With(Value::Null));
                }
                let unless = format!("`{}` is false", required.text());
                Err(self.raised(otherwise, unless, world)?)
            }
            Operation::Raise(raise) => Err(self.raised(raise, String::new(), world)?),
            Operation::Commit => Ok(Done::With(Value::Null)),
            Operation::Log(message) => {
                let message = payload::evaluate(message, &self.scope(world.now))?;
                let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
                self.note(world.now, Happening::Logged(shortened(message)));
                Ok(Done::With(Value::Null))
            }
            Operation::Http { .. } | Operation::Exec { .. } | Operation::Task { .. } => {
                self.call(activity, step, world)
            }
            Operation::Wait(wait) => self.wait(activity, step, wait, world),
            Operation::Workflow { name, input, mode } => {
                self.child(step, &child::Asked { name, input, mode: *mode }, world)
            }
            Operation::ForEach(each) => self.for_each(each, index, world),
            Operation::Parallel(branches) => self.parallel(branches, index, world),
            Operation::Stop(output) => self.stop(activity, output.as_ref(), world),
        }
    }

    fn raised(&self, raise: &Raise, unless: String, world: &World) -> Result<Failure, Failure> {
        let message = match &raise.message {
            Some(message) => {
                payload::text(message, "the message", &self.scope(world.now))?.to_string()
            }
            None => unless,
        };
        let mut failure = Failure::new(&raise.code, message);
        failure.code = Arc::clone(&raise.code);
        Ok(failure)
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > MAX_LOG_BYTES {
        let end = (0..=MAX_LOG_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}
