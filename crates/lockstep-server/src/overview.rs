//! The overview: numbers for people who look whether all is well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{HotLock, LockCounts, Overview};
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::problem::Problem;
use crate::{App, answer};

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Viewer, routes!(show))]
}

/// Tells how much the daemon has to do, and how much it has done of late.
#[utoipa::path(
    get,
    operation_id = "show_overview",
    path = "/v1/overview",
    tag = "daemon",
    responses((status = 200, description = "Numbers", body = Overview))
)]
async fn show(State(app): State<App>) -> Result<Response, Problem> {
    let monitor = &app.monitor;
    let load = monitor.load().await?;
    let (last_minute, seconds, minutes) = monitor.points();
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let locks = load.engine.locks;
    let hottest = locks.hottest.into_iter().map(|hot| HotLock {
        key: hot.key.to_string(),
        waiting: number(hot.waiters),
        holding: number(hot.holders),
    });
    let overview = Overview {
        at: monitor.now().into(),
        up_since: monitor.up_since.into(),
        instances: monitor.counts(load.engine.unfinished),
        locks: LockCounts {
            holding: number(locks.holders),
            waiting: number(locks.waiters),
            keys: number(locks.keys),
            hottest: hottest.collect(),
        },
        calls: number(load.calls),
        last_minute,
        seconds,
        minutes,
    };
    Ok(answer::json(StatusCode::OK, &overview))
}
