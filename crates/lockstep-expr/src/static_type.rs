//! Types of expressions before they are evaluated.
//!
//! Invariants:
//! - *Bounded*: no type that a check returns nests deeper than [`MAX_DEPTH`]; whoever walks a type
//!   from elsewhere stops there too.
//! - *Null is a type*: a type that is not [`StaticType::Nullable`], `Null` or `Dyn` does not hold null.
//!
//! Absent by design: where names get their types (the host's [`TypeScope`](crate::TypeScope)).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type that is not named is not made of others"
)]

mod assign;
mod display;
mod join;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::declared_type::Type;
use crate::value::Value;

pub use assign::Assignability;

/// Deepest nesting of a type. What lies deeper counts as `dyn`.
pub(crate) const MAX_DEPTH: usize = 96;

/// The type of an expression before it is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticType {
    /// Every value: what is right can only be seen when it runs.
    Dyn,
    /// Only null.
    Null,
    /// Truth values.
    Bool,
    /// Whole numbers.
    Int,
    /// Whole numbers that are not negative.
    Uint,
    /// Floating-point numbers.
    Double,
    /// Texts.
    String,
    /// Bytes.
    Bytes,
    /// Moments.
    Timestamp,
    /// Lengths of time.
    Duration,
    /// Lists of one type.
    List(Arc<StaticType>),
    /// Maps from keys of one type to values of one type.
    Map(Arc<StaticType>, Arc<StaticType>),
    /// Types as values; which one, if it is known.
    Type(Arc<StaticType>),
    /// A value of the type, or none: what `.?` gives.
    Optional(Arc<StaticType>),
    /// References to objects of an entity, if it is known which.
    Reference(Option<Arc<str>>),
    /// Values with named fields.
    Record(Arc<Shape>),
    /// Values of the type, and null. Does not hold `Dyn`, `Null` or another `Nullable`.
    Nullable(Arc<StaticType>),
    /// A type that has a name and functions, but neither fields nor operators.
    Opaque(Arc<str>, Arc<[StaticType]>),
    /// In the [`Signature`](crate::Signature) of a function: the same type wherever its number
    /// stands. Never the type of an expression.
    Parameter(u32),
}

/// The fields of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The name of the record's type, such as the entity's, or `input`.
    pub name: Arc<str>,
    /// The fields that are known, in the order in which they are told to people.
    pub fields: Vec<ShapeField>,
    /// Whether there may be other fields, which are `dyn`.
    pub open: bool,
    /// Whether the record is a map when the expression is evaluated: then `record["field"]`,
    /// `"field" in record`, `size(record)` and macros are defined as well.
    pub keyed: bool,
}

/// A field of a [`Shape`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeField {
    /// The field's name.
    pub name: Arc<str>,
    /// The type of its value.
    pub ty: StaticType,
    /// What it is for, as the author wrote it.
    pub doc: Option<Arc<str>>,
}

impl Shape {
    /// Returns the field of that name.
    pub fn field(&self, name: &str) -> Option<&ShapeField> {
        self.fields.iter().find(|field| &*field.name == name)
    }
}

