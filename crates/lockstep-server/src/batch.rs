//! Starts by the thousand: lines of JSON in, lines of JSON out, in the same order.
//!
//! ```text
//! {"input": {"n": 1}}                 -> {"status": 200, "id": "...", "state": "done", "output": 1}
//! {"input": {"n": 2}, "key": "two"}   -> {"status": 422, "code": "timeslot.full", ...}
//! ```
//!
//! One future reads lines and hands starts to the engine; another one waits for what has become of
//! the first of them, writes that, and goes on with the next. Both are driven by whoever takes the
//! answer: if nobody does, nothing is read.
//!
//! Invariants:
//!
//! * Each line that is not blank has one line as its answer, in its place.
//! * At most [`IN_HAND`] starts of a batch, of [`BYTES_IN_HAND`] together, are on their way.
//! * Nobody alone takes the places of all batches.
//! * A line is answered when what it tells is durable.
//!
//! Absent by design: all or nothing. Each line is a start of its own.

mod answers;
mod lines;

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lockstep_core::InstanceId;
use lockstep_expr::{Map, Value, json};
use lockstep_runner::{Begun, BegunOnce, Once, Runner, StartError, Started};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc};
use tokio::time::Instant;
use utoipa_axum::routes;

use crate::App;
use crate::access::{Caller, Role, Route};
use crate::extract::{Path, Query};
use crate::instances::key_of;
use crate::problem::Problem;
use crate::share::{Shares, Taken};
use crate::wait::{Wait, Waits};
use answers::Answers;
use lines::{Line, Lines, MAX_LINE};

/// Starts of a batch that are on their way.
const IN_HAND: usize = 1024;

/// Bytes of their lines.
const BYTES_IN_HAND: usize = 16 << 20;

/// Batches at once, and of one caller; a further one is refused.
const MAX_BATCHES: usize = 64;
const MAX_BATCHES_OF_ONE: usize = 16;

/// Bytes of answers that are sent together.
const CHUNK: usize = 16 << 10;

/// Chunks that wait to be sent.
const CHUNKS: usize = 4;

static BATCHES: Semaphore = Semaphore::const_new(MAX_BATCHES);
static SHARES: LazyLock<Shares<Arc<str>>> = LazyLock::new(Shares::default);

/// The route of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Starter, routes!(start_all))]
}

/// Starts an instance for each line.
///
/// Each line of the body is a JSON object with `input` and perhaps a `key`, under which the line can
/// be sent again. The answers come in the same order, while further lines are still being read: read
/// them while you send. Each has the `status` that the same start would have had by itself.
#[utoipa::path(
    post,
    operation_id = "start_instances",
    path = "/v1/workflows/{workflow}/instances:batch",
    tag = "instances",
    params(("workflow" = String, Path, description = "Name of the workflow"), Wait),
    request_body(
        content = lockstep_api::BatchLine,
        content_type = "application/x-ndjson",
        description = "Lines of JSON; blank ones are left out"
    ),
    responses((
        status = 200,
        description = "Lines of JSON: an answer for each, or a problem",
        body = lockstep_api::BatchAnswer,
        content_type = "application/x-ndjson"
    ))
)]
async fn start_all(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(workflow): Path<String>,
    Query(wait): Query<Wait>,
    request: Request,
) -> Result<Response, Problem> {
    let time = wait.time()?;
    let Some(share) = SHARES.take(Arc::clone(&caller.name), MAX_BATCHES_OF_ONE) else {
        let name = &caller.name;
        let told = format!("{MAX_BATCHES_OF_ONE} batches of {name} are being served; come again");
        return Err(Problem::new(429, "batch.share", told));
    };
    let Ok(place) = BATCHES.try_acquire() else {
        let told = format!("{MAX_BATCHES} batches are being served; come again");
        return Err(Problem::new(429, "batch.limit", told));
    };
    let patience = Patience { waits: app.waits, time };
    let (begun, waiting) = mpsc::channel(IN_HAND);
    let (chunks, told) = mpsc::channel(CHUNKS);
    let starter = Starter { runner: app.runner, workflow: workflow.into(), by: caller.name };
    let reading = starter.read(Lines::new(request.into_body()), begun);
    let work = async move {
        // The batch has its place until it is over.
        let _place: (SemaphorePermit<'static>, Taken<Arc<str>>) = (place, share);
        tokio::join!(reading, tell(waiting, patience, chunks));
    };
    let kind = HeaderValue::from_static("application/x-ndjson");
    let body = Body::new(Answers::new(told, work));
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind)], body).into_response())
}

/// What has become of a line, or will have.
enum Waiting {
    Told(Problem),
    Begun(Begun, Instant, OwnedSemaphorePermit),
    Once(BegunOnce, Instant, OwnedSemaphorePermit),
}

/// What starts the lines of a batch.
struct Starter {
    runner: Arc<Runner>,
    workflow: Arc<str>,
    by: Arc<str>,
}

impl Starter {
    /// Reads lines and hands them to the engine, until there are no more or nobody takes answers.
    async fn read(self, mut lines: Lines, begun: mpsc::Sender<Waiting>) {
        let bytes = Arc::new(Semaphore::new(BYTES_IN_HAND));
        loop {
            let Ok(place) = begun.reserve().await else { return };
            let (waiting, is_last) = match lines.next().await {
                Line::Text(line) => {
                    let size = u32::try_from(line.len()).unwrap_or(u32::MAX);
                    let Ok(room) = Arc::clone(&bytes).acquire_many_owned(size).await else {
                        return;
                    };
                    (self.begin(&line, room).await.unwrap_or_else(Waiting::Told), false)
                }
                Line::TooLong => {
                    let told = format!("a line is longer than {MAX_LINE} bytes");
                    (Waiting::Told(Problem::new(413, "request.too_large", told)), false)
                }
                Line::TooSlow => {
                    let told = "the next line did not come within 30 s";
                    (Waiting::Told(Problem::new(408, "request.slow", told)), true)
                }
                Line::End => return,
            };
            place.send(waiting);
            if is_last {
                return;
            }
        }
    }

