//! The lines of a body, as they come.
//!
//! Invariants:
//!
//! * No more than [`MAX_LINE`] bytes are kept, and what the connection has given last.
//! * Who begins a line has [`LINE_TIMEOUT`] to end it, and blank lines are no lines.

use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use tokio::time::{Instant, timeout_at};

/// Longest line, in bytes.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Longest time that a line may take to come.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

/// What came.
pub(super) enum Line {
    /// A line, without its end.
    Text(Bytes),
    /// A line that is too long; it is left out.
    TooLong,
    /// Nothing, for too long.
    TooSlow,
    /// There are no more, or the connection is broken.
    End,
}

/// The lines of a body.
pub(super) struct Lines {
    body: Body,
    /// What has come and is not given out.
    frame: Bytes,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// Whether the line that has begun is left out.
    is_too_long: bool,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self { body, frame: Bytes::new(), begun: Vec::new(), is_too_long: false }
    }

    /// Waits for the next line that is not blank; blank ones give nobody more time.
    pub(super) async fn next(&mut self) -> Line {
        let until = Instant::now() + LINE_TIMEOUT;
        loop {
            let end = self.frame.iter().position(|byte| *byte == b'\n');
            let mut part = self.frame.split_to(end.unwrap_or(self.frame.len()));
            if self.begun.len() + part.len() > MAX_LINE {
                self.is_too_long = true;
                self.begun.clear();
            }
            if end.is_some() {
                drop(self.frame.split_to(1));
                if std::mem::take(&mut self.is_too_long) {
                    return Line::TooLong;
                }
                if !self.begun.is_empty() {
                    self.begun.extend_from_slice(&part);
                    part = std::mem::take(&mut self.begun).into();
                }
                if part.trim_ascii().is_empty() {
                    continue;
                }
                return Line::Text(part);
            }
            if !self.is_too_long {
                self.begun.extend_from_slice(&part);
            }
            match timeout_at(until, self.more()).await {
                Err(_) => return Line::TooSlow,
                Ok(Some(frame)) => self.frame = frame,
                Ok(None) if std::mem::take(&mut self.is_too_long) => return Line::TooLong,
                Ok(None) if self.begun.trim_ascii().is_empty() => return Line::End,
                Ok(None) => return Line::Text(std::mem::take(&mut self.begun).into()),
            }
        }
    }

    /// Waits for more of the body; `None` if there is no more.
    async fn more(&mut self) -> Option<Bytes> {
        loop {
            let frame =
                std::future::poll_fn(|context| Pin::new(&mut self.body).poll_frame(context));
            // A connection that broke has nobody to be told.
            let frame = frame.await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: Vec<u8>) -> Vec<String> {
        let mut lines = Lines::new(Body::from(text));
        let mut told = Vec::new();
        loop {
            told.push(match lines.next().await {
                Line::Text(line) => String::from_utf8(line.into()).unwrap(),
                Line::TooLong => "too long".to_owned(),
                Line::TooSlow => "too slow".to_owned(),
                Line::End => return told,
            });
        }
    }

    #[tokio::test]
    async fn lines_end_where_they_end_and_blank_ones_are_left_out() {
        assert_eq!(lines(b"a\nb\n\r\n \nc".to_vec()).await, ["a", "b", "c"]);
        assert_eq!(lines(Vec::new()).await, [""; 0]);
        assert_eq!(lines(b"\n\n ".to_vec()).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_left_out_alone() {
        let mut text = b"a\n".to_vec();
        text.extend(vec![b'x'; MAX_LINE]);
        text.push(b'\n');
        text.extend(vec![b'y'; MAX_LINE + 1]);
        text.extend(b"\nb\n");
        let told = lines(text).await;
        let told: Vec<&str> = told.iter().map(|line| line.get(..8).unwrap_or(line)).collect();
        assert_eq!(told, ["a", "xxxxxxxx", "too long", "b"]);
        assert_eq!(lines(vec![b'y'; 2 * MAX_LINE]).await, ["too long"]);
    }
}
