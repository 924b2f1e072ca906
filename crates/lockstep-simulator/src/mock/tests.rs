//! Mocks: which fits, and what is wrong with others.

use expect_test::{Expect, expect};
use lockstep_expr::json;

use super::*;

#[test]
fn star_stands_for_any_text() {
    let fitting = [
        ("a", "a"),
        ("*", ""),
        ("*", "abc"),
        ("a*", "a"),
        ("a*c", "abc"),
        ("a*c", "acc"),
        ("*b*", "abc"),
        ("a*b*c", "a-bb-c"),
    ];
    for (pattern, text) in fitting {
        assert!(matches(pattern, text), "{pattern} fits {text}");
    }
    let others = [("a", "ab"), ("", "a"), ("a*", "ba"), ("ab*ba", "aba"), ("a*b*c", "ac")];
    for (pattern, text) in others {
        assert!(!matches(pattern, text), "{pattern} does not fit {text}");
    }
}

#[track_caller]
fn wrong(text: &str, expected: Expect) {
    let error = Mocks::default().add(&json::from_json(text).unwrap()).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn mistakes_are_told() {
    wrong("1", expect!["a mock is an object, not of type int"]);
    wrong("{}", expect!["a mock has one of `url`, `program`, `task` and `signal`"]);
    wrong(
        r#"[{"url": "a"}, {"url": "a", "program": "b"}]"#,
        expect!["mock 2: a mock has one of `url`, `program`, `task` and `signal`"],
    );
    wrong(
        r#"{"url": "a", "output": 1}"#,
        expect![
            "`output` is not known here; a mock has: url, method, status, headers, body, takes, times, error, message"
        ],
    );
    wrong(r#"{"url": "a", "status": "200"}"#, expect!["`status` is a whole number"]);
    wrong(r#"{"url": "a", "takes": "5"}"#, expect!["`takes` is a duration such as `200ms`"]);
    wrong(r#"{"program": "a", "times": -1}"#, expect!["`times` is a count"]);
    wrong(r#"{"url": "a", "headers": []}"#, expect!["`headers` is an object"]);
    wrong(r#"{"url": 1}"#, expect!["`url` is a text"]);
}
