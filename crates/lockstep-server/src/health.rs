//! Health: whether the process is there, and whether it can do its work.

use axum::extract::State;
use utoipa_axum::routes;

use crate::App;
use crate::access::{Role, Route};
use crate::problem::Problem;

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Anyone, routes!(alive)), Route::new(Role::Anyone, routes!(ready))]
}

/// Answers as long as the process takes requests.
#[utoipa::path(
    get,
    operation_id = "show_health",
    path = "/healthz",
    tag = "daemon",
    responses((status = 200, description = "It takes requests", body = String))
)]
async fn alive() -> &'static str {
    "ok\n"
}

/// Answers that it can do its work if the store can be read.
#[utoipa::path(
    get,
    operation_id = "show_readiness",
    path = "/readyz",
    tag = "daemon",
    responses((status = 200, description = "It can do its work", body = String))
)]
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.runner.store().counts().await {
        Ok(_) => Ok("ok\n"),
        Err(error) => {
            tracing::error!(%error, "the store cannot be read");
            Err(Problem::new(503, "engine.stopped", "the store cannot be read"))
        }
    }
}
