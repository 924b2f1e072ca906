//! Plain JSON in and out: what programs know, in place of the values of the language.

use lockstep_expr::{Value, json};
use serde::Serialize;
use serde_json::Value as Json;

use crate::error::Error;

/// Returns what a program gives as a value.
pub(crate) fn value(given: impl Serialize) -> Result<Value, Error> {
    let text = serde_json::to_string(&given).map_err(|error| Error::Json(error.to_string()))?;
    json::from_json(&text).map_err(|error| Error::Json(error.to_string()))
}

/// Returns a value as plain JSON.
pub(crate) fn plain(value: &Value) -> Json {
    serde_json::from_str(&json::to_json(value)).unwrap_or_default()
}
