//! One connection: who is at its other end, and how long is waited for it.
//!
//! Invariants:
//!
//! * Who does not read what it is sent is cut off: no write waits longer than [`WRITE_TIMEOUT`].
//! * Who has gone without a word is noticed by the system, which asks and counts unanswered bytes.
//! * Who has gone is noticed also behind bytes that nobody has read yet, such as a further request.

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv6Addr, Shutdown};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
#[cfg(target_os = "linux")]
use tokio::io::Interest;
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

/// Whether a client has begun to say something since it was last answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun(Arc<AtomicBool>);

impl Begun {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct OtherEnd(Arc<TcpStream>);

impl OtherEnd {
    /// Waits until it says no more: it has closed the connection, or cut it off, or is not there any
    /// more. What it had said before may still be unread.
    pub(crate) async fn gone(&self) {
        // Of this kind is only the end of what is read, not that something can be read.
        #[cfg(target_os = "linux")]
        drop(self.0.ready(Interest::PRIORITY).await);
        // Elsewhere it is noticed by who reads to the end.
        #[cfg(not(target_os = "linux"))]
        std::future::pending::<()>().await;
    }
}

/// A connection on which no write waits for ever.
#[derive(Debug)]
pub(crate) struct Line {
    stream: Arc<TcpStream>,
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
        Self { stream: Arc::new(stream), begun: Begun::default(), deadline: None }
    }

    /// Returns what tells whether a request has begun.
    pub(crate) fn begun(&self) -> Begun {
        self.begun.clone()
    }

    pub(crate) fn other_end(&self) -> OtherEnd {
        OtherEnd(Arc::clone(&self.stream))
    }

    /// Writes as soon as something can be written; ends a wait that is too long.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.stream.poll_write_ready(cx)?.is_pending() {
                let deadline = self
                    .deadline
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIMEOUT)));
                ready!(deadline.as_mut().poll(cx));
                let told = "nobody reads the answer";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, told)));
            }
            match write(&self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.begun.0.store(false, Ordering::Relaxed);
                    self.deadline = None;
                    return Poll::Ready(written);
                }
            }
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(read) => {
                    if read > 0 {
                        self.begun.0.store(true, Ordering::Relaxed);
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back on this side.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
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
    use tokio::net::TcpListener;

    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::new(text.parse().expect("an address"))
    }

    #[tokio::test]
    async fn the_system_is_told_to_notice_who_has_gone_without_a_word() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let (_client, taken) = tokio::join!(TcpStream::connect(address), listener.accept());
        let line = Line::new(taken.expect("somebody comes").0);
        let socket = SockRef::from(&*line.stream);
        assert!(socket.keepalive().expect("it is told"));
        assert_eq!(socket.tcp_keepalive_time().expect("it is told"), SILENCE);
        assert_eq!(socket.tcp_keepalive_interval().expect("it is told"), QUESTION);
        assert_eq!(socket.tcp_keepalive_retries().expect("it is told"), QUESTIONS);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().expect("it is told"), Some(WRITE_TIMEOUT));
    }

    #[test]
    fn an_address_is_the_same_in_either_notation() {
        assert_eq!(peer("::ffff:10.0.0.1").0, peer("10.0.0.1").0);
    }

    #[test]
    fn of_a_network_of_ipv6_every_address_counts_as_one() {
        assert_eq!(peer("2001:db8::1").0, peer("2001:db8::ffff:1").0);
        assert_ne!(peer("2001:db8::1").0, peer("2001:db8:0:1::1").0);
        assert_ne!(peer("10.0.0.1").0, peer("10.0.0.2").0);
    }
}
