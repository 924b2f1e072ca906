//! The export of traces: each instance that has ended is sent, as spans, to a collector (OTLP over
//! HTTP).
//!
//! Invariants:
//!
//! * Nobody waits for a collector: at most [`MAX_QUEUED`] instances wait for it, further ones are
//!   dropped, and counted.
//! * A trace is made of the journal as it is stored, so that it is whole also if the instance was
//!   interrupted by a restart.
//!
//! Absent by design: traces of what has not ended, and a promise that a trace arrives.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{Happening, InstanceId};
use lockstep_store::Store;
use reqwest::Url;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Span, form, spans, trace_id};
use crate::feed::{Feed, Listener, News};
use crate::recorder::Recorder;
use crate::runner::Runner;

/// Instances that wait for the collector.
const MAX_QUEUED: usize = 4096;

/// Instances that are sent at once.
const MAX_AT_ONCE: usize = 100;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Pauses before the further attempts at a request.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// How long the last traces may take when the export ends.
const LAST: Duration = Duration::from_secs(5);

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Where the collector takes traces by OTLP over HTTP, without the path `/v1/traces`.
    pub endpoint: String,
    /// The name of this service.
    pub service: String,
}

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The endpoint is not an address.
    #[error("{0:?} is no endpoint for traces: write http://localhost:4318")]
    Endpoint(String),
    /// The HTTP client does not work.
    #[error("traces cannot be sent: {0}")]
    Client(String),
}

/// An export that is under way.
#[derive(Debug)]
pub struct Export {
    reader: JoinHandle<()>,
    sender: JoinHandle<()>,
}

impl Runner {
    /// Sends the trace of each instance that ends from here on.
    ///
    /// # Errors
    ///
    /// [`ExportError`] if the endpoint is not right.
    pub fn export_traces(&self, to: Collector) -> Result<Export, ExportError> {
        let wrong = || ExportError::Endpoint(to.endpoint.clone());
        let url = Url::parse(&format!("{}/v1/traces", to.endpoint.trim_end_matches('/')));
        let url = url.ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(wrong)?;
        let client = crate::call::plain_client(TIMEOUT).map_err(ExportError::Client)?;
        let listener = self.feed().listen(None);
        let listener = listener.ok_or_else(|| ExportError::Client("too many listen".into()))?;
        let (queue, queued) = mpsc::channel(MAX_QUEUED);
        let sender = Sender {
            store: Arc::clone(&self.store),
            recorder: Arc::clone(&self.recorder),
            client,
            url,
            service: to.service,
            has_failed: false,
        };
        let reader = tokio::spawn(read(listener, queue, Arc::clone(&self.recorder)));
        Ok(Export { reader, sender: tokio::spawn(sender.run(queued)) })
    }
}

impl Export {
    /// Ends the export: what waits is sent, for five seconds at most.
    pub async fn finish(mut self) {
        self.reader.abort();
        if tokio::time::timeout(LAST, &mut self.sender).await.is_err() {
            self.sender.abort();
            tracing::warn!("the last traces could not be sent in time");
        }
    }
}

/// Queues who ends. It is quick, so that it hears all.
async fn read(mut listener: Listener, queue: mpsc::Sender<InstanceId>, recorder: Arc<Recorder>) {
    while let Some(news) = listener.next().await {
        let News::Happened(heard) = news else {
            tracing::warn!("some instances have ended of which no trace is sent");
            continue;
        };
        let ended = heard.iter().filter(|happened| {
            let event = &happened.entry.event;
            matches!(event, Happening::Finished | Happening::Failed { .. })
        });
        for happened in ended {
            if queue.try_send(happened.instance).is_err() {
                recorder.tallies.traces(|traces| traces.dropped += 1);
            }
        }
    }
}

struct Sender {
    store: Arc<dyn Store>,
    recorder: Arc<Recorder>,
    client: reqwest::Client,
    url: Url,
    service: String,
    /// Whether the last request has failed: that is told once.
    has_failed: bool,
}

impl Sender {
    async fn run(mut self, mut queued: mpsc::Receiver<InstanceId>) {
        let mut ids = Vec::with_capacity(MAX_AT_ONCE);
        while queued.recv_many(&mut ids, MAX_AT_ONCE).await > 0 {
            let mut traces = Vec::with_capacity(ids.len());
            for id in ids.drain(..) {
                traces.extend(self.trace(id).await);
            }
            let count = u64::try_from(traces.len()).unwrap_or(u64::MAX);
            let body = form::request(&self.service, &traces).to_string();
            let sent = self.send(body).await;
            self.recorder.tallies.traces(|traces| match &sent {
                Ok(()) => traces.sent += count,
                Err(_) => traces.failed += count,
            });
            match sent {
                Ok(()) => self.has_failed = false,
                Err(error) if !std::mem::replace(&mut self.has_failed, true) => {
                    tracing::warn!(%error, "traces could not be sent; further ones are tried");
                }
                Err(_) => {}
            }
        }
    }

    /// Reads what an instance has done; returns the id of its trace, and its spans.
    async fn trace(&self, id: InstanceId) -> Option<(u128, Vec<Span>)> {
        let read = async {
            let row = self.store.instance(id).await?;
            let journal = self.store.journal(id).await?;
            Ok::<_, lockstep_store::StoreError>((row, journal))
        };
        let (row, journal) = match read.await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, instance = %id, "the trace of an instance cannot be made");
                return None;
            }
        };
        let row = row?.row.ok()?;
        let feed: &Feed = &self.recorder.feed;
        let spans = spans(&row, &journal, |entry| feed.activity(&row, entry));
        Some((trace_id(id, &journal), spans))
    }

    async fn send(&self, body: String) -> Result<(), String> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let request = self.client.post(self.url.clone());
            let request = request.header("content-type", "application/json").body(body.clone());
            let error = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                // It will not be taken the next time either.
                Ok(answer)
                    if answer.status().is_client_error() && answer.status().as_u16() != 429 =>
                {
                    return Err(format!("the collector answers {}", answer.status()));
                }
                Ok(answer) => format!("the collector answers {}", answer.status()),
                Err(error) => format!("the collector cannot be reached: {error}"),
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(pause).await;
        }
    }
}
