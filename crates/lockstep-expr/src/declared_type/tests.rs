//! Declared types: texts, and which values they accept.

use std::sync::Arc;

use super::Type;
use crate::value::map::Map;
use crate::value::{Reference, Value};

#[test]
fn types_are_read_and_written() {
    let table = [
        ("bool", "bool"),
        (" any ", "any"),
        ("list<string>", "list<string>"),
        ("list< list<int> >", "list<list<int>>"),
        ("map<string, int>", "map<string, int>"),
        ("map<string,map<string,ref<Slot>>>", "map<string, map<string, ref<Slot>>>"),
        ("ref<Slot>", "ref<Slot>"),
    ];
    for (text, written) in table {
        assert_eq!(Type::parse(text).unwrap().to_string(), written);
    }
}

#[test]
fn other_texts_are_refused() {
    let deep = format!("{}int{}", "list<".repeat(5_000), ">".repeat(5_000));
    let texts = [
        "",
        "integer",
        "list",
        "list<>",
        "list<int",
        "int>",
        "map<int>",
        "map<int, string>",
        "ref<>",
        "ref<a b>",
        "ref<1>",
        "set<int>",
        "list<int>>",
        &deep,
    ];
    for text in texts {
        assert!(Type::parse(text).is_err(), "{text}");
    }
    assert_eq!(Type::parse("integer").unwrap_err().to_string(), "`integer` is not a type");
}

#[test]
fn values_are_accepted_exactly() {
    let map: Map = [("a", Value::Int(1))].into_iter().collect();
    let numbered: Map = [(1_i64, Value::Int(1))].into_iter().collect();
    let reference = Reference { entity: "Slot".into(), id: "s1".into() };
    let accepted: [(&str, Value); 8] = [
        ("any", Value::Null),
        ("null", Value::Null),
        ("int", Value::Int(1)),
        ("double", Value::Double(1.0)),
        ("list<int>", vec![Value::Int(1)].into()),
        ("list<string>", Vec::new().into()),
        ("map<string, int>", map.into()),
        ("ref<Slot>", Value::Reference(Arc::new(reference.clone()))),
    ];
    for (text, value) in accepted {
        assert!(Type::parse(text).unwrap().accepts(&value), "{text} {value}");
    }
    let refused: [(&str, Value); 7] = [
        ("int", Value::Null),
        ("double", Value::Int(1)),
        ("uint", Value::Int(1)),
        ("list<int>", vec![Value::Int(1), Value::Null].into()),
        ("map<string, int>", numbered.into()),
        ("ref<Contact>", Value::Reference(Arc::new(reference))),
        ("timestamp", "2030-01-01T00:00:00Z".into()),
    ];
    for (text, value) in refused {
        assert!(!Type::parse(text).unwrap().accepts(&value), "{text} {value}");
    }
}
