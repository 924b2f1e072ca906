//! Events: what has become durable, as server-sent events, while it happens.
//!
//! Invariants:
//!
//! * Whoever has got the head of the answer misses nothing from then on, or is told `resync`.
//! * An id stands at the last event of a transition, so that who comes again with it is told the
//!   whole of every transition behind it, and none twice.
//! * Nobody alone takes the places of all who want to listen.
//! * Memory does not grow with slow listeners: what is written for one at a time is bounded by
//!   [`MAX_AT_ONCE`].
//!
//! Absent by design: a promise that every event arrives. The state is in the store; the events tell
//! when to look.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use lockstep_api::Event;
use lockstep_core::{Happening, InstanceId, Time, TransitionNumber};
use lockstep_runner::{Happened, Heard, Listener, MAX_LISTENERS, News};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::App;
use crate::access::{Caller, Role, Route};
use crate::extract::Query;
use crate::problem::Problem;
use crate::share::{Shares, Taken};

/// Most who listen under one name.
const MAX_LISTENERS_OF_ONE: usize = 64;

static SHARES: LazyLock<Shares<Arc<str>>> = LazyLock::new(Shares::default);

/// Longest silence: then a comment is sent, so that a connection that is dead is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events that are written at once.
const MAX_AT_ONCE: usize = 500;

/// How long a client waits before it comes again, in milliseconds.
const RETRY: u32 = 2000;

const LAST_EVENT_ID: &str = "last-event-id";

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Viewer, routes!(listen))]
}

/// Which events are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those of this instance, or client's lock.
    instance: Option<String>,
    /// Only those of instances of this workflow.
    workflow: Option<String>,
    /// Only those of these kinds, by the names that they have in the journal, with commas between
    /// them: `started,finished,failed`.
    kinds: Option<String>,
}

/// Tells what happens, while it happens.
///
/// Each event is an entry of a journal that has become durable. Listen first, then read the state,
/// then go by the events; on the event `resync` read the state again.
#[utoipa::path(
    get,
    operation_id = "listen_to_events",
    path = "/v1/events",
    tag = "events",
    params(
        Wanted,
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event"),
    ),
    responses((
        status = 200,
        description = "Events without end",
        body = Event,
        content_type = "text/event-stream"
    ))
)]
async fn listen(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = Filter::new(wanted)?;
    let share = SHARES.take(Arc::clone(&caller.name), MAX_LISTENERS_OF_ONE).ok_or_else(|| {
        let name = &caller.name;
        let told = format!("{MAX_LISTENERS_OF_ONE} listen already under the name {name}");
        Problem::new(429, "events.share", told)
    })?;
    let listener = app.runner.feed().listen(after(&headers)).ok_or_else(|| {
        let told = format!("{MAX_LISTENERS} listen already, or the daemon ends: come again later");
        Problem::new(503, "events.limit", told)
    })?;
    let silent_until = Instant::now();
    let stream = Stream { listener, filter, rest: None, silent_until, begun: false, _share: share };
    let body = futures_util::stream::unfold(stream, async |mut stream| {
        let text = stream.next().await?;
        Some((Ok::<Bytes, Infallible>(text.into()), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Some proxies keep an answer back until it is whole.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// Returns behind which transition a client wants to go on; what cannot be read is a lost place.
fn after(headers: &HeaderMap) -> Option<TransitionNumber> {
    let id = headers.get(LAST_EVENT_ID)?.to_str().unwrap_or_default();
    if id.is_empty() { None } else { Some(id.parse().unwrap_or(TransitionNumber::MIN)) }
}

/// Which events a client wants.
#[derive(Debug, Default)]
struct Filter {
    instance: Option<InstanceId>,
    workflow: Option<String>,
    kinds: Option<BTreeSet<String>>,
}

impl Filter {
    fn new(wanted: Wanted) -> Result<Self, Problem> {
        let instance = wanted.instance.map(|id| Uuid::parse_str(&id)).transpose();
        let instance = instance.map_err(|_| Problem::unusable("`instance` is a UUID"))?;
        let kinds: Option<BTreeSet<String>> =
            wanted.kinds.map(|kinds| kinds.split(',').map(|kind| kind.trim().into()).collect());
        let is_unknown = |kind: &&String| !Happening::NAMES.contains(&kind.as_str());
        if let Some(unknown) = kinds.iter().flatten().find(is_unknown) {
            let all = Happening::NAMES.join(", ");
            return Err(Problem::unusable(format!("there is no kind {unknown:?} of event: {all}")));
        }
        Ok(Self { instance: instance.map(InstanceId), workflow: wanted.workflow, kinds })
    }

    fn wants(&self, happened: &Happened) -> bool {
        self.instance.is_none_or(|instance| instance == happened.instance)
            && self.workflow.as_ref().is_none_or(|workflow| {
                happened.workflow.as_ref().is_some_and(|of| **of == **workflow)
            })
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(happened.entry.event.name()))
    }
}

/// What a client is told, part by part.
struct Stream {
    listener: Listener,
    filter: Filter,
    /// What was heard and is not told yet, and how many of the wanted events of it are told.
    rest: Option<(Heard, usize)>,
    silent_until: Instant,
    begun: bool,
    _share: Taken<Arc<str>>,
}

impl Stream {
    /// Returns the next part; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let text = self.part().await?;
        self.silent_until = Instant::now() + KEEP_ALIVE;
        Some(text)
    }

    async fn part(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(format!("retry: {RETRY}\n: listening\n\n"));
        }
        loop {
            if let Some(text) = self.told() {
                return Some(text);
            }
            match tokio::time::timeout_at(self.silent_until, self.listener.next()).await {
                Err(_) => return Some(": nothing new\n\n".to_owned()),
                Ok(None) => return None,
                Ok(Some(News::Lost)) => return Some("event: resync\ndata: {}\n\n".to_owned()),
                Ok(Some(News::Happened(heard))) => self.rest = Some((heard, 0)),
            }
        }
    }

    /// Returns what was heard and is wanted, as far as is told at once.
    fn told(&mut self) -> Option<String> {
        let (heard, before) = self.rest.take()?;
        let wanted = heard.iter().filter(|happened| self.filter.wants(happened));
        let mut wanted = wanted.skip(before).peekable();
        let mut text = String::new();
        for _ in 0..MAX_AT_ONCE {
            let Some(happened) = wanted.next() else { break };
            let is_last = wanted.peek().is_none_or(|next| next.number != happened.number);
            write(&mut text, happened, is_last);
        }
        let goes_on = wanted.peek().is_some();
        drop(wanted);
        if goes_on {
            self.rest = Some((heard, before + MAX_AT_ONCE));
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Writes an event; with its id, if it is the last one of its transition.
fn write(text: &mut String, happened: &Happened, is_last: bool) {
    let named = |name: &Arc<str>| name.to_string();
    let event = Event {
        instance: happened.instance.to_string(),
        workflow: happened.workflow.as_ref().map(named),
        activity: happened.activity.as_ref().map(named),
        at: Time(happened.entry.at).into(),
        what: happened.entry.event.clone(),
    };
    // JSON on one line has no line breaks, so that it is one field.
    let data = serde_json::to_string(&event).unwrap_or_default();
    if is_last {
        writeln!(text, "id: {}", happened.number).expect("a string takes every write");
    }
    let name = happened.entry.event.name();
    write!(text, "event: {name}\ndata: {data}\n\n").expect("a string takes every write");
}
