//! Answers: forms as JSON.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// Answers with a form.
pub(crate) fn json(status: StatusCode, form: &impl Serialize) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let body = serde_json::to_string(form).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