    async fn begin(&self, line: &Bytes, room: OwnedSemaphorePermit) -> Result<Waiting, Problem> {
        let (input, key) = parts(line)?;
        let (workflow, by) = (Arc::clone(&self.workflow), Arc::clone(&self.by));
        let now = Instant::now();
        Ok(match key {
            None => Waiting::Begun(self.runner.begin(workflow, input, by).await?, now, room),
            Some(key) => {
                let key = key_of(&by, &key, &workflow, &input)?;
                Waiting::Once(self.runner.begin_once(key, workflow, input, by), now, room)
            }
        })
    }
}

/// Reads a line: the input, and the key if there is one.
fn parts(line: &[u8]) -> Result<(Value, Option<Arc<str>>), Problem> {
    let form = || {
        let told = "a line is a JSON object such as `{\"input\": {...}, \"key\": \"order-7\"}`";
        Problem::invalid(told)
    };
    let text = std::str::from_utf8(line).map_err(|_| Problem::invalid("a line is not UTF-8"))?;
    let line = json::from_json(text)
        .map_err(|error| Problem::invalid(format!("a line cannot be read: {error}")))?;
    let Value::Map(line) = line else { return Err(form()) };
    let key = match line.get("key") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(Arc::from(&**key)),
        Some(_) => return Err(form()),
    };
    let input = match line.get("input") {
        None => Value::Map(Arc::new(Map::new())),
        Some(input @ Value::Map(_)) => input.clone(),
        Some(_) => return Err(form()),
    };
    let known = ["input", "key"].iter().filter(|name| line.get(name).is_some()).count();
    if known == line.len() { Ok((input, key)) } else { Err(form()) }
}

/// Writes what becomes of one line after another, until there are no more or nobody takes it.
async fn tell(
    mut waiting: mpsc::Receiver<Waiting>,
    patience: Patience,
    chunks: mpsc::Sender<Bytes>,
) {
    let mut text = String::with_capacity(2 * CHUNK);
    loop {
        let next = match waiting.try_recv() {
            Ok(next) => next,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                // Who waits for more has what there is.
                if flush(&mut text, &chunks).await.is_err() {
                    return;
                }
                match waiting.recv().await {
                    Some(next) => next,
                    None => break,
                }
            }
        };
        let mut line = pin!(line(next, &patience));
        let ready = tokio::select! {
            biased;
            line = &mut line => Some(line),
            () = std::future::ready(()) => None,
        };
        let line = match ready {
            Some(line) => line,
            None if flush(&mut text, &chunks).await.is_err() => return,
            None => line.await,
        };
        line.write(&mut text);
        if text.len() >= CHUNK && flush(&mut text, &chunks).await.is_err() {
            return;
        }
    }
    drop(flush(&mut text, &chunks).await);
}

/// Sends what is written; an error if nobody takes it any more.
async fn flush(
    text: &mut String,
    chunks: &mpsc::Sender<Bytes>,
) -> Result<(), mpsc::error::SendError<Bytes>> {
    if text.is_empty() {
        return Ok(());
    }
    let full = std::mem::replace(text, String::with_capacity(2 * CHUNK));
    chunks.send(full.into()).await
}

/// The answer to a line.
enum Told {
    Done { id: InstanceId, output: Value, is_known: bool },
    Running { id: InstanceId, is_known: bool },
    Problem(Problem),
}

/// Waits for what becomes of a line.
async fn line(waiting: Waiting, patience: &Patience) -> Told {
    let told = match waiting {
        Waiting::Told(problem) => return Told::Problem(problem),
        Waiting::Begun(begun, since, _room) => match begun.durably().await {
            Ok(started) => patience.ended(started, false, since).await,
            Err(error) => Err(error),
        },
        Waiting::Once(begun, since, _room) => match begun.durably().await {
            Ok(Once::New(started)) => patience.ended(started, false, since).await,
            Ok(Once::Known(started)) => patience.ended(started, true, since).await,
            Err(error) => Err(error),
        },
    };
    told.unwrap_or_else(|error| Told::Problem(error.into()))
}

/// How long is waited for the end of each instance.
struct Patience {
    waits: Waits,
    time: Duration,
}

impl Patience {
    async fn ended(
        &self,
        started: Started,
        is_known: bool,
        since: Instant,
    ) -> Result<Told, StartError> {
        let id = started.id;
        Ok(match self.waits.until(since + self.time, started.ending()).await {
            Some(ending) => match ending? {
                Ok(output) => Told::Done { id, output, is_known },
                Err(failure) => Told::Problem(Problem::ended(id, &failure)),
            },
            None => Told::Running { id, is_known },
        })
    }
}

impl Told {
    /// Appends the answer as a line.
    fn write(self, to: &mut String) {
        let known = |is_known: bool| if is_known { ",\"replayed\":true" } else { "" };
        let written = match self {
            Self::Done { id, output, is_known } => {
                let (output, known) = (json::to_json(&output), known(is_known));
                format!(
                    "{{\"status\":200,\"id\":\"{id}\",\"state\":\"done\",\"output\":{output}{known}}}\n"
                )
            }
            Self::Running { id, is_known } => {
                let known = known(is_known);
                format!("{{\"status\":202,\"id\":\"{id}\",\"state\":\"running\"{known}}}\n")
            }
            Self::Problem(problem) => problem.text() + "\n",
        };
        to.push_str(&written);
    }
}

#[cfg(test)]
mod tests;
