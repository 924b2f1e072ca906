//! Unification: which types the parameters of signatures and of empty lists stand for.
//!
//! Invariants:
//! - *No cycles*: a parameter is never bound to a type that it occurs in.
//! - *Bounded*: each step is paid for; when the budget is spent all types agree, and unbound
//!   parameters and what would be computed are `dyn`, so that nothing is found.
//! - *Undone*: what did not agree leaves no binding behind.
//!
//! Source: the type-checking part of the public language definition (type parameters, joins of
//! heterogeneous aggregates to `dyn`).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "types that are not named agree if they are equal"
)]

use std::sync::Arc;

use crate::signature::Signature;
use crate::static_type::{MAX_DEPTH, Shape, StaticType};

/// Steps of unification in the check of one expression. A step is a pair of types compared, or a
/// type rebuilt.
const MAX_WORK: usize = 400_000;

/// What the parameters stand for so far.
pub(super) struct Unifier {
    bound: Vec<Option<StaticType>>,
    /// Parameters that were bound, and what they had been.
    trail: Vec<(usize, Option<StaticType>)>,
    work: usize,
}

impl Unifier {
    pub(super) fn new() -> Self {
        Self { bound: Vec::new(), trail: Vec::new(), work: MAX_WORK }
    }

    /// Returns whether the budget is spent: then nothing may be found any more.
    pub(super) fn is_spent(&self) -> bool {
        self.work == 0
    }

    fn pay(&mut self) -> bool {
        self.work = self.work.saturating_sub(1);
        self.work > 0
    }

    /// Returns a parameter that stands for any type yet.
    pub(super) fn fresh(&mut self) -> StaticType {
        self.bound.push(None);
        StaticType::Parameter(u32::try_from(self.bound.len() - 1).unwrap_or(u32::MAX))
    }

    /// Returns the signature with parameters of its own.
    pub(super) fn instantiate(&mut self, signature: &Signature) -> (Vec<StaticType>, StaticType) {
        let mut own = Vec::new();
        let parameters = signature.parameters.iter().map(|ty| self.renamed(ty, &mut own, 0));
        let parameters = parameters.collect();
        (parameters, self.renamed(&signature.result, &mut own, 0))
    }

    fn renamed(
        &mut self,
        ty: &StaticType,
        own: &mut Vec<(u32, StaticType)>,
        depth: usize,
    ) -> StaticType {
        if depth > MAX_DEPTH {
            return StaticType::Dyn;
        }
        let StaticType::Parameter(number) = ty else {
            return ty.with_parts(&mut |part| self.renamed(part, own, depth + 1));
        };
        if let Some((_, fresh)) = own.iter().find(|(known, _)| known == number) {
            return fresh.clone();
        }
        let fresh = self.fresh();
        own.push((*number, fresh.clone()));
        fresh
    }

    fn binding(&self, number: u32) -> Option<&StaticType> {
        usize::try_from(number).ok().and_then(|number| self.bound.get(number)?.as_ref())
    }

    /// Returns what the outermost of a type stands for.
    pub(super) fn shallow(&self, ty: &StaticType) -> StaticType {
        let mut ty = ty;
        // Bindings form no cycle, so the way is no longer than there are parameters.
        for _ in 0..=self.bound.len() {
            match ty {
                StaticType::Parameter(number) => match self.binding(*number) {
                    Some(bound) => ty = bound,
                    None => break,
                },
                _ => break,
            }
        }
        ty.clone()
    }

    /// Returns the type with all that its parameters stand for; one that stands for nothing is `dyn`.
    pub(super) fn resolve(&mut self, ty: &StaticType) -> StaticType {
        self.replaced(ty, true, 0)
    }

    /// Returns the type with all that its parameters stand for; one that stands for nothing stays.
    pub(super) fn settled(&mut self, ty: &StaticType) -> StaticType {
        self.replaced(ty, false, 0)
    }

    fn replaced(&mut self, ty: &StaticType, unbound_is_dyn: bool, depth: usize) -> StaticType {
        if depth > MAX_DEPTH || !self.pay() {
            return StaticType::Dyn;
        }
        match self.shallow(ty) {
            StaticType::Parameter(_) if unbound_is_dyn => StaticType::Dyn,
            ty => ty.with_parts(&mut |part| self.replaced(part, unbound_is_dyn, depth + 1)),
        }
    }

