//! The keys that contexts come to.

use std::sync::Arc;

use expect_test::expect;
use lockstep_definition::LockScope;
use lockstep_expr::{Reference, Value};

use crate::lock::key::{MAX_BYTES, MAX_KEYS, context, of, of_everything, shown};

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::List(Arc::new(values.into_iter().collect()))
}

fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

fn reference(entity: &str, id: &str) -> Value {
    Value::Reference(Arc::new(Reference { entity: entity.into(), id: id.into() }))
}

fn key(context: &Value, scope: LockScope) -> String {
    let keys = of(context, scope, "order", "pay");
    keys.map_or_else(|why| format!("error: {why}"), |keys| shown(&keys))
}

#[test]
fn keys_are_typed_and_say_what_they_are_of() {
    let values = [
        text("a"),
        text("1"),
        text("a\"b"),
        text(""),
        Value::Null,
        Value::Bool(true),
        Value::Int(1),
        Value::Uint(1),
        Value::Double(1.0),
        Value::Double(-0.0),
        Value::Double(1.5),
        Value::Double(f64::NAN),
        Value::Bytes(b"a".as_slice().into()),
        reference("Account", "a 1"),
        reference("Account", ""),
        list([]),
        list([text("b"), text("a"), text("b")]),
        list([text("a"), list([text("b")])]),
        list([text("a"), Value::Null]),
    ];
    let told: Vec<_> = values.iter().map(|value| key(value, LockScope::System)).collect();
    expect![[r#"
        "a"
        "1"
        "a\"b"
        error: it is an empty string
        error: it is null
        true
        1
        1
        1
        0
        1.5
        error: it is not a number
        error: a value of type bytes is not a key
        Account/a 1
        error: the id of the Account is empty
        error: it is an empty list
        "a", "b"
        error: at index 1 of the list: a list within a list is not a key
        error: at index 1 of the list: it is null"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_scope_is_a_part_of_the_key() {
    let scopes = [LockScope::System, LockScope::Workflow, LockScope::Activity];
    let told = scopes.map(|scope| {
        let everything = of_everything(scope, "order", "pay");
        format!("{} | {}", key(&list([text("b"), text("a")]), scope), shown(&everything))
    });
    expect![[r#"
        "a", "b" | *
        [order] "a", [order] "b" | [order]
        [order.pay] "a", [order.pay] "b" | [order.pay]"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_key_has_its_longest_length_and_a_list_its_most_keys() {
    let quotes = 2;
    let of_length = |length| text(&"x".repeat(length - quotes));
    assert_eq!(key(&of_length(MAX_BYTES), LockScope::System).len(), MAX_BYTES);
    let of_count = |count| list((0..count).map(Value::Int));
    let most = i64::try_from(MAX_KEYS).unwrap();
    assert_eq!(of(&of_count(most), LockScope::System, "", "").map(|keys| keys.len()), Ok(MAX_KEYS));
    let told = [
        key(&of_length(MAX_BYTES + 1), LockScope::System),
        key(&of_length(MAX_BYTES), LockScope::Workflow),
        key(&of_count(most + 1), LockScope::System),
    ];
    expect![[r#"
        error: the key has 1025 bytes, 1024 are allowed
        error: the key has 1032 bytes, 1024 are allowed
        error: the list has 101 keys, 100 are allowed"#]]
    .assert_eq(&told.join("\n"));
}

fn key_of(context: &Value) -> Result<String, String> {
    of(context, LockScope::System, "", "").map(|keys| shown(&keys))
}

#[test]
fn a_key_leads_back_to_itself() {
    for text in [
        r#""deploy""#,
        r#""a \"b\" \\ \n\t\r\0 \u{7f} \u{200b} é / [x] *""#,
        r#""7""#,
        "7",
        "-7",
        "1.5",
        "18446744073709551615",
        "inf",
        "true",
        "Contact/c1",
        "Contact/a/b:c \"d\"",
    ] {
        let context = context(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(key_of(&context), Ok(text.to_owned()));
    }
}

#[test]
fn a_word_without_quotes_is_a_text() {
    for (written, expected) in [
        ("deploy", "\"deploy\""),
        ("a b", "\"a b\""),
        ("1.0", "1"),
        ("NaN", "\"NaN\""),
        ("infinity", "\"infinity\""),
    ] {
        let keys = context(written).and_then(|context| key_of(&context));
        assert_eq!(keys, Ok(expected.to_owned()));
    }
}

#[test]
fn what_no_context_comes_to_is_refused() {
    for text in [
        "",
        "*",
        "[w]",
        "[w.a] k",
        "\"",
        "\"a",
        "\"a\"b\"",
        r#""\q""#,
        r#""\u{d800}""#,
        "/a",
        "A/",
        "a b/c",
    ] {
        assert!(context(text).and_then(|context| key_of(&context)).is_err(), "{text}");
    }
}
