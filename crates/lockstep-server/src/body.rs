//! What a request carries, within limits of size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use lockstep_expr::{Map, Value, json};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Largest body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Longest time that a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a body that is a JSON object; an empty one is an object without anything in it.
pub(crate) async fn object(body: Body) -> Result<Value, Problem> {
    match value(body).await? {
        None => Ok(Value::Map(Arc::new(Map::new()))),
        Some(object @ Value::Map(_)) => Ok(object),
        Some(_) => Err(Problem::invalid("the body is not a JSON object: write `{\"name\": ...}`")),
    }
}

/// Reads a body that has a form; an empty one is an object without anything in it.
pub(crate) async fn form<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let text = text(body).await?;
    let text = if text.is_empty() { "{}" } else { &*text };
    // A list would be taken for the fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err(Problem::invalid("the body is not a JSON object: write `{\"name\": ...}`"));
    }
    serde_json::from_str(text)
        .map_err(|error| Problem::invalid(format!("the body cannot be read: {error}")))
}

/// Reads a body that is JSON; `None` if it is empty.
pub(crate) async fn value(body: Body) -> Result<Option<Value>, Problem> {
    let text = text(body).await?;
    if text.is_empty() {
        return Ok(None);
    }
    let value = json::from_json(&text);
    value.map(Some).map_err(|error| Problem::invalid(format!("the body cannot be read: {error}")))
}

/// Reads a body that is text.
pub(crate) async fn text(body: Body) -> Result<String, Problem> {
    let bytes = bytes(body).await?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::invalid("the body is not UTF-8"))
}

/// Reads a body as it is.
pub(crate) async fn bytes(body: Body) -> Result<Bytes, Problem> {
    let Ok(read) = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await else {
        return Err(Problem::new(408, "request.slow", "the body did not come within 30 s"));
    };
    read.map_err(|_| {
        let told = format!("the body is larger than {MAX_BODY} bytes, or was cut off");
        Problem::new(413, "request.too_large", told)
    })
}
