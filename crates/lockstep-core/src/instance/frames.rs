//! Frames: the nested steps that a strand is in, from the outside in.
//!
//! Invariants:
//!
//! * The frames of a strand and its position lead to one step, or behind the last one of a list.
//! * A forked strand repeats the way of the one that forked it, without its loops: it ends where it
//!   was forked.
//! * What a savepoint holds of frames never changes: they are copied on the first change after.

use std::sync::Arc;

use lockstep_definition::{Operation, Step};
use lockstep_expr::Value;

use super::Names;
use super::collected::Collected;

/// The way into nested steps; empty for the steps of an activity or a catch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames(Option<Arc<Vec<Frame>>>);

/// One step on that way.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Index of the step in the list around it.
    pub(crate) step: usize,
    pub(crate) nested: Nested,
}

/// How the steps of a step are run.
#[derive(Clone, Debug)]
pub(crate) enum Nested {
    /// By a strand of their own: those of this branch, or for this item.
    Forked(usize),
    /// For one item after another.
    Each(Each),
}

/// A `for_each` whose items come one after another.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    /// The whole list.
    pub(crate) items: Arc<Vec<Value>>,
    /// Index of the present item.
    pub(crate) at: usize,
    /// The names that are bound before it.
    pub(crate) before: Names,
    /// What is collected.
    pub(crate) collected: Option<Collected>,
}

impl Frames {
    pub(crate) fn from_vec(frames: Vec<Frame>) -> Self {
        Self((!frames.is_empty()).then(|| Arc::new(frames)))
    }

    pub(crate) fn as_slice(&self) -> &[Frame] {
        self.0.as_ref().map_or(&[], |frames| frames.as_slice())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        Arc::make_mut(self.0.get_or_insert_default()).push(frame);
    }

    /// Leaves the innermost steps.
    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frames = Arc::make_mut(self.0.as_mut()?);
        let innermost = frames.pop();
        if frames.is_empty() {
            self.0 = None;
        }
        innermost
    }

    /// Returns all loops, for the names that they keep.
    pub(crate) fn loops_mut(&mut self) -> impl Iterator<Item = &mut Each> {
        let frames = self.0.as_mut().map(Arc::make_mut);
        frames.into_iter().flatten().filter_map(|frame| match &mut frame.nested {
            Nested::Each(each) => Some(each),
            Nested::Forked(_) => None,
        })
    }

    /// Returns the way of a strand that is forked here, at this step.
    pub(crate) fn forked(&self, step: usize, which: usize) -> Self {
        let around = self.as_slice().iter();
        let around = around.map(|frame| Frame { step: frame.step, nested: frame.nested.outside() });
        let own = Frame { step, nested: Nested::Forked(which) };
        Self::from_vec(around.chain([own]).collect())
    }
}

impl Nested {
    /// Returns what a strand that is forked inside keeps of it.
    fn outside(&self) -> Self {
        match self {
            Self::Forked(which) => Self::Forked(*which),
            Self::Each(each) => Self::Forked(each.at),
        }
    }
}

/// Returns the list of steps to which frames lead.
pub(crate) fn innermost<'a>(steps: &'a [Step], frames: &[Frame]) -> &'a [Step] {
    frames.iter().fold(steps, |steps, frame| {
        match (steps.get(frame.step).map(|step| &step.operation), &frame.nested) {
            (Some(Operation::ForEach(each)), _) => &each.steps,
            (Some(Operation::Parallel(branches)), Nested::Forked(which)) => {
                branches.get(*which).map_or(&[], |branch| &branch.steps)
            }
            _ => &[],
        }
    })
}
