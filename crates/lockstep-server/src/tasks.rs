//! Tasks: what workers in any language ask for and answer.
//!
//! Invariants:
//!
//! * That an answer was taken is told when it is durable: a worker that was told so may forget the
//!   task, whatever crashes.
//! * Whoever asks for tasks and goes away before there are some is given none.
//! * An error that a worker gives is one of its own: it cannot pass for a cancel or a lost lock.

mod answers;

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{Lease, LeasedTasks, Moment, Page, Plain, TaskReceipts};
use lockstep_definition::{MAX_NAME, duration};
use lockstep_expr::Value;
use lockstep_runner::{LeasedTask, Poll, PostedTask};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Role, Route};
use crate::extract::{Path, Query};
use crate::page::Which;
use crate::problem::Problem;
use crate::{App, answer, body, page};

/// Most kinds that one worker asks for.
const MAX_KINDS: usize = 100;

/// Longest name of a worker, in bytes.
const MAX_WORKER: usize = 200;

/// Most tasks that are handed over at once.
const MAX_TASKS: u32 = 100;

/// Longest wait for a task; proxies between here and there seldom wait longer.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// How long a worker may be silent, at least and at most, and if it says nothing of it.
const MIN_LEASE: Duration = Duration::from_secs(1);
const MAX_LEASE: Duration = Duration::from_hours(1);
const LEASE: Duration = Duration::from_secs(30);

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Viewer, routes!(list)),
        Route::new(Role::Worker, routes!(poll)),
        Route::new(Role::Worker, routes!(complete)),
        Route::new(Role::Worker, routes!(fail)),
        Route::new(Role::Worker, routes!(heartbeat)),
        Route::new(Role::Worker, routes!(complete_many)),
    ]
}

/// Lists the tasks that wait for a worker or are worked on, oldest first.
#[utoipa::path(
    get,
    operation_id = "list_tasks",
    path = "/v1/tasks",
    tag = "tasks",
    params(Which),
    responses((status = 200, description = "The tasks", body = Page<lockstep_api::Task>))
)]
async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Response, Problem> {
    let (limit, after) = which.read()?;
    let tasks = app.runner.tasks(after, limit.saturating_add(1));
    let page = page::of(tasks, limit, |task| task.id);
    let items: Vec<lockstep_api::Task> = page.items.iter().map(shown).collect();
    Ok(answer::json(StatusCode::OK, &Page { items, next: page.next }))
}

/// Hands over tasks: at once, or as soon as there are some within `wait`.
///
/// Who asks first is served first. A task is the worker's until its lease ends, which a heartbeat
/// puts off; then it goes to the next one, and a late answer is refused.
#[utoipa::path(
    post,
    operation_id = "poll_tasks",
    path = "/v1/tasks:poll",
    tag = "tasks",
    request_body(content = lockstep_api::Poll, description = "What the worker can do"),
    responses((status = 200, description = "Its tasks", body = LeasedTasks))
)]
async fn poll(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let asked: lockstep_api::Poll = body::form(request.into_body()).await?;
    let fits = |text: &String, most: usize| (1..=most).contains(&text.len());
    if !(1..=MAX_KINDS).contains(&asked.kinds.len())
        || !asked.kinds.iter().all(|kind| fits(kind, MAX_NAME))
    {
        let told = format!("`kinds` are 1 to {MAX_KINDS} names of 1 to {MAX_NAME} bytes");
        return Err(Problem::unusable(told));
    }
    if !fits(&asked.worker, MAX_WORKER) {
        return Err(Problem::unusable(format!("`worker` is a text of 1 to {MAX_WORKER} bytes")));
    }
    if !(1..=MAX_TASKS).contains(&asked.max) {
        return Err(Problem::unusable(format!("`max` is a number from 1 to {MAX_TASKS}")));
    }
    let wait = asked.wait.as_deref().map(duration).transpose().ok().map(Option::unwrap_or_default);
    let Some(wait) = wait.filter(|wait| *wait <= MAX_WAIT) else {
        return Err(Problem::unusable("`wait` is a duration such as `20s`, at most `60s`"));
    };
    let wanted = Poll {
        kinds: asked.kinds.into_iter().map(Into::into).collect(),
        worker: asked.worker.into(),
        max: usize::try_from(asked.max).unwrap_or(1),
        lease: lease("lease", asked.lease.as_deref())?.unwrap_or(LEASE),
    };
    let batch = app.runner.poll_tasks(wanted, wait).await?;
    let tasks = batch.tasks().iter().map(told).collect();
    let response = answer::json(StatusCode::OK, &LeasedTasks { tasks });
    batch.take();
    Ok(response)
}

