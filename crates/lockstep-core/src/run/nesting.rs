//! Nested steps: `for_each` and `parallel`.
//!
//! ```text
//! for_each, one at a time:  frame -> steps of item 0, 1, ... -> frame left, result bound
//! for_each, several:        a strand for each of the first items; one that ends makes room
//! parallel:                 a strand for each branch; the last one that ends lets the step end
//! ```
//!
//! Invariants:
//!
//! * Each item begins with the names that were bound before the loop, and those are bound behind it:
//!   whether items come one after another or at once makes no difference to what they see.
//! * A name that is bound to an object outside shows, inside and behind, what was made of the object
//!   inside.
//! * The list is fixed when the step begins.

use std::sync::Arc;

use lockstep_definition::{Activity, Branch, ForEach, Operation, Step};
use lockstep_expr::Value;

use super::Flow;
use super::strands::key_of;
use crate::codec;
use crate::failure::Failure;
use crate::instance::collected::Collected;
use crate::instance::frames::{Each, Frame, Nested};
use crate::instance::strand::Join;
use crate::instance::{Instance, Names, Phase, Stage};
use crate::journal::Happening;
use crate::payload;
use crate::step::Done;
use crate::world::World;

/// Longest list of a `for_each`.
const MAX_ITEMS: usize = 100_000;

impl Instance {
    /// Begins a `for_each`.
    pub(crate) fn for_each(
        &mut self,
        each: &ForEach,
        index: usize,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let items = payload::evaluate(&each.items, &self.scope(world.now))?;
        let Value::List(items) = items else {
            let found = items.type_name();
            let message = format!("`for_each` takes a list, this is of type {found}");
            return Err(Failure::new("expr.type", message));
        };
        if items.len() > MAX_ITEMS {
            let length = items.len();
            let message = format!("`for_each` takes at most {MAX_ITEMS} items, these are {length}");
            return Err(Failure::new("step.limit", message));
        }
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.note(world.now, Happening::EachBegan { items: count });
        let collected = each.collect.as_ref().map(|_| Collected::default());
        if items.is_empty() {
            return Ok(Done::With(collected.map_or(Value::Null, Collected::into_list)));
        }
        self.strand.now = None;
        if each.max_parallel > 1 {
            let most = usize::try_from(each.max_parallel).unwrap_or(usize::MAX);
            let (next, running) = (items.len().min(most), items.len().min(most));
            for item in 0..next {
                self.fork_item(each, index, item, &items)?;
            }
            let join = Join::Items { items, next, running, collected };
            self.strand.phase = Phase::Joining(Box::new(join));
            return Ok(Done::Wait);
        }
        let before = self.strand.names.clone();
        bind_item(&mut self.strand.names, each, 0, &items);
        let nested = Nested::Each(Each { items, at: 0, before, collected });
        self.strand.frames.push(Frame { step: index, nested });
        self.strand.position.stage = Stage::Step(0);
        Ok(Done::Inside)
    }

    /// Begins a `parallel`.
    pub(crate) fn parallel(
        &mut self,
        branches: &[Branch],
        index: usize,
        world: &World,
    ) -> Result<Done, Failure> {
        let names = branches.iter().map(|branch| branch.name.to_string()).collect();
        self.note(world.now, Happening::ParallelBegan { branches: names });
        self.strand.now = None;
        for which in 0..branches.len() {
            let frames = self.strand.frames.forked(index, which);
            self.fork(frames, self.strand.names.clone())?;
        }
        let join = Join::Branches { left: branches.len() };
        self.strand.phase = Phase::Joining(Box::new(join));
        Ok(Done::Wait)
    }

    /// Goes on behind the last step of a nested list.
    pub(super) fn end_of_steps(
        &mut self,
        activity: &Activity,
        world: &World,
    ) -> Result<Flow, Failure> {
        let Some((step, frame)) = self.step_around(activity) else {
            return Err(Failure::new("step.unknown", "the step is not there any more"));
        };
        let index = frame.step;
        let ended = match (&step.operation, &frame.nested) {
            (Operation::ForEach(each), Nested::Each(_)) => self.next_item(each, world),
            (Operation::ForEach(each), Nested::Forked(item)) => {
                let item = *item;
                self.end_item(each, index, item, world)
            }
            (Operation::Parallel(branches), Nested::Forked(which)) => {
                let steps = branches.get(*which).map_or(&[][..], |branch| &branch.steps);
                self.end_branch(steps)
            }
            _ => Err(Failure::new("step.unknown", "the step is another one")),
        };
        let ended = ended.map_err(|mut failure| {
            failure.place.get_or_insert_with(|| step.place.clone());
            failure
        })?;
        match ended {
            Ended::GoesOn => Ok(Flow::Go),
            Ended::Waits => Ok(Flow::Wait),
            Ended::With(value) => {
                self.strand.position.stage = Stage::Step(index + 1);
                self.strand.now = None;
                if let Some(name) = &step.bind {
                    codec::check_depth(&value)?;
                    self.strand.names.bind(name, value);
                }
                Ok(Flow::Go)
            }
        }
    }

    fn collect(&self, each: &ForEach, world: &World) -> Result<Option<Value>, Failure> {
        let Some(collect) = &each.collect else { return Ok(None) };
        let value = payload::evaluate(collect, &self.scope(world.now))?;
        codec::check_depth(&value)?;
        Ok(Some(value))
    }

