//! Macros: the same expression on each element of a list, or each key of a map.
//!
//! Invariants:
//! - *Nested*: a macro's variables are on top of the locals while its body is evaluated, and gone
//!   afterwards, however it ends.
//! - *Paid for*: each element costs work before its body does.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "macros go over lists and maps, and no other type of value"
)]

use super::{ENTRY, Evaluation, SLOT, Verdict, duplicate, operator};
use crate::error::code;
use crate::expression::ast::{Comprehension, Macro};
use crate::fault::{Fault, Outcome};
use crate::function;
use crate::value::Value;
use crate::value::map::Map;

impl Evaluation<'_> {
    #[inline(never)]
    pub(super) fn comprehension(&mut self, comprehension: &Comprehension) -> Outcome {
        let range = self.value(&comprehension.range)?;
        let before = self.locals.len();
        debug_assert_eq!(before, comprehension.slot, "variables are bound as they were numbered");
        let result = match comprehension.action {
            Macro::All => self.decide_all(comprehension, &range, false),
            Macro::Exists => self.decide_all(comprehension, &range, true),
            Macro::ExistsOne => self.exists_one(comprehension, &range),
            Macro::Map | Macro::TransformList => self.collect(comprehension, &range),
            Macro::Filter => self.filter(comprehension, &range),
            Macro::TransformMap => self.transform_map(comprehension, &range),
            Macro::TransformEntries => self.transform_entries(comprehension, &range),
            Macro::SortBy => self.sort_by(comprehension, &range),
        };
        self.locals.truncate(before);
        result
    }

    /// Calls `visit` with each element bound, until it returns false.
    fn each(
        &mut self,
        comprehension: &Comprehension,
        range: &Value,
        visit: &mut dyn FnMut(&mut Self, &Value) -> Outcome<bool>,
    ) -> Outcome<()> {
        let mut bind = |evaluation: &mut Self, first: &Value, second: Option<&Value>| {
            evaluation.meter.work(1)?;
            evaluation.locals.truncate(comprehension.slot);
            evaluation.locals.push(Ok(first.clone()));
            if let (true, Some(second)) = (comprehension.two_variables, second) {
                evaluation.locals.push(Ok(second.clone()));
            }
            visit(evaluation, first)
        };
        match range {
            Value::List(items) if comprehension.two_variables => {
                for (place, item) in items.iter().enumerate() {
                    let place = i64::try_from(place).unwrap_or(i64::MAX);
                    if !bind(self, &Value::Int(place), Some(item))? {
                        break;
                    }
                }
            }
            Value::List(items) => {
                for item in items.iter() {
                    if !bind(self, item, None)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    if !bind(self, &key.clone().into(), Some(value))? {
                        break;
                    }
                }
            }
            other => {
                let message = format!("a macro goes over a list or map, not {}", other.type_name());
                return Err(Fault::new(code::TYPE, message).at(comprehension.range.span));
            }
        }
        Ok(())
    }

    fn decide_all(&mut self, macro_: &Comprehension, range: &Value, decisive: bool) -> Outcome {
        let mut verdict = Verdict::new(decisive);
        self.each(macro_, range, &mut |evaluation, _| {
            let truth = evaluation.truth(&macro_.body);
            verdict.is_decided_by(truth).map(|decided| !decided)
        })?;
        verdict.finish()
    }

    fn exists_one(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        let mut count = 0_usize;
        self.each(macro_, range, &mut |evaluation, _| {
            count += usize::from(evaluation.truth(&macro_.body)?);
            Ok(true)
        })?;
        Ok(Value::Bool(count == 1))
    }

    /// Returns whether the filter lets the bound element through.
    fn passes(&mut self, macro_: &Comprehension) -> Outcome<bool> {
        macro_.filter.as_ref().map_or(Ok(true), |filter| self.truth(filter))
    }

    fn collect(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        let mut list = Vec::new();
        self.each(macro_, range, &mut |evaluation, _| {
            if evaluation.passes(macro_)? {
                evaluation.meter.make(SLOT)?;
                list.push(evaluation.value(&macro_.body)?);
            }
            Ok(true)
        })?;
        Ok(list.into())
    }

    fn filter(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        let mut list = Vec::new();
        self.each(macro_, range, &mut |evaluation, element| {
            if evaluation.truth(&macro_.body)? {
                evaluation.meter.make(SLOT)?;
                list.push(element.clone());
            }
            Ok(true)
        })?;
        Ok(list.into())
    }

    fn sort_by(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        if !matches!(range, Value::List(_)) {
            let message = format!("`sortBy` goes over a list, not {}", range.type_name());
            return Err(Fault::new(code::TYPE, message).at(macro_.range.span));
        }
        let mut keyed = Vec::new();
        self.each(macro_, range, &mut |evaluation, element| {
            evaluation.meter.make(2 * SLOT)?;
            keyed.push((evaluation.value(&macro_.body)?, element.clone()));
            Ok(true)
        })?;
        function::sorted(keyed, self.meter).map_err(|fault| fault.at(macro_.body.span))
    }

    fn transform_map(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        let mut map = Map::new();
        self.each(macro_, range, &mut |evaluation, key| {
            if evaluation.passes(macro_)? {
                evaluation.meter.make(ENTRY)?;
                let key = operator::key(key.clone(), evaluation.meter)?;
                map.insert(key, evaluation.value(&macro_.body)?);
            }
            Ok(true)
        })?;
        Ok(map.into())
    }

    fn transform_entries(&mut self, macro_: &Comprehension, range: &Value) -> Outcome {
        let mut map = Map::new();
        self.each(macro_, range, &mut |evaluation, _| {
            if !evaluation.passes(macro_)? {
                return Ok(true);
            }
            let Value::Map(entries) = evaluation.value(&macro_.body)? else {
                let message = "the last argument of `transformMapEntry` makes a map";
                return Err(Fault::new(code::TYPE, message).at(macro_.body.span));
            };
            evaluation.meter.make(entries.len() * ENTRY)?;
            for (key, value) in entries.iter() {
                let key = operator::key(key.clone().into(), evaluation.meter)?;
                if map.get_key(&key).is_some() {
                    return Err(duplicate(&key).at(macro_.body.span));
                }
                map.insert(key, value.clone());
            }
            Ok(true)
        })?;
        Ok(map.into())
    }
}
