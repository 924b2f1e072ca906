//! Macros and bindings: expressions with variables of their own, and optionals.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "macros go over lists and maps, and no other type of value"
)]

use super::FindingKind;
use super::checker::Checker;
use super::path::{Path, Root};
use crate::expression::ast::{Alternative, Bind, Comprehension, Macro, Node, OptionalMap};
use crate::static_type::StaticType;

impl Checker<'_> {
    pub(super) fn comprehension(&mut self, comprehension: &Comprehension) -> StaticType {
        let Comprehension { action, range, slot, two_variables, filter, body } = comprehension;
        let range_type = self.ty(range);
        let range_type = self.not_null(&range_type, range, "and a macro goes over a list or map");
        let (key, value, is_map) = self.parts(&range_type, range);
        if is_map && matches!(action, Macro::SortBy) {
            let range_type = self.unifier.resolve(&range_type);
            let message = format!("`sortBy` goes over a list, not {range_type}");
            self.find(FindingKind::WrongType, range.span, message, None);
        }
        let element = if is_map { key.clone() } else { value.clone() };
        self.leave(*slot);
        if *two_variables {
            let first = if is_map { key.clone() } else { keyed(&range_type) };
            self.locals.extend([first, value]);
        } else {
            self.locals.push(element.clone());
        }
        let inside = self.present.len();
        if let Some(filter) = filter {
            self.condition(filter);
            self.knowing(filter, true);
        }
        let ty = match action {
            Macro::All | Macro::Exists | Macro::ExistsOne => {
                self.condition(body);
                StaticType::Bool
            }
            Macro::Filter => {
                self.condition(body);
                // What is kept is what the condition is true of.
                let kept = Path { root: Root::Local(*slot), fields: Vec::new() };
                let mut present = self.reader.present_when(body, true).into_iter();
                let element = self.unifier.shallow(&element);
                let present = element.may_be_null() && present.any(|path| path.tells_of(&kept));
                if present { element.without_null().list() } else { element.list() }
            }
            Macro::Map | Macro::TransformList => self.ty(body).list(),
            Macro::TransformMap => {
                let value = self.ty(body);
                StaticType::map(if is_map { key } else { keyed(&range_type) }, value)
            }
            Macro::TransformEntries => self.entries(body),
            Macro::SortBy => {
                self.sort_key(body);
                element.list()
            }
        };
        self.present.truncate(inside);
        self.leave(*slot);
        ty
    }

    /// Returns the types of the keys and values of what a macro goes over, and whether it is a map.
    fn parts(&mut self, ty: &StaticType, node: &Node) -> (StaticType, StaticType, bool) {
        match self.unifier.shallow(ty) {
            StaticType::List(of) => (StaticType::Int, (*of).clone(), false),
            StaticType::Map(key, value) => ((*key).clone(), (*value).clone(), true),
            StaticType::Record(shape) if shape.keyed => (StaticType::String, StaticType::Dyn, true),
            StaticType::Dyn | StaticType::Parameter(_) => (StaticType::Dyn, StaticType::Dyn, false),
            other => {
                let other = self.unifier.resolve(&other);
                let message = format!("a macro goes over a list or map, not {other}");
                self.find(FindingKind::WrongType, node.span, message, None);
                (StaticType::Dyn, StaticType::Dyn, false)
            }
        }
    }

    /// Returns the type of the map that the maps of a body are put together to.
    fn entries(&mut self, body: &Node) -> StaticType {
        let ty = self.ty(body);
        let ty = self.not_null(&ty, body, "and `transformMapEntry` collects maps");
        let map = StaticType::map(self.unifier.fresh(), self.unifier.fresh());
        if self.unifier.agree(&map, &ty) {
            return map;
        }
        let message =
            format!("`transformMapEntry` collects maps, not {}", self.unifier.resolve(&ty));
        self.find(FindingKind::WrongType, body.span, message, None)
    }

    fn sort_key(&mut self, body: &Node) {
        let ty = self.ty(body);
        let ty = self.not_null(&ty, body, "which has no order");
        let overloads = crate::signature::of("sort");
        if self.first_result(overloads, &[ty.clone().list()]).is_none() {
            let message = format!("a list cannot be sorted by {}", self.unifier.resolve(&ty));
            self.find(FindingKind::WrongType, body.span, message, None);
        }
    }

    /// Checks `cel.bind` and `cel.block`.
    pub(super) fn bind(&mut self, bind: &Bind) -> StaticType {
        self.leave(bind.slot);
        for value in &bind.values {
            let ty = self.ty(value);
            self.locals.push(ty);
        }
        let ty = self.ty(&bind.body);
        self.leave(bind.slot);
        ty
    }

    /// Checks `optMap` and `optFlatMap`.
    pub(super) fn optional_map(&mut self, map: &OptionalMap) -> StaticType {
        let target = self.ty(&map.target);
        let inner = self.unwrapped(&target, &map.target);
        self.leave(map.slot);
        self.locals.push(inner);
        let ty = self.ty(&map.body);
        self.leave(map.slot);
        if map.flat { self.unwrapped(&ty, &map.body).optional() } else { ty.optional() }
    }

    /// Checks `or` and `orValue`.
    pub(super) fn alternative(&mut self, alternative: &Alternative) -> StaticType {
        let target = self.ty(&alternative.target);
        let inner = self.unwrapped(&target, &alternative.target);
        let other = self.ty(&alternative.other);
        let value = if alternative.unwraps {
            other.clone()
        } else {
            self.unwrapped(&other, &alternative.other)
        };
        let bare = value.without_null();
        let agree = bare == StaticType::Null || self.unifier.agree(&inner.without_null(), &bare);
        if !agree {
            let (inner, value) = (self.unifier.resolve(&inner), self.unifier.resolve(&value));
            let message = format!("the optional holds {inner}, the value in its place is {value}");
            return self.find(FindingKind::WrongType, alternative.other.span, message, None);
        }
        let joined = self.unifier.join(&inner, &value);
        if alternative.unwraps { joined } else { joined.optional() }
    }

    /// Returns the type of the value of an optional, and finds what is none.
    pub(super) fn unwrapped(&mut self, ty: &StaticType, node: &Node) -> StaticType {
        let inner = self.unifier.fresh();
        if self.unifier.agree(&inner.clone().optional(), ty) {
            self.not_null(ty, node, "which is no optional");
            return self.unifier.settled(&inner);
        }
        let message = format!("an optional belongs here, not {}", self.unifier.resolve(ty));
        let help = "write `.?` before the field, or `optional.of(...)`".to_owned();
        self.find(FindingKind::WrongType, node.span, message, Some(help))
    }
}

/// Returns the type of the first of two variables over a list, or over what may be a map too.
fn keyed(range: &StaticType) -> StaticType {
    if matches!(range, StaticType::List(_)) { StaticType::Int } else { StaticType::Dyn }
}
