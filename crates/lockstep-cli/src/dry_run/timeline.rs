//! How a simulation went, for people as a timeline and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_core::{CallTarget, Failure, TextPart};
use lockstep_expr::{Value, json};
use lockstep_simulator::{Event, Happened, Report, Write};
use serde_json::{Value as Json, json};

use crate::failure_report::{self, value};

/// Longest text of a value that is shown to people, in characters.
const MAX_SHOWN: usize = 200;

/// The lines of a timeline.
#[derive(Default)]
struct Lines {
    text: String,
    /// What the column of times said last.
    told: String,
}

impl Lines {
    /// Adds a line; its time appears if it is not that of the line before.
    fn add(&mut self, at: Duration, indent: usize, line: &str) {
        let time = time(at);
        let column = if time == self.told { "" } else { &time };
        let line = line.replace(|c: char| c.is_control(), "\u{fffd}");
        writeln!(self.text, "{column:>9}  {:indent$}{line}", "")
            .expect("a string takes every write");
        self.told = time;
    }
}

/// Returns the timeline.
pub(super) fn human(report: &Report) -> String {
    let mut lines = Lines::default();
    let mut around = (None, None);
    for event in &report.events {
        let at = event.at.since(report.began);
        if (Some(event.instance), &event.activity) != (around.0, &around.1) {
            around = (Some(event.instance), event.activity.clone());
            let of = event.workflow.as_ref();
            let of = of.map_or_else(String::new, |name| format!(" of workflow {name}"));
            if let Some(name) = &event.activity {
                lines.add(at, 0, &format!("activity {name}{of}"));
            }
        }
        for (indent, line) in told(&event.what) {
            lines.add(at, indent + 2, &line);
        }
    }
    let end = match &report.ending {
        Ok(output) => format!("done: {}", shown(output)),
        Err(failure) if &*failure.code == "simulation.waits" => failure.message.clone(),
        Err(failure) => format!("fails with {}", failure.code),
    };
    lines.add(report.elapsed, 0, &end);
    lines.text
}

fn time(at: Duration) -> String {
    if at < Duration::from_secs(10) {
        format!("{} ms", at.as_millis())
    } else {
        format!("{:.1} s", at.as_secs_f64())
    }
}

