//! The strands of an instance: which one runs, how they are forked and joined.
//!
//! Invariants:
//!
//! * Of the strands that could run, the present one goes on; else the one that was forked first.
//! * A name that is bound to an object of the unit of work shows a strand, whenever its turn comes,
//!   the object as all strands have left it: between two waits nobody else changes it.

use std::any::Any;
use std::sync::Arc;

use lockstep_definition::{Activity, Step};
use lockstep_expr::Value;

use crate::failure::Failure;
use crate::instance::frames::{self, Frame, Frames};
use crate::instance::seldom::Seldom;
use crate::instance::strand::MAX_STRANDS;
use crate::instance::{Instance, Names, Phase, Position, Stage, Strand};
use crate::object::{Object, ObjectKey};
use crate::unit_of_work::{Seen, UnitOfWork};

impl Instance {
    /// Returns whether there is more than one strand.
    pub(crate) fn is_forked(&self) -> bool {
        self.seldom.as_ref().is_some_and(|seldom| !seldom.parked.is_empty())
    }

    pub(crate) fn seldom_mut(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// Returns all strands, the present one first.
    pub(crate) fn strands(&self) -> impl Iterator<Item = &Strand> {
        let parked = self.seldom.iter().flat_map(|seldom| &seldom.parked);
        std::iter::once(&self.strand).chain(parked)
    }

    /// Returns all strands, the present one first.
    pub(crate) fn strands_mut(&mut self) -> impl Iterator<Item = &mut Strand> {
        let parked = self.seldom.iter_mut().flat_map(|seldom| &mut seldom.parked);
        std::iter::once(&mut self.strand).chain(parked)
    }

    /// Makes a strand that can go on the present one; returns whether there is one.
    pub(crate) fn takes_turn(&mut self) -> bool {
        if matches!(self.strand.phase, Phase::Committing) {
            return false;
        }
        if self.strand.phase.is_ready() || self.failed.is_some() {
            return true;
        }
        if self.strand.phase.holds_others() {
            return false;
        }
        let Some(seldom) = &mut self.seldom else { return false };
        let ready = seldom.parked.iter_mut().filter(|strand| strand.phase.is_ready());
        let Some(first) = ready.min_by_key(|strand| strand.number) else { return false };
        std::mem::swap(first, &mut self.strand);
        show_objects(&mut self.strand.names, &self.unit);
        true
    }

    /// Returns the list of steps in which the present strand is.
    pub(crate) fn present_steps<'a>(&self, activity: &'a Activity) -> &'a [Step] {
        let steps = Self::steps(activity, self.strand.position.block);
        let frames = self.strand.frames.as_slice();
        if frames.is_empty() { steps } else { frames::innermost(steps, frames) }
    }

    /// Returns the step whose steps a strand is in.
    pub(super) fn step_around<'a>(&self, activity: &'a Activity) -> Option<(&'a Step, &Frame)> {
        let (innermost, around) = self.strand.frames.as_slice().split_last()?;
        let steps = Self::steps(activity, self.strand.position.block);
        Some((frames::innermost(steps, around).get(innermost.step)?, innermost))
    }

    /// Returns the step at which a strand is.
    pub(crate) fn step_of<'a>(activity: &'a Activity, strand: &Strand) -> Option<&'a Step> {
        let steps = Self::steps(activity, strand.position.block);
        match strand.position.stage {
            Stage::Step(index) => frames::innermost(steps, strand.frames.as_slice()).get(index),
            Stage::Begin | Stage::Enter(_) => None,
        }
    }

    /// Forks a strand off the present one.
    pub(super) fn fork(&mut self, frames: Frames, names: Names) -> Result<(), Failure> {
        let forked_by = self.strand.number;
        let position = Position { stage: Stage::Step(0), ..self.strand.position };
        let seldom = self.seldom_mut();
        if seldom.parked.len() + 1 >= MAX_STRANDS {
            let message = format!("more than {MAX_STRANDS} strands of an instance run at once");
            return Err(Failure::new("step.limit", message));
        }
        seldom.forked = seldom.forked.wrapping_add(1).max(1);
        let number = seldom.forked;
        seldom.parked.push(Strand { number, forked_by, ..Strand::new(position, frames, names) });
        Ok(())
    }

    /// Ends the present strand; the one that forked it is the present one from there on.
    pub(super) fn end_strand(&mut self) -> Result<(), Failure> {
        let forked_by = self.strand.forked_by;
        let parked = self.seldom.as_mut().map(|seldom| &mut seldom.parked);
        let forking = parked.and_then(|parked| {
            let place = parked.iter().position(|strand| strand.number == forked_by)?;
            Some(parked.swap_remove(place))
        });
        let lost = || Failure::new("step.unknown", "the strand that forked this one is not there");
        self.strand = forking.ok_or_else(lost)?;
        Ok(())
    }

    /// Shows the names of the present strand the objects of the unit of work as they are.
    pub(super) fn show_objects(&mut self) {
        show_objects(&mut self.strand.names, &self.unit);
    }
}

/// Binds names that are bound to an object to what the unit of work has made of it.
fn show_objects(names: &mut Names, unit: &UnitOfWork) {
    if unit.is_empty() {
        return;
    }
    let latest: Vec<(Arc<str>, Arc<Object>)> = names
        .iter()
        .filter_map(|(name, value)| {
            let Seen::Changed(object) = unit.see(key_of(value)?) else { return None };
            Some((Arc::clone(name), object))
        })
        .collect();
    for (name, object) in latest {
        names.bind(&name, Value::Record(object));
    }
}

/// Returns the object that a value is.
pub(super) fn key_of(value: &Value) -> Option<&ObjectKey> {
    let Value::Record(record) = value else { return None };
    let any: &dyn Any = &**record;
    any.downcast_ref::<Object>().map(|object| &object.key)
}
