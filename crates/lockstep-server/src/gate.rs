//! The gate: every request goes through it before it comes to a room, and every answer on its way
//! back.
//!
//! Invariants:
//!
//! * On the way in: the host, the site, who asks, how often. Who is refused here has had nothing of
//!   its body read.
//! * A right token is never refused because others behind the same address have sent wrong ones:
//!   only what fails is counted there.
//! * A request ends when the token does not count any more that it was made with.
//! * Refusals are told in the log, and the log is not filled by them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use lockstep_runner::Clock;

use crate::connection::Peer;
use crate::credential::{Callers, Shown};
use crate::cut;
use crate::listen::{ServerError, ServerOptions};
use crate::origin::{self, Hosts};
use crate::problem::{Code, Problem};
use crate::rate::Rates;
use crate::refusal::Refusals;
use crate::token::Term;

/// Codes of refusals that the log tells.
const TOLD: [&str; 9] = [
    "access.expired",
    "access.forbidden",
    "access.rate",
    "access.unauthenticated",
    "request.cross_site",
    "request.host",
    "request.slow",
    "request.too_large",
    "webhook.unsigned",
];

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Token(String),
    Address(IpAddr),
}

/// What requests are measured by.
#[derive(Debug)]
pub(crate) struct Gate {
    hosts: Hosts,
    callers: Arc<Callers>,
    requests: Rates<Who>,
    failures: Rates<IpAddr>,
    refusals: Refusals,
    clock: Clock,
}

impl Gate {
    /// Makes the gate of a server that listens there.
    pub(crate) fn new(listens: SocketAddr, options: &ServerOptions) -> Result<Self, ServerError> {
        Ok(Self {
            hosts: Hosts::new(listens, &options.hosts).map_err(ServerError::Host)?,
            callers: Arc::new(Callers::read(options.tokens.as_ref())?),
            requests: Rates::new(options.rate),
            failures: Rates::new(options.failures_per_address),
            refusals: Refusals::default(),
            clock: Clock::start(),
        })
    }

    /// Notes that something was refused outside of any request.
    pub(crate) fn note(&self, kind: &'static str, Peer(address): Peer) {
        self.refusals.note(kind, address, self.clock.elapsed());
    }

    /// Does what is due every second.
    pub(crate) async fn refresh(&self) {
        self.refusals.sweep(self.clock.elapsed());
        self.callers.refresh().await;
    }

    /// Lets a request in, and says who has sent it; returns for how long, if with a token.
    fn admit(&self, request: &mut Request, Peer(address): Peer) -> Result<Option<Term>, Problem> {
        self.hosts.check(request)?;
        let (caller, shown) = self.callers.of(request.headers());
        let (who, term) = match shown {
            None => (Who::Address(address), None),
            Some(Shown { id, term }) => (Who::Token(id), Some(term)),
        };
        if !self.requests.take(who, self.clock.elapsed()) {
            return Err(too_often());
        }
        request.extensions_mut().insert(caller);
        Ok(term)
    }

    /// Looks at an answer: what was refused is counted.
    fn look_at(&self, answer: Response, Peer(address): Peer) -> Response {
        let Some(Code(code)) = answer.extensions().get() else { return answer };
        let Some(told) = TOLD.into_iter().find(|told| told == code) else { return answer };
        let now = self.clock.elapsed();
        let is_failure = matches!(told, "access.unauthenticated" | "access.expired");
        self.refusals.note(told, address, now);
        if !is_failure || self.failures.take(address, now) {
            return answer;
        }
        self.refusals.note("access.rate", address, now);
        too_often().into_response()
    }
}

fn too_often() -> Problem {
    Problem::new(429, "access.rate", "too many requests: come again in a second")
}

/// Lets requests in and answers out.
pub(crate) async fn pass(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.unwrap_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let mut answer = match gate.admit(&mut request, peer) {
        Ok(term) => {
            let answering = async { gate.look_at(next.run(request).await, peer) };
            match term {
                None => answering.await,
                // Whose token is taken away meanwhile has not guessed one: nothing is counted.
                Some(term) => match cut::unless(answering, term.clone().over()).await {
                    Ok(answer) => cut::until(answer, term.over()),
                    Err(refused) => Problem::from(refused).into_response(),
                },
            }
        }
        Err(refused) => gate.look_at(refused.into_response(), peer),
    };
    origin::tell_browsers(answer.headers_mut());
    answer
}