/// Takes the result of a task; answers when it is durable.
#[utoipa::path(
    post,
    operation_id = "complete_task",
    path = "/v1/tasks/{id}:complete",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    request_body(content = lockstep_api::CompleteTask, description = "Its result"),
    responses((status = 204, description = "It is taken, durably"))
)]
async fn complete(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let id = named(&id)?;
    let form: lockstep_api::CompleteTask = body::form(request.into_body()).await?;
    let output = answers::output(form.output.as_ref())?;
    app.runner.report_task(id, named(&form.lease)?, Ok(output)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the error of a task, which cannot be done; answers when it is durable.
#[utoipa::path(
    post,
    operation_id = "fail_task",
    path = "/v1/tasks/{id}:fail",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    request_body(content = lockstep_api::FailTask, description = "Why"),
    responses((status = 204, description = "It is taken, durably"))
)]
async fn fail(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let id = named(&id)?;
    let form: lockstep_api::FailTask = body::form(request.into_body()).await?;
    let lockstep_api::FailTask { lease, code, message, details, retryable } = form;
    let error = lockstep_api::TaskError { code, message, details, retryable };
    app.runner.report_task(id, named(&lease)?, Err(answers::failure(error)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the results and errors of several tasks; answers when all are durable.
#[utoipa::path(
    post,
    operation_id = "complete_tasks",
    path = "/v1/tasks:complete",
    tag = "tasks",
    request_body(content = lockstep_api::CompleteTasks, description = "The results"),
    responses((status = 200, description = "What became of each", body = TaskReceipts))
)]
async fn complete_many(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let form: lockstep_api::CompleteTasks = body::form(request.into_body()).await?;
    let (ids, answered) = answers::read(form)?;
    let results = app.runner.report_tasks(answered).await?;
    Ok(answer::json(StatusCode::OK, &answers::receipts(ids, results)))
}

/// Puts the end of a lease off: the worker is still at work.
///
/// It tells as well whether somebody still waits for the result.
#[utoipa::path(
    post,
    operation_id = "keep_task",
    path = "/v1/tasks/{id}:heartbeat",
    tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    request_body(content = lockstep_api::Heartbeat, description = "The lease"),
    responses((status = 200, description = "How the lease is", body = Lease))
)]
async fn heartbeat(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let form: lockstep_api::Heartbeat = body::form(request.into_body()).await?;
    let extend = lease("extend", form.extend.as_deref())?;
    let beat = app.runner.heartbeat(id, named(&form.lease)?, extend)?;
    let lease = Lease { lease_until: Moment(beat.lease_until), cancelled: beat.cancelled };
    Ok(answer::json(StatusCode::OK, &lease))
}

/// Reads how long a worker may be silent.
fn lease(name: &str, text: Option<&str>) -> Result<Option<Duration>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match duration(text) {
        Ok(time) if (MIN_LEASE..=MAX_LEASE).contains(&time) => Ok(Some(time)),
        Ok(_) | Err(_) => {
            Err(Problem::unusable(format!("`{name}` is a duration from `1s` to `1h`")))
        }
    }
}

/// Reads the name of a task, or of a lease. One that cannot be is one that is not there.
fn named(text: &str) -> Result<Uuid, Problem> {
    let lost = || Problem::new(409, "task.lease_lost", "there is no such lease of such a task");
    Uuid::parse_str(text).map_err(|_| lost())
}

fn told(task: &LeasedTask) -> lockstep_api::LeasedTask {
    let details = &task.details;
    lockstep_api::LeasedTask {
        id: task.id.to_string(),
        lease: task.lease.to_string(),
        kind: details.kind.to_string(),
        input: plain(&details.input),
        instance: details.instance.to_string(),
        workflow: details.workflow.to_string(),
        activity: details.activity.to_string(),
        attempt: details.attempt,
        idempotency_key: details.idempotency_key.to_string(),
        fencing_token: details.fencing_token,
        lease_until: Moment(task.lease_until),
        deadline: Moment(task.deadline),
    }
}

/// Returns a text that was written as JSON.
fn plain(json: &str) -> Plain {
    serde_json::from_str(json).unwrap_or_else(|_| Plain::from(&Value::Null))
}

fn shown(task: &PostedTask) -> lockstep_api::Task {
    let details = &task.details;
    let (worker, lease_until) = task.leased.clone().unzip();
    lockstep_api::Task {
        id: task.id.to_string(),
        kind: details.kind.to_string(),
        instance: details.instance.to_string(),
        workflow: details.workflow.to_string(),
        activity: details.activity.to_string(),
        attempt: details.attempt,
        since: Moment(task.since),
        deadline: Moment(task.deadline),
        worker: worker.map(|worker| worker.to_string()),
        lease_until: lease_until.map(Moment),
    }
}
