//! What went wrong, as problem details (RFC 9457) with a code of the engine's.
//!
//! Invariants:
//!
//! * The code is a name that programs can rely on; the detail is a sentence for people.
//! * Nothing of the machine is told: an error of the store stands in the log.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_api::Plain;
use lockstep_core::{Failure, InstanceId};
use lockstep_expr::Value;
use lockstep_runner::{RunnerError, StartError};
use serde_json::value::RawValue;

/// What went wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: u16,
    code: String,
    detail: String,
    /// What the failure of a workflow says beside its message.
    details: Option<Plain>,
    instance: Option<InstanceId>,
}

/// The code of a problem, beside the answer that tells it.
#[derive(Clone, Debug)]
pub(crate) struct Code(pub(crate) String);

impl Problem {
    pub(crate) fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let (code, detail) = (code.to_owned(), detail.into());
        Self { status, code, detail, details: None, instance: None }
    }

    /// Returns what refuses a request that has not the form which the document of the API tells.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(400, "request.invalid", detail)
    }

    /// Returns what refuses a request that has the form, and a value that cannot be used.
    pub(crate) fn unusable(detail: impl Into<String>) -> Self {
        Self::new(422, "request.unusable", detail)
    }

    /// Adds more, by name, for programs.
    pub(crate) fn with_details(self, details: &serde_json::Value) -> Self {
        let details = RawValue::from_string(details.to_string()).ok().map(Plain::from);
        Self { details, ..self }
    }

    /// Returns what tells that an instance has ended with an error.
    pub(crate) fn ended(instance: InstanceId, failure: &Failure) -> Self {
        Self { instance: Some(instance), ..Self::of(failure) }
    }

    /// Returns what tells that the engine has refused something.
    pub(crate) fn of(failure: &Failure) -> Self {
        let details = Some(&failure.details).filter(|details| !matches!(details, Value::Null));
        let problem = Self::new(status(&failure.code), &failure.code, failure.message.clone());
        Self { details: details.map(Plain::from), ..problem }
    }
}

/// Returns the status that fits a code: whose fault it is, and whether it helps to come again.
fn status(code: &str) -> u16 {
    match code {
        "data.not_found" => 404,
        "instance.ended" | "instance.running" | "instance.done" | "task.lease_lost" => 409,
        "signal.limit" | "write.limit" | "poll.limit" | "lock.limit" => 429,
        "start.key_used" | "data.invalid" | "lock.context" => 422,
        _ if code.starts_with("lock.") || code.starts_with("data.") => 409,
        // The workflow's own errors: the request was understood, and cannot be granted.
        _ => 422,
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rejected(failure) => Self::of(&failure),
            StartError::Runner(error) => error.into(),
            other => {
                tracing::error!(error = %other, "a start failed");
                Self::new(500, "engine.failed", "the engine failed; its log tells why")
            }
        }
    }
}

impl From<RunnerError> for Problem {
    fn from(error: RunnerError) -> Self {
        tracing::error!(%error, "a request could not be served");
        Self::new(503, "engine.stopped", "the engine has stopped; its log tells why")
    }
}

impl Problem {
    /// Returns it as JSON.
    pub(crate) fn text(self) -> String {
        let status = self.http();
        let body = lockstep_api::Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status,
            code: self.code,
            detail: self.detail,
            details: self.details,
            instance: self.instance.map(|id| format!("/v1/instances/{id}")),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn http(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = (self.http(), Code(self.code.clone()));
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], self.text()).into_response();
        let how = match status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            // No rate is lower than one in a second.
            StatusCode::TOO_MANY_REQUESTS => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = how {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(code);
        response
    }
}
