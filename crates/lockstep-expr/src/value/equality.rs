//! Equality of values, with a meter so that comparing large values is never free.

use std::sync::Arc;

use super::map::Key;
use super::{Record, Value};
use crate::number;

/// Bytes that are compared at the price of one unit of work.
const BYTES_PER_UNIT: usize = 64;

/// Compares two values. `charge` is told the work before it is done, and ends it with an error.
pub(crate) fn equal<E>(
    left: &Value,
    right: &Value,
    charge: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    Ok(match (left, right) {
        (Value::Null, Value::Null) | (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::String(left), Value::String(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            charge(left.len() / BYTES_PER_UNIT)?;
            left == right
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            charge(left.len().min(right.len()) / BYTES_PER_UNIT)?;
            left == right
        }
        (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Reference(left), Value::Reference(right)) => left == right,
        (Value::Ip(left), Value::Ip(right)) => left == right,
        (Value::Cidr(left), Value::Cidr(right)) => left == right,
        (Value::Optional(Some(left)), Value::Optional(Some(right))) => {
            charge(1)?;
            return equal(left, right, charge);
        }
        (Value::List(left), Value::List(right)) => return lists(left, right, charge),
        (Value::Map(left), Value::Map(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            charge(left.len())?;
            for (key, value) in left.iter() {
                if let Key::String(text) = key {
                    charge(text.len() / BYTES_PER_UNIT)?;
                }
                let Some(other) = right.get_key(key) else { return Ok(false) };
                if !equal(value, other, charge)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Record(left), Value::Record(right)) => return records(left, right, charge),
        _ => number::compare(left, right) == Some(std::cmp::Ordering::Equal),
    })
}

fn lists<E>(
    left: &[Value],
    right: &[Value],
    charge: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    if left.len() != right.len() {
        return Ok(false);
    }
    charge(left.len())?;
    for (left, right) in left.iter().zip(right) {
        if !equal(left, right, charge)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn records<E>(
    left: &Arc<dyn Record>,
    right: &Arc<dyn Record>,
    charge: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    if Arc::ptr_eq(left, right) {
        return Ok(true);
    }
    if left.type_name() != right.type_name() {
        return Ok(false);
    }
    let (left, right) = (left.fields(), right.fields());
    if left.len() != right.len() {
        return Ok(false);
    }
    charge(left.len())?;
    for ((left_name, left), (right_name, right)) in left.iter().zip(&right) {
        if left_name != right_name || !equal(left, right, charge)? {
            return Ok(false);
        }
    }
    Ok(true)
}
