//! One connection: who is at its other end, and how long is waited for it.
//!
//! Invariants:
//!
//! * Who does not read what it is sent is cut off: no write waits longer than [`WRITE_TIMEOUT`].
//! * Who has gone without a word is noticed by the system, which asks and counts unanswered bytes.
//! * An address has only so many connections at once.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Longest wait for a client to read, until anything more can be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Silence after which the system asks whether the other end is still there, and how often it does
/// so before it gives up.
const SILENCE: Duration = Duration::from_secs(30);
const QUESTION: Duration = Duration::from_secs(10);
const QUESTIONS: u32 = 3;

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Returns the address that counts: of IPv6 the network, in which one machine has them all.
    pub(crate) fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// Who has how many connections.
#[derive(Debug, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection that is counted as long as this is there.
#[derive(Debug)]
pub(crate) struct Place {
    all: Arc<Mutex<HashMap<IpAddr, usize>>>,
    of: IpAddr,
}

impl Places {
    /// Counts one more connection of an address; `None` if it has as many as it may have.
    pub(crate) fn take(&self, Peer(of): Peer, most: usize) -> Option<Place> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(of).or_insert(0);
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        Some(Place { all: Arc::clone(&self.0), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.of) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.of);
            }
        }
    }
}

/// Whether a client has begun to say something since it was last answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun(Arc<AtomicBool>);

impl Begun {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection on which no write waits for ever.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    begun: Begun,
    /// The end of the wait, while something cannot be written.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).ok();
        let asks = TcpKeepalive::new().with_time(SILENCE).with_interval(QUESTION);
        let socket = SockRef::from(&stream);
        // What a system does not have is not needed for its work.
        socket.set_tcp_keepalive(&asks.with_retries(QUESTIONS)).ok();
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(WRITE_TIMEOUT)).ok();
        Self { stream, begun: Begun::default(), deadline: None }
    }

    /// Returns what tells whether a request has begun.
    pub(crate) fn begun(&self) -> Begun {
        self.begun.clone()
    }

    /// Ends a write that has waited too long.
    fn within<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.begun.0.store(false, Ordering::Relaxed);
            self.deadline = None;
            return written;
        }
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIMEOUT)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads the answer")))
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.begun.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.within(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns the kind of refusal that the end of a connection was, if it was one.
pub(crate) fn refusal(error: &hyper::Error, begun: &Begun) -> Option<&'static str> {
    if error.is_parse_too_large() {
        return Some("connection.large_headers");
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return Some("connection.slow_reader");
        }
        cause = error.source();
    }
    // Who has said nothing yet, or nothing more, is let go as a matter of course.
    (error.is_timeout() && begun.is_so()).then_some("connection.slow_headers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::new(text.parse().expect("an address"))
    }

    #[test]
    fn an_address_has_so_many_connections_and_another_has_its_own() {
        let places = Places::default();
        let first = places.take(peer("10.0.0.1"), 2).expect("the first");
        let second = places.take(peer("::ffff:10.0.0.1"), 2).expect("the second");
        assert!(places.take(peer("10.0.0.1"), 2).is_none());
        assert!(places.take(peer("10.0.0.2"), 2).is_some());
        drop(first);
        let third = places.take(peer("10.0.0.1"), 2).expect("a place is free again");
        drop((second, third));
        assert!(places.0.lock().expect("a lock").is_empty(), "nobody is kept in mind");
    }

    #[test]
    fn of_a_network_of_ipv6_every_address_counts_as_one() {
        assert_eq!(peer("2001:db8::1").0, peer("2001:db8::ffff:1").0);
        assert_ne!(peer("2001:db8::1").0, peer("2001:db8:0:1::1").0);
        assert_ne!(peer("10.0.0.1").0, peer("10.0.0.2").0);
    }
}
