//! Requests that end before they are answered: who asked has gone, or may not ask any more.
//!
//! Invariants:
//!
//! * What waits for an answer is dropped when the end comes, and whatever it waited in is left.
//! * A part of an answer never looks like all of it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// Returns the answer, unless the end comes first. What can be told at once is told even if the end
/// has come.
pub(crate) async fn unless<Why>(
    answering: impl Future<Output = Response>,
    end: impl Future<Output = Why>,
) -> Result<Response, Why> {
    let mut answering = pin!(answering);
    let at_once = tokio::select! {
        biased;
        answer = &mut answering => Some(answer),
        () = std::future::ready(()) => None,
    };
    if let Some(answer) = at_once {
        return Ok(answer);
    }
    // The end first: what is granted in the same moment is not for who has gone.
    tokio::select! {
        biased;
        why = end => Err(why),
        answer = answering => Ok(answer),
    }
}

/// Sends the body of an answer until the end comes, if it is made while it is sent.
pub(crate) fn until<Why>(
    answer: Response,
    end: impl Future<Output = Why> + Send + 'static,
) -> Response {
    if answer.body().size_hint().exact().is_some() {
        return answer;
    }
    let end = Box::pin(async move { drop(end.await) });
    answer.map(|body| Body::new(Until { body: Some(body), end }))
}

/// A body, until its end comes.
struct Until {
    /// None when it was cut off.
    body: Option<Body>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, end } = &mut *self;
        let Some(sent) = body else { return Poll::Ready(None) };
        if end.as_mut().poll(cx).is_ready() {
            *body = None;
            // With an error the connection ends, and who reads sees that there was more.
            return Poll::Ready(Some(Err(axum::Error::new("the answer was cut off"))));
        }
        Pin::new(sent).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_some_and(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}
