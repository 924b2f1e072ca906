//! Instances: starting one, listing them, telling how one is, sending it a signal, ending it,
//! starting it anew.
//!
//! Invariants:
//!
//! * A start is answered when it is durable; with `wait`, when its end is, or the wait is over.
//! * A key belongs to who chose it: that of another caller is another key.

mod filter;
mod list;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lockstep_api::{Cancel, Instance, Plain, State as Progress};
use lockstep_core::InstanceId;
use lockstep_core::transition::{InstanceRow, StartKey, Status};
use lockstep_expr::{Value, json};
use lockstep_runner::{Once, RunnerError, Started, TraceParent};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Caller, Role, Route};
use crate::extract::{Path, Query};
use crate::problem::Problem;
use crate::wait::Wait;
use crate::{App, answer, body};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

const TRACEPARENT: &str = "traceparent";

/// Longest key that a client may choose, in bytes.
const MAX_KEY: usize = 200;

/// Longest reason of a cancel, in bytes.
const MAX_REASON: usize = 1000;

/// How long a cancel waits for the end: it comes at once, or behind a commit that has begun.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Viewer, routes!(list::list)),
        Route::new(Role::Viewer, routes!(show)),
        Route::new(Role::Starter, routes!(start)),
        Route::new(Role::Starter, routes!(signal)),
        Route::new(Role::Operator, routes!(cancel)),
        Route::new(Role::Operator, routes!(retry::retry)),
    ]
}

/// Starts an instance.
///
/// The body is its input. With an `Idempotency-Key` the start can be sent again: who does gets the
/// same instance. A workflow that ends with an error within `wait` answers with that error.
#[utoipa::path(
    post,
    operation_id = "start_instance",
    path = "/v1/workflows/{workflow}/instances",
    tag = "instances",
    params(
        ("workflow" = String, Path, description = "Name of the workflow"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            description = "1 to 200 characters that can be seen, and spaces between them",
            max_length = 200,
            pattern = r"^[!-~]([ -~]*[!-~])?$"
        ),
        (
            "traceparent" = Option<String>,
            Header,
            description = "The trace of the caller, with which that of the instance goes on (W3C)"
        ),
        Wait,
    ),
    request_body(content = std::collections::HashMap<String, Plain>, description = "Its input"),
    responses(
        (status = 200, description = "It has ended well", body = lockstep_api::Started),
        (status = 202, description = "It goes on", body = lockstep_api::Started),
    )
)]
async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(workflow): Path<String>,
    Query(wait): Query<Wait>,
    request: Request,
) -> Result<Response, Problem> {
    let time = wait.time()?;
    let (key, trace) = (chosen_key(request.headers())?, trace_of(request.headers()));
    let key = key.map(str::to_owned);
    let input = body::object(request.into_body()).await?;
    let (workflow, by): (Arc<str>, Arc<str>) = (workflow.into(), caller.name);
    let key = key.map(|key| key_of(&by, &key, &workflow, &input)).transpose()?;
    let once = app.runner.start_traced(key, workflow, input, by, trace).await?;
    answered(&app, once, time).await
}

/// Answers with what becomes of a start within a time.
async fn answered(app: &App, once: Once, time: Duration) -> Result<Response, Problem> {
    let (started, is_known) = match once {
        Once::New(started) => (started, false),
        Once::Known(started) => (started, true),
    };
    let id = started.id;
    let ended = app.waits.within(time, started.ending()).await;
    let mut response = match ended {
        Some(ending) => match ending? {
            Ok(output) => answer::json(StatusCode::OK, &state(id, Progress::Done, Some(&output))),
            Err(failure) => Problem::ended(id, &failure).into_response(),
        },
        None => answer::json(StatusCode::ACCEPTED, &state(id, Progress::Running, None)),
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

/// Tells how an instance is; with `wait`, as soon as it has ended.
#[utoipa::path(
    get,
    operation_id = "show_instance",
    path = "/v1/instances/{id}",
    tag = "instances",
    params(("id" = String, Path, description = "The instance"), Wait),
    responses((status = 200, description = "The instance", body = Instance))
)]
async fn show(
    State(app): State<App>,
    Identity(id): Identity,
    Query(wait): Query<Wait>,
) -> Result<Response, Problem> {
    let time = wait.time()?;
    if !time.is_zero() {
        let watched: Option<Started> = app.runner.watch(id).await?;
        let started = watched.ok_or_else(not_found)?;
        // What became of it, the store tells.
        drop(app.waits.within(time, started.ending()).await);
    }
    Ok(answer::json(StatusCode::OK, &Instance::from(&stored(&app, id).await?)))
}

