//! What an instance, or a client's lock, has done, does, and waits for.
//!
//! Invariants:
//!
//! * Of what is unfinished the engine at work tells; of what has ended, the store.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{Activities, Entry, Explanation, Page, TaskKnown};
use lockstep_core::InstanceId;
use lockstep_core::transition::{InstanceRow, Status};
use lockstep_runner::{DefinitionText, RunnerError, TaskLook};
use lockstep_store::{JournalPage, JournalPlace, StoredInstance};
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::extract::Query;
use crate::instances::Identity;
use crate::page::Which;
use crate::problem::Problem;
use crate::{App, answer, page};

/// How long the end of an instance may be on its way to the disk.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Viewer, routes!(journal)), Route::new(Role::Viewer, routes!(explain))]
}

/// Tells what an instance did, or what became of a client's lock, oldest entry first.
#[utoipa::path(
    get,
    operation_id = "show_journal",
    path = "/v1/instances/{id}/journal",
    tag = "instances",
    params(("id" = String, Path, description = "The instance, or the client's lock"), Which),
    responses((status = 200, description = "Some entries", body = Page<Entry>))
)]
async fn journal(
    State(app): State<App>,
    Identity(id): Identity,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let (limit, after) = which.read::<(i64, u32)>()?;
    let after = after.map(|(number, index)| JournalPlace { number, index });
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let page = app.runner.store().journal_page(id, after, limit);
    let JournalPage { entries, next } = page.await.map_err(RunnerError::from)?;
    let stored = stored(&app, id).await?;
    if entries.is_empty()
        && after.is_none()
        && stored.is_none()
        && app.runner.explain(id).await?.is_none()
    {
        return Err(not_found());
    }
    let activities = match stored.and_then(|stored| stored.row.ok()) {
        Some(row) => activities(&app, &row).await?,
        None => Activities::default(),
    };
    let items = Entry::all(&entries, &activities);
    let next = next.map(|place| page::cursor(&(place.number, place.index)));
    Ok(answer::json(StatusCode::OK, &Page { items, next }))
}

/// Explains what an instance does and waits for, who keeps it, and what ends the wait; or how it
/// ended. Of a client's lock it tells the same.
#[utoipa::path(
    get,
    operation_id = "explain_instance",
    path = "/v1/instances/{id}/explain",
    tag = "instances",
    params(("id" = String, Path, description = "The instance, or the client's lock")),
    responses((status = 200, description = "The explanation", body = Explanation))
)]
async fn explain(State(app): State<App>, Identity(id): Identity) -> Result<Response, Problem> {
    let explained = match unfinished(&app, id).await? {
        Some(explained) => explained,
        None => finished(&app, id).await?,
    };
    Ok(answer::json(StatusCode::OK, &explained))
}

/// Explains what the engine knows.
async fn unfinished(app: &App, id: InstanceId) -> Result<Option<Explanation>, Problem> {
    if let Some((explained, chain)) = app.runner.explain(id).await? {
        let (now, task) =
            (app.runner.now(), |call, kind: &Arc<str>| app.runner.task(call, kind).map(known));
        return Ok(Some(Explanation::running(&explained, &chain, |_| None, task, now)));
    }
    let client = app.runner.client_lock(id).await?;
    Ok(client.map(|client| Explanation::client(&client, app.runner.now())))
}

/// Returns what is known of a task.
fn known(look: TaskLook) -> TaskKnown {
    let TaskLook { posted, asking, last_asked } = look;
    let leased = posted.as_ref().and_then(|posted| posted.leased.clone());
    TaskKnown {
        posted: posted.map(|posted| (posted.since, posted.deadline)),
        leased: leased.map(|(worker, until)| (worker.to_string(), until)),
        asking,
        last_asked,
    }
}

/// Explains what the engine does not know any more.
async fn finished(app: &App, id: InstanceId) -> Result<Explanation, Problem> {
    let Some(mut found) = stored(app, id).await? else {
        let entries = app.runner.store().journal(id).await.map_err(RunnerError::from)?;
        if entries.is_empty() {
            return Err(not_found());
        }
        return Ok(Explanation::ended_client(id, &entries));
    };
    if found.row.as_ref().is_ok_and(|row| matches!(row.status, Status::Running(_))) {
        // Its end may be on its way to the disk.
        if let Some(watched) = app.runner.watch(id).await? {
            drop(tokio::time::timeout(END_TIMEOUT, watched.ending()).await);
        }
        found = stored(app, id).await?.ok_or_else(not_found)?;
    }
    let row = found.row.map_err(|corrupt| {
        tracing::error!(error = %corrupt, "an instance cannot be read");
        Problem::new(500, "store.corrupt", "the instance cannot be read; the log tells why")
    })?;
    let entries = app.runner.store().journal(id).await.map_err(RunnerError::from)?;
    let (activities, now) = (activities(app, &row).await?, app.runner.now());
    let ended = Explanation::ended(&row, &entries, &activities, now);
    let why = "the engine could not take it up when it was started; its log tells why";
    Ok(ended.unwrap_or_else(|| Explanation::refused(&row, why, now)))
}

async fn stored(app: &App, id: InstanceId) -> Result<Option<StoredInstance>, Problem> {
    Ok(app.runner.store().instance(id).await.map_err(RunnerError::from)?)
}

/// Returns the names of the activities of an instance, from the definitions that it runs on.
async fn activities(app: &App, row: &InstanceRow) -> Result<Activities, Problem> {
    let (store, workflow) = (app.runner.store(), Arc::clone(&row.workflow));
    let text = store.definitions(Arc::clone(&row.definitions)).await.map_err(RunnerError::from)?;
    let Some(text) = text else { return Ok(Activities::default()) };
    // Checking a large file takes a while.
    let named = tokio::task::spawn_blocking(move || {
        let definitions = DefinitionText::decode(&text).and_then(|text| text.check().definitions);
        Activities::of(definitions.as_ref(), &workflow)
    });
    Ok(named.await.unwrap_or_default())
}

fn not_found() -> Problem {
    Problem::new(404, "data.not_found", "there is no such instance, and no such lock of a client")
}
