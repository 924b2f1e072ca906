//! Lists of instances, by filters from a closed list.
//!
//! Invariants:
//!
//! * A page is cheap, however many instances there are, and its size is bounded.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_api::{Instance, Page};
use lockstep_runner::RunnerError;

use super::filter::Wanted;
use crate::extract::Query;
use crate::problem::Problem;
use crate::{App, answer, page as pages};

/// Instances that are read at a time: they may be large.
const AT_A_TIME: u32 = 25;

/// Size in bytes from which a page is full.
const FULL: usize = 4 << 20;

/// Lists instances, the youngest first.
///
/// A page may hold fewer than its limit, even none, and still have a `next`: several filters together
/// are applied to some thousand instances for each page.
#[utoipa::path(
    get,
    operation_id = "list_instances",
    path = "/v1/instances",
    tag = "instances",
    params(Wanted),
    responses((status = 200, description = "A page of instances", body = Page<Instance>))
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let limit = wanted.limit()?;
    let mut filter = wanted.filter()?;
    let mut page = Page { items: Vec::new(), next: None };
    let (mut left, mut size) = (limit, 0);
    loop {
        let found = app.runner.store().instances(filter.clone(), left.min(AT_A_TIME)).await;
        let found = found.map_err(RunnerError::from)?;
        let read = u32::try_from(found.instances.len()).unwrap_or(u32::MAX);
        for stored in found.instances {
            match stored.row {
                Ok(row) => {
                    let instance = Instance::from(&row);
                    let output = instance.output.as_ref().map_or(0, |output| output.text().len());
                    size += instance.input.text().len() + output;
                    page.items.push(instance);
                }
                Err(error) => tracing::error!(%error, "an instance cannot be read"),
            }
        }
        left = left.saturating_sub(read);
        page.next = found.next.map(|next| pages::cursor(&next.0));
        // A page that was not filled up has looked at enough.
        if left == 0 || read < AT_A_TIME || found.next.is_none() || size >= FULL {
            return Ok(answer::json(StatusCode::OK, &page));
        }
        filter.before = found.next;
    }
}
