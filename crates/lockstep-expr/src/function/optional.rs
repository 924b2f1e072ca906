//! Functions of optionals: values that may be missing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::timestamp::Timestamp;
use crate::value::Value;

/// Bytes that a value takes in a list.
const SLOT: usize = size_of::<Value>();

/// A function of optionals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Optional {
    /// An optional that has a value.
    Of,
    /// An optional that has none.
    None,
    /// An optional that has a value unless that is the zero of its type.
    OfNonZero,
    HasValue,
    Value,
    /// The values of those optionals of a list that have one.
    Unwrap,
}

/// Computes a function of optionals; `None` if it is not defined for such values.
pub(super) fn call(
    optional: Optional,
    arguments: &[Value],
    meter: &mut Meter,
) -> Outcome<Option<Value>> {
    let value = match (optional, arguments) {
        (Optional::None, []) => Value::Optional(None),
        (Optional::OfNonZero, [value]) if is_zero(value) => Value::Optional(None),
        (Optional::Of | Optional::OfNonZero, [value]) => {
            meter.make(SLOT)?;
            Value::some(value.clone())
        }
        (Optional::HasValue, [Value::Optional(inner)]) => Value::Bool(inner.is_some()),
        (Optional::Value, [Value::Optional(Some(inner))]) => (**inner).clone(),
        (Optional::Value, [Value::Optional(None)]) => {
            return Err(Fault::new(code::ARGUMENT, "the optional has no value"));
        }
        (Optional::Unwrap, [Value::List(items)]) => unwrap(items, meter)?,
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn unwrap(items: &[Value], meter: &mut Meter) -> Outcome {
    let mut values = Vec::new();
    for item in items {
        meter.work(1)?;
        match item {
            Value::Optional(Some(inner)) => {
                meter.make(SLOT)?;
                values.push((**inner).clone());
            }
            Value::Optional(None) => {}
            other => {
                let message = format!("a list of optionals holds {}", other.type_name());
                return Err(Fault::new(code::TYPE, message));
            }
        }
    }
    Ok(values.into())
}

/// Returns whether a value is what its type begins with: null, false, 0, nothing in it.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Optional(None) => true,
        Value::Bool(flag) => !flag,
        Value::Int(int) => *int == 0,
        Value::Uint(uint) => *uint == 0,
        Value::Double(double) => *double == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Timestamp(timestamp) => *timestamp == Timestamp::EPOCH,
        Value::Duration(duration) => duration.as_seconds() == 0 && duration.subsec_nanos() == 0,
        _ => false,
    }
}
