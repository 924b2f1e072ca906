//! What is known at one moment: which names are bound, of which types, and which conditions hold.
//!
//! Invariants:
//!
//! * What is known after ways have met holds on each of them.
//! * A condition is forgotten when a name that it depends on is bound anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::{Fact, Span, StaticType};

/// Most conditions that are remembered at once.
const MAX_FACTS: usize = 64;
/// Most conditions under which a name is known to be bound.
const MAX_GUARDS: usize = 8;
/// Most paths that are known not to be null.
const MAX_PRESENT: usize = 64;

/// Why a name may not be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// Where the way begins on which it is not bound.
    pub(crate) span: Span,
    /// Which way that is: a phrase in lower case.
    pub(crate) way: Arc<str>,
}

/// Whether a name is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// On no way.
    Never,
    /// On some ways; certainly if one of these conditions holds.
    Sometimes(Arc<[Fact]>, Lack),
    /// On every way.
    Always,
}

/// A name at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) binding: Binding,
    /// Of the values it is bound to, if it is.
    pub(crate) ty: StaticType,
}

/// A path of names that is known not to be null.
pub(crate) type Path = Vec<String>;

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether no way leads here.
    pub(crate) dead: bool,
    /// By the number of the name.
    pub(crate) cells: Vec<Cell>,
    /// Sorted.
    pub(crate) facts: Vec<Fact>,
    /// Sorted.
    pub(crate) present: Vec<Path>,
}

impl State {
    pub(crate) fn new(names: usize) -> Self {
        let cell = Cell { binding: Binding::Never, ty: StaticType::Dyn };
        Self { dead: false, cells: vec![cell; names], facts: Vec::new(), present: Vec::new() }
    }

    /// A name is bound to a value of this type.
    pub(crate) fn bind(&mut self, number: usize, name: &str, ty: StaticType) {
        if let Some(cell) = self.cells.get_mut(number) {
            *cell = Cell { binding: Binding::Always, ty };
        }
        self.forget_conditions(|other| other == name);
        self.present.retain(|path| path.first().is_none_or(|root| root != name));
    }

    /// The objects that these names are bound to may have other attributes from here on.
    pub(crate) fn forget_attributes(&mut self, names: &BTreeSet<&str>) {
        if names.is_empty() {
            return;
        }
        self.forget_conditions(|name| names.contains(name));
        let of_object = |path: &Path| path.first().is_some_and(|root| names.contains(&**root));
        self.present.retain(|path| path.len() < 2 || !of_object(path));
    }

    fn forget_conditions(&mut self, changed: impl Fn(&str) -> bool) {
        self.facts.retain(|fact| !depends(fact, &changed));
        self.forget_guards(changed);
    }

    /// Conditions on names that have changed say no more which other names are bound.
    pub(crate) fn forget_guards(&mut self, changed: impl Fn(&str) -> bool) {
        for cell in &mut self.cells {
            if let Binding::Sometimes(guards, _) = &mut cell.binding
                && guards.iter().any(|fact| depends(fact, &changed))
            {
                let kept = guards.iter().filter(|fact| !depends(fact, &changed));
                *guards = kept.cloned().collect();
            }
        }
    }

    /// These conditions hold from here on, and these paths are not null.
    pub(crate) fn learn(&mut self, facts: &[Fact], present: Vec<Path>) {
        for fact in facts.iter().filter(|fact| lasts(fact)) {
            if self.facts.len() < MAX_FACTS
                && let Err(at) = self.facts.binary_search(fact)
            {
                self.facts.insert(at, fact.clone());
            }
        }
        for path in present {
            if self.present.len() < MAX_PRESENT
                && let Err(at) = self.present.binary_search(&path)
            {
                self.present.insert(at, path);
            }
        }
    }

    /// The names among paths that are not null are of types without null from here on: so much is
    /// still known behind a way on which such a name is bound anew.
    pub(crate) fn narrow(&mut self, names: &BTreeMap<Arc<str>, usize>, present: &[Path]) {
        for path in present {
            let [name] = path.as_slice() else { continue };
            let number = names.get(name.as_str()).copied();
            if let Some(cell) = number.and_then(|number| self.cells.get_mut(number)) {
                cell.ty = cell.ty.without_null();
            }
        }
    }

    /// Whether the name of this number is bound where, besides, `also` holds.
    pub(crate) fn is_bound(&self, number: usize, also: &[Fact]) -> bool {
        match self.cells.get(number).map(|cell| &cell.binding) {
            Some(Binding::Always) => true,
            Some(Binding::Sometimes(guards, _)) => guards
                .iter()
                .any(|guard| self.facts.binary_search(guard).is_ok() || also.contains(guard)),
            Some(Binding::Never) | None => false,
        }
    }

