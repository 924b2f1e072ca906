//! The step `workflow`: an instance starts another, and may wait for its end.
//!
//! Invariants:
//!
//! * The start of a child and the state of its parent that tells of it are ordered together, as are
//!   its end and the parent's having its result: a crash leaves both or neither. So a child is never
//!   run twice; a parent that finds at a restart that its child is not there, although it did not
//!   end, is told that it failed (its row could not be read), instead of starting it over what its
//!   row still holds.
//! * The number of a call is part of the child's identity: an activity that runs again calls anew.

use std::sync::Arc;

use lockstep_definition::{ChildMode, Payload, Step};
use lockstep_expr::{Map, Value};

use super::Done;
use crate::conformity;
use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::names::map;
use crate::instance::seldom::{Lineage, MAX_DEPTH};
use crate::instance::strand::Child;
use crate::instance::{Arrived, Instance, Phase};
use crate::journal::Happening;
use crate::kin::Kin;
use crate::payload;
use crate::world::World;

/// Tells the identities of children from those of objects, which are made of small numbers.
const CHILDREN: u64 = 1 << 32;

/// What a step asks for.
pub(super) struct Asked<'a> {
    pub(super) name: &'a Arc<str>,
    pub(super) input: &'a [(Arc<str>, Payload)],
    pub(super) mode: ChildMode,
}

impl Instance {
    pub(super) fn child(
        &mut self,
        step: &Step,
        asked: &Asked<'_>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        if let Some(arrived) = self.strand.arrived.take() {
            return self.child_ended(step, asked, *arrived, world);
        }
        let child = self.born(asked, world)?;
        let id = child.id;
        world.kin.push_back(Kin::Born(child));
        let (workflow, awaited) = (asked.name.to_string(), asked.mode == ChildMode::Call);
        let told = Happening::ChildStarted { instance: id.to_string(), workflow, awaited };
        self.note(world.now, told);
        self.flush(world);
        match asked.mode {
            ChildMode::Start => Ok(Done::With(map([("instance_id", Value::from(id.to_string()))]))),
            ChildMode::Call => {
                let until = step.timeout.map(|timeout| world.now.after(timeout));
                self.strand.phase = Phase::Child(Box::new(Child { id, until }));
                world.locks.await_end(self.id, id);
                let granted = world.locks.settle(world.now);
                world.granted.extend(granted);
                Ok(Done::Wait)
            }
        }
    }

    /// Makes the child, and its first transition.
    fn born(&mut self, asked: &Asked<'_>, world: &mut World) -> Result<Box<Self>, Failure> {
        let name = asked.name;
        let lineage = self.seldom.as_ref().and_then(|seldom| seldom.lineage.as_ref());
        let depth = lineage.map_or(1, |lineage| lineage.depth + 1);
        if depth > MAX_DEPTH {
            let message = format!(
                "`{name}` would be the workflow number {depth} that another one runs, one inside \
                 the other; {MAX_DEPTH} are allowed"
            );
            return Err(Failure::new("step.limit", message));
        }
        let workflow = self.published.definitions.workflows.get(name).ok_or_else(|| {
            Failure::new("data.not_found", format!("there is no workflow `{name}`"))
        })?;
        let mut given = Map::new();
        for (name, payload) in asked.input {
            given.insert(Arc::clone(name), payload::evaluate(payload, &self.scope(world.now))?);
        }
        let input = conformity::input(workflow, &Value::Map(Arc::new(given)))?;
        self.calls += 1;
        let now = self.strand.now.unwrap_or(world.now);
        let id = InstanceId(self.id.derive(u64::from(self.calls) | CHILDREN, now));
        let mut child = Box::new(Self::new(
            id,
            Arc::clone(&self.published),
            Arc::clone(workflow),
            input,
            format!("instance {}", self.id).into(),
            world.now,
        ));
        let awaited = asked.mode == ChildMode::Call;
        let ancestors = if awaited {
            self.ancestors().iter().copied().chain([self.id]).collect()
        } else {
            Arc::default()
        };
        child.seldom_mut().chain = self.seldom.as_ref().map_or(0, |seldom| seldom.chain);
        child.seldom_mut().lineage = Some(Lineage { parent: self.id, awaited, depth, ancestors });
        child.note(world.now, Happening::Started);
        child.flush(world);
        Ok(child)
    }

    fn child_ended(
        &mut self,
        step: &Step,
        asked: &Asked<'_>,
        arrived: Arrived,
        world: &World,
    ) -> Result<Done, Failure> {
        let name = asked.name;
        let Arrived::Child(id, result) = arrived else {
            let limit = step.timeout.unwrap_or_default();
            let message = format!("workflow `{name}` has not ended within {limit:?}");
            let details = map([("workflow", Value::String(Arc::clone(name)))]);
            return Err(Failure::new("workflow.timeout", message).with_details(details));
        };
        let error = result.as_ref().err().map(|failure| failure.code.to_string());
        self.note(world.now, Happening::ChildEnded { instance: id.to_string(), error });
        let failure = match result {
            Ok(output) => return Ok(Done::With(output)),
            Err(failure) => failure,
        };
        let message = format!(
            "workflow `{name}`, instance {id}, failed with {}: {}",
            failure.code, failure.message
        );
        Err(Failure::new("workflow.failed", message).with_details(map([
            ("workflow", Value::String(Arc::clone(name))),
            ("instance_id", Value::from(id.to_string())),
            ("code", Value::String(failure.code)),
            ("message", Value::from(failure.message)),
        ])))
    }
}
