//! The API without a network: for a process that owns a store and asks for itself.
//!
//! Invariants:
//!
//! * Who asks here is asked for no credential: who can open a store may do everything with it.
//! * The routes are those of a daemon, so that an answer is the same one.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::{Extension, Router};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lockstep_runner::Runner;

use crate::access::{Caller, Role};
use crate::monitor::Monitor;
use crate::problem::Problem;
use crate::wait::Waits;
use crate::{App, Catalog, access};

/// Largest answer, in bytes: more than any page has.
const MAX_ANSWER: usize = 64 << 20;

/// The API of a runner of this process.
#[derive(Debug)]
pub struct Local {
    router: TowerToHyperService<Router>,
}

impl Local {
    /// Makes the API of a runner, for somebody of this name, who may do everything.
    pub fn new(runner: Arc<Runner>, catalog: Arc<Catalog>, name: &str) -> Self {
        let monitor = Arc::new(Monitor::new(Arc::clone(&runner)));
        let (waits, document) = (Waits::default(), Arc::from(""));
        let app = App { runner, catalog, monitor, waits, document };
        let caller = Caller { name: name.into(), role: Role::Admin, refused: None };
        let router = access::router(app).layer(Extension(caller));
        Self { router: TowerToHyperService::new(router) }
    }

    /// Asks as a client of a daemon does; returns the status and the body.
    ///
    /// `method` is a word such as `POST`, `target` begins with `/v1`. What is no request is answered
    /// with 400.
    pub async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> (u16, String) {
        let request = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string());
        let request = request.and_then(|method| {
            let request = Request::builder().method(method).uri(target);
            let request =
                headers.iter().fold(request, |all, (name, value)| all.header(*name, value));
            request.body(Body::from(body)).map_err(|error| error.to_string())
        });
        let request = match request {
            Ok(request) => request,
            Err(why) => return (400, Problem::invalid(why).text()),
        };
        let answer = match self.router.call(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), MAX_ANSWER).await.unwrap_or_default();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}