    /// Whether a name is bound, seen from what is known here.
    fn here<'c>(&self, cell: &'c Cell) -> &'c Binding {
        match &cell.binding {
            Binding::Sometimes(guards, _)
                if guards.iter().any(|guard| self.facts.binary_search(guard).is_ok()) =>
            {
                &Binding::Always
            }
            Binding::Sometimes(..) | Binding::Always | Binding::Never => &cell.binding,
        }
    }

    /// Whether a name is certainly bound where `fact` holds.
    fn implies(&self, cell: &Cell, fact: &Fact) -> bool {
        match self.here(cell) {
            Binding::Always => true,
            Binding::Sometimes(guards, _) if guards.contains(fact) => true,
            Binding::Sometimes(..) | Binding::Never => {
                self.facts.iter().any(|known| known.contradicts(fact))
            }
        }
    }

    /// The moment in which the ways to `self` and to `other` have met. `lack` says which way `other`
    /// is, `own` which way `self` is.
    pub(crate) fn join(&mut self, other: &Self, own: &Lack, lack: &Lack) {
        if other.dead {
            return;
        }
        if self.dead {
            *self = other.clone();
            return;
        }
        let cells: Vec<Cell> = self
            .cells
            .iter()
            .zip(&other.cells)
            .map(|(left, right)| {
                let ty = match (&left.binding, &right.binding) {
                    (Binding::Never, _) => right.ty.clone(),
                    (_, Binding::Never) => left.ty.clone(),
                    _ if left.ty == right.ty => left.ty.clone(),
                    _ => left.ty.or(&right.ty),
                };
                let binding = match (self.here(left), other.here(right)) {
                    (Binding::Always, Binding::Always) => Binding::Always,
                    (Binding::Never, Binding::Never) => Binding::Never,
                    (Binding::Sometimes(_, why), _) | (_, Binding::Sometimes(_, why)) => {
                        Binding::Sometimes(self.guards(left, other, right), why.clone())
                    }
                    (Binding::Never, _) => {
                        Binding::Sometimes(self.guards(left, other, right), own.clone())
                    }
                    (_, Binding::Never) => {
                        Binding::Sometimes(self.guards(left, other, right), lack.clone())
                    }
                };
                Cell { binding, ty }
            })
            .collect();
        self.cells = cells;
        self.facts.retain(|fact| other.facts.binary_search(fact).is_ok());
        self.present.retain(|path| other.present.binary_search(path).is_ok());
    }

    /// The moment behind a loop that began here and ends with `inner`: what it has bound is gone.
    pub(crate) fn absorb(&mut self, inner: &Self) {
        for (cell, inner) in self.cells.iter_mut().zip(&inner.cells) {
            if cell.binding != Binding::Never && cell.ty != inner.ty {
                cell.ty = cell.ty.or(&inner.ty);
            }
        }
        self.facts.retain(|fact| inner.facts.binary_search(fact).is_ok());
        self.present.retain(|path| inner.present.binary_search(path).is_ok());
    }

    /// The moment behind branches that began here and end with `ends`: all of them are done.
    pub(crate) fn gather(mut self, ends: impl Iterator<Item = Self>) -> Self {
        let start = self.cells.clone();
        for end in ends {
            for ((cell, end), start) in self.cells.iter_mut().zip(&end.cells).zip(&start) {
                if end != start {
                    cell.clone_from(end);
                }
            }
            self.dead |= end.dead;
            self.facts.retain(|fact| end.facts.binary_search(fact).is_ok());
            self.present.retain(|path| end.present.binary_search(path).is_ok());
        }
        self
    }

    /// Conditions under which a name is bound whichever of two ways was taken.
    fn guards(&self, left: &Cell, other: &Self, right: &Cell) -> Arc<[Fact]> {
        let of = |cell: &Cell| match &cell.binding {
            Binding::Sometimes(guards, _) => Arc::clone(guards),
            Binding::Always | Binding::Never => Arc::default(),
        };
        let (from_left, from_right) = (of(left), of(right));
        let mut found: Vec<Fact> = Vec::new();
        let candidates = self.facts.iter().chain(&other.facts).chain(&*from_left);
        for fact in candidates.chain(&*from_right) {
            if found.len() >= MAX_GUARDS {
                break;
            }
            if !found.contains(fact) && self.implies(left, fact) && other.implies(right, fact) {
                found.push(fact.clone());
            }
        }
        found.into()
    }
}

fn depends(fact: &Fact, changed: impl Fn(&str) -> bool) -> bool {
    fact.names.iter().any(|name| changed(name))
}

/// Whether a condition stays as it is until one of its names is bound anew.
fn lasts(fact: &Fact) -> bool {
    !fact.names.iter().any(|name| matches!(&**name, "now" | "object" | "error" | "lock"))
}