impl StaticType {
    /// Returns the type of lists of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Arc::new(self.within_depth()))
    }

    /// Returns the type of maps from `key` to this type.
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key.within_depth()), Arc::new(value.within_depth()))
    }

    /// Returns the type of this type or none.
    #[must_use]
    pub fn optional(self) -> Self {
        Self::Optional(Arc::new(self.within_depth()))
    }

    /// Returns the type of values that are types: of this one.
    #[must_use]
    pub fn type_of(self) -> Self {
        Self::Type(Arc::new(self.within_depth()))
    }

    /// Returns the type of this type and null.
    #[must_use]
    pub fn nullable(self) -> Self {
        if self.may_be_null() || self == Self::Dyn {
            self
        } else {
            Self::Nullable(Arc::new(self.within_depth()))
        }
    }

    /// Returns the type without null: of `int or null`, `int`. `Null` and `Dyn` stay as they are.
    #[must_use]
    pub fn without_null(&self) -> Self {
        if let Self::Nullable(of) = self { (**of).clone() } else { self.clone() }
    }

    /// Returns the type of an opaque type without parameters.
    pub(crate) fn opaque(name: &str) -> Self {
        Self::Opaque(name.into(), [].into())
    }

    /// Returns whether null is known to be one of the values. Of `dyn` it is not known: false.
    pub fn may_be_null(&self) -> bool {
        matches!(self, Self::Nullable(_) | Self::Null)
    }

    /// Returns the fields, if values of this type, null apart, are records.
    pub fn shape(&self) -> Option<&Arc<Shape>> {
        match self {
            Self::Record(shape) => Some(shape),
            Self::Nullable(of) => of.shape(),
            _ => None,
        }
    }

    /// Returns the type of a literal or other value that is known.
    pub fn of_value(value: &Value) -> Self {
        of_value(value, 0)
    }

    /// Returns the type that a name of a type means, such as `int` or `google.protobuf.Timestamp`.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "null_type" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "list" => Self::Dyn.list(),
            "map" => Self::map(Self::Dyn, Self::Dyn),
            "type" => Self::Dyn.type_of(),
            "optional_type" => Self::Dyn.optional(),
            other => Self::opaque(other),
        }
    }

    /// Returns the type itself, or `dyn` if it nests so deep that nothing may hold it.
    fn within_depth(self) -> Self {
        if self.is_deeper_than(MAX_DEPTH - 1) { Self::Dyn } else { self }
    }

    fn is_deeper_than(&self, levels: usize) -> bool {
        let Some(below) = levels.checked_sub(1) else { return true };
        match self {
            Self::List(of) | Self::Type(of) | Self::Optional(of) | Self::Nullable(of) => {
                of.is_deeper_than(below)
            }
            Self::Map(key, value) => key.is_deeper_than(below) || value.is_deeper_than(below),
            Self::Opaque(_, parts) => parts.iter().any(|part| part.is_deeper_than(below)),
            _ => false,
        }
    }

    /// Calls `visit` with each type that this one is directly made of.
    pub(crate) fn for_each_part(&self, visit: &mut dyn FnMut(&Self)) {
        match self {
            Self::List(of) | Self::Type(of) | Self::Optional(of) | Self::Nullable(of) => visit(of),
            Self::Map(key, value) => {
                visit(key);
                visit(value);
            }
            Self::Opaque(_, parts) => parts.iter().for_each(visit),
            _ => {}
        }
    }

    /// Returns the type with each type that it is directly made of replaced.
    pub(crate) fn with_parts(&self, replace: &mut dyn FnMut(&Self) -> Self) -> Self {
        match self {
            Self::List(of) => replace(of).list(),
            Self::Type(of) => replace(of).type_of(),
            Self::Optional(of) => replace(of).optional(),
            Self::Nullable(of) => replace(of).nullable(),
            Self::Map(key, value) => Self::map(replace(key), replace(value)),
            Self::Opaque(name, parts) => {
                let parts: Vec<_> = parts.iter().map(|part| replace(part).within_depth()).collect();
                Self::Opaque(Arc::clone(name), parts.into())
            }
            other => other.clone(),
        }
    }
}

fn of_value(value: &Value, depth: usize) -> StaticType {
    if depth > MAX_DEPTH {
        return StaticType::Dyn;
    }
    let joined = |types: &mut dyn Iterator<Item = StaticType>| {
        types.reduce(|left, right| left.or(&right)).unwrap_or(StaticType::Dyn)
    };
    match value {
        Value::Null => StaticType::Null,
        Value::Bool(_) => StaticType::Bool,
        Value::Int(_) => StaticType::Int,
        Value::Uint(_) => StaticType::Uint,
        Value::Double(_) => StaticType::Double,
        Value::String(_) => StaticType::String,
        Value::Bytes(_) => StaticType::Bytes,
        Value::Timestamp(_) => StaticType::Timestamp,
        Value::Duration(_) => StaticType::Duration,
        Value::List(items) => {
            joined(&mut items.iter().map(|item| of_value(item, depth + 1))).list()
        }
        Value::Map(map) => {
            let key = joined(&mut map.iter().map(|(key, _)| of_value(&key.clone().into(), depth)));
            let value = joined(&mut map.iter().map(|(_, value)| of_value(value, depth + 1)));
            StaticType::map(key, value)
        }
        Value::Type(name) => StaticType::named(name).type_of(),
        Value::Optional(None) => StaticType::Dyn.optional(),
        Value::Optional(Some(value)) => of_value(value, depth + 1).optional(),
        Value::Ip(_) => StaticType::opaque("net.IP"),
        Value::Cidr(_) => StaticType::opaque("net.CIDR"),
        Value::Reference(reference) => StaticType::Reference(Some(Arc::clone(&reference.entity))),
        Value::Record(record) => {
            let field = |(name, value): (Arc<str>, Value)| ShapeField {
                name,
                ty: of_value(&value, depth + 1),
                doc: None,
            };
            let fields = record.fields().into_iter().map(field).collect();
            let name = record.type_name().into();
            StaticType::Record(Arc::new(Shape { name, fields, open: false, keyed: false }))
        }
    }
}

impl From<&Type> for StaticType {
    /// Of an object's type only the name is known, so each field is `dyn`.
    fn from(declared: &Type) -> Self {
        match declared {
            Type::Any => Self::Dyn,
            Type::Null => Self::Null,
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Uint => Self::Uint,
            Type::Double => Self::Double,
            Type::String => Self::String,
            Type::Bytes => Self::Bytes,
            Type::Timestamp => Self::Timestamp,
            Type::Duration => Self::Duration,
            Type::List(of) => Self::from(&**of).list(),
            Type::Map(of) => Self::map(Self::String, Self::from(&**of)),
            Type::Reference(entity) => Self::Reference(Some(Arc::clone(entity))),
            Type::Record(entity) => Self::Record(Arc::new(Shape {
                name: Arc::clone(entity),
                fields: Vec::new(),
                open: true,
                keyed: false,
            })),
        }
    }
}