    /// Goes on with the following item, in the same strand.
    fn next_item(&mut self, each: &ForEach, world: &World) -> Result<Ended, Failure> {
        let value = self.collect(each, world)?;
        let Some(frame) = self.strand.frames.pop() else { return Ok(Ended::GoesOn) };
        let Nested::Each(mut own) = frame.nested else { return Ok(Ended::GoesOn) };
        if let (Some(collected), Some(value)) = (&mut own.collected, value) {
            collected.set(own.at, value);
        }
        carry_objects(&mut own.before, &self.strand.names);
        self.strand.names = own.before.clone();
        own.at += 1;
        if own.at >= own.items.len() {
            return Ok(Ended::With(own.collected.map_or(Value::Null, Collected::into_list)));
        }
        bind_item(&mut self.strand.names, each, own.at, &own.items);
        self.strand.position.stage = Stage::Step(0);
        self.strand.now = None;
        self.strand.frames.push(Frame { step: frame.step, nested: Nested::Each(own) });
        Ok(Ended::GoesOn)
    }

    /// Ends a strand that worked on an item; another one begins with the next item.
    fn end_item(
        &mut self,
        each: &ForEach,
        index: usize,
        item: usize,
        world: &World,
    ) -> Result<Ended, Failure> {
        let value = self.collect(each, world)?;
        self.end_strand()?;
        let Phase::Joining(join) = std::mem::replace(&mut self.strand.phase, Phase::Ready) else {
            return Err(not_joining());
        };
        let Join::Items { items, mut next, mut running, mut collected } = *join else {
            return Err(not_joining());
        };
        if let (Some(collected), Some(value)) = (&mut collected, value) {
            collected.set(item, value);
        }
        if next < items.len() {
            self.fork_item(each, index, next, &items)?;
            next += 1;
        } else {
            running = running.saturating_sub(1);
        }
        if running == 0 {
            self.show_objects();
            return Ok(Ended::With(collected.map_or(Value::Null, Collected::into_list)));
        }
        let join = Join::Items { items, next, running, collected };
        self.strand.phase = Phase::Joining(Box::new(join));
        Ok(Ended::Waits)
    }

    fn fork_item(
        &mut self,
        each: &ForEach,
        index: usize,
        item: usize,
        items: &Arc<Vec<Value>>,
    ) -> Result<(), Failure> {
        let mut names = self.strand.names.clone();
        bind_item(&mut names, each, item, items);
        self.fork(self.strand.frames.forked(index, item), names)
    }

    /// Ends a branch: the names that it bound are visible behind the step.
    fn end_branch(&mut self, steps: &[Step]) -> Result<Ended, Failure> {
        let names = std::mem::take(&mut self.strand.names);
        self.end_strand()?;
        for name in bound_in(steps) {
            if let Some(value) = names.get(name) {
                self.strand.names.bind(name, value.clone());
            }
        }
        let Phase::Joining(join) = &mut self.strand.phase else { return Err(not_joining()) };
        let Join::Branches { left } = &mut **join else { return Err(not_joining()) };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Ok(Ended::Waits);
        }
        self.strand.phase = Phase::Ready;
        self.show_objects();
        Ok(Ended::With(Value::Null))
    }

    /// Leaves all loops: the names are those before the outermost one.
    pub(crate) fn leave_loops(&mut self) {
        if self.strand.frames.is_empty() {
            return;
        }
        let mut frames = std::mem::take(&mut self.strand.frames);
        if let Some(outermost) = frames.loops_mut().next() {
            carry_objects(&mut outermost.before, &self.strand.names);
            self.strand.names = outermost.before.clone();
        }
    }
}

/// What comes behind the last step of a nested list.
enum Ended {
    /// The same steps for another item.
    GoesOn,
    /// The present strand waits for others.
    Waits,
    /// The step is done, with this result.
    With(Value),
}

fn not_joining() -> Failure {
    Failure::new("step.unknown", "the strand that forked this one does not wait for it")
}

fn bind_item(names: &mut Names, each: &ForEach, at: usize, items: &[Value]) {
    if let Some(item) = items.get(at) {
        names.bind(&each.item, item.clone());
    }
    if let Some(index) = &each.index {
        names.bind(index, Value::Int(i64::try_from(at).unwrap_or(i64::MAX)));
    }
}

/// Binds names that are bound to an object to what they are bound to inside, if that is the same
/// object.
fn carry_objects(before: &mut Names, inside: &Names) {
    let carried: Vec<(Arc<str>, Value)> = before
        .iter()
        .filter_map(|(name, value)| {
            let key = key_of(value)?;
            let new = inside.get(name).filter(|new| key_of(new) == Some(key))?;
            let (Value::Record(old), Value::Record(present)) = (value, new) else { return None };
            (!Arc::ptr_eq(old, present)).then(|| (Arc::clone(name), new.clone()))
        })
        .collect();
    for (name, value) in carried {
        before.bind(&name, value);
    }
}

/// Returns the names that steps bind for those behind them.
fn bound_in(steps: &[Step]) -> Vec<&Arc<str>> {
    let mut names = Vec::new();
    let mut open: Vec<&Step> = steps.iter().collect();
    while let Some(step) = open.pop() {
        names.extend(&step.bind);
        match &step.operation {
            Operation::Set(values) => names.extend(values.iter().map(|(name, _)| name)),
            Operation::Update { name, .. } => names.push(name),
            Operation::Parallel(branches) => {
                open.extend(branches.iter().flat_map(|branch| &branch.steps));
            }
            Operation::Load { .. }
            | Operation::Find { .. }
            | Operation::Create { .. }
            | Operation::Delete { .. }
            | Operation::Require { .. }
            | Operation::Raise(_)
            | Operation::Commit
            | Operation::Log(_)
            | Operation::Http { .. }
            | Operation::Exec { .. }
            | Operation::Task { .. }
            | Operation::Wait(_)
            | Operation::Workflow { .. }
            | Operation::ForEach(_)
            | Operation::Stop(_) => {}
        }
    }
    names
}
