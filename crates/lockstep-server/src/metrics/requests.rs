//! Requests by route: how many, how they were answered, how long that took.
//!
//! Invariants:
//!
//! * A request counts under the path of the table, never under the one that was asked for: there are
//!   as many series as routes, methods and classes of status.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use lockstep_core::durations::Durations;
use lockstep_runner::Clock;

/// What requests of one kind have in common: route, method, class of status.
pub(crate) type Name = (Arc<str>, &'static str, &'static str);

/// Requests that were answered.
#[derive(Debug)]
pub(crate) struct Requests {
    clock: Clock,
    answered: Mutex<BTreeMap<Name, Durations>>,
}

impl Requests {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, answered: Mutex::default() }
    }

    pub(super) fn read(&self) -> BTreeMap<Name, Durations> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts a request of a route, when the head of its answer is there.
pub(crate) async fn count(
    State((requests, route)): State<(Arc<Requests>, Arc<str>)>,
    request: Request,
    next: Next,
) -> Response {
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    };
    let began = requests.clock.elapsed();
    let response = next.run(request).await;
    let took = requests.clock.elapsed().saturating_sub(began);
    let class = match response.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    let mut answered = requests.answered.lock().unwrap_or_else(PoisonError::into_inner);
    answered.entry((route, method, class)).or_default().add(took);
    response
}
