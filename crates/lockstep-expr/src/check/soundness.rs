//! Expressions put together at random: what the check says of their types is so when they run.

#![expect(clippy::wildcard_enum_match_arm, reason = "types that are not named are alike")]

mod author;

use std::sync::Arc;

use super::TypeScope;
use crate::error::code;
use crate::expression::Expression;
use crate::signature;
use crate::static_type::{Shape, ShapeField, StaticType};
use crate::value::map::{Key, Map};
use crate::value::{Reference, Value};
use author::Author;

/// Where the random numbers begin.
const SEED: u64 = 1;
/// Expressions of one run.
const COUNT: u64 = 12_000;

fn shape(name: &str, fields: &[(&str, StaticType)]) -> StaticType {
    let fields = fields.iter().map(|(name, ty)| ShapeField {
        name: (*name).into(),
        ty: ty.clone(),
        doc: None,
    });
    let fields = fields.collect();
    StaticType::Record(Arc::new(Shape { name: name.into(), fields, open: false, keyed: true }))
}

/// The names, with their types and the texts of their values, of which any may be there.
fn names() -> Vec<(&'static str, StaticType, [&'static str; 2])> {
    use StaticType::{Bool, Bytes, Double, Duration, Dyn, Int, String, Timestamp, Uint};
    let map = StaticType::map;
    let text = || String.nullable();
    vec![
        ("i", Int, ["3", "-1"]),
        ("u", Uint, ["7u", "0u"]),
        ("d", Double, ["0.5", "-2.0"]),
        ("s", String, ["'ab'", "''"]),
        ("b", Bool, ["true", "false"]),
        ("y", Bytes, ["b'ab'", "b''"]),
        ("t", Timestamp, ["timestamp('2030-01-31T12:00:00Z')", "timestamp(0)"]),
        ("q", Duration, ["duration('1h')", "duration('-1s')"]),
        ("x", Dyn, ["1", "'a'"]),
        ("li", Int.list(), ["[1, 2, 3]", "[]"]),
        ("ls", String.list(), ["['a', 'b']", "[]"]),
        ("ln", Int.nullable().list(), ["[1, null]", "[null]"]),
        ("ll", Int.list().list(), ["[[1], [2]]", "[[]]"]),
        ("lx", Dyn.list(), ["[1, 'a']", "[[1], null]"]),
        ("m", map(String, Int), ["{'a': 1, 'c': 3}", "{}"]),
        ("mi", map(Int, String), ["{1: 'a', 3: 'b'}", "{}"]),
        ("mn", map(String, Int.nullable()), ["{'a': null}", "{'a': 1}"]),
        ("ni", Int.nullable(), ["3", "null"]),
        ("ns", text(), ["'a'", "null"]),
        ("nl", Int.list().nullable(), ["[1]", "null"]),
        ("nm", map(String, Int).nullable(), ["{'a': 1}", "null"]),
        (
            "r",
            shape("map", &[("a", Int), ("z", text())]),
            ["{'a': 1, 'z': null}", "{'a': 1, 'z': 'b'}"],
        ),
        (
            "p",
            shape("map", &[("a", String), ("c", Int)]),
            ["{'a': 'x', 'c': 1}", "{'a': '', 'c': 2}"],
        ),
        ("oi", Int.optional(), ["optional.of(1)", "optional.none()"]),
        ("on", Int.nullable().optional(), ["optional.of(null)", "optional.of(2)"]),
        ("f", StaticType::Reference(Some("Slot".into())), ["ref('Slot', 'a')", "ref('Slot', 'b')"]),
    ]
}

struct Names(Vec<(&'static str, StaticType, [&'static str; 2])>);

impl TypeScope for Names {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        self.0.iter().find(|(known, ..)| *known == name).map(|(_, ty, _)| ty.clone())
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|(name, ..)| Arc::from(*name)).collect()
    }
}

