//! The exact form, there and back.

use std::sync::Arc;

use lockstep_expr::{Cidr, Duration, Ip, Key, Map, Reference, Timestamp, Value};

use super::{MAX_KEPT_DEPTH, check_depth, decode, encode};

#[track_caller]
fn check(value: &Value, text: &str) {
    assert_eq!(encode(value), text, "the exact form");
    let back = decode(text).expect("what was written can be read");
    // Numbers of different kinds can be equal: the text tells the kind.
    assert_eq!(encode(&back), text, "the value comes back as it was");
}

fn map(key: impl Into<Key>, value: Value) -> Value {
    let mut map = Map::new();
    map.insert(key, value);
    Value::Map(Arc::new(map))
}

#[test]
fn every_kind_of_value_comes_back_as_it_was() {
    check(&Value::Null, "null");
    check(&Value::Bool(true), "true");
    check(&Value::Int(i64::MIN), "-9223372036854775808");
    check(&Value::Uint(u64::MAX), r#"{"$uint":"18446744073709551615"}"#);
    check(&Value::Double(1.0), "1.0");
    check(&Value::Double(0.1 + 0.2), "0.30000000000000004");
    check(&Value::Double(f64::NEG_INFINITY), r#"{"$double":"-inf"}"#);
    check(&Value::from("a \"b\" \u{0} ü"), "\"a \\\"b\\\" \\u0000 ü\"");
    check(&Value::Bytes(vec![0, 255].into()), r#"{"$bytes":"AP8="}"#);
    let timestamp = Timestamp::parse("2026-11-22T10:00:00.000000001Z").expect("a timestamp");
    check(&Value::Timestamp(timestamp), r#"{"$timestamp":"2026-11-22T10:00:00.000000001Z"}"#);
    let duration = Duration::parse("-1.5s").expect("a duration");
    check(&Value::Duration(duration), r#"{"$duration":"-1.5s"}"#);
    let reference = Reference { entity: "Slot".into(), id: "a/b".into() };
    check(&Value::Reference(Arc::new(reference)), r#"{"$reference":["Slot","a/b"]}"#);
    check(&Value::Type("optional_type".into()), r#"{"$type":"optional_type"}"#);
    check(&Value::Optional(None), r#"{"$optional":[]}"#);
    check(&Value::some(Value::Null), r#"{"$optional":[null]}"#);
    let nested = Value::some(Value::some(Value::Uint(1)));
    check(&nested, r#"{"$optional":[{"$optional":[{"$uint":"1"}]}]}"#);
    check(&Ip::parse("::ffff:c0a8:1").expect("an address").into(), r#"{"$ip":"192.168.0.1"}"#);
    check(&Cidr::parse("2001:db8::1/32").expect("a range").into(), r#"{"$cidr":"2001:db8::1/32"}"#);
}

#[test]
fn maps_that_json_has_no_word_for_come_back_as_they_were() {
    check(&map("key", Value::Int(1)), r#"{"key":1}"#);
    check(&map(7_i64, Value::Int(1)), r#"{"$map":[[7,1]]}"#);
    check(&map("$map", Value::Int(1)), r#"{"$map":[["$map",1]]}"#);
}

#[test]
fn the_deepest_value_that_is_kept_can_be_read_again() {
    let deep = |levels: usize| (0..levels).fold(Value::Null, |value, _| map(1_i64, value));
    check_depth(&deep(MAX_KEPT_DEPTH)).expect("this deep is allowed");
    assert!(check_depth(&deep(MAX_KEPT_DEPTH + 1)).is_err(), "one level more is refused");
    let optional = |levels: usize| (0..levels).fold(Value::Null, |value, _| Value::some(value));
    check_depth(&optional(MAX_KEPT_DEPTH)).expect("optionals may be as deep");
    assert!(check_depth(&optional(MAX_KEPT_DEPTH + 1)).is_err(), "one optional more is refused");
    let text = format!("[[[[[[{}]]]]]]", encode(&optional(MAX_KEPT_DEPTH)));
    decode(&text).expect("the deepest optional that is kept can be read");
    // A state holds values some levels down.
    let text = format!("[[[[[[{}]]]]]]", encode(&deep(MAX_KEPT_DEPTH)));
    decode(&text).expect("the deepest value that is kept can be read");
}

#[test]
fn a_text_of_another_form_is_an_error() {
    for text in ["", "{", r#"{"$uint":1}"#, r#"{"$bytes":"?"}"#, r#"{"$what":"x"}"#, "[1e999]"] {
        assert!(decode(text).is_err(), "{text}");
    }
    assert!(decode(&"[".repeat(100_000)).is_err(), "nesting is bounded");
}
