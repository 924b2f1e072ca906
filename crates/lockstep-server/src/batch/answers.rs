//! A body that is made while it is sent.
//!
//! Invariants:
//!
//! * The work goes on only while somebody takes the body, in the task of the connection, and ends
//!   with it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body, and the work that makes it.
pub(super) struct Answers {
    chunks: mpsc::Receiver<Bytes>,
    /// None when it is done.
    work: Option<Work>,
}

impl Answers {
    pub(super) fn new(
        chunks: mpsc::Receiver<Bytes>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { chunks, work: Some(Box::pin(work)) }
    }
}

impl HttpBody for Answers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Once each: a task that has had its turn is told that nothing is ready, and comes again.
        if self.work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_ready()) {
            // With the work go the ends of the channel.
            self.work = None;
        }
        self.chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
