//! Instances: starting one, telling how it is, sending it a signal, ending it.
//!
//! Invariants:
//!
//! * A start is answered when it is durable; with `wait`, when its end is, or the wait is over.
//! * A key belongs to who chose it: that of another caller is another key.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_core::InstanceId;
use lockstep_core::transition::{InstanceRow, StartKey, Status};
use lockstep_expr::{Value, json};
use lockstep_runner::{Once, RunnerError, Started};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::access::Caller;
use crate::problem::Problem;
use crate::wait::{self, Wait};
use crate::{App, body};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Longest key that a client may choose, in bytes.
const MAX_KEY: usize = 200;

/// Longest reason of a cancel, in bytes.
const MAX_REASON: usize = 1000;

/// How long a cancel waits for the end: it comes at once, or behind a commit that has begun.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// `POST /v1/workflows/{workflow}/instances`: starts an instance with the body as its input.
///
/// 200 with its output if it ends within `wait`, 202 with its place if it goes on; the error of the
/// workflow if it ends with one.
pub(crate) async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    workflow: Result<Path<String>, PathRejection>,
    wait: Result<Query<Wait>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let time = wait::time(wait)?;
    let Path(workflow) = workflow.map_err(unreadable)?;
    let key = chosen_key(request.headers())?;
    let input = body::object(request.into_body()).await?;
    let (workflow, by): (Arc<str>, Arc<str>) = (workflow.into(), caller.name.into());
    let (started, is_known) = match key {
        None => (app.runner.start_durably(workflow, input, by).await?, false),
        Some(key) => {
            let asked = format!("{workflow}\n{}", json::to_json(&input));
            let request = Uuid::new_v5(&Uuid::NAMESPACE_URL, asked.as_bytes()).to_string();
            let key = StartKey { key: format!("{by}/{key}").into(), request: request.into() };
            match app.runner.start_once(key, workflow, input, by).await? {
                Once::New(started) => (started, false),
                Once::Known(started) => (started, true),
            }
        }
    };
    let id = started.id;
    let ended = tokio::time::timeout(time, started.ending()).await;
    let mut response = match ended {
        Ok(ending) => match ending? {
            Ok(output) => answer(StatusCode::OK, &state(id, "done", Some(&output))),
            Err(failure) => Problem::ended(id, &failure).into_response(),
        },
        Err(_) => answer(StatusCode::ACCEPTED, &state(id, "running", None)),
    };
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/instances/{id}")) {
        headers.insert(header::LOCATION, place);
    }
    if is_known {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `GET /v1/instances/{id}`: how an instance is; with `wait`, as soon as it has ended.
pub(crate) async fn show(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    wait: Result<Query<Wait>, QueryRejection>,
) -> Result<Response, Problem> {
    let time = wait::time(wait)?;
    let Path(id) = id.map_err(unreadable)?;
    let id = InstanceId(Uuid::parse_str(&id).map_err(|_| not_found())?);
    if !time.is_zero() {
        let watched: Option<Started> = app.runner.watch(id).await?;
        let started = watched.ok_or_else(not_found)?;
        // What became of it, the store tells.
        drop(tokio::time::timeout(time, started.ending()).await);
    }
    Ok(answer(StatusCode::OK, &shown(&stored(&app, id).await?)))
}

/// `POST /v1/instances/{id}/signals/{name}`: sends a signal, or a person's answers to the form of
/// that name; the body, which may be any JSON, is what it says.
///
/// 204 when it is kept durably until the instance takes it.
pub(crate) async fn signal(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let Path((id, name)) = path.map_err(unreadable)?;
    let id = InstanceId(Uuid::parse_str(&id).map_err(|_| not_found())?);
    let payload = body::value(request.into_body()).await?.unwrap_or(Value::Null);
    app.runner.signal(id, name.into(), payload, caller.name.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/instances/{id}:cancel`: ends an instance with the error `cancelled`; the body may give a
/// reason, `{"reason": "..."}`.
///
/// 200 with the instance when its end is durable; 202 if that takes longer than [`CANCEL_TIMEOUT`].
/// It may have ended well, if it had begun to commit.
pub(crate) async fn act(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(path) = path.map_err(unreadable)?;
    let Some((id, "cancel")) = path.rsplit_once(':') else {
        return Err(Problem::new(404, "route.not_found", "an instance can be told to `:cancel`"));
    };
    let id = InstanceId(Uuid::parse_str(id).map_err(|_| not_found())?);
    let reason = reason(&body::object(request.into_body()).await?)?;
    let row = stored(&app, id).await?;
    if !matches!(row.status, Status::Running(_)) {
        return Err(Problem::new(409, "instance.ended", format!("instance {id} has ended")));
    }
    let watched = app.runner.watch(id).await?.ok_or_else(not_found)?;
    app.runner.cancel(id, format!("{reason} ({})", caller.name)).await?;
    drop(tokio::time::timeout(CANCEL_TIMEOUT, watched.ending()).await);
    let row = stored(&app, id).await?;
    let goes_on = matches!(row.status, Status::Running(_));
    let status = if goes_on { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(answer(status, &shown(&row)))
}

/// Returns the reason in the body of a cancel.
fn reason(body: &Value) -> Result<String, Problem> {
    let told = || {
        let told = format!("`reason` is a text of at most {MAX_REASON} bytes");
        Problem::new(400, "request.invalid", told)
    };
    let Value::Map(body) = body else { return Err(told()) };
    match body.get("reason") {
        None => Ok("cancelled over HTTP".to_owned()),
        Some(Value::String(reason)) if reason.len() <= MAX_REASON => Ok(reason.to_string()),
        Some(_) => Err(told()),
    }
}

/// Reads the row of an instance.
async fn stored(app: &App, id: InstanceId) -> Result<InstanceRow, Problem> {
    let stored = app.runner.store().instance(id).await.map_err(RunnerError::from)?;
    stored.ok_or_else(not_found)?.row.map_err(|corrupt| {
        tracing::error!(error = %corrupt, "an instance cannot be read");
        Problem::new(500, "store.corrupt", "the instance cannot be read; the log tells why")
    })
}

fn not_found() -> Problem {
    Problem::new(404, "data.not_found", "there is no such instance")
}

fn unreadable(path: PathRejection) -> Problem {
    Problem::new(400, "request.invalid", path.body_text())
}

/// Returns the key that a client has chosen.
fn chosen_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let invalid = || {
        let told = format!("an Idempotency-Key has 1 to {MAX_KEY} characters that can be seen");
        Problem::new(400, "request.invalid", told)
    };
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().map_err(|_| invalid())?;
    let is_right = !key.is_empty() && key.len() <= MAX_KEY && keys.next().is_none();
    if is_right { Ok(Some(key.to_owned())) } else { Err(invalid()) }
}

fn state(id: InstanceId, state: &str, output: Option<&Value>) -> Json {
    let mut told = json!({ "id": id.to_string(), "state": state });
    if let (Json::Object(told), Some(output)) = (&mut told, output) {
        told.insert("output".to_owned(), plain(output));
    }
    told
}

fn shown(row: &InstanceRow) -> Json {
    let (name, output, ended_at) = match &row.status {
        Status::Running(_) => ("running", None, None),
        Status::Done { at, output } => ("done", Some(output), Some(*at)),
        Status::Failed { at, .. } => ("failed", None, Some(*at)),
    };
    let mut told = state(row.id, name, output);
    if let Json::Object(told) = &mut told {
        let mut tell = |name: &str, value: Json| told.insert(name.to_owned(), value);
        tell("workflow", (*row.workflow).into());
        tell("input", plain(&row.input));
        tell("started_by", (*row.started_by).into());
        tell("started_at", plain(&Value::Timestamp(row.started_at.timestamp())));
        if let Some(at) = ended_at {
            tell("ended_at", plain(&Value::Timestamp(at.timestamp())));
        }
        if let Status::Failed { failure, .. } = &row.status {
            let error = json!({
                "code": &*failure.code,
                "message": failure.message,
                "details": plain(&failure.details),
                "activity": &*failure.activity,
            });
            tell("error", error);
        }
    }
    told
}

/// Returns a value as JSON.
fn plain(value: &Value) -> Json {
    serde_json::from_str(&json::to_json(value)).unwrap_or_default()
}

fn answer(status: StatusCode, body: &Json) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}
