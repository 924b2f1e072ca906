//! How an instance failed, for people and for programs.

use lockstep_api::words::failure as words;
use lockstep_core::Failure;
use lockstep_expr::{Value, json};
use serde_json::{Value as Json, json};

/// Returns an error as people read it: several lines.
pub(crate) fn human(failure: &Failure) -> String {
    words::human(&failure.into())
}

/// Returns an error in one line.
pub(crate) fn line(failure: &Failure) -> String {
    words::line(&failure.into())
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
}
