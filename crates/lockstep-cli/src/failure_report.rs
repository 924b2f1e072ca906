//! How an instance failed, for people and for programs.

use std::fmt::Write as _;

use lockstep_core::Failure;
use lockstep_expr::{Value, json};
use serde_json::{Value as Json, json};

use crate::shown::text;

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
pub(crate) fn human(failure: &Failure) -> String {
    let mut out = format!("error: {}: {}\n", failure.code, text(&failure.message));
    if let Some(place) = place(failure) {
        writeln!(out, "  --> {place}").expect("a string takes every write");
    }
    if !matches!(failure.details, Value::Null) {
        writeln!(out, "details: {}", json::to_json(&failure.details))
            .expect("a string takes every write");
    }
    if let Some(help) = help(&failure.code) {
        writeln!(out, "help: {help}").expect("a string takes every write");
    }
    out
}

/// Returns an error in one line.
pub(crate) fn line(failure: &Failure) -> String {
    let place = place(failure).map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{}: {}{place}", failure.code, text(&failure.message))
}

fn place(failure: &Failure) -> Option<String> {
    let activity =
        (!failure.activity.is_empty()).then(|| format!("activity `{}`", text(&failure.activity)));
    let file = failure.place.as_ref().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
    match (file, activity) {
        (Some(file), Some(activity)) => Some(format!("{file}, {activity}")),
        (file, activity) => file.or(activity),
    }
}

/// Returns an error for programs.
pub(crate) fn json(failure: &Failure) -> Json {
    let place = failure.place.as_ref();
    json!({
        "code": &*failure.code,
        "message": failure.message,
        "details": value(&failure.details),
        "activity": (!failure.activity.is_empty()).then_some(&*failure.activity),
        "file": place.map(|place| &*place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
    })
}

/// Returns a value as JSON; null if it is nested too deeply to be written.
pub(crate) fn value(value: &Value) -> Json {
    serde_json::from_str(&json::to_json(value)).unwrap_or_default()
}

/// Returns JSON as people read it.
pub(crate) fn pretty(json: &Json) -> String {
    format!("{json:#}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use lockstep_definition::Place;

    use super::*;

    #[test]
    fn failure_tells_its_place_and_what_to_do() {
        let mut failure = Failure::new("lock.lost", "the lock \u{1b}[31m was lost");
        failure.activity = "book".into();
        failure.place = Some(Place { file: "a.yaml".into(), line: 3, column: 5 });
        expect![[r#"
            error: lock.lost: the lock �[31m was lost
              --> a.yaml:3:5, activity `book`
            help: raise `hold_timeout`, or move what takes long out of the activity
        "#]]
        .assert_eq(&human(&failure));
        expect!["lock.lost: the lock �[31m was lost (a.yaml:3:5, activity `book`)"]
            .assert_eq(&line(&failure));
        expect![[r#"{"code":"lock.lost","message":"the lock \u001b[31m was lost","details":null,"activity":"book","file":"a.yaml","line":3,"column":5}"#]].assert_eq(&json(&failure).to_string());
    }

    #[test]
    fn error_of_an_author_is_told_without_advice() {
        assert_eq!(human(&Failure::new("slot.full", "none left")), "error: slot.full: none left\n");
    }

    #[test]
    fn every_kind_of_expression_error_has_advice() {
        assert!(help("expr.type").is_some());
        assert!(help("expr").is_none());
    }
}