/// Sends a signal, or a person's answers to the form of that name.
///
/// The body, which may be any JSON, is what it says.
#[utoipa::path(
    post,
    operation_id = "send_signal",
    path = "/v1/instances/{id}/signals/{name}",
    tag = "instances",
    params(
        ("id" = String, Path, description = "The instance"),
        ("name" = String, Path, description = "Name of the signal or the form"),
    ),
    request_body(content = Plain, description = "What it says"),
    responses((status = 204, description = "It is kept durably until the instance takes it"))
)]
async fn signal(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let Identity(id) = Identity::read(&id)?;
    let payload = body::value(request.into_body()).await?.unwrap_or(Value::Null);
    app.runner.signal(id, name.into(), payload, caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends an instance with the error `cancelled`.
///
/// It may have ended well, if it had begun to commit.
#[utoipa::path(
    post,
    operation_id = "cancel_instance",
    path = "/v1/instances/{id}:cancel",
    tag = "instances",
    params(("id" = String, Path, description = "The instance")),
    request_body(content = Cancel, description = "Why"),
    responses(
        (status = 200, description = "It has ended, durably", body = Instance),
        (status = 202, description = "It ends, but not within 10 s", body = Instance),
    )
)]
async fn cancel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Identity(id): Identity,
    request: Request,
) -> Result<Response, Problem> {
    let reason = reason(body::form(request.into_body()).await?)?;
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
    Ok(answer::json(status, &Instance::from(&row)))
}

/// Returns the reason of a cancel.
fn reason(Cancel { reason }: Cancel) -> Result<String, Problem> {
    let reason = reason.unwrap_or_else(|| "cancelled over HTTP".to_owned());
    if reason.len() > MAX_REASON {
        let told = format!("`reason` is a text of at most {MAX_REASON} bytes");
        return Err(Problem::unusable(told));
    }
    Ok(reason)
}

/// The instance that the path names as `id`.
#[derive(Debug)]
pub(crate) struct Identity(pub(crate) InstanceId);

impl Identity {
    /// Reads the name of an instance. One that cannot be is one that is not there.
    fn read(text: &str) -> Result<Self, Problem> {
        Uuid::parse_str(text).map(|id| Self(InstanceId(id))).map_err(|_| not_found())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id): Path<String> = Path::from_request_parts(parts, state).await?;
        Self::read(&id)
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

/// Returns the key that a client has chosen.
fn chosen_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    match key.to_str() {
        Ok(key) if keys.next().is_none() => Ok(Some(key)),
        Ok(_) | Err(_) => Err(wrong_key()),
    }
}

/// Returns the trace of whoever asks, if there is one header of it and it is right.
fn trace_of(headers: &HeaderMap) -> Option<TraceParent> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let parent = parents.next().filter(|_| parents.next().is_none())?;
    TraceParent::parse(parent.to_str().ok()?)
}

/// Returns the key of a start, of what a client has chosen and asks for.
pub(crate) fn key_of(
    by: &str,
    key: &str,
    workflow: &str,
    input: &Value,
) -> Result<StartKey, Problem> {
    if key.is_empty() || key.len() > MAX_KEY || key.chars().any(char::is_control) {
        return Err(wrong_key());
    }
    let asked = format!("{workflow}\n{}", json::to_json(input));
    let request = Uuid::new_v5(&Uuid::NAMESPACE_URL, asked.as_bytes()).to_string();
    Ok(StartKey { key: format!("{by}/{key}").into(), request: request.into() })
}

fn wrong_key() -> Problem {
    let told = format!("a key has 1 to {MAX_KEY} characters that can be seen");
    Problem::unusable(told)
}

fn state(id: InstanceId, state: Progress, output: Option<&Value>) -> lockstep_api::Started {
    lockstep_api::Started { id: id.to_string(), state, output: output.map(Plain::from) }
}
