//! Parts: what of an instance's state is large and does not change is written once, in a row of its
//! own that the state names.
//!
//! Without them a `for_each` over 10,000 items would write its list, and what it has collected, with
//! every outside call anew.
//!
//! Invariants:
//!
//! * A part that a row names is written in the same batch or before, and is deleted with the row
//!   that first names it no more.
//! * Parts are written and deleted only by transitions that the core has judged: none is lost with a
//!   commit that the store refuses.
//! * A value is known again by its place in memory, which it keeps as long as a part holds it.

use std::collections::HashMap;
use std::sync::Arc;

use lockstep_expr::Value;

use crate::codec;
use crate::transition::PartWrite;

/// About how many bytes a value has at least that is a part.
const LARGE: usize = 4096;

/// The part that holds the input.
pub(crate) const INPUT: u32 = 0;

/// The parts of one instance that are written.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    by_address: HashMap<usize, Part>,
    issued: u32,
    /// Counts the states that were made.
    round: u64,
}

#[derive(Debug)]
struct Part {
    number: u32,
    /// Keeps the address from being used for another value.
    _value: Value,
    /// The last state that named it.
    used: u64,
}

impl Parts {
    /// Takes note of a part that is written.
    pub(crate) fn know(&mut self, number: u32, value: Value) {
        self.issued = self.issued.max(number);
        if let Some(address) = address(&value) {
            let part = Part { number, _value: value, used: self.round };
            self.by_address.insert(address, part);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// Begins a state.
    pub(crate) fn begin(&mut self) {
        self.round += 1;
    }

    /// Returns the number of the part that a value is, if it is one.
    pub(crate) fn of(&mut self, value: &Value) -> Option<u32> {
        let part = self.by_address.get_mut(&address(value)?)?;
        part.used = self.round;
        Some(part.number)
    }

    /// Makes a value a part.
    pub(crate) fn add(&mut self, value: &Value) -> (u32, PartWrite) {
        self.issued += 1;
        (self.issued, self.put(self.issued, value))
    }

    /// Makes the input a part.
    pub(crate) fn add_input(&mut self, input: &Value) -> PartWrite {
        self.put(INPUT, input)
    }

    fn put(&mut self, number: u32, value: &Value) -> PartWrite {
        self.know(number, value.clone());
        PartWrite::Put { number, text: codec::encode(value).into() }
    }

    /// Drops the parts that the state that was just made does not name.
    pub(crate) fn drop_unused(&mut self) -> Vec<PartWrite> {
        let round = self.round;
        let unused = self.by_address.extract_if(|_, part| part.used < round);
        deleted(unused.map(|(_, part)| part.number).collect())
    }

    /// Drops all parts.
    pub(crate) fn drop_all(&mut self) -> Vec<PartWrite> {
        deleted(self.by_address.drain().map(|(_, part)| part.number).collect())
    }
}

/// In an order that does not depend on addresses.
fn deleted(mut numbers: Vec<u32>) -> Vec<PartWrite> {
    numbers.sort_unstable();
    numbers.into_iter().map(|number| PartWrite::Delete { number }).collect()
}

/// Returns whether a value is so large that it is a part.
pub(crate) fn is_large(value: &Value) -> bool {
    remaining(value, LARGE).is_none()
}

/// Returns what is left of a number of bytes after those of a value; `None` if nothing is.
fn remaining(value: &Value, bytes: usize) -> Option<usize> {
    match value {
        Value::String(text) => bytes.checked_sub(text.len()),
        Value::Bytes(content) => bytes.checked_sub(content.len()),
        Value::List(values) => {
            let bytes = bytes.checked_sub(values.len())?;
            values.iter().try_fold(bytes, |bytes, value| remaining(value, bytes))
        }
        Value::Map(map) => map.iter().try_fold(bytes, |bytes, (key, value)| {
            remaining(value, bytes.checked_sub(key.as_str().map_or(8, str::len))?)
        }),
        // Objects are seldom large, and change with every commit.
        Value::Record(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Type(_)
        | Value::Reference(_)
        | Value::Optional(_)
        | Value::Ip(_)
        | Value::Cidr(_) => bytes.checked_sub(4),
    }
}

#[expect(clippy::as_conversions, reason = "an address is only compared")]
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(Arc::as_ptr(text).cast::<u8>() as usize),
        Value::Bytes(content) => Some(Arc::as_ptr(content).cast::<u8>() as usize),
        Value::List(values) => Some(Arc::as_ptr(values) as usize),
        Value::Map(map) => Some(Arc::as_ptr(map) as usize),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Type(_)
        | Value::Reference(_)
        | Value::Optional(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Record(_) => None,
    }
}
