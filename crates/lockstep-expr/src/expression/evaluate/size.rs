//! How large a result is for those who write it out.
//!
//! A list may hold the same list many times at no cost; written out, it is as large as the whole
//! tree. So a result is measured as a tree before it leaves.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::value::Value;
use crate::value::map::Key;

/// Deepest nesting of lists and maps in a result.
const MAX_DEPTH: usize = 100;
/// Bytes that a value takes in a list.
const SLOT: usize = size_of::<Value>();

/// Pays for the lists and maps in a result as if nothing were shared.
pub(super) fn check(value: &Value, meter: &mut Meter) -> Outcome<()> {
    match value {
        Value::List(_) | Value::Map(_) | Value::Optional(Some(_)) => measure(value, 0, meter),
        _ => Ok(()),
    }
}

fn measure(value: &Value, depth: usize, meter: &mut Meter) -> Outcome<()> {
    if depth > MAX_DEPTH {
        let message = format!("the result nests more than {MAX_DEPTH} levels deep");
        return Err(Fault::new(code::LIMIT, message));
    }
    match value {
        Value::List(items) => {
            meter.make(items.len() * SLOT)?;
            items.iter().try_for_each(|item| measure(item, depth + 1, meter))
        }
        Value::Map(map) => {
            meter.make(map.len() * 2 * SLOT)?;
            map.iter().try_for_each(|(key, item)| {
                if let Key::String(text) = key {
                    meter.make(text.len())?;
                }
                measure(item, depth + 1, meter)
            })
        }
        Value::Optional(Some(inner)) => {
            meter.make(SLOT)?;
            measure(inner, depth + 1, meter)
        }
        Value::String(text) => meter.make(text.len()),
        Value::Bytes(bytes) => meter.make(bytes.len()),
        _ => Ok(()),
    }
}