fn shown(value: &Value) -> String {
    let text = json::to_json(value);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// Returns the lines that tell of an event, each with its indent.
fn told(what: &Happened) -> Vec<(usize, String)> {
    let line = match what {
        Happened::Skipped => "is left out".to_owned(),
        Happened::LockWaited { context, key } => {
            format!("lock    {} waits", lock(context.as_deref(), key))
        }
        Happened::LockGranted { context, key, token, waited } => {
            let waited =
                if waited.is_zero() { String::new() } else { format!(" after {}", time(*waited)) };
            format!("lock    {} granted{waited}, token {token}", lock(context.as_deref(), key))
        }
        Happened::LockLost { key } => format!("lock    {key} is lost"),
        Happened::LockReleased { key } => format!("lock    {key} is given back for the wait"),
        Happened::Read { key, version: Some(version) } => {
            format!("read    {key}, version {version}")
        }
        Happened::Read { key, version: None } => format!("read    {key}: there is none"),
        Happened::Queried { entity, count } => format!("read    {count} {entity} objects"),
        Happened::Called { target, attempt, answer, takes, assumed } => {
            return called(target, *attempt, (answer, *takes, *assumed));
        }
        Happened::CallEnded => "the call is given up".to_owned(),
        Happened::Committed(writes) => return committed(writes),
        Happened::Refused(why) => format!("commit  is refused: {why}"),
        Happened::Retried { error } => format!("retry   after {error}"),
        Happened::Caught { error } => format!("catch   {error}"),
        Happened::Logged(text) => format!("log     {text}"),
        Happened::Waits { signal, title, limit } => {
            waits(signal.as_deref(), title.as_deref(), *limit)
        }
        Happened::Signalled { name, payload, assumed } => {
            let made_up = if *assumed { " (made up)" } else { "" };
            format!("signal  {name} = {}{made_up}", shown(payload))
        }
        Happened::SignalDropped { name, error } => format!("signal  {name} is dropped: {error}"),
        Happened::ChildStarted { workflow, awaited: true } => format!("call    {workflow}"),
        Happened::ChildStarted { workflow, awaited: false } => format!("start   {workflow}"),
        Happened::ChildEnded { error: None } => "return  done".to_owned(),
        Happened::ChildEnded { error: Some(error) } => format!("return  fails with {error}"),
        Happened::EachBegan { items } => format!("items   {items}, for each of them"),
        Happened::ParallelBegan { branches } => format!("branch  {}", branches.join(", ")),
    };
    vec![(0, line)]
}

fn waits(signal: Option<&str>, title: Option<&str>, limit: Option<Duration>) -> String {
    let what = match (signal, title) {
        (Some(name), Some(title)) => format!(" for the form {name}: {title}"),
        (Some(name), None) => format!(" for {name}"),
        (None, _) => String::new(),
    };
    let limit = match (limit, signal) {
        (Some(limit), Some(_)) => format!(", at most {}", time(limit)),
        (Some(limit), None) => format!(" {}", time(limit)),
        (None, _) => String::new(),
    };
    format!("wait   {what}{limit}")
}

fn lock(context: Option<&str>, key: &str) -> String {
    match context {
        Some(context) => format!("{context} is {key}:"),
        None => format!("{key}:"),
    }
}

fn called(
    target: &CallTarget,
    attempt: u32,
    (answer, takes, assumed): (&Result<Value, Failure>, Duration, bool),
) -> Vec<(usize, String)> {
    let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
    let mut lines = Vec::new();
    match target {
        CallTarget::Http { method, url, headers, body } => {
            lines.push((0, format!("http    {method} {url}{again}")));
            for (name, parts) in headers {
                lines.push((8, format!("{name}: {}", text(parts))));
            }
            lines.extend(body.iter().map(|body| (8, shown(body))));
        }
        CallTarget::Exec { program, args, input, env } => {
            let words: Vec<&str> =
                std::iter::once(&**program).chain(args.iter().map(String::as_str)).collect();
            lines.push((0, format!("exec    {}{again}", words.join(" "))));
            for (name, parts) in env {
                lines.push((8, format!("{name}={}", text(parts))));
            }
            lines.extend(input.iter().map(|input| (8, shown(input))));
        }
        CallTarget::Task { kind, input } => {
            lines.push((0, format!("task    {kind}{again}")));
            lines.push((8, shown(input)));
        }
    }
    let said = match answer {
        Ok(value) => shown(value),
        Err(failure) => failure_report::line(failure),
    };
    let after = if takes.is_zero() { String::new() } else { format!(" after {}", time(takes)) };
    let made_up = if assumed { " (made up)" } else { "" };
    lines.push((6, format!("= {said}{after}{made_up}")));
    lines
}

/// Returns a text as its author wrote it: secrets stand as their names.
fn text(parts: &[TextPart]) -> String {
    parts.iter().map(ToString::to_string).collect()
}

fn texts(named: &[(String, Vec<TextPart>)]) -> Vec<(&str, String)> {
    named.iter().map(|(name, parts)| (name.as_str(), text(parts))).collect()
}

fn committed(writes: &[Write]) -> Vec<(usize, String)> {
    let mut lines = vec![(0, "commit".to_owned())];
    for Write { key, before, after, changed } in writes {
        let versions = match (before, after) {
            (None, Some(after)) => format!("{key} is created, version {after}"),
            (Some(before), Some(after)) => format!("{key}, version {before} -> {after}"),
            (_, None) => format!("{key} is deleted"),
        };
        lines.push((8, versions));
        for (name, before, after) in changed {
            let text = match (before, after) {
                (Some(before), Some(after)) => format!("{} -> {}", shown(before), shown(after)),
                (None, Some(after)) => shown(after),
                (_, None) => continue,
            };
            lines.push((10, format!("{name}: {text}")));
        }
    }
    lines
}

/// Returns the report for programs.
pub(super) fn json(report: &Report) -> Json {
    let events: Vec<Json> = report.events.iter().map(|event| event_json(report, event)).collect();
    let (status, output, error) = match &report.ending {
        Ok(output) => ("done", value(output), Json::Null),
        Err(failure) => ("failed", Json::Null, failure_report::json(failure)),
    };
    json!({
        "workflow": &*report.workflow,
        "status": status,
        "output": output,
        "error": error,
        "elapsed_us": micros(report.elapsed),
        "made_up_answers": report.assumed(),
        "events": events,
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn event_json(report: &Report, event: &Event) -> Json {
    let (name, mut told) = happened_json(&event.what);
    if let Json::Object(fields) = &mut told {
        let at = micros(event.at.since(report.began));
        fields.shift_insert(0, "event".to_owned(), name.into());
        fields.shift_insert(0, "activity".to_owned(), event.activity.as_deref().into());
        if let Some(workflow) = &event.workflow {
            fields.shift_insert(0, "workflow".to_owned(), (&**workflow).into());
            fields.shift_insert(0, "instance".to_owned(), event.instance.to_string().into());
        }
        fields.shift_insert(0, "at_us".to_owned(), at.into());
    }
    told
}

fn happened_json(what: &Happened) -> (&'static str, Json) {
    match what {
        Happened::Skipped => ("skipped", json!({})),
        Happened::LockWaited { context, key } => {
            ("lock_waited", json!({ "context": context, "key": key }))
        }
        Happened::LockGranted { context, key, token, waited } => {
            let waited = micros(*waited);
            let told =
                json!({ "context": context, "key": key, "token": token, "waited_us": waited });
            ("lock_granted", told)
        }
        Happened::LockLost { key } => ("lock_lost", json!({ "key": key })),
        Happened::LockReleased { key } => ("lock_released", json!({ "key": key })),
        Happened::Read { key, version } => {
            ("read", json!({ "entity": &*key.entity, "id": &*key.id, "version": version }))
        }
        Happened::Queried { entity, count } => {
            ("queried", json!({ "entity": &**entity, "count": count }))
        }
        Happened::Called { target, attempt, answer, takes, assumed } => {
            let (answer, error) = match answer {
                Ok(answer) => (value(answer), Json::Null),
                Err(failure) => (Json::Null, failure_report::json(failure)),
            };
            let told = json!({
                "call": target_json(target),
                "attempt": attempt,
                "answer": answer,
                "error": error,
                "takes_us": micros(*takes),
                "made_up": assumed,
            });
            ("called", told)
        }
        Happened::CallEnded => ("call_ended", json!({})),
        Happened::Committed(writes) => {
            let writes: Vec<Json> = writes.iter().map(write_json).collect();
            ("committed", json!({ "objects": writes }))
        }
        Happened::Refused(why) => ("refused", json!({ "why": why })),
        Happened::Retried { error } => ("retried", json!({ "error": error })),
        Happened::Caught { error } => ("caught", json!({ "error": error })),
        Happened::Logged(text) => ("logged", json!({ "text": text })),
        Happened::Waits { signal, title, limit } => {
            let limit = limit.map(micros);
            ("waits", json!({ "signal": signal, "title": title, "limit_us": limit }))
        }
        Happened::Signalled { name, payload, assumed } => {
            let payload = value(payload);
            ("signalled", json!({ "name": name, "payload": payload, "made_up": assumed }))
        }
        Happened::SignalDropped { name, error } => {
            ("signal_dropped", json!({ "name": name, "error": error }))
        }
        Happened::ChildStarted { workflow, awaited } => {
            ("child_started", json!({ "started": workflow, "awaited": awaited }))
        }
        Happened::ChildEnded { error } => ("child_ended", json!({ "error": error })),
        Happened::EachBegan { items } => ("each_began", json!({ "items": items })),
        Happened::ParallelBegan { branches } => ("parallel_began", json!({ "branches": branches })),
    }
}

fn target_json(target: &CallTarget) -> Json {
    match target {
        CallTarget::Http { method, url, headers, body } => json!({
            "method": &**method,
            "url": url,
            "headers": texts(headers),
            "body": body.as_ref().map(value),
        }),
        CallTarget::Exec { program, args, input, env } => json!({
            "program": &**program,
            "args": args,
            "input": input.as_ref().map(value),
            "env": texts(env),
        }),
        CallTarget::Task { kind, input } => json!({ "task": &**kind, "input": value(input) }),
    }
}

fn write_json(write: &Write) -> Json {
    let changed: Vec<Json> = write
        .changed
        .iter()
        .map(|(name, before, after)| {
            let (before, after) = (before.as_ref().map(value), after.as_ref().map(value));
            json!({ "attribute": &**name, "before": before, "after": after })
        })
        .collect();
    json!({
        "entity": &*write.key.entity,
        "id": &*write.key.id,
        "before": write.before,
        "after": write.after,
        "changed": changed,
    })
}

#[cfg(test)]
mod tests;
