//! Instances as people read them.

use std::fmt::Write as _;

use lockstep_api::words::failure;
use lockstep_api::words::moment::{length, plain};
use lockstep_api::words::shown::{line, quoted, shortened, text};
use lockstep_api::{Instance, Plain, State};
use lockstep_core::Time;

use crate::arguments::Format;
use crate::columns::aligned;
use crate::command_error::CommandError;
use crate::console;

/// Longest error in a list, in characters.
const MAX_SHOWN: usize = 60;

/// Writes an instance.
pub(super) fn print(it: &Instance, format: Format) -> Result<(), CommandError> {
    console::print(&match format {
        Format::Human => human(it),
        Format::Json => console::json_line(it),
    })
}

/// Returns an instance in lines.
fn human(it: &Instance) -> String {
    let mut out = format!(
        "instance {} of workflow {}: {}\n",
        line(&it.id),
        quoted(&it.workflow),
        state(it.state)
    );
    let mut add = |text: String| writeln!(out, "{text}").expect("a string takes every write");
    add(format!("started {} by {}", plain(it.started_at.0), quoted(&it.started_by)));
    if let Some(at) = it.ended_at {
        add(format!("ended {}, after {}", plain(at.0), took(it, at.0)));
    }
    if let Some(failed) = &it.retry_of {
        add(format!("retry of {}", line(failed)));
    }
    add(format!("input {}", pretty(&it.input)));
    if let Some(output) = &it.output {
        add(format!("output {}", pretty(output)));
    }
    if let Some(error) = &it.error {
        out.push_str(&failure::human(error));
    }
    out
}

/// Returns instances as a table.
pub(super) fn table(instances: &[Instance]) -> String {
    if instances.is_empty() {
        return "There is no such instance.\n".to_owned();
    }
    let heads = ["INSTANCE", "WORKFLOW", "STATE", "STARTED", "TOOK", "BY", "ERROR"];
    let rows = instances.iter().map(|it| {
        let error = it.error.as_ref().map_or_else(String::new, failure::line);
        let took = it.ended_at.map_or_else(String::new, |at| took(it, at.0));
        [
            line(&it.id),
            line(&it.workflow),
            state(it.state).to_owned(),
            plain(it.started_at.0),
            took,
            line(&it.started_by),
            shortened(&line(&error), MAX_SHOWN),
        ]
    });
    let rows = std::iter::once(heads.map(str::to_owned)).chain(rows);
    aligned(&rows.map(|row| (row, String::new())).collect::<Vec<_>>())
}

/// Returns JSON as people read it.
pub(super) fn pretty(json: &Plain) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(json.text()).ok();
    text(&read.map_or_else(|| json.text().to_owned(), |json| format!("{json:#}")))
}

fn took(it: &Instance, ended: Time) -> String {
    length(ended.since(it.started_at.0))
}

fn state(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Done => "done",
        State::Failed => "failed",
    }
}
