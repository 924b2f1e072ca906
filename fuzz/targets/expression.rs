//! Any text as an expression and as a template: reading, checking and evaluating end, without a
//! panic, and a value of an expression without findings is of the checked type.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lockstep_expr::{
    Assignability, Expression, Map, Shape, ShapeField, StaticType, Template, TypeScope, Value, json,
};

fn scope() -> Vec<(&'static str, Value)> {
    let mut input = Map::new();
    input.insert("name", Value::from("Ada"));
    input.insert("count", Value::Int(3));
    input.insert("empty", Value::Null);
    let list = Value::List(Arc::new(vec![Value::Int(1), Value::from("two"), Value::Double(0.5)]));
    vec![("input", Value::Map(Arc::new(input))), ("list", list), ("x", Value::Int(-7))]
}

struct Types;

impl TypeScope for Types {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        let field = |name: &str, ty| ShapeField { name: name.into(), ty, doc: None };
        match name {
            "input" => Some(StaticType::Record(Arc::new(Shape {
                name: "input".into(),
                fields: vec![
                    field("name", StaticType::String),
                    field("count", StaticType::Int),
                    field("empty", StaticType::Int.nullable()),
                ],
                open: false,
                keyed: true,
            }))),
            "list" => Some(StaticType::Dyn.list()),
            "x" => Some(StaticType::Int),
            _ => None,
        }
    }

    fn names(&self) -> Vec<Arc<str>> {
        ["input", "list", "x"].map(Arc::from).to_vec()
    }
}

fuzz_target!(|text: &str| {
    let scope = scope();
    if let Ok(expression) = Expression::parse(text) {
        assert_eq!(expression.text(), text);
        for name in expression.free_names() {
            assert!(text.get(name.span.start..name.span.end).is_some(), "{name:?}");
        }
        let typing = expression.check(&Types);
        for finding in &typing.findings {
            assert!(text.get(finding.span.start..finding.span.end).is_some(), "{finding:?}");
        }
        match expression.evaluate(&scope) {
            Ok(value) => {
                let fits = StaticType::of_value(&value).assignable_to(&typing.ty);
                assert!(
                    !typing.findings.is_empty() || fits != Assignability::No,
                    "{value} is not {}",
                    typing.ty
                );
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
