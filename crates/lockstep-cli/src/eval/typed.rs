//! `lockstep eval --check`: the type of an expression, and what is wrong with it, without a value.
//!
//! Names have the types of the values that are given for them; an object in the JSON has the fields
//! that it has there, and no others.

use std::sync::Arc;

use lockstep_expr::{FindingKind, Key, Map, Shape, ShapeField, StaticType, TypeScope, Value};

/// Deepest nesting of objects whose fields are told apart.
const MAX_DEPTH: usize = 32;

/// Names with values, of which only the types count.
pub(super) struct Names<'a>(pub(super) &'a Map);

impl TypeScope for Names<'_> {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        self.0.get(name).map(|value| type_of(name, value, 0))
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().filter_map(|(key, _)| text(key)).collect()
    }
}

fn text(key: &Key) -> Option<Arc<str>> {
    if let Key::String(text) = key { Some(Arc::clone(text)) } else { None }
}

fn type_of(name: &str, value: &Value, depth: usize) -> StaticType {
    let Value::Map(map) = value else { return StaticType::of_value(value) };
    if depth > MAX_DEPTH || map.iter().next().is_none() {
        return StaticType::of_value(value);
    }
    let fields = map.iter().filter_map(|(key, value)| {
        let name = text(key)?;
        Some(ShapeField { ty: type_of(&name, value, depth + 1), name, doc: None })
    });
    let fields = fields.collect();
    StaticType::Record(Arc::new(Shape { name: name.into(), fields, open: false, keyed: true }))
}

/// Returns the word that stands for a kind of finding.
pub(super) fn word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::UnknownName => "expr.unknown_name",
        FindingKind::UnknownField => "expr.no_such_field",
        FindingKind::UnknownFunction => "expr.unknown_function",
        FindingKind::WrongType => "expr.type",
        FindingKind::WrongArguments => "expr.arguments",
        FindingKind::MayBeNull => "expr.may_be_null",
        FindingKind::NeverNull => "expr.never_null",
    }
}
