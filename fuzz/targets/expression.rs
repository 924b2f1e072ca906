//! Any text as an expression and as a template: reading and evaluating end, without a panic.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lockstep_expr::{Expression, Map, Template, Value, json};

fn scope() -> Vec<(&'static str, Value)> {
    let mut input = Map::new();
    input.insert("name", Value::from("Ada"));
    input.insert("count", Value::Int(3));
    input.insert("empty", Value::Null);
    let list = Value::List(Arc::new(vec![Value::Int(1), Value::from("two"), Value::Double(0.5)]));
    vec![("input", Value::Map(Arc::new(input))), ("list", list), ("x", Value::Int(-7))]
}

fuzz_target!(|text: &str| {
    let scope = scope();
    if let Ok(expression) = Expression::parse(text) {
        assert_eq!(expression.text(), text);
        for name in expression.free_names() {
            assert!(text.get(name.span.start..name.span.end).is_some(), "{name:?}");
        }
        match expression.evaluate(&scope) {
            Ok(value) => {
                let shown = value.to_string();
                assert!(!shown.is_empty(), "a value has a text");
                drop(json::to_json(&value));
            }
            Err(error) => {
                assert!(text.get(error.span.start..error.span.end).is_some(), "{error:?}");
            }
        }
    }
    if let Ok(template) = Template::parse(text) {
        drop(template.evaluate(&scope));
    }
});
