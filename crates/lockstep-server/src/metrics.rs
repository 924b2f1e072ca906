//! Metrics: what alarms and dashboards are made of, as Prometheus reads it.
//!
//! Invariants:
//!
//! * The number of series is bounded: no label is an id, a lock key or a path that was asked for,
//!   and of workflows and error codes at most 100 are told apart.
//! * What is told was counted where it happened; nothing is computed for it in between.
//!
//! Absent by design: lock keys, which may name people; the overview tells the hottest.

mod exposition;
mod process;
pub(crate) mod requests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use lockstep_runner::{Load, Results, Tally};
use utoipa_axum::routes;

use crate::App;
use crate::access::{Role, Route};
use crate::problem::Problem;
use exposition::{CONTENT_TYPE, Exposition, Kind};
use process::Process;
use requests::Requests;

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Viewer, routes!(show))]
}

/// Tells what Prometheus reads.
#[utoipa::path(
    get,
    operation_id = "show_metrics",
    path = "/metrics",
    tag = "daemon",
    responses((
        status = 200,
        description = "Metrics in the text format of Prometheus",
        body = String,
        content_type = "text/plain"
    ))
)]
async fn show(State(app): State<App>) -> Result<Response, Problem> {
    let monitor = &app.monitor;
    let load = monitor.load().await?;
    let mut text = Exposition::default();
    of_daemon(&mut text, &app);
    let tally = app.runner.tally();
    of_instances(&mut text, &tally, &load);
    of_locks(&mut text, &tally, &load);
    of_commits(&mut text, &tally, &load);
    of_calls(&mut text, &tally, &load);
    of_listeners(&mut text, &app, &tally);
    of_requests(&mut text, &monitor.requests);
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], text.finish()).into_response())
}

fn of_daemon(text: &mut Exposition, app: &App) {
    text.family("lockstep_build_info", Kind::Gauge, "The version that runs; always 1.");
    text.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    let started = app.monitor.up_since.0.cast_unsigned();
    let started = std::time::Duration::from_micros(started).as_secs_f64();
    let help = "When the process was started, in seconds since 1970.";
    text.one("process_start_time_seconds", Kind::Gauge, help, started);
    let process = Process::read();
    if let Some(bytes) = process.resident {
        let help = "Memory that the process has.";
        text.one("process_resident_memory_bytes", Kind::Gauge, help, bytes);
    }
    if let Some(bytes) = process.virtual_memory {
        let help = "Addresses that the process has.";
        text.one("process_virtual_memory_bytes", Kind::Gauge, help, bytes);
    }
    if let Some(hundredths) = process.computed {
        let seconds = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let help = "Time that the process has computed.";
        text.one("process_cpu_seconds_total", Kind::Counter, help, seconds);
    }
    if let Some(count) = process.open_files {
        text.one("process_open_fds", Kind::Gauge, "Files and connections that are open.", count);
    }
}

fn of_instances(text: &mut Exposition, tally: &Tally, load: &Load) {
    let help = "Instances that began, by workflow.";
    text.family("lockstep_instances_started_total", Kind::Counter, help);
    for (workflow, of) in &tally.workflows {
        text.sample(&[("workflow", workflow)], of.started);
    }
    let help = "Instances that ended, by workflow and result.";
    text.family("lockstep_instances_ended_total", Kind::Counter, help);
    for (workflow, of) in &tally.workflows {
        text.sample(&[("workflow", workflow), ("result", "done")], of.done);
        text.sample(&[("workflow", workflow), ("result", "failed")], of.failed);
    }
    let help = "Instances that failed, by the code of the error.";
    text.family("lockstep_instance_errors_total", Kind::Counter, help);
    for (code, count) in &tally.errors {
        text.sample(&[("code", code)], count);
    }
    let help = "How long it was from the beginning of an instance to its end.";
    text.family("lockstep_instance_duration_seconds", Kind::Histogram, help);
    for (workflow, of) in &tally.workflows {
        text.durations(&[("workflow", workflow)], &of.took);
    }
    let help = "Instances that have not ended.";
    text.one("lockstep_instances_unfinished", Kind::Gauge, help, load.engine.unfinished);
}

