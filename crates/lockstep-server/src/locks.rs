//! Locks: who holds which, and who waits; those of clients, and taking one away.
//!
//! Invariants:
//!
//! * It is the engine at work that is asked, and what it has to tell at once is bounded.
//! * A lock that is told to be held, renewed, released or broken is so durably.
//! * A client's lock is renewed and released by who has taken it.
//! * A client that goes away while it waits does not get the lock.

mod client;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{Lock, Page};
use lockstep_core::explain::{LockMark, LockOrder, LockPage, WaiterMark};
use lockstep_core::lock::{SYSTEM, key};
use lockstep_definition::LockScope;
use lockstep_expr::Value;
use serde::Deserialize;
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::extract::{Path, Query};
use crate::page::Which;
use crate::problem::Problem;
use crate::{App, answer, page};

/// Holders, and waiters, of each lock of a list that are told.
const FIRST: usize = 3;

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    let own =
        vec![Route::new(Role::Viewer, routes!(list)), Route::new(Role::Viewer, routes!(show))];
    own.into_iter().chain(client::routes()).collect()
}

/// The query of a list of locks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// How many, 1 to 200; default: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Where the page begins: `next` of the page before it.
    cursor: Option<String>,
    /// `key`, or `waiting`: those first for which most wait; default: `key`.
    #[param(inline)]
    order: Option<Order>,
}

/// The order of a list of locks.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// By key.
    Key,
    /// Those first for which most wait.
    Waiting,
}

/// Lists the locks that are held or waited for.
///
/// Of each it tells the first holders and waiters, and how many there are.
#[utoipa::path(
    get,
    operation_id = "list_locks",
    path = "/v1/locks",
    tag = "locks",
    params(List),
    responses((status = 200, description = "Some of them", body = Page<Lock>))
)]
async fn list(State(app): State<App>, Query(wanted): Query<List>) -> Result<Response, Problem> {
    let List { limit, cursor, order } = wanted;
    let limit = page::limit(limit)?;
    let order = match order {
        None | Some(Order::Key) => LockOrder::Key,
        Some(Order::Waiting) => LockOrder::Waiting,
    };
    let after: Option<(usize, String)> = page::mark(cursor.as_deref())?;
    let after = after.map(|(waiting, key)| LockMark { waiting, key: key.into() });
    let wanted = LockPage { order, after, limit: limit.saturating_add(1), first: FIRST };
    let locks = app.runner.locks(wanted).await?;
    let now = app.runner.now();
    let locks: Vec<Lock> = locks.iter().map(|lock| Lock::of(lock, now)).collect();
    let page = page::of(locks, limit, |lock| (lock.waiting, lock.key.clone()));
    Ok(answer::json(StatusCode::OK, &page))
}

/// Tells who holds a lock, and who waits for it.
///
/// One that nobody holds or wants is free.
#[utoipa::path(
    get,
    operation_id = "show_lock",
    path = "/v1/locks/{key}",
    tag = "locks",
    params(("key" = String, Path, description = "Its key"), Which),
    responses((status = 200, description = "The lock", body = Lock))
)]
async fn show(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let (limit, after) = which.read::<(u64, i64)>()?;
    let after = after.map(|(ticket, priority)| WaiterMark { ticket, priority });
    let key = named(&key)?;
    let view = app.runner.lock_view(key, after, limit.saturating_add(1)).await?;
    let mut lock = Lock::of(&view, app.runner.now());
    let waiters = std::mem::take(&mut lock.waiters);
    let page = page::of(waiters, limit, |waiter| (waiter.ticket, waiter.priority));
    (lock.waiters, lock.next) = (page.items, page.next);
    lock.holders.truncate(page::MAX_LIMIT);
    Ok(answer::json(StatusCode::OK, &lock))
}

/// Returns the key that a path names; a word may stand without its quotes.
fn named(text: &str) -> Result<Arc<str>, Problem> {
    if text == SYSTEM || text.starts_with('[') {
        return Ok(text.into());
    }
    let (_, key) = context(text)?;
    Ok(key)
}

/// Returns what a client locks, and its key, from the text of a key.
fn context(text: &str) -> Result<(Value, Arc<str>), Problem> {
    let refused =
        |why: String| Problem::unusable(format!("`{text}` is not the key of a lock: {why}"));
    let context = key::context(text).map_err(refused)?;
    let keys = key::of(&context, LockScope::System, "", "").map_err(refused)?;
    let key = keys.first().cloned().ok_or_else(|| refused("it is empty".to_owned()))?;
    Ok((context, key))
}
