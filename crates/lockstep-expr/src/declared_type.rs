//! Types that authors declare for inputs and attributes.
//!
//! Invariants: *bounded*: a declared type nests at most [`MAX_DEPTH`] deep.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::value::Value;
use crate::value::map::Key;

/// Deepest nesting of `list<...>` and `map<string, ...>`.
pub(crate) const MAX_DEPTH: usize = 16;

/// A declared type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Every value.
    Any,
    /// Only null.
    Null,
    /// Truth values.
    Bool,
    /// Whole numbers of 64 bits.
    Int,
    /// Whole numbers of 64 bits that are not negative.
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
    List(Box<Type>),
    /// Maps from strings to one type.
    Map(Box<Type>),
    /// References to objects of an entity.
    Reference(Arc<str>),
    /// Objects of an entity.
    Record(Arc<str>),
}

/// Why a text is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl Type {
    /// Types that are one word, in the order in which they are told to people.
    pub const WORDS: [(&'static str, Type); 10] = [
        ("bool", Type::Bool),
        ("int", Type::Int),
        ("uint", Type::Uint),
        ("double", Type::Double),
        ("string", Type::String),
        ("bytes", Type::Bytes),
        ("timestamp", Type::Timestamp),
        ("duration", Type::Duration),
        ("null", Type::Null),
        ("any", Type::Any),
    ];

    /// Reads a type: one word, `list<T>`, `map<string, T>` or `ref<Entity>`.
    ///
    /// # Errors
    ///
    /// [`TypeError`] for another form, and beyond 16 levels of nesting.
    pub fn parse(text: &str) -> Result<Self, TypeError> {
        parse(text.trim(), 0)
    }

    /// Returns whether a value is of this type. Exact: a whole number is no `double`.
    pub fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Null, Value::Null)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Uint, Value::Uint(_))
            | (Self::Double, Value::Double(_))
            | (Self::String, Value::String(_))
            | (Self::Bytes, Value::Bytes(_))
            | (Self::Timestamp, Value::Timestamp(_))
            | (Self::Duration, Value::Duration(_)) => true,
            (Self::List(of), Value::List(items)) => items.iter().all(|item| of.accepts(item)),
            (Self::Map(of), Value::Map(map)) => {
                map.iter().all(|(key, item)| matches!(key, Key::String(_)) && of.accepts(item))
            }
            (Self::Reference(entity), Value::Reference(reference)) => *entity == reference.entity,
            (Self::Reference(entity) | Self::Record(entity), Value::Record(record)) => {
                **entity == *record.type_name()
            }
            _ => false,
        }
    }
}

fn parse(text: &str, depth: usize) -> Result<Type, TypeError> {
    if depth > MAX_DEPTH {
        return error(format!("a type nests at most {MAX_DEPTH} levels"));
    }
    if let Some((_, word)) = Type::WORDS.iter().find(|(name, _)| *name == text) {
        return Ok(word.clone());
    }
    let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    let Some((name, inner)) = parts.map(|(name, inner)| (name.trim(), inner.trim())) else {
        return error(format!("`{text}` is not a type"));
    };
    match name {
        "list" => Ok(Type::List(Box::new(parse(inner, depth + 1)?))),
        "map" => match inner.split_once(',') {
            Some((key, of)) if key.trim() == "string" => {
                Ok(Type::Map(Box::new(parse(of.trim(), depth + 1)?)))
            }
            _ => error("a map is written as `map<string, T>`: its keys are strings"),
        },
        "ref" if is_name(inner) => Ok(Type::Reference(inner.into())),
        "ref" => error(format!("`{inner}` is not an entity's name")),
        _ => error(format!("`{text}` is not a type")),
    }
}

fn error<T>(message: impl Into<String>) -> Result<T, TypeError> {
    Err(TypeError { message: message.into() })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(of) => write!(f, "list<{of}>"),
            Self::Map(of) => write!(f, "map<string, {of}>"),
            Self::Reference(entity) => write!(f, "ref<{entity}>"),
            Self::Record(entity) => f.write_str(entity),
        }
    }
}

impl std::str::FromStr for Type {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::parse(text)
    }
}
