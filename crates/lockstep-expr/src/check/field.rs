//! Fields and elements of values.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type that is not named has no fields and no elements"
)]

use std::sync::Arc;

use super::FindingKind;
use super::checker::Checker;
use super::message::alternatives;
use crate::expression::ast::{Field, Kind, Node};
use crate::function::habit;
use crate::nearest::nearest;
use crate::signature::{self, Signature};
use crate::span::Span;
use crate::static_type::{Shape, StaticType};
use crate::value::Value;

/// Most fields that a message lists.
const MAX_LISTED: usize = 8;
/// Fields of every reference.
const REFERENCE: [&str; 2] = ["id", "entity"];

impl Checker<'_> {
    pub(super) fn field(&mut self, field: &Field) -> StaticType {
        if let Some(dotted) = &field.dotted {
            let bound = if self.dotted { self.lookup(dotted) } else { None };
            let denoted = || dotted.denotes.as_ref().map(StaticType::of_value);
            if let Some(ty) = bound.or_else(denoted) {
                return ty;
            }
        }
        let target = self.ty(&field.target);
        let target = self.unifier.shallow(&target);
        if let StaticType::Optional(of) = &target {
            let inner = self.innermost(of);
            return self.optional_of(&inner, field);
        }
        let before = self.found();
        let ty = self.select(&target.without_null(), field);
        self.null_has_no_field(before, &target, field);
        ty
    }

    fn null_has_no_field(&mut self, before: usize, target: &StaticType, field: &Field) {
        let because = format!("which has no `{}`", field.name);
        self.not_null_unless_found(before, target, (&field.target, &because));
    }

    /// Returns the type of `value.?field`.
    pub(super) fn optional_field(&mut self, field: &Field) -> StaticType {
        let target = self.ty(&field.target);
        let target = self.innermost(&target.without_null());
        self.optional_of(&target, field)
    }

    /// Returns the type of a field as an optional. An object's field that is null is none; the value
    /// of a key may be null.
    fn optional_of(&mut self, target: &StaticType, field: &Field) -> StaticType {
        let ty = self.select(target, field);
        let ty = if is_keyed(target) { ty } else { ty.without_null() };
        ty.optional()
    }

    pub(super) fn has(&mut self, field: &Field) -> StaticType {
        let target = self.ty(&field.target);
        let target = self.unifier.shallow(&target);
        let before = self.found();
        let inner = self.innermost(&target.without_null());
        let ty = self.select(&inner, field);
        self.null_has_no_field(before, &target, field);
        if matches!(ty, StaticType::Nullable(_)) && is_keyed(&inner) {
            let shown = self.excerpt(field.span);
            let message = format!("`has` asks for a key, and `{shown}` has one though it is null");
            let help = format!("write `{shown} != null`");
            self.find(FindingKind::MayBeNull, field.span, message, Some(help));
        }
        StaticType::Bool
    }

    /// Returns the type inside of optionals inside of each other.
    fn innermost(&mut self, ty: &StaticType) -> StaticType {
        let mut ty = self.unifier.shallow(ty);
        while let StaticType::Optional(of) | StaticType::Nullable(of) = &ty {
            ty = self.unifier.shallow(of);
        }
        ty
    }

    /// Returns the type of a field of values of a type.
    fn select(&mut self, target: &StaticType, field: &Field) -> StaticType {
        let name = &*field.name;
        match self.unifier.shallow(target) {
            StaticType::Dyn | StaticType::Parameter(_) => StaticType::Dyn,
            StaticType::Record(shape) => self.field_of(&shape, name, field),
            StaticType::Map(key, value) => {
                if self.unifier.agree(&key, &StaticType::String) {
                    return (*value).clone();
                }
                let key = self.unifier.resolve(&key);
                let message = format!("the keys of this map are {key}, so it has no `{name}`");
                self.find(FindingKind::WrongType, self.name_of(field), message, None)
            }
            StaticType::Reference(_) if REFERENCE.contains(&name) => StaticType::String,
            StaticType::Reference(entity) => {
                let entity = entity.map_or_else(|| "ENTITY".to_owned(), |name| name.to_string());
                let message = format!("a reference has an `id` and an `entity`, but no `{name}`");
                let help =
                    format!("load the object first: `load: {{ entity: {entity}, id: ... }}`");
                self.find(FindingKind::UnknownField, self.name_of(field), message, Some(help))
            }
            other => {
                let (shown, other) =
                    (self.excerpt(field.target.span), self.unifier.resolve(&other));
                let message = format!("`{shown}` ({other}) has no fields, so no `{name}`");
                let known = if self.may_suggest() { self.function_for(name, &other) } else { None };
                let help = known.map(|known| format!("call the function: `{shown}.{known}()`"));
                self.find(FindingKind::WrongType, self.name_of(field), message, help)
            }
        }
    }

    /// Returns the function that gives what somebody took for a field: `getFullYear` for `year`.
    fn function_for(&mut self, name: &str, ty: &StaticType) -> Option<&'static str> {
        let lower = name.to_ascii_lowercase();
        let wanted = habit(name).unwrap_or(name);
        let alike = |known: &&str| known.to_ascii_lowercase().ends_with(&lower);
        let exact = signature::names().filter(|known| *known == wanted);
        let mut endings: Vec<&str> = signature::names().filter(alike).collect();
        endings.sort_by_key(|known| known.len());
        let candidates: Vec<&str> = exact.chain(endings).collect();
        candidates.into_iter().find(|known| {
            let methods = signature::of(known).iter();
            let one_argument = methods.filter(|one| one.method && one.parameters.len() == 1);
            let one_argument: Vec<Signature> = one_argument.cloned().collect();
            self.fits(&one_argument, 0, ty)
        })
    }

    fn field_of(&mut self, shape: &Arc<Shape>, name: &str, field: &Field) -> StaticType {
        if let Some(known) = shape.field(name) {
            return known.ty.clone();
        }
        if shape.open {
            return StaticType::Dyn;
        }
        let shown = self.excerpt(field.target.span);
        let message = if shown == *shape.name {
            format!("`{shown}` has no `{name}`")
        } else {
            format!("`{shown}` ({}) has no attribute `{name}`", shape.name)
        };
        let help = if self.may_suggest() { suggestion(shape, name) } else { None };
        self.find(FindingKind::UnknownField, self.name_of(field), message, help)
    }

    /// Returns the place of the name behind the last dot.
    fn name_of(&self, field: &Field) -> Span {
        let end = field.span.end;
        let quoted = self.text.get(..end).is_some_and(|before| before.ends_with('`'));
        let length = field.name.len() + if quoted { 2 } else { 0 };
        Span::new(end.saturating_sub(length), end)
    }

    pub(super) fn index(&mut self, pair: &[Node; 2]) -> StaticType {
        let [target, key] = pair;
        let target_type = self.ty(target);
        let key_type = self.ty(key);
        let target_type = self.unifier.shallow(&target_type);
        if let StaticType::Optional(of) = &target_type {
            let inner = self.innermost(of);
            return self.element_of(&inner, target, (key, &key_type)).optional();
        }
        let before = self.found();
        let ty = self.element_of(&target_type.without_null(), target, (key, &key_type));
        self.not_null_unless_found(before, &target_type, (target, "which has no elements"));
        ty
    }

    /// Returns the type of `value[?key]`.
    pub(super) fn optional_index(&mut self, pair: &[Node; 2]) -> StaticType {
        let [target, key] = pair;
        let target_type = self.ty(target);
        let key_type = self.ty(key);
        let inner = self.innermost(&target_type.without_null());
        self.element_of(&inner, target, (key, &key_type)).optional()
    }

    fn element_of(
        &mut self,
        ty: &StaticType,
        target: &Node,
        (key, key_type): (&Node, &StaticType),
    ) -> StaticType {
        let key_type = self.not_null(key_type, key, "which is neither key nor position");
        match self.unifier.shallow(ty) {
            StaticType::Dyn | StaticType::Parameter(_) => StaticType::Dyn,
            StaticType::List(of) => {
                if self.is_position(&key_type) {
                    return (*of).clone();
                }
                let message =
                    format!("a position is an int, not {}", self.unifier.resolve(&key_type));
                self.find(FindingKind::WrongType, key.span, message, None)
            }
            StaticType::Map(keys, values) => {
                if self.unifier.agree(&keys, &key_type)
                    || self.is_number(&keys) && self.is_number(&key_type)
                {
                    return (*values).clone();
                }
                let message = format!(
                    "the keys of this map are {}, not {}",
                    self.unifier.resolve(&keys),
                    self.unifier.resolve(&key_type)
                );
                self.find(FindingKind::WrongType, key.span, message, None)
            }
            StaticType::Record(shape) if shape.keyed => self.keyed(&shape, (key, &key_type)),
            other => {
                let (shown, other) = (self.excerpt(target.span), self.unifier.resolve(&other));
                let message = format!("`{shown}` ({other}) has no elements");
                let name = match &key.kind {
                    Kind::Literal(Value::String(name)) => name,
                    _ => "name",
                };
                let help = other
                    .shape()
                    .map(|_| format!("write the attribute's name behind a dot: `{shown}.{name}`"));
                self.find(FindingKind::WrongType, target.span, message, help)
            }
        }
    }

    /// Returns the type of `record["field"]`.
    fn keyed(&mut self, shape: &Shape, (key, key_type): (&Node, &StaticType)) -> StaticType {
        if !self.unifier.agree(key_type, &StaticType::String) {
            let message = format!("the keys of {} are string, not {key_type}", shape.name);
            return self.find(FindingKind::WrongType, key.span, message, None);
        }
        let Kind::Literal(Value::String(name)) = &key.kind else { return StaticType::Dyn };
        match shape.field(name) {
            Some(known) => known.ty.clone(),
            None if shape.open => StaticType::Dyn,
            None => {
                let message = format!("`{}` has no `{name}`", shape.name);
                let help = if self.may_suggest() { suggestion(shape, name) } else { None };
                self.find(FindingKind::UnknownField, key.span, message, help)
            }
        }
    }

    /// Returns whether a list can be asked for such a position: a whole double is one, too.
    fn is_position(&mut self, ty: &StaticType) -> bool {
        self.unifier.agree(ty, &StaticType::Int) || self.is_number(ty)
    }

    fn is_number(&self, ty: &StaticType) -> bool {
        matches!(
            self.unifier.shallow(ty),
            StaticType::Int | StaticType::Uint | StaticType::Double | StaticType::Dyn
        )
    }
}

/// Returns whether fields of the type are keys of a map: one may be there and its value null.
fn is_keyed(ty: &StaticType) -> bool {
    match ty {
        StaticType::Record(shape) => shape.keyed,
        StaticType::Map(..) => true,
        _ => false,
    }
}

/// Returns what to write in the place of a field that does not exist.
fn suggestion(shape: &Shape, name: &str) -> Option<String> {
    let names = || shape.fields.iter().map(|field| &*field.name);
    if let Some(near) = nearest(name, names()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let listed: Vec<String> = names().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    match listed.len() {
        0 => None,
        _ if shape.fields.len() > MAX_LISTED => {
            Some(format!("it has {} and others", listed.join(", ")))
        }
        _ => Some(format!("it has {}", alternatives(&listed).replace(" or ", " and "))),
    }
}
