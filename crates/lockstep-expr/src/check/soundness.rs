//! Expressions put together at random: what the check says of their types is so when they run.

#![expect(clippy::wildcard_enum_match_arm, reason = "types that are not named are alike")]

use std::sync::Arc;

use super::TypeScope;
use crate::error::code;
use crate::expression::Expression;
use crate::signature::{self, Signature};
use crate::static_type::{Shape, ShapeField, StaticType};
use crate::value::map::{Key, Map};
use crate::value::{Reference, Value};

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

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn one<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

struct Author<'n> {
    random: Random,
    names: &'n Names,
    calls: Vec<(&'static str, &'static Signature)>,
    locals: Vec<String>,
}

impl Author<'_> {
    /// An expression that may well be of the type.
    fn of(&mut self, ty: &StaticType, depth: usize) -> String {
        if self.random.below(40) == 0 {
            return self.anything(depth);
        }
        if depth == 0 || self.random.below(4) == 0 {
            return self.leaf(ty);
        }
        match self.random.below(12) {
            0 | 1 => self.compound(ty, depth),
            2 => {
                let (one, two, three) =
                    (self.condition(depth - 1), self.of(ty, depth - 1), self.of(ty, depth - 1));
                format!("({one} ? {two} : {three})")
            }
            3 => {
                let value = self.of(ty, depth - 1);
                let key = self.of(&StaticType::Int, 1);
                format!("[{value}, {}][{key}]", self.of(ty, depth - 1))
            }
            4 => {
                let (value, other) = (self.of(ty, depth - 1), self.of(ty, depth - 1));
                format!("optional.of({value}).orValue({other})")
            }
            5 => {
                let local = format!("v{}", self.locals.len());
                let any = self.any_type();
                let value = self.of(&any, depth - 1);
                self.locals.push(local.clone());
                let body = self.of(ty, depth - 1);
                self.locals.pop();
                format!("cel.bind({local}, {value}, {body})")
            }
            6 => {
                let value = self.any_type();
                let target = self.of(&value, depth - 1);
                let field = *self.random.one(&["a", "z", "c", "?a", "?z", "id"]);
                format!("({target}).{field}")
            }
            _ => self.call(ty, depth),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        let names = self.names;
        let name = self.random.one(&names.0).0;
        match self.random.below(6) {
            0 => format!("{name} != null"),
            1 => format!("{name} == null"),
            2 => format!("!({})", self.condition(depth.saturating_sub(1))),
            3 if depth > 0 => {
                format!("({} && {})", self.condition(depth - 1), self.condition(depth - 1))
            }
            4 if depth > 0 => {
                format!("({} || {})", self.condition(depth - 1), self.condition(depth - 1))
            }
            _ => self.of(&StaticType::Bool, depth.saturating_sub(1)),
        }
    }

    fn anything(&mut self, depth: usize) -> String {
        let ty = self.any_type();
        self.of(&ty, depth.min(1))
    }

    fn any_type(&mut self) -> StaticType {
        let names = self.names;
        self.random.one(&names.0).1.clone()
    }

    fn leaf(&mut self, ty: &StaticType) -> String {
        if !self.locals.is_empty() && self.random.below(3) == 0 {
            return self.random.one(&self.locals.clone()).clone();
        }
        let names = self.names;
        let fits: Vec<_> = names
            .0
            .iter()
            .filter(|(_, known, _)| known.without_null() == ty.without_null())
            .collect();
        if fits.is_empty() || self.random.below(20) == 0 {
            return self.random.one(&names.0).0.to_owned();
        }
        let (name, _, values) = *self.random.one(&fits);
        if self.random.below(4) == 0 {
            format!("({})", self.random.one(values))
        } else {
            (*name).to_owned()
        }
    }

    fn compound(&mut self, ty: &StaticType, depth: usize) -> String {
        let below = depth - 1;
        match ty {
            StaticType::List(of) => match self.random.below(6) {
                0 => format!("[{}]", self.of(of, below)),
                1 => format!("[{}, {}, null]", self.of(of, below), self.anything(below)),
                2 => format!("[?{}]", self.of(&(**of).clone().optional(), below)),
                _ => self.comprehension(&["map", "filter", "transformList", "sortBy"], of, below),
            },
            StaticType::Map(_, of) => match self.random.below(4) {
                0 => format!("{{'a': {}, 'b': {}}}", self.of(of, below), self.of(of, below)),
                1 => format!("{{1: {}, true: {}}}", self.of(of, below), self.anything(below)),
                _ => self.comprehension(&["transformMap", "transformMapEntry"], of, below),
            },
            StaticType::Optional(of) => match self.random.below(4) {
                0 => format!("optional.of({})", self.of(of, below)),
                1 => format!("optional.ofNonZeroValue({})", self.of(of, below)),
                2 => format!("{}.or({})", self.of(ty, below), self.of(ty, below)),
                _ => {
                    self.locals.push("w".to_owned());
                    let body = self.of(of, below);
                    self.locals.pop();
                    let any = self.any_type().optional();
                    format!("({}).optMap(w, {body})", self.of(&any, below))
                }
            },
            StaticType::Bool => match self.random.below(7) {
                0 => self.comprehension(&["all", "exists", "exists_one"], ty, below),
                1 => {
                    let any = self.any_type();
                    format!("({} == {})", self.of(&any, below), self.of(&any, below))
                }
                2 => {
                    let any = self.any_type();
                    format!("({} in {})", self.of(&any, below), self.of(&any.list(), below))
                }
                3 => {
                    let any = self.any_type();
                    format!("has({}.{})", self.leaf(&any), self.random.one(&["a", "z", "c"]))
                }
                _ => self.condition(below),
            },
            other => self.leaf(other),
        }
    }

    fn comprehension(&mut self, macros: &[&str], of: &StaticType, depth: usize) -> String {
        let name = *self.random.one(macros);
        let (range, two) = match self.random.below(3) {
            0 => (self.any_type().list(), true),
            1 => (self.any_type(), true),
            _ => (self.any_type().list(), name.starts_with("transform")),
        };
        let two =
            (two || name.starts_with("transform")) && !matches!(name, "map" | "filter" | "sortBy");
        let range = self.of(&range, depth);
        let number = self.locals.len();
        self.locals.push(format!("e{number}"));
        if two {
            self.locals.push(format!("k{number}"));
        }
        let variables = self.locals[number..].join(", ");
        let body = match name {
            "filter" | "all" | "exists" | "exists_one" => self.condition(depth),
            "transformMapEntry" => {
                format!("{{{}: {}}}", self.leaf(&StaticType::String), self.of(of, depth))
            }
            _ => self.of(of, depth),
        };
        let filter = if matches!(name, "map" | "transformList" | "transformMap")
            && self.random.below(3) == 0
        {
            format!("{}, ", self.condition(depth.min(1)))
        } else {
            String::new()
        };
        self.locals.truncate(number);
        format!("({range}).{name}({variables}, {filter}{body})")
    }

    fn call(&mut self, ty: &StaticType, depth: usize) -> String {
        let fits: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, one)| {
                let alike = std::mem::discriminant(&one.result) == std::mem::discriminant(ty);
                alike || matches!(one.result, StaticType::Parameter(_))
            })
            .copied()
            .collect();
        if fits.is_empty() {
            return self.leaf(ty);
        }
        let (name, signature) = *self.random.one(&fits);
        let stands_for = match (&signature.result, ty) {
            (StaticType::Parameter(_), ty) => ty.clone(),
            (StaticType::List(_), StaticType::List(of))
            | (StaticType::Optional(_), StaticType::Optional(of)) => (**of).clone(),
            _ => self.any_type(),
        };
        let mut arguments: Vec<String> = Vec::new();
        for parameter in &signature.parameters {
            let wanted = instance(parameter, &stands_for);
            arguments.push(format!("({})", self.of(&wanted, depth - 1)));
        }
        let first = || arguments.first().cloned().unwrap_or_default();
        match (name, arguments.as_slice()) {
            ("-x", _) => format!("-{}", first()),
            (_, [left, right]) if !name.starts_with(|c: char| c.is_alphabetic()) => {
                format!("({left} {name} {right})")
            }
            _ if signature.method => format!("{}.{name}({})", first(), arguments[1..].join(", ")),
            _ => format!("{name}({})", arguments.join(", ")),
        }
    }
}

fn instance(parameter: &StaticType, stands_for: &StaticType) -> StaticType {
    match parameter {
        StaticType::Parameter(_) => stands_for.clone(),
        other => other.with_parts(&mut |part| instance(part, stands_for)),
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
    let mut author = Author { random: Random(SEED), names: &names, calls, locals: Vec::new() };
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
