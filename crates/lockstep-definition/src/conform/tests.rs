//! What becomes of values as their declared types want them.

use lockstep_expr::{Type, Value, json};

use super::conform;
use crate::{Source, check as check_files};

/// Conforms a JSON value and shows the result, or the mismatch.
#[track_caller]
fn check(ty: &str, value: &str, expected: &str) {
    let ty = Type::parse(ty).unwrap();
    let value = json::from_json(value).unwrap();
    let told = match conform(&ty, value) {
        Ok(value) => {
            assert!(ty.accepts(&value), "{value} is of type {ty}");
            format!("{} {value}", value.type_name())
        }
        Err(mismatch) => mismatch.to_string(),
    };
    assert_eq!(told, expected);
}

#[test]
fn values_of_the_type_stay_and_texts_become_what_is_declared() {
    check("int", "1", "int 1");
    check("int", "1.5", "this is of type double, not int");
    check("int", "\"1\"", "this is of type string, not int");
    check("double", "1", "double 1.0");
    check("uint", "0", "uint 0u");
    check("uint", "18446744073709551615", "uint 18446744073709551615u");
    check("uint", "-1", "this is negative, and a uint is not");
    check("uint", "1.0", "this is of type double, not uint");
    check("list<uint>", "[1, 2]", "list [1u, 2u]");
    check("bytes", "\"aGVsbG8=\"", r#"bytes b"hello""#);
    check("bytes", "\"\"", r#"bytes b"""#);
    check("bytes", "\"a b\"", "this is not base64, such as aGVsbG8=");
    check("bytes", "1", "this is of type int, not bytes");
    check("map<string, bytes>", r#"{"a": "YQ=="}"#, r#"map {"a": b"a"}"#);
    check("string", "1", "this is of type int, not string");
    check("duration", "\"1h30m\"", r#"duration duration("5400s")"#);
    check("duration", "5", "this is of type int, not duration");
    check("duration", "\"soon\"", "this is not a duration, such as 1h30m");
    check("timestamp", "\"tomorrow\"", "this is not a timestamp, such as 2030-01-31T12:00:00Z");
    check("ref<Slot>", "\"a\"", r#"reference ref("Slot", "a")"#);
    check("ref<Slot>", "\"\"", "this is of type string, not ref<Slot>");
    check("list<double>", "[1, 2.5]", "list [1.0, 2.5]");
    check("list<int>", "[1, null]", "this is of type null, not int");
    check("map<string, double>", r#"{"a": 1}"#, r#"map {"a": 1.0}"#);
    check("any", "null", "null null");
    check("bool", "null", "this is of type null, not bool");
}

#[test]
fn timestamp_is_read_from_its_text() {
    let value = conform(&Type::Timestamp, Value::from("2030-01-31T12:00:00+02:00")).unwrap();
    let Value::Timestamp(timestamp) = value else { panic!("{value} is a timestamp") };
    assert_eq!(timestamp.to_string(), "2030-01-31T10:00:00Z");
}

#[test]
fn checker_takes_what_is_conformed() {
    for (count, key, wanted) in [
        ("1", "aGVsbG8=", ""),
        ("\"${input.n}\"", "\"${input.text}\"", ""),
        ("-1", "aGVsbG8=", "type-mismatch"),
        ("1", "a b", "type-mismatch"),
        ("\"${1.5}\"", "\"${input.text}\"", "type-mismatch"),
        ("1", "\"${input.n}\"", "type-mismatch"),
    ] {
        let text = format!(
            "entity: Part\nattributes: {{ count: uint, key: bytes, more: {{ type: uint, default: 2 }} }}\n---\n\
             workflow: w\ninput: {{ n: int, text: {{ type: string, default: aGVsbG8= }}, most: {{ type: uint, default: 3 }}, salt: {{ type: bytes, default: aGVsbG8= }} }}\n\
             output: \"${{input}}\"\nactivities:\n  - activity: a\n    steps:\n\
             \x20     - create: Part\n        set: {{ count: {count}, key: {key} }}\n\
             \x20     - workflow: {{ start: other, input: {{ count: {count}, key: {key} }} }}\n---\n\
             workflow: other\ninput: {{ count: uint, key: bytes }}\noutput: \"${{input}}\"\n\
             activities: [{{ activity: a, steps: [{{ log: x }}] }}]\n"
        );
        let checked = check_files(&[Source::new("a.yaml", text.as_str())]);
        let told: Vec<&str> = checked.diagnostics.iter().map(|told| told.code.as_str()).collect();
        let expected: &[&str] = if wanted.is_empty() { &[] } else { &[wanted, wanted] };
        assert_eq!(told, expected, "{text}");
    }
}
