//! Values as their declared types want them.
//!
//! YAML and JSON have no timestamps, durations, bytes or references: there they are texts. A whole
//! number is an `int` there, whatever is declared.
//!
//! Invariants:
//!
//! * A value that is returned is of the type.

use std::sync::Arc;

use lockstep_expr::{Duration, Key, Map, Reference, Timestamp, Type, Value, json};

/// Why a value does not fit its declared type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mismatch {
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// Returns the value as the type wants it: a text becomes a timestamp (RFC 3339), a duration
/// (`1h30m`), bytes (base64, as they are written to JSON) or a reference (an id); a whole number
/// becomes a `double`, or a `uint` if it is not negative; parts of lists and maps likewise. Every value of the type is returned as it is.
///
/// # Errors
///
/// [`Mismatch`] if the value neither is of the type nor can become so.
pub fn conform(ty: &Type, value: Value) -> Result<Value, Mismatch> {
    if ty.accepts(&value) {
        return Ok(value);
    }
    match (ty, &value) {
        (Type::Double, Value::Int(number)) => {
            // Through text: the nearest double, as the language's own conversion gives it.
            number.to_string().parse().map(Value::Double).map_err(|_| mismatch(ty, &value))
        }
        (Type::Uint, Value::Int(number)) => u64::try_from(*number)
            .map(Value::Uint)
            .map_err(|_| Mismatch { message: "this is negative, and a uint is not".to_owned() }),
        (Type::Bytes, Value::String(text)) => json::bytes(text)
            .map(Value::Bytes)
            .ok_or_else(|| Mismatch { message: "this is not base64, such as aGVsbG8=".to_owned() }),
        (Type::Timestamp, Value::String(text)) => {
            Timestamp::parse(text).map(Value::Timestamp).map_err(|_| Mismatch {
                message: "this is not a timestamp, such as 2030-01-31T12:00:00Z".to_owned(),
            })
        }
        (Type::Duration, Value::String(text)) => Duration::parse(text)
            .map(Value::Duration)
            .map_err(|_| Mismatch { message: "this is not a duration, such as 1h30m".to_owned() }),
        (Type::Reference(entity), Value::String(id)) if !id.is_empty() => {
            Ok(Value::Reference(Arc::new(Reference {
                entity: Arc::clone(entity),
                id: Arc::clone(id),
            })))
        }
        (Type::List(of), Value::List(items)) => {
            let items: Result<Vec<Value>, Mismatch> =
                items.iter().map(|item| conform(of, item.clone())).collect();
            Ok(Value::List(Arc::new(items?)))
        }
        (Type::Map(of), Value::Map(map)) => {
            let mut out = Map::with_capacity(map.len());
            for (key, item) in map.iter() {
                if !matches!(key, Key::String(_)) {
                    return Err(Mismatch { message: "the keys of a map are strings".to_owned() });
                }
                out.insert(key.clone(), conform(of, item.clone())?);
            }
            Ok(Value::Map(Arc::new(out)))
        }
        _ => Err(mismatch(ty, &value)),
    }
}

fn mismatch(ty: &Type, value: &Value) -> Mismatch {
    Mismatch { message: format!("this is of type {}, not {ty}", value.type_name()) }
}

#[cfg(test)]
mod tests;
