//! The author of random expressions: most are of the type that is asked for.
//!
//! Invariants:
//! - *From a seed*: the same seed gives the same texts.

use super::Names;
use crate::signature::Signature;
use crate::static_type::StaticType;

/// Numbers from a seed.
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

/// Writes expressions over names and calls.
pub(super) struct Author<'n> {
    random: Random,
    names: &'n Names,
    calls: Vec<(&'static str, &'static Signature)>,
    locals: Vec<String>,
}

impl<'n> Author<'n> {
    pub(super) fn new(
        seed: u64,
        names: &'n Names,
        calls: Vec<(&'static str, &'static Signature)>,
    ) -> Self {
        Self { random: Random(seed), names, calls, locals: Vec::new() }
    }

    /// An expression that may well be of the type.
    pub(super) fn of(&mut self, ty: &StaticType, depth: usize) -> String {
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

    /// The type of one of the names.
    pub(super) fn any_type(&mut self) -> StaticType {
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