fn of_locks(text: &mut Exposition, tally: &Tally, load: &Load) {
    let locks = &load.engine.locks;
    let help = "How long instances and clients waited for locks that they were granted.";
    text.family("lockstep_lock_wait_seconds", Kind::Histogram, help);
    text.durations(&[], &tally.lock_waits);
    let help = "How long locks were held that are held no more.";
    text.family("lockstep_lock_hold_seconds", Kind::Histogram, help);
    text.durations(&[], &locks.held_for);
    let help = "Instances and clients that wait for a lock.";
    text.one("lockstep_lock_waiters", Kind::Gauge, help, locks.waiters);
    let help = "Instances and clients that hold a lock.";
    text.one("lockstep_lock_holders", Kind::Gauge, help, locks.holders);
    let help = "Lock keys that are held or wanted.";
    text.one("lockstep_lock_keys", Kind::Gauge, help, locks.keys);
    let help = "How many wait for the lock key for which most wait.";
    let longest = locks.hottest.first().map_or(0, |hottest| hottest.waiters);
    text.one("lockstep_lock_longest_queue", Kind::Gauge, help, longest);
    let help = "Locks that were taken away from their holders, by cause.";
    text.family("lockstep_locks_lost_total", Kind::Counter, help);
    let by_timeout = tally.locks_lost.saturating_sub(tally.locks_broken);
    text.sample(&[("cause", "timeout")], by_timeout);
    text.sample(&[("cause", "broken")], tally.locks_broken);
}

fn of_commits(text: &mut Exposition, tally: &Tally, load: &Load) {
    let help = "Commits that found an object changed by another.";
    text.one("lockstep_conflicts_total", Kind::Counter, help, load.engine.conflicts);
    let help = "Activities, or units of work, that began again behind an error.";
    text.one("lockstep_retries_total", Kind::Counter, help, tally.retries);
    let help = "Transitions that the store refused.";
    text.one("lockstep_commits_refused_total", Kind::Counter, help, tally.refused);
    let help = "Transitions that wait for the store.";
    text.one("lockstep_commit_backlog", Kind::Gauge, help, load.engine.backlog);
    let help = "Transitions that were written at once.";
    text.family("lockstep_commit_transitions", Kind::Histogram, help);
    text.sizes(&[], &tally.batch_sizes);
    let help = "How long the store took for what was written at once.";
    text.family("lockstep_commit_duration_seconds", Kind::Histogram, help);
    text.durations(&[], &tally.commits);
    let help = "How much of that was the flush to the disk.";
    text.family("lockstep_flush_duration_seconds", Kind::Histogram, help);
    text.durations(&[], &tally.flushes);
}

fn of_calls(text: &mut Exposition, tally: &Tally, load: &Load) {
    let kinds: [(&str, &Results); 3] =
        [("http", &tally.calls.http), ("exec", &tally.calls.exec), ("task", &tally.calls.task)];
    let help = "Outside calls that came back, by kind and result.";
    text.family("lockstep_calls_total", Kind::Counter, help);
    for (kind, of) in kinds {
        let Results { done, failed, timeout, refused, .. } = *of;
        let results =
            [("done", done), ("failed", failed), ("timeout", timeout), ("refused", refused)];
        for (result, count) in results {
            text.sample(&[("kind", kind), ("result", result)], count);
        }
    }
    let help = "How long outside calls took, with their wait for a place among those at once.";
    text.family("lockstep_call_duration_seconds", Kind::Histogram, help);
    for (kind, of) in kinds {
        text.durations(&[("kind", kind)], &of.took);
    }
    let help = "Outside calls that are under way.";
    text.one("lockstep_calls_in_progress", Kind::Gauge, help, load.calls);
}

fn of_listeners(text: &mut Exposition, app: &App, tally: &Tally) {
    let help = "Connections that are open.";
    text.one("lockstep_http_connections", Kind::Gauge, help, app.monitor.connections());
    let help = "Who listens to events.";
    text.one("lockstep_event_listeners", Kind::Gauge, help, app.runner.feed().listeners());
    let help = "Traces of instances that have ended, by what became of them.";
    text.family("lockstep_traces_total", Kind::Counter, help);
    text.sample(&[("result", "sent")], tally.traces.sent);
    text.sample(&[("result", "failed")], tally.traces.failed);
    text.sample(&[("result", "dropped")], tally.traces.dropped);
}

fn of_requests(text: &mut Exposition, requests: &Arc<Requests>) {
    let help = "How long requests took to the head of their answer, by route.";
    text.family("lockstep_http_request_duration_seconds", Kind::Histogram, help);
    for ((route, method, status), took) in requests.read() {
        text.durations(&[("route", &route), ("method", method), ("status", status)], &took);
    }
}
