//! Creating, replacing, patching and deleting an object.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use lockstep_api::{Object as Shown, ObjectChange};
use lockstep_core::{Edit, ObjectKey};
use lockstep_expr::{Map, Value};
use uuid::Uuid;

use super::precondition::Presumed;
use super::{Named, key, shown};
use crate::access::Caller;
use crate::extract::Path;
use crate::problem::Problem;
use crate::{App, body};

/// Creates an object.
///
/// Without an `id` one is drawn.
#[utoipa::path(
    post,
    operation_id = "create_object",
    path = "/v1/entities/{entity}/objects",
    tag = "objects",
    params(("entity" = String, Path, description = "The entity")),
    request_body(content = ObjectChange, description = "Its attributes, and its id"),
    responses((status = 201, description = "It is there, durably", body = Shown,
        headers(
            ("ETag" = String, description = "Its version, in quotes"),
            ("Location" = String, description = "Its path"),
        )))
)]
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(entity): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let change = sent(request.into_body(), &entity).await?;
    let id = change.id.unwrap_or_else(|| Uuid::now_v7().to_string());
    let key = ObjectKey { entity: entity.into(), id: id.into() };
    created(&app, &caller, key, change.attributes).await
}

/// Replaces the attributes of an object; what is left out gets its default.
///
/// It takes the version that was seen, as `If-Match` or `metadata.version`: 428 without. Somebody
/// else's change since then is a conflict: 409, which tells who and when. `If-Match: *` replaces
/// whatever is there; `If-None-Match: *` creates.
#[utoipa::path(
    put,
    operation_id = "replace_object",
    path = "/v1/entities/{entity}/objects/{id}",
    tag = "objects",
    params(
        ("entity" = String, Path, description = "The entity"),
        ("id" = String, Path, description = "The object"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was seen, or *"),
        ("If-None-Match" = Option<String>, Header, description = "*: it is created"),
    ),
    request_body(content = ObjectChange, description = "Its attributes"),
    responses(
        (status = 200, description = "It is replaced, durably", body = Shown,
            headers(("ETag" = String, description = "Its version, in quotes"))),
        (status = 201, description = "It is created, durably", body = Shown,
            headers(("ETag" = String, description = "Its version, in quotes"))),
    )
)]
pub(super) async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
    request: Request,
) -> Result<Response, Problem> {
    let (key, presumed, attributes) = change(path, request).await?;
    if presumed == Presumed::Absent {
        return created(&app, &caller, key, attributes).await;
    }
    let version = presumed.required()?;
    changed(&app, &caller, key, Edit::Replace(attributes), version).await
}

/// Changes attributes of an object, by a JSON merge patch (RFC 7396).
///
/// With the version that was seen, as `If-Match` or `metadata.version`, it is compared; without, the
/// patch is applied to the object as it is.
#[utoipa::path(
    patch,
    operation_id = "change_object",
    path = "/v1/entities/{entity}/objects/{id}",
    tag = "objects",
    params(
        ("entity" = String, Path, description = "The entity"),
        ("id" = String, Path, description = "The object"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was seen, or *"),
    ),
    request_body(content = ObjectChange, description = "What changes; null takes away"),
    responses((status = 200, description = "It is changed, durably", body = Shown,
        headers(("ETag" = String, description = "Its version, in quotes"))))
)]
pub(super) async fn patch(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
    request: Request,
) -> Result<Response, Problem> {
    let (key, presumed, attributes) = change(path, request).await?;
    let version = presumed.allowed()?;
    changed(&app, &caller, key, Edit::Merge(attributes), version).await
}

/// Deletes an object.
///
/// It takes the version that was seen, as `If-Match`, or `*`: 428 without.
#[utoipa::path(
    delete,
    operation_id = "delete_object",
    path = "/v1/entities/{entity}/objects/{id}",
    tag = "objects",
    params(
        ("entity" = String, Path, description = "The entity"),
        ("id" = String, Path, description = "The object"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was seen, or *"),
    ),
    responses((status = 204, description = "It is deleted, durably"))
)]
pub(super) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
    request: Request,
) -> Result<StatusCode, Problem> {
    let key = key(path);
    let version = Presumed::read(request.headers(), None)?.required()?;
    app.runner.write(key, Edit::Delete, version, caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a change of an object: which, what is presumed of it, and its attributes.
async fn change(path: Named, request: Request) -> Result<(ObjectKey, Presumed, Map), Problem> {
    let key = key(path);
    let (parts, body) = request.into_parts();
    let sent = sent(body, &key.entity).await?;
    if sent.id.is_some_and(|id| *id != *key.id) {
        return Err(Problem::unusable("`id` is another one than that of the path"));
    }
    let presumed = Presumed::read(&parts.headers, sent.version)?;
    Ok((key, presumed, sent.attributes))
}

async fn sent(body: Body, entity: &str) -> Result<ObjectChange, Problem> {
    let Value::Map(sent) = body::object(body).await? else {
        return Err(Problem::invalid("the body is not a JSON object"));
    };
    ObjectChange::read(&sent, entity).map_err(Problem::invalid)
}

async fn created(
    app: &App,
    caller: &Caller,
    key: ObjectKey,
    attributes: Map,
) -> Result<Response, Problem> {
    let place = HeaderValue::from_str(&path_of(&key));
    let edit = Edit::Create(attributes);
    let written = app.runner.write(key, edit, None, Arc::clone(&caller.name)).await?;
    let object = written.ok_or_else(lost)?;
    let mut response = shown(StatusCode::CREATED, &object);
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

async fn changed(
    app: &App,
    caller: &Caller,
    key: ObjectKey,
    edit: Edit,
    version: Option<i64>,
) -> Result<Response, Problem> {
    let written = app.runner.write(key, edit, version, Arc::clone(&caller.name)).await?;
    let object = written.ok_or_else(lost)?;
    Ok(shown(StatusCode::OK, &object))
}

/// Not reached: only a deletion leaves nothing.
fn lost() -> Problem {
    Problem::new(500, "engine.failed", "the engine does not tell what was written")
}

/// Returns the path of an object, with escapes for all that is no letter or digit.
fn path_of(key: &ObjectKey) -> String {
    let mut path = format!("/v1/entities/{}/objects/", key.entity);
    for byte in key.id.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if is_plain {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").expect("a string takes everything");
        }
    }
    path
}
