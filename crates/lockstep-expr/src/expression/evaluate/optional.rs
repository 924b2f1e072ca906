//! Optionals: fields, elements and entries that may be missing.
//!
//! Invariants: *viral*: a field or element of an optional is an optional itself.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named is no optional"
)]

use std::sync::Arc;

use super::{ENTRY, Evaluation, SLOT, duplicate, operator};
use crate::error::code;
use crate::expression::ast::{Alternative, Field, Node, OptionalMap, Sparse};
use crate::fault::{Fault, Outcome};
use crate::span::Span;
use crate::value::Value;
use crate::value::map::Map;

impl Evaluation<'_> {
    #[inline(never)]
    pub(super) fn optional_field(&mut self, field: &Field) -> Outcome {
        let target = self.value(&field.target)?;
        operator::optional_select(&target, &field.name, self.meter)
    }

    #[inline(never)]
    pub(super) fn optional_index(&mut self, pair: &[Node; 2]) -> Outcome {
        let [target, key] = pair;
        let target = self.value(target)?;
        let key = self.value(key)?;
        operator::optional_index(&target, &key, self.meter)
    }

    #[inline(never)]
    pub(super) fn sparse_list(&mut self, items: &[Sparse<Node>]) -> Outcome {
        self.meter.make(items.len() * SLOT)?;
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let value = self.value(&item.part)?;
            list.extend(if item.optional { present(value, item.part.span)? } else { Some(value) });
        }
        Ok(list.into())
    }

    #[inline(never)]
    pub(super) fn sparse_map(&mut self, entries: &[Sparse<[Node; 2]>]) -> Outcome {
        self.meter.make(entries.len() * ENTRY)?;
        let mut map = Map::with_capacity(entries.len());
        for entry in entries {
            let [key, node] = &entry.part;
            let place = key.span;
            let key = self.value(key)?;
            let key = operator::key(key, self.meter).map_err(|fault| fault.at(place))?;
            let value = self.value(node)?;
            let value = if entry.optional { present(value, node.span)? } else { Some(value) };
            let Some(value) = value else { continue };
            if map.get_key(&key).is_some() {
                return Err(duplicate(&key).at(place));
            }
            map.insert(key, value);
        }
        Ok(map.into())
    }

    #[inline(never)]
    pub(super) fn optional_map(&mut self, map: &OptionalMap) -> Outcome {
        let Some(value) = present(self.value(&map.target)?, map.target.span)? else {
            return Ok(Value::Optional(None));
        };
        debug_assert_eq!(self.locals.len(), map.slot, "variables are bound as they were numbered");
        self.locals.push(Ok(value));
        let result = self.value(&map.body);
        self.locals.truncate(map.slot);
        let result = result?;
        if !map.flat {
            self.meter.make(SLOT)?;
            return Ok(Value::some(result));
        }
        expect_optional(result, map.body.span)
    }

    #[inline(never)]
    pub(super) fn alternative(&mut self, alternative: &Alternative) -> Outcome {
        let place = alternative.target.span;
        let target = expect_optional(self.value(&alternative.target)?, place)?;
        match target {
            Value::Optional(Some(inner)) if alternative.unwraps => Ok(Arc::unwrap_or_clone(inner)),
            Value::Optional(None) if alternative.unwraps => self.value(&alternative.other),
            Value::Optional(None) => {
                let other = self.value(&alternative.other)?;
                expect_optional(other, alternative.other.span)
            }
            target => Ok(target),
        }
    }
}

/// Returns the value of an optional, if it has one.
fn present(value: Value, place: Span) -> Outcome<Option<Value>> {
    match expect_optional(value, place)? {
        Value::Optional(inner) => Ok(inner.map(Arc::unwrap_or_clone)),
        _ => Ok(None),
    }
}

fn expect_optional(value: Value, place: Span) -> Outcome {
    if let Value::Optional(_) = value {
        return Ok(value);
    }
    let message = format!("an optional belongs here, not {}", value.type_name());
    Err(Fault::new(code::TYPE, message).at(place))
}
