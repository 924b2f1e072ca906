//! What several places of a state share: values and tables of names.
//!
//! Invariants:
//!
//! * Names that several places share are written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::Value;
use serde_json::Value as Json;

use crate::codec::{self, DecodeError, Exact};
use crate::id::InstanceId;
use crate::instance::Names;
use crate::instance::parts::{self, Parts};
use crate::transition::PartWrite;

/// Names a part in place of a value.
const PART: &str = "$part";

/// A state that is being written.
pub(super) struct Writing<'a> {
    known: Vec<Names>,
    tables: Vec<Json>,
    parts: &'a mut Parts,
    /// Where new parts go; none are made if it is missing.
    writes: Option<Vec<PartWrite>>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(parts: &'a mut Parts, makes_parts: bool) -> Self {
        parts.begin();
        let writes = makes_parts.then(Vec::new);
        Self { known: Vec::new(), tables: Vec::new(), parts, writes }
    }

    /// Returns the form of a value.
    pub(super) fn value(&mut self, value: &Value) -> Json {
        self.part_if(value, parts::is_large)
    }

    /// Returns the form of a value that does not change any more, and is one of many.
    pub(super) fn lasting(&mut self, value: &Value) -> Json {
        self.part_if(value, |_| true)
    }

    fn part_if(&mut self, value: &Value, is_part: impl Fn(&Value) -> bool) -> Json {
        let mut number = self.parts.of(value);
        if number.is_none()
            && let Some(writes) = &mut self.writes
            && is_part(value)
        {
            let (new, write) = self.parts.add(value);
            writes.push(write);
            number = Some(new);
        }
        match number {
            Some(number) => Json::Object([(PART.to_owned(), number.into())].into_iter().collect()),
            None => serde_json::to_value(Exact(value))
                .expect("values have no keys that JSON cannot write"),
        }
    }

    /// Returns the part that holds the input, if it is large.
    pub(super) fn input(&mut self, input: &Value) -> Option<u32> {
        if let Some(number) = self.parts.of(input) {
            return Some(number);
        }
        let writes = self.writes.as_mut().filter(|_| parts::is_large(input))?;
        writes.push(self.parts.add_input(input));
        Some(parts::INPUT)
    }

    /// Returns the number of a table of names.
    pub(super) fn names(&mut self, names: &Names) -> usize {
        let known = self.known.iter().position(|known| known.is_same(names));
        if let Some(number) = known {
            return number;
        }
        let table =
            names.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect();
        self.known.push(names.clone());
        self.tables.push(Json::Object(table));
        self.tables.len() - 1
    }

    /// Returns the tables of names and the changes of parts.
    pub(super) fn finish(self) -> (Vec<Json>, Vec<PartWrite>) {
        let Some(mut writes) = self.writes else { return (self.tables, Vec::new()) };
        writes.extend(self.parts.drop_unused());
        (self.tables, writes)
    }
}

/// A state that is being read.
pub(super) struct Reading<'a> {
    tables: Vec<Names>,
    parts: &'a BTreeMap<u32, Value>,
}

impl<'a> Reading<'a> {
    /// Reads the tables of names.
    pub(super) fn new(
        tables: &[Json],
        parts: &'a BTreeMap<u32, Value>,
    ) -> Result<Self, DecodeError> {
        let mut from = Self { tables: Vec::new(), parts };
        for table in tables {
            let Json::Object(map) = table else {
                return Err(DecodeError::new("names are not a map"));
            };
            let names: Result<Vec<(Arc<str>, Value)>, DecodeError> = map
                .iter()
                .map(|(name, value)| Ok((name.as_str().into(), from.value(value)?)))
                .collect();
            from.tables.push(Names::from_vec(names?));
        }
        Ok(from)
    }

    pub(super) fn value(&self, json: &Json) -> Result<Value, DecodeError> {
        let part = json.as_object().filter(|map| map.len() == 1).and_then(|map| map.get(PART));
        let Some(number) = part else { return codec::from_json(json, 0) };
        let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
        let value = number.and_then(|number| self.parts.get(&number)).cloned();
        value.ok_or_else(|| DecodeError::new("a part of it is missing"))
    }

    pub(super) fn names(&self, number: usize) -> Result<Names, DecodeError> {
        let names = self.tables.get(number).cloned();
        names.ok_or_else(|| DecodeError::new("there is no such table of names"))
    }
}

/// Reads the identity of an instance.
pub(super) fn instance(text: &str) -> Result<InstanceId, DecodeError> {
    let id = text.parse().map_err(|_| DecodeError::new("not the identity of an instance"))?;
    Ok(InstanceId(id))
}
