//! What is left of what is known around steps that run for each item or side by side.
//!
//! Invariants:
//!
//! * What a name is bound to inside a loop is gone behind it, but for an object that was bound
//!   outside: that shows what was made of it, to the following items and behind the loop.
//! * Behind steps that ran at once, all names that are bound to an object show what was made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::StaticType;

use super::state::{Binding, Cell, State};
use super::walk::Walk;
use crate::flow::{Bind, Op};

/// Names that a block binds.
pub(super) type Names<'w> = BTreeSet<&'w Arc<str>>;

/// The names that a block binds; `within` begins with its first op.
pub(super) fn bound_within<'w>(within: &'w [Op], binds: &'w [Bind]) -> Names<'w> {
    let mut names = Names::new();
    let mut open = 1_usize;
    for op in within {
        match op {
            Op::Open(_) => open += 1,
            Op::Close => open -= 1,
            Op::Bind(number) => names.extend(binds.get(*number).map(|bind| &bind.name)),
            Op::Rebind(name, _) => drop(names.insert(name)),
            Op::Value(..)
            | Op::Write
            | Op::Target(_)
            | Op::Hold(_)
            | Op::Commit
            | Op::Leave
            | Op::Stop(_)
            | Op::Unless(_)
            | Op::MaySkip(_)
            | Op::Steps(_)
            | Op::Next(..)
            | Op::End
            | Op::Catch
            | Op::CatchGoto(..)
            | Op::CatchEnd(_) => {}
        }
        if open == 0 {
            break;
        }
    }
    names
}

/// The moments behind branches, each without the conditions that another one may have changed.
pub(super) fn apart(ends: Vec<(State, Names<'_>)>) -> impl Iterator<Item = State> {
    let mut binders: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for name in ends.iter().flat_map(|(_, names)| names) {
        *binders.entry(Arc::clone(name)).or_default() += 1;
    }
    ends.into_iter().map(move |(mut state, names)| {
        let own: BTreeSet<&str> = names.iter().map(|name| &***name).collect();
        let elsewhere = |name: &str, all: usize| all > usize::from(own.contains(name));
        state.forget_guards(|name| binders.get(name).is_some_and(|all| elsewhere(name, *all)));
        state
    })
}

impl Walk<'_> {
    /// Those of some names that may be bound to an object.
    pub(super) fn objects_among<'n>(&self, names: &Names<'n>) -> BTreeSet<&'n str> {
        let cell = |name: &str| self.state.cells.get(*self.names.get(name)?);
        let names = names.iter().filter(|name| cell(name).is_some_and(may_be_object));
        names.map(|name| &***name).collect()
    }

    /// Names bound to objects show what has been made of them, since so many had been written.
    pub(super) fn show_objects(&mut self, since: usize) {
        let written: BTreeSet<Option<&str>> =
            self.written.iter().skip(since).map(Option::as_deref).collect();
        if written.is_empty() {
            return;
        }
        let any = written.contains(&None);
        let names: BTreeSet<&str> = self
            .names
            .iter()
            .filter_map(|(name, number)| Some((name, self.state.cells.get(*number)?)))
            .filter(|(_, cell)| {
                let entity = cell.ty.shape().map(|shape| &*shape.name);
                may_be_object(cell) && (any || entity.is_none() || written.contains(&entity))
            })
            .map(|(name, _)| &**name)
            .collect();
        self.state.forget_attributes(&names);
    }
}

/// Whether a name is bound, and perhaps to an object.
fn may_be_object(cell: &Cell) -> bool {
    let object = match cell.ty.shape() {
        Some(shape) => !shape.keyed,
        None => matches!(cell.ty, StaticType::Dyn),
    };
    object && cell.binding != Binding::Never
}
