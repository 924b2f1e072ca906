//! Starting an instance that failed anew.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use lockstep_core::InstanceId;
use uuid::Uuid;

use super::{answered, not_found, unreadable};
use crate::App;
use crate::access::Caller;
use crate::problem::Problem;
use crate::wait::{self, Wait};

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
    id: Result<Path<String>, PathRejection>,
    wait: Result<Query<Wait>, QueryRejection>,
) -> Result<Response, Problem> {
    let time = wait::time(wait)?;
    let Path(id) = id.map_err(unreadable)?;
    let id = InstanceId(Uuid::parse_str(&id).map_err(|_| not_found())?);
    let once = app.runner.retry(id, Arc::clone(&caller.name)).await?;
    answered(once, time).await
}
