//! Payloads: trees of literals and templates become values.

use std::sync::Arc;

use lockstep_definition::Payload;
use lockstep_expr::{Map, Scope, Value};

use crate::failure::Failure;

/// Returns the value of a payload.
///
/// # Errors
///
/// That of the first expression that fails.
pub(crate) fn evaluate(payload: &Payload, scope: &dyn Scope) -> Result<Value, Failure> {
    Ok(match payload {
        Payload::Literal(value) => value.clone(),
        Payload::Template(template) => template.evaluate(scope)?,
        Payload::List(parts) => {
            let values: Result<Vec<Value>, Failure> =
                parts.iter().map(|part| evaluate(part, scope)).collect();
            Value::List(Arc::new(values?))
        }
        Payload::Map(parts) => {
            let mut map = Map::new();
            for (key, part) in parts {
                map.insert(Arc::clone(key), evaluate(part, scope)?);
            }
            Value::Map(Arc::new(map))
        }
    })
}

/// Returns the text of a payload whose value is to be a text; numbers and bools are written out.
///
/// # Errors
///
/// That of the first expression that fails, or `expr.type` if it is neither.
pub(crate) fn text(payload: &Payload, what: &str, scope: &dyn Scope) -> Result<Arc<str>, Failure> {
    let value = evaluate(payload, scope)?;
    if let Value::String(text) = value {
        return Ok(text);
    }
    if matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Bool(_)) {
        return Ok(value.to_string().into());
    }
    let message = format!("{what} must be a string, it is of type {}", value.type_name());
    Err(Failure::new("expr.type", message))
}
