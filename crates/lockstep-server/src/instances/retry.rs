//! Starting an instance that failed anew.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::{Identity, answered};
use crate::App;
use crate::access::Caller;
use crate::extract::Query;
use crate::problem::Problem;
use crate::wait::Wait;

/// Starts an instance that failed anew, with the same workflow and input, as another instance.
///
/// Who asks twice gets the same instance, with `Idempotency-Replayed: true`. It runs on the
/// definitions that are published; its `retry_of` names the failed one, which stays as it is.
#[utoipa::path(
    post,
    operation_id = "retry_instance",
    path = "/v1/instances/{id}:retry",
    tag = "instances",
    params(("id" = String, Path, description = "The instance that failed"), Wait),
    responses(
        (status = 200, description = "The other one has ended well", body = lockstep_api::Started),
        (status = 202, description = "The other one goes on", body = lockstep_api::Started),
    )
)]
pub(super) async fn retry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Identity(id): Identity,
    Query(wait): Query<Wait>,
) -> Result<Response, Problem> {
    let time = wait.time()?;
    let once = app.runner.retry(id, Arc::clone(&caller.name)).await?;
    answered(&app, once, time).await
}
