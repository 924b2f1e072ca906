//! Connections: taken within limits, served, and let go in an orderly way.
//!
//! Invariants:
//!
//! * At most [`MAX_CONNECTIONS`] are served at once; further ones wait to be taken.
//! * Who sends its headers too slowly, or too many, is cut off.
//! * At the end nobody new is taken; who is being served has [`DRAIN`] to be served to the end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use lockstep_runner::Runner;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::monitor::Monitor;
use crate::{App, access, document, origin};

/// Most connections at once.
const MAX_CONNECTIONS: usize = 4096;

/// Longest time for the headers of a request, and between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Largest headers of a request, in bytes.
const MAX_HEADERS: usize = 64 << 10;

/// How long requests may take to come to their end when the server ends.
const DRAIN: Duration = Duration::from_secs(10);

/// Pause after the machine could not give a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address is not one of this machine alone.
    #[error("{0} can be reached from other machines, and there are no tokens yet to tell who asks")]
    NotLoopback(SocketAddr),
    /// The machine does not give the address.
    #[error("cannot listen on {0}")]
    Address(SocketAddr, #[source] io::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Begins to listen; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the address is not a loopback address, or is in use.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServerError> {
        if !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback(address));
        }
        let error = |error| ServerError::Address(address, error);
        let listener = TcpListener::bind(address).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves requests until `stop`, and then those that have begun, for ten seconds at most. When it
    /// returns, nothing of it is left.
    pub async fn serve(self, runner: Arc<Runner>, stop: impl Future<Output = ()>) {
        let document = document::document().to_json().unwrap_or_default().into();
        let feed = Arc::clone(runner.feed());
        let monitor = Arc::new(Monitor::new(Arc::clone(&runner)));
        let router = access::router(App { runner, monitor: Arc::clone(&monitor), document });
        let router = router.layer(middleware::from_fn(origin::guard));
        let service = TowerToHyperService::new(router);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let served = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        connections.spawn(Arc::clone(&monitor).watch());
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, stream) = tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => continue,
                (place, accepted) = next => match accepted {
                    Ok((stream, _)) => (place, stream),
                    Err(error) => {
                        // Too many open files, perhaps: others end meanwhile.
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            stream.set_nodelay(true).ok();
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(MAX_HEADERS)
                .serve_connection(TokioIo::new(stream), service.clone());
            let connection = served.watch(connection);
            let connected = monitor.connected();
            connections.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection was cut off");
                }
                drop((place, connected));
            });
        }
        drop(self.listener);
        // Who listens to events would never come to an end.
        feed.close();
        tokio::select! {
            () = served.shutdown() => {}
            () = tokio::time::sleep(DRAIN) => tracing::warn!("requests were cut off at the end"),
        }
        connections.shutdown().await;
    }
}
