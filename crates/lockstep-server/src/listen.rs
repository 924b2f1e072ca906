//! Connections: taken within limits, served, and let go in an orderly way.
//!
//! Invariants:
//!
//! * Only so many are served at once; further ones wait to be taken. Of one address fewer are, and
//!   further ones are closed: so nobody alone takes all the places.
//! * A request ends when who sent it has gone, whatever else was sent behind it.
//! * Who sends its headers too slowly, or too many, or does not read its answer, is cut off.
//! * At the end nobody new is taken; who is being served has [`DRAIN`] to be served to the end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use axum::{Router, middleware};
use futures_util::FutureExt as _;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use lockstep_runner::Runner;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::connection::{self, Line, OtherEnd, Peer};
use crate::gate::{self, Gate};
use crate::monitor::Monitor;
use crate::share::Shares;
use crate::token::{TokenFile, TokenFileError};
use crate::wait::Waits;
use crate::{App, Catalog, access, cut, document};

/// Most connections at once, and of one address, unless something else is said.
const MAX_CONNECTIONS: usize = 4096;
const MAX_CONNECTIONS_PER_ADDRESS: usize = 1024;

/// Wrong credentials of one address in a second, unless something else is said.
const MAX_FAILURES_PER_ADDRESS: u32 = 10;

/// Most requests of one caller in a second, unless something else is said.
const MAX_RATE: u32 = 20_000;

/// Longest time for the headers of a request, and between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Largest headers of a request, in bytes.
const MAX_HEADERS: usize = 64 << 10;

/// How long requests may take to come to their end when the server ends.
const DRAIN: Duration = Duration::from_secs(10);

/// How long of that those may take who wait for the end of an instance: then they are told that it
/// goes on, for it is durable.
const WAITS: Duration = Duration::from_secs(7);

/// How often the file of tokens is looked at.
const REFRESH: Duration = Duration::from_secs(1);

/// Pause after the machine could not give a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address is not one of this machine alone.
    #[error("{0} can be reached from other machines, and there are no tokens to tell who asks")]
    NotLoopback(SocketAddr),
    /// Something that is not the name of a host.
    #[error("`{0}` is not the name of a host, such as shop.example")]
    Host(String),
    /// The tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// The machine does not give the address.
    #[error("cannot listen on {0}")]
    Address(SocketAddr, #[source] io::Error),
}

/// Nobody is there any more to be answered.
#[derive(Debug, thiserror::Error)]
#[error("who asked has gone")]
struct Gone;

/// Who is served, and how much.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Who may ask; without it whoever is on this machine may, and nobody else.
    pub tokens: Option<TokenFile>,
    /// Names that requests may use for this machine, without port, besides its own.
    pub hosts: Vec<String>,
    /// Requests of one caller in a second, at least 1; as many may come at once. Default 20,000.
    pub rate: u32,
    /// Connections at once, at least 1; further ones wait. Default 4,096.
    pub connections: usize,
    /// Connections of one address at once, at least 1; further ones are closed. Default 1,024.
    pub connections_per_address: usize,
    /// Requests with wrong or no credentials of one address in a second, at least 1; further ones
    /// are answered with 429. Default 10.
    pub failures_per_address: u32,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            tokens: None,
            hosts: Vec::new(),
            rate: MAX_RATE,
            connections: MAX_CONNECTIONS,
            connections_per_address: MAX_CONNECTIONS_PER_ADDRESS,
            failures_per_address: MAX_FAILURES_PER_ADDRESS,
        }
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    gate: Arc<Gate>,
    connections: usize,
    connections_per_address: usize,
}

impl Server {
    /// Begins to listen; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the address is in use, or can be reached from other machines and there are
    /// no tokens, or the tokens cannot be read.
    pub async fn bind(address: SocketAddr, options: &ServerOptions) -> Result<Self, ServerError> {
        if options.tokens.is_none() && !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback(address));
        }
        let error = |error| ServerError::Address(address, error);
        let listener = TcpListener::bind(address).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Self {
            gate: Arc::new(Gate::new(address, options)?),
            listener,
            address,
            connections: options.connections.clamp(1, Semaphore::MAX_PERMITS),
            connections_per_address: options.connections_per_address,
        })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves requests until `stop`, and then those that have begun, for ten seconds at most. When it
    /// returns, nothing of it is left.
    pub async fn serve(
        self,
        runner: Arc<Runner>,
        catalog: Arc<Catalog>,
        stop: impl Future<Output = ()>,
    ) {
        let document = document::document().to_json().unwrap_or_default().into();
        let feed = Arc::clone(runner.feed());
        let monitor = Arc::new(Monitor::new(Arc::clone(&runner)));
        let waits = Waits::default();
        let app = App {
            runner: Arc::clone(&runner),
            catalog,
            monitor: Arc::clone(&monitor),
            waits: waits.clone(),
            document,
        };
        let router = access::router(app)
            .layer(middleware::from_fn_with_state(Arc::clone(&self.gate), gate::pass));
        let places = Arc::new(Semaphore::new(self.connections));
        let of_address = Shares::default();
        let served = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        connections.spawn(refresh(Arc::clone(&self.gate)));
        connections.spawn(Arc::clone(&monitor).watch());
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, stream, peer) = tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => continue,
                (place, accepted) = next => match accepted {
                    Ok((stream, from)) => (place, stream, Peer::new(from.ip())),
                    Err(error) => {
                        // Too many open files, perhaps: others end meanwhile.
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let Some(of_peer) = of_address.take(peer.0, self.connections_per_address) else {
                self.gate.note("connection.limit", peer);
                continue;
            };
            let line = Line::new(stream);
            let begun = line.begun();
            let service = service(router.clone(), peer, line.other_end());
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(MAX_HEADERS)
                .serve_connection(TokioIo::new(line), service);
            let connection = served.watch(connection);
            let (gate, connected) = (Arc::clone(&self.gate), monitor.connected());
            connections.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection was cut off");
                    if let Some(kind) = connection::refusal(&error, &begun) {
                        gate.note(kind, peer);
                    }
                }
                drop((place, of_peer, connected));
            });
        }
        drop(self.listener);
        // Who listens to events would never come to an end.
        feed.close();
        // Workers that wait for tasks come back when there is a daemon again.
        runner.close_task_board();
        drop(runner);
        drain(served, &waits).await;
        connections.shutdown().await;
    }
}

/// Lets requests that have begun come to their end, in the time that there is for that.
async fn drain(served: GracefulShutdown, waits: &Waits) {
    let mut served = pin!(served.shutdown());
    if tokio::time::timeout(WAITS, &mut served).await.is_ok() {
        return;
    }
    waits.end();
    if tokio::time::timeout(DRAIN.saturating_sub(WAITS), served).await.is_err() {
        tracing::warn!("requests were cut off at the end");
    }
}

/// Returns what answers the requests of a connection, as long as somebody is there to be answered.
fn service(
    router: Router,
    peer: Peer,
    other_end: OtherEnd,
) -> impl Service<Request<Incoming>, Response = Response, Error = Gone, Future: Send> {
    let rooms = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let answering = rooms.call(request).map(|answer| match answer {
            Ok(answer) => answer,
            Err(never) => match never {},
        });
        let other_end = other_end.clone();
        // An answer that is being sent shows by itself whether anybody takes it.
        cut::unless(answering, async move {
            other_end.gone().await;
            Gone
        })
    })
}

/// Does what is due every second, until it is dropped.
async fn refresh(gate: Arc<Gate>) {
    loop {
        tokio::time::sleep(REFRESH).await;
        gate.refresh().await;
    }
}
