//! JSON: there, back, and what is refused.

use std::sync::Arc;

use super::{MAX_DEPTH, from_json, to_json};
use crate::expression::Expression;
use crate::scope::Empty;
use crate::value::Value;

#[test]
fn values_become_plain_json() {
    let table = [
        ("null", "null"),
        ("[true, -1, 2u, 1.5, 1.0]", "[true,-1,2,1.5,1.0]"),
        ("[0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0]", r#"["NaN","Infinity","-Infinity"]"#),
        (r#""a\"b\\c\n\u0001ä""#, r#""a\"b\\c\n\u0001ä""#),
        ("b'hello'", r#""aGVsbG8=""#),
        ("timestamp(0)", r#""1970-01-01T00:00:00Z""#),
        ("duration('1500ms')", r#""1.5s""#),
        ("type(1)", r#""int""#),
        ("ref('Slot', 's1')", r#""s1""#),
        ("{'b': [], 'a': {}, 1: 2, true: null}", r#"{"b":[],"a":{},"1":2,"true":null}"#),
        ("1e300", "1e300"),
    ];
    for (text, json) in table {
        let value = Expression::parse(text).unwrap().evaluate(&Empty).unwrap();
        assert_eq!(to_json(&value), json, "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{json}");
    }
}

#[test]
fn json_is_read_and_written_alike() {
    let texts = [
        "null",
        "[1,-2,9223372036854775807,-9223372036854775808,18446744073709551615]",
        "[0.5,-1.0,1e300]",
        r#"{"z":1,"a":{"b":[]}}"#,
        r#""ä\n""#,
    ];
    for text in texts {
        assert_eq!(to_json(&from_json(text).unwrap()), text);
    }
    assert_eq!(from_json(r#" "\u00e4\ud83d\ude00\/" "#).unwrap(), "ä😀/".into());
    assert_eq!(from_json(r#"{"a":1,"a":2}"#).unwrap().to_string(), r#"{"a": 2}"#);
    assert_eq!(from_json("1e2").unwrap().type_name(), "double");
    assert_eq!(from_json("-0").unwrap().type_name(), "int");
}

#[test]
fn other_texts_are_refused() {
    let texts = [
        "",
        " ",
        "nul",
        "tru",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "1 2",
        "[1,]",
        "[",
        "[1",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "'a'",
        "\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\n\"",
        "1e999",
        "NaN",
        "\u{feff}1",
        "// 1",
    ];
    for text in texts {
        assert!(from_json(text).is_err(), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
    }
    assert_eq!(from_json("[1,x]").unwrap_err().to_string(), "a value is missing at byte 3");
}

#[test]
fn nesting_is_bounded_both_ways() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = nested(MAX_DEPTH + 1);
    assert_eq!(
        to_json(&from_json(&deepest).unwrap()),
        format!("{}null{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))
    );
    assert!(from_json(&nested(MAX_DEPTH + 2)).is_err());
    assert!(from_json(&"[".repeat(1_000_000)).is_err());
    let value = Value::List(Arc::new(vec![Value::Null]));
    assert_eq!(to_json(&value), "[null]");
}
