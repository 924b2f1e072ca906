//! Who asks: what a page or a program can do before it tries.
//!
//! Invariants:
//!
//! * What is told is made of the table of routes, so that it is what the layer in front of them does.
//!
//! Absent by design: tokens, and who else there is.

use std::sync::LazyLock;

use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::routes;

use crate::access::{self, Caller, Role, Route};
use crate::{answer, document};

/// The route of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Viewer, routes!(show))]
}

/// What can be done, by name, and the role that it takes.
static OPERATIONS: LazyLock<Vec<(String, Role)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for mut route in access::routes() {
        for (_, operation) in document::operations(&mut route.described) {
            all.extend(operation.operation_id.take().map(|name| (name, route.needs)));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
});

/// Tells who asks, and what they may do.
#[utoipa::path(
    get,
    operation_id = "show_caller",
    path = "/v1/caller",
    tag = "daemon",
    responses((status = 200, description = "Who asks", body = lockstep_api::Caller))
)]
async fn show(Extension(caller): Extension<Caller>) -> Response {
    let may = OPERATIONS.iter().filter(|(_, needed)| caller.role.grants(*needed));
    let told = lockstep_api::Caller {
        name: caller.name.to_string(),
        role: caller.role.name().to_owned(),
        may: may.map(|(name, _)| name.clone()).collect(),
    };
    answer::json(StatusCode::OK, &told)
}
