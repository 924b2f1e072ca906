//! Futures that are ready at once: those of the store in memory.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Returns what a future comes to that never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the store in memory never waits"),
    }
}
