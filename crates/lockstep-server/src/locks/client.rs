//! Locks of clients: taken, renewed, given back; and any lock taken away from its holder.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{Acquire, Break, ClientHold, Release, Renew};
use lockstep_core::InstanceId;
use lockstep_core::explain::ClientStage;
use lockstep_core::transition::Origin;
use lockstep_definition::duration;
use lockstep_expr::Value;
use lockstep_runner::Wanted;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{context, named};
use crate::access::{Caller, Role, Route};
use crate::extract::Path;
use crate::problem::Problem;
use crate::{App, answer, body};

/// Longest wait for a lock: as long as that its request is kept open.
const MAX_WAITING_TIMEOUT: Duration = Duration::from_mins(10);

/// How long a lock lives if nothing is said.
const TIME_TO_LIVE: Duration = Duration::from_mins(5);

/// Longest reason of a break, in bytes.
const MAX_REASON: usize = 1000;

/// The routes of this room.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Starter, routes!(acquire)),
        Route::new(Role::Starter, routes!(renew)),
        Route::new(Role::Starter, routes!(release)),
        Route::new(Role::Operator, routes!(break_lock)),
    ]
}

/// Takes a lock for a client.
///
/// It waits for at most `waiting_timeout`; a client that goes away meanwhile does not get it. The
/// lock ends with its time to live unless it is renewed.
#[utoipa::path(
    post,
    operation_id = "acquire_lock",
    path = "/v1/locks/{key}:acquire",
    tag = "locks",
    params(("key" = String, Path, description = "What to lock: Contact/c1, 7, or a text")),
    request_body = Acquire,
    responses((status = 200, description = "It is held, durably", body = ClientHold))
)]
async fn acquire(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let asked: Acquire = body::form(request.into_body()).await?;
    let mut contexts = vec![context(&key)?.0];
    for key in &asked.keys {
        contexts.push(context(key)?.0);
    }
    let waiting_timeout =
        length("waiting_timeout", asked.waiting_timeout.as_deref())?.unwrap_or(Duration::ZERO);
    if waiting_timeout > MAX_WAITING_TIMEOUT {
        return Err(Problem::unusable("`waiting_timeout` is at most `10m`"));
    }
    let time_to_live = length("time_to_live", asked.time_to_live.as_deref())?;
    let wanted = Wanted {
        context: Value::List(Arc::new(contexts.into_iter().collect())),
        mode: asked.mode.into(),
        owner: asked.owner.map_or_else(|| Arc::clone(&caller.name), Arc::from),
        taker: Some(caller.name),
        note: asked.note.unwrap_or_default().into(),
        waiting_timeout,
        time_to_live: time_to_live.unwrap_or(TIME_TO_LIVE),
    };
    let lock = app.runner.lock(wanted).await?;
    Ok(answer::json(StatusCode::OK, &ClientHold::from(&lock)))
}

/// Lets a client's lock live on.
#[utoipa::path(
    post,
    operation_id = "renew_lock",
    path = "/v1/locks/{key}:renew",
    tag = "locks",
    params(("key" = String, Path, description = "A key that is held")),
    request_body = Renew,
    responses((status = 200, description = "It lives on, durably", body = ClientHold))
)]
async fn renew(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let key = named(&key)?;
    let Renew { lock, token, time_to_live } = body::form(request.into_body()).await?;
    let time_to_live = length("time_to_live", time_to_live.as_deref())?.unwrap_or(TIME_TO_LIVE);
    let lock = held(&app, &caller, &key, &lock).await?;
    app.runner.renew_lock(lock, token, time_to_live).await?;
    let view = app.runner.client_lock(lock).await?;
    let hold = view.as_ref().and_then(ClientHold::of).ok_or_else(|| lost(&key))?;
    Ok(answer::json(StatusCode::OK, &hold))
}

/// Gives a client's lock back.
#[utoipa::path(
    post,
    operation_id = "release_lock",
    path = "/v1/locks/{key}:release",
    tag = "locks",
    params(("key" = String, Path, description = "A key that is held")),
    request_body = Release,
    responses((status = 204, description = "It is given back, durably"))
)]
async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let key = named(&key)?;
    let Release { lock, token } = body::form(request.into_body()).await?;
    let lock = held(&app, &caller, &key, &lock).await?;
    app.runner.release_lock(lock, token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a lock away from whoever holds it.
///
/// An instance drops what it has changed and not committed, and fails with `lock.lost` when it goes
/// on. Who did it and why stand in its journal.
#[utoipa::path(
    post,
    operation_id = "break_lock",
    path = "/v1/locks/{key}:break",
    tag = "locks",
    params(("key" = String, Path, description = "A key that is held")),
    request_body = Break,
    responses((status = 204, description = "It is broken, durably"))
)]
async fn break_lock(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let key = named(&key)?;
    let Break { reason, token } = body::form(request.into_body()).await?;
    if reason.trim().is_empty() || reason.len() > MAX_REASON {
        return Err(Problem::unusable(format!("`reason` is a text of 1 to {MAX_REASON} bytes")));
    }
    app.runner.break_lock(key, token, caller.name, reason.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the identity of a client's lock, if the key is one of its keys; refuses who has not taken
/// it.
async fn held(
    app: &App,
    caller: &Caller,
    key: &Arc<str>,
    lock: &str,
) -> Result<InstanceId, Problem> {
    let not_a_lock = |_| Problem::unusable("`lock` is the UUID that `:acquire` has told");
    let lock = InstanceId(Uuid::parse_str(lock).map_err(not_a_lock)?);
    let view = app.runner.client_lock(lock).await?;
    let Some(ClientStage::Held(held)) = view.map(|view| view.stage) else { return Err(lost(key)) };
    if !held.keys.contains(key) {
        return Err(lost(key));
    }
    match &held.origin {
        Origin::Client { taker: Some(taker), .. } if !caller.is(taker) => {
            let told = format!("the lock {key} was taken by {taker}, who alone may do this");
            Err(Problem::new(403, "lock.of_other", told))
        }
        Origin::Client { .. } | Origin::Workflow | Origin::Activity(_) => Ok(lock),
    }
}

fn lost(key: &str) -> Problem {
    let told = format!("the lock {key} is not held under this identity and token any more");
    Problem::new(409, "lock.lost", told)
}

fn length(name: &str, text: Option<&str>) -> Result<Option<Duration>, Problem> {
    let read = |text| {
        duration(text).map_err(|_| Problem::unusable(format!("`{name}` is a duration, as `30s`")))
    };
    text.map(read).transpose()
}
