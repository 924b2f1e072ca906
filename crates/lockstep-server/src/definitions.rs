//! Definitions: what is published, and publishing.
//!
//! Invariants:
//!
//! * The texts that are published are checked together, and published together or not at all.
//! * There is one source of truth: if a folder is watched, nothing is published here.
//!
//! Absent by design: versions to choose from. Instances that run stay on theirs; what starts, starts
//! on what is published.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{
    DefinitionSource, Definitions, Entity, Finding, Moment, Origin as Told, Picture, Publication,
    Workflow,
};
use lockstep_definition::{Diagnostic, Severity, Source};
use lockstep_runner::{DefinitionText, RunnerError};
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::catalog::{Catalog, Current, Origin, PublishError};
use crate::extract::Path;
use crate::problem::Problem;
use crate::{App, answer, body};

/// Longest name of a text, in bytes.
const MAX_NAME: usize = 200;

/// Findings that are told.
const MAX_FINDINGS: usize = 100;

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Viewer, routes!(list)),
        Route::new(Role::Viewer, routes!(show)),
        Route::new(Role::Admin, routes!(put)),
        Route::new(Role::Admin, routes!(delete)),
    ]
}

/// Tells what is published: workflows with their inputs, entities with their attributes.
#[utoipa::path(
    get,
    operation_id = "list_definitions",
    path = "/v1/definitions",
    tag = "definitions",
    responses((status = 200, description = "What is published", body = Definitions))
)]
async fn list(State(app): State<App>) -> Response {
    let Current { published, text, definitions, pending } = &*app.catalog.current();
    let told = Definitions {
        id: published.as_ref().map(|published| published.id.to_string()),
        since: published.as_ref().map(|published| Moment(published.since)),
        origin: match app.catalog.origin() {
            Origin::Folder => Told::Folder,
            Origin::Api => Told::Api,
        },
        sources: text.sources.iter().map(|source| source.path.to_string()).collect(),
        workflows: definitions.workflows.values().map(|one| Workflow::from(&**one)).collect(),
        entities: definitions.entities.values().map(|one| Entity::from(&**one)).collect(),
        pending_errors: findings(pending),
    };
    answer::json(StatusCode::OK, &told)
}

/// Tells one text that is published, with a picture of each of its workflows.
#[utoipa::path(
    get,
    operation_id = "show_definition",
    path = "/v1/definitions/{name}",
    tag = "definitions",
    params(("name" = String, Path, description = "The name of the text; `/` is written `%2F`")),
    responses((status = 200, description = "The text", body = DefinitionSource))
)]
async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    let current = app.catalog.current();
    let source = current.text.sources.iter().find(|source| *source.path == *name);
    let source = source.ok_or_else(not_found)?;
    let workflows = current.definitions.workflows.values();
    let entities = current.definitions.entities.values();
    let told = DefinitionSource {
        text: source.text.to_string(),
        workflows: workflows
            .filter(|workflow| *workflow.place.file == *name)
            .map(|workflow| Picture {
                workflow: workflow.name.to_string(),
                svg: lockstep_graph::svg(workflow),
            })
            .collect(),
        entities: entities
            .filter(|entity| *entity.place.file == *name)
            .map(|entity| entity.name.to_string())
            .collect(),
        name,
    };
    Ok(answer::json(StatusCode::OK, &told))
}

/// Publishes a text under a name, in place of the one that has it.
///
/// All texts are checked together: if one is wrong, nothing changes, and the problem has what was
/// found as `details.findings`. Instances that run stay on the definitions which they began on.
#[utoipa::path(
    put,
    operation_id = "put_definition",
    path = "/v1/definitions/{name}",
    tag = "definitions",
    params(("name" = String, Path, description = "The name of the text: 1 to 200 characters")),
    request_body(content = String, content_type = "application/yaml", description = "The text"),
    responses((status = 200, description = "It is published, durably", body = Publication))
)]
async fn put(
    State(app): State<App>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let is_right = (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if !is_right {
        let told = format!("the name of a text has 1 to {MAX_NAME} characters that can be seen");
        return Err(Problem::unusable(told));
    }
    from_api(&app.catalog)?;
    let text = body::text(request.into_body()).await?;
    publish(&app, move |all| {
        let source = Source::new(name.as_str(), text);
        match all.sources.iter_mut().find(|source| *source.path == *name) {
            Some(present) => *present = source,
            None => all.sources.push(source),
        }
        all.sources.sort_by(|one, other| one.path.cmp(&other.path));
    })
    .await
}

/// Takes a text out of what is published.
///
/// What is left is checked, and published as one; instances that run stay on their definitions.
#[utoipa::path(
    delete,
    operation_id = "delete_definition",
    path = "/v1/definitions/{name}",
    tag = "definitions",
    params(("name" = String, Path, description = "The name of the text")),
    responses((status = 200, description = "The others are published", body = Publication))
)]
async fn delete(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    from_api(&app.catalog)?;
    if app.catalog.current().text.sources.iter().all(|source| *source.path != *name) {
        return Err(not_found());
    }
    publish(&app, move |all| all.sources.retain(|source| *source.path != *name)).await
}

/// Refuses whatever would be a second source of truth.
fn from_api(catalog: &Catalog) -> Result<(), Problem> {
    match catalog.origin() {
        Origin::Api => Ok(()),
        Origin::Folder => {
            let told = "the definitions are those of the folder which the daemon was given; \
                        change the file there, or start the daemon without --workflows";
            Err(Problem::new(409, "definitions.from_folder", told))
        }
    }
}

async fn publish(
    app: &App,
    change: impl FnOnce(&mut DefinitionText) + Send + 'static,
) -> Result<Response, Problem> {
    let (catalog, runner) = (Arc::clone(&app.catalog), Arc::clone(&app.runner));
    // A task: whoever asks may go away when the store has the text and the engine has not.
    let publishing = tokio::spawn(async move { catalog.amend(&runner, change).await });
    match publishing.await.map_err(|_| RunnerError::Stopped)? {
        Ok(warnings) => {
            let published = app.catalog.current().published.clone().ok_or_else(not_found)?;
            let warnings = findings(&warnings);
            let (id, since) = (published.id.to_string(), Moment(published.since));
            Ok(answer::json(StatusCode::OK, &Publication { id, since, warnings }))
        }
        Err(PublishError::Invalid(found)) => {
            let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
            let faults = if errors == 1 { "fault" } else { "faults" };
            let told = format!("nothing is published: the checker found {errors} {faults}");
            let details = serde_json::json!({ "findings": findings(&found) });
            Err(Problem::new(422, "definitions.invalid", told).with_details(&details))
        }
        Err(error @ PublishError::FromApi(_)) => {
            Err(Problem::new(409, "definitions.from_folder", error.to_string()))
        }
        Err(error @ PublishError::Limit) => {
            Err(Problem::new(422, "definitions.limit", error.to_string()))
        }
        Err(PublishError::Runner(error)) => Err(error.into()),
    }
}

fn findings(found: &[Diagnostic]) -> Vec<Finding> {
    found.iter().take(MAX_FINDINGS).map(Finding::from).collect()
}

fn not_found() -> Problem {
    Problem::new(404, "data.not_found", "there is no text of this name")
}