    /// Returns whether the types can be one, and binds parameters so that they are. Binds nothing if
    /// not.
    pub(super) fn agree(&mut self, left: &StaticType, right: &StaticType) -> bool {
        let mark = self.mark();
        let agree = self.unify(left, right, 0);
        if !agree {
            self.undo(mark);
        }
        agree
    }

    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    pub(super) fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((number, before)) = self.trail.pop() else { return };
            if let Some(bound) = self.bound.get_mut(number) {
                *bound = before;
            }
        }
    }

    fn unify(&mut self, left: &StaticType, right: &StaticType, depth: usize) -> bool {
        use StaticType::{
            Dyn, List, Map, Null, Nullable, Opaque, Optional, Parameter, Record, Reference, Type,
        };
        if depth > MAX_DEPTH || !self.pay() {
            return true;
        }
        match (left, right) {
            (Parameter(left), Parameter(right)) if left == right => true,
            (Parameter(number), other) | (other, Parameter(number)) => {
                self.substitute(*number, other, depth)
            }
            (Dyn, other) | (other, Dyn) => {
                self.loosen(other, depth);
                true
            }
            (Type(_), Type(_)) | (Null, Nullable(_)) | (Nullable(_), Null) => true,
            (Nullable(left), right) => self.unify(left, right, depth + 1),
            (left, Nullable(right)) => self.unify(left, right, depth + 1),
            (List(left), List(right)) | (Optional(left), Optional(right)) => {
                self.unify(left, right, depth + 1)
            }
            (Map(left, from), Map(right, to)) => {
                self.unify(left, right, depth + 1) && self.unify(from, to, depth + 1)
            }
            (Reference(left), Reference(right)) => {
                left.is_none() || right.is_none() || left == right
            }
            (Record(left), Record(right)) => left.name == right.name,
            (Record(shape), Map(key, value)) | (Map(key, value), Record(shape)) => {
                shape.keyed
                    && self.unify(key, &StaticType::String, depth + 1)
                    && self.unify(value, &Dyn, depth + 1)
            }
            (Opaque(left, lefts), Opaque(right, rights)) => {
                left == right
                    && lefts.len() == rights.len()
                    && lefts
                        .iter()
                        .zip(&**rights)
                        .all(|(left, right)| self.unify(left, right, depth + 1))
            }
            (left, right) => left == right,
        }
    }

    /// Lets the parameters of a type stand for `dyn`, too: what it agreed with may be made of anything.
    fn loosen(&mut self, ty: &StaticType, depth: usize) {
        if depth > MAX_DEPTH || !self.pay() {
            return;
        }
        if let StaticType::Parameter(number) = ty {
            self.substitute(*number, &StaticType::Dyn, depth);
            return;
        }
        let mut parts = Vec::new();
        ty.for_each_part(&mut |part| parts.push(part.clone()));
        for part in &parts {
            self.loosen(part, depth + 1);
        }
    }

    /// Returns whether a parameter can stand for a type, besides what it stands for already.
    fn substitute(&mut self, number: u32, ty: &StaticType, depth: usize) -> bool {
        let Some(bound) = self.binding(number).cloned() else {
            if let StaticType::Parameter(other) = ty
                && let Some(known) = self.binding(*other).cloned()
            {
                return self.is_same(number, &known)
                    || self.unify(&StaticType::Parameter(number), &known, depth + 1);
            }
            if self.is_same(number, ty) {
                return true;
            }
            return !self.occurs(number, ty, 0) && self.bind(number, ty.clone());
        };
        if bound == *ty || self.is_same(number, ty) {
            return true;
        }
        if !self.unify(&bound, ty, depth + 1) {
            return false;
        }
        let general = self.more_general(&bound, ty);
        if general != bound && !self.occurs(number, &general, 0) {
            self.bind(number, general);
        }
        true
    }

    /// Returns whether a type stands for the parameter and nothing else.
    fn is_same(&self, number: u32, ty: &StaticType) -> bool {
        self.shallow(ty) == StaticType::Parameter(number)
    }

    fn bind(&mut self, number: u32, ty: StaticType) -> bool {
        let Ok(place) = usize::try_from(number) else { return true };
        if let Some(bound) = self.bound.get_mut(place) {
            self.trail.push((place, bound.replace(ty)));
        }
        true
    }

    fn occurs(&mut self, number: u32, ty: &StaticType, depth: usize) -> bool {
        if depth > MAX_DEPTH || !self.pay() {
            return true;
        }
        match self.shallow(ty) {
            StaticType::Parameter(other) => other == number,
            ty => {
                let mut found = false;
                ty.for_each_part(&mut |part| {
                    found = found || self.occurs(number, part, depth + 1);
                });
                found
            }
        }
    }

    /// Returns the type that holds the values of two types that agree.
    fn more_general(&mut self, left: &StaticType, right: &StaticType) -> StaticType {
        if self.is_as_general(left, right, 0) {
            return left.clone();
        }
        if self.is_as_general(right, left, 0) {
            return right.clone();
        }
        let (left, right) = (self.resolve(left), self.resolve(right));
        left.or(&right)
    }

    fn is_as_general(&mut self, left: &StaticType, right: &StaticType, depth: usize) -> bool {
        use StaticType::{
            Dyn, List, Map, Null, Nullable, Opaque, Optional, Parameter, Record, Reference, Type,
        };
        if depth > MAX_DEPTH || !self.pay() {
            return true;
        }
        match (left, right) {
            (Dyn | Parameter(_), _)
            | (Nullable(_), Null)
            | (Type(_), Type(_))
            | (Reference(None), Reference(_)) => true,
            (_, Dyn | Parameter(_)) => false,
            (left, Nullable(_)) if !left.may_be_null() => false,
            (_, Null) | (Null, _) => left == right,
            (Nullable(left), Nullable(right)) => self.is_as_general(left, right, depth + 1),
            (Nullable(left), right) => self.is_as_general(left, right, depth + 1),
            (List(left), List(right)) | (Optional(left), Optional(right)) => {
                self.is_as_general(left, right, depth + 1)
            }
            (Map(left, from), Map(right, to)) => {
                self.is_as_general(left, right, depth + 1)
                    && self.is_as_general(from, to, depth + 1)
            }
            (Opaque(left, lefts), Opaque(right, rights)) => {
                left == right
                    && lefts
                        .iter()
                        .zip(&**rights)
                        .all(|(left, right)| self.is_as_general(left, right, depth + 1))
            }
            (Record(left), Record(right)) => {
                Arc::ptr_eq(left, right)
                    || left.name == right.name && self.is_as_general_shape(left, right, depth)
            }
            (left, right) => left == right,
        }
    }

    /// Returns whether the records of one shape are of another one. Fields that are known have to
    /// stand in one order; those of entities do.
    fn is_as_general_shape(&mut self, left: &Shape, right: &Shape, depth: usize) -> bool {
        left.open == right.open
            && left.fields.len() == right.fields.len()
            && left.fields.iter().zip(&right.fields).all(|(left, right)| {
                left.name == right.name && self.is_as_general(&left.ty, &right.ty, depth + 1)
            })
    }

    /// Returns the type of a list that has elements of both types: what both are, or `dyn`. Null
    /// beside another type makes that one nullable.
    pub(super) fn join(&mut self, left: &StaticType, right: &StaticType) -> StaticType {
        let (left, right) = (self.shallow(left), self.shallow(right));
        match (&left, &right) {
            (StaticType::Null, StaticType::Null) => return left,
            (StaticType::Null, StaticType::Parameter(_))
            | (StaticType::Parameter(_), StaticType::Null) => return StaticType::Dyn,
            (StaticType::Null, other) | (other, StaticType::Null) => {
                return other.clone().nullable();
            }
            _ => {}
        }
        let null = left.may_be_null() || right.may_be_null();
        let (left, right) = (left.without_null(), right.without_null());
        let joined = if self.agree(&left, &right) {
            self.more_general(&left, &right)
        } else {
            StaticType::Dyn
        };
        match self.shallow(&joined) {
            StaticType::Parameter(_) if null => StaticType::Dyn,
            _ if null => joined.nullable(),
            _ => joined,
        }
    }
}
