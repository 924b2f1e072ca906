//! How an instance failed, for people.

use std::fmt::Write as _;

use super::shown::text;
use crate::failure::Failure;

/// What to do about the engine's own errors; authors explain theirs in their messages.
const HELP: &[(&str, &str)] = &[
    (
        "lock.waiting_timeout",
        "the holder took longer than this activity's `waiting_timeout`; wait longer, or do less \
         under the lock",
    ),
    ("lock.lost", "raise `hold_timeout`, or move what takes long out of the activity"),
    ("lock.busy", "`on_busy: wait` waits for the lock instead"),
    ("lock.deadlock", "take the locks in the same order everywhere"),
    (
        "lock.context",
        "the context must come to a text, a number, a bool or a ref that is not empty",
    ),
    (
        "data.conflict",
        "load the object again and decide anew; an `exclusive_lock` keeps others out meanwhile, and \
         `on_conflict` says what is to happen without one",
    ),
    (
        "data.not_found",
        "create the object first (`--seed FILE` does), or write `optional: true` on the load",
    ),
    ("activity.timeout", "raise the activity's `timeout`, or do less in it"),
    ("http.timeout", "raise the step's `timeout`, or let `retry` try again"),
    ("exec.timeout", "raise the step's `timeout`"),
    ("expr.", "`lockstep eval` tries expressions"),
];

/// Returns what to do about an error, if that is known.
fn help(code: &str) -> Option<&'static str> {
    HELP.iter()
        .find(|(known, _)| code == *known || (known.ends_with('.') && code.starts_with(known)))
        .map(|(_, help)| *help)
}

/// Returns an error as people read it: several lines.
pub fn human(failure: &Failure) -> String {
    let mut out = format!("error: {}: {}\n", failure.code, text(&failure.message));
    if let Some(place) = place(failure) {
        writeln!(out, "  --> {place}").expect("a string takes every write");
    }
    if failure.details.text() != "null" {
        let details = text(failure.details.text());
        writeln!(out, "details: {details}").expect("a string takes every write");
    }
    if let Some(help) = help(&failure.code) {
        writeln!(out, "help: {help}").expect("a string takes every write");
    }
    out
}

/// Returns an error in one line.
pub fn line(failure: &Failure) -> String {
    let place = place(failure).map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{}: {}{place}", failure.code, text(&failure.message))
}

fn place(failure: &Failure) -> Option<String> {
    let activity =
        (!failure.activity.is_empty()).then(|| format!("activity `{}`", text(&failure.activity)));
    let file = match (&failure.file, failure.line, failure.column) {
        (Some(file), Some(line), Some(column)) => Some(format!("{}:{line}:{column}", text(file))),
        (_, _, _) => None,
    };
    match (file, activity) {
        (Some(file), Some(activity)) => Some(format!("{file}, {activity}")),
        (file, activity) => file.or(activity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_expression_error_has_advice() {
        assert!(help("expr.type").is_some());
        assert!(help("expr").is_none());
    }
}