/// Whether a value is of a type.
fn is_of(value: &Value, ty: &StaticType) -> bool {
    let key = |key: &Key| Value::from(key.clone());
    match (ty, value) {
        (StaticType::Nullable(of), value) => matches!(value, Value::Null) || is_of(value, of),
        (StaticType::List(of), Value::List(items)) => items.iter().all(|item| is_of(item, of)),
        (StaticType::Map(keys, of), Value::Map(map)) => {
            map.iter().all(|(one, value)| is_of(&key(one), keys) && is_of(value, of))
        }
        (StaticType::Record(shape), Value::Map(map)) => map.iter().all(|(key, value)| {
            let field = key.as_str().and_then(|key| shape.field(key));
            field.map_or(shape.open, |field| is_of(value, &field.ty))
        }),
        (StaticType::Optional(of), Value::Optional(Some(value))) => is_of(value, of),
        (StaticType::Reference(Some(entity)), Value::Reference(reference)) => {
            let reference: &Reference = reference;
            reference.entity == *entity
        }
        (StaticType::Dyn, _)
        | (StaticType::Optional(_), Value::Optional(None))
        | (StaticType::Type(_), Value::Type(_))
        | (StaticType::Reference(None), Value::Reference(_))
        | (StaticType::Null, Value::Null)
        | (StaticType::Bool, Value::Bool(_))
        | (StaticType::Int, Value::Int(_))
        | (StaticType::Uint, Value::Uint(_))
        | (StaticType::Double, Value::Double(_))
        | (StaticType::String, Value::String(_))
        | (StaticType::Bytes, Value::Bytes(_))
        | (StaticType::Timestamp, Value::Timestamp(_))
        | (StaticType::Duration, Value::Duration(_)) => true,
        (StaticType::Opaque(name, _), value) => {
            **name == *format!("net.{}", value.type_name().to_uppercase())
        }
        _ => false,
    }
}

/// Whether a type leaves something open.
fn is_loose(ty: &StaticType) -> bool {
    let mut loose = match ty {
        StaticType::Dyn | StaticType::Type(_) => true,
        StaticType::Record(shape) => {
            shape.open || shape.fields.iter().any(|field| is_loose(&field.ty))
        }
        _ => false,
    };
    ty.for_each_part(&mut |part| loose = loose || is_loose(part));
    loose
}

#[test]
fn value_of_an_expression_without_findings_is_of_the_checked_type() {
    let names = Names(names());
    let calls = signature::names()
        .chain(signature::of("+").iter().map(|_| "+"))
        .chain(["-", "*", "/", "%", "<", ">=", "-x"])
        .flat_map(|name| signature::of(name).iter().map(move |one| (name, one)));
    // That a reference is one to the named entity is seen when it runs, if the name is no literal.
    let calls = calls.filter(|(name, _)| *name != "ref").collect();
    let mut author = Author::new(SEED, &names, calls);
    let values = |which: usize| -> Map {
        let mut map = Map::new();
        for (number, (name, _, texts)) in names.0.iter().enumerate() {
            let text = texts[(which >> (number % 3)) & 1];
            map.insert(
                *name,
                Expression::parse(text).unwrap().evaluate(&crate::scope::Empty).unwrap(),
            );
        }
        map
    };
    let scopes: Vec<Map> = (0..8).map(values).collect();
    let (mut clean, mut strict, mut wrong) = (0, 0, Vec::new());
    for _ in 0..COUNT {
        let ty = author.any_type();
        let text = author.of(&ty, 3);
        let Ok(expression) = Expression::parse(&text) else { continue };
        let typing = expression.check(&names);
        if !typing.findings.is_empty() {
            continue;
        }
        clean += 1;
        let loose = typing.types.iter().any(|(_, ty)| is_loose(ty));
        for scope in &scopes {
            match expression.evaluate(scope) {
                Ok(value) if is_of(&value, &typing.ty) => strict += usize::from(!loose),
                Ok(value) => wrong.push(format!("{text}\n   is {value}, not {}", typing.ty)),
                Err(error) => {
                    let types = [
                        code::TYPE,
                        code::UNKNOWN_NAME,
                        code::NO_SUCH_FIELD,
                        code::UNKNOWN_FUNCTION,
                    ];
                    // Whether a double is a whole number, so that it is a position, is seen when it runs.
                    let position = error.message.starts_with("a position is");
                    if types.contains(&error.code) && !loose && !position {
                        wrong.push(format!("{text}\n   fails: {error}"));
                    }
                }
            }
        }
    }
    wrong.dedup_by(|one, other| one.lines().next() == other.lines().next());
    wrong.sort_by_key(String::len);
    wrong.truncate(12);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(clean > 1_000 && strict > 1_000, "{clean} {strict}");
}
