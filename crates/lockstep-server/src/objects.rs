//! Objects: reading, creating, changing and deleting them without a workflow.
//!
//! Invariants:
//!
//! * What is shown, and what is told of a change, is durable.
//! * Nobody overwrites or deletes what it has not seen, unless it says so (`If-Match: *`).
//!
//! Absent by design: filters. A page of an entity is read along its ids; an application that looks
//! for attributes all the time keeps an object under the id that it looks for.

mod precondition;
mod write;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
// Under its own name the document would take it for any JSON object.
use lockstep_api::{Object as Shown, Page};
use lockstep_core::ObjectKey;
use lockstep_runner::RunnerError;
use lockstep_store::StoreError;
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::extract::{Path, Query};
use crate::page::Which;
use crate::problem::Problem;
use crate::{App, answer, page};

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Viewer, routes!(list)),
        Route::new(Role::Viewer, routes!(show)),
        Route::new(Role::Starter, routes!(write::create)),
        Route::new(Role::Starter, routes!(write::put)),
        Route::new(Role::Starter, routes!(write::patch)),
        Route::new(Role::Starter, routes!(write::delete)),
    ]
}

/// Lists the objects of an entity, by their ids.
#[utoipa::path(
    get,
    operation_id = "list_objects",
    path = "/v1/entities/{entity}/objects",
    tag = "objects",
    params(("entity" = String, Path, description = "The entity"), Which),
    responses((status = 200, description = "A page of them", body = Page<Shown>))
)]
async fn list(
    State(app): State<App>,
    Path(entity): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let (limit, after) = which.read::<String>()?;
    let entity: Arc<str> = entity.into();
    // One more tells whether there is another page.
    let most = u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX);
    let after = after.map(Into::into);
    let found = app.runner.store().query(Arc::clone(&entity), after, most).await.map_err(unread)?;
    if found.is_empty() && !app.runner.declares(Arc::clone(&entity)).await? {
        return Err(Problem::new(404, "data.not_found", format!("there is no entity `{entity}`")));
    }
    let page = page::of(found, limit, |object| object.key.id.to_string());
    let items: Vec<Shown> = page.items.iter().map(|object| Shown::from(&**object)).collect();
    Ok(answer::json(StatusCode::OK, &Page { items, next: page.next }))
}

/// Shows an object.
#[utoipa::path(
    get,
    operation_id = "show_object",
    path = "/v1/entities/{entity}/objects/{id}",
    tag = "objects",
    params(
        ("entity" = String, Path, description = "The entity"),
        ("id" = String, Path, description = "The object"),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that is known already"),
    ),
    responses(
        (status = 200, description = "The object", body = Shown,
            headers(("ETag" = String, description = "Its version, in quotes"))),
        (status = 304, description = "It is as known"),
    )
)]
async fn show(
    State(app): State<App>,
    path: Named,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = key(path);
    let loaded = app.runner.store().load(vec![key.clone()]).await.map_err(unread)?.pop();
    let object = match loaded {
        Some(Ok(Some(object))) => object,
        Some(Ok(None)) | None => {
            let told = format!("there is no {} with id {:?}", key.entity, &*key.id);
            return Err(Problem::new(404, "data.not_found", told));
        }
        Some(Err(corrupt)) => return Err(unread(corrupt.into())),
    };
    if precondition::is_known(&headers, object.version) {
        return Ok((StatusCode::NOT_MODIFIED, [etag(object.version)]).into_response());
    }
    Ok(shown(StatusCode::OK, &object))
}

/// Answers with an object and its version.
fn shown(status: StatusCode, object: &lockstep_core::Object) -> Response {
    let mut response = answer::json(status, &Shown::from(object));
    let (name, value) = etag(object.version);
    response.headers_mut().insert(name, value);
    response
}

fn etag(version: i64) -> (header::HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("\"{version}\""));
    (header::ETAG, value.unwrap_or_else(|_| HeaderValue::from_static("\"0\"")))
}

/// The object that a path names.
type Named = Path<(String, String)>;

fn key(Path((entity, id)): Named) -> ObjectKey {
    ObjectKey { entity: entity.into(), id: id.into() }
}

fn unread(error: StoreError) -> Problem {
    let StoreError::Corrupt(corrupt) = error else { return RunnerError::from(error).into() };
    tracing::error!(error = %corrupt, "an object cannot be read");
    Problem::new(500, "store.corrupt", "an object cannot be read; the log tells why")
}
