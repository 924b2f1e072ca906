//! The functions of the language.
//!
//! Invariants: *resolved early*: names are resolved when an expression is parsed, never when it is
//! evaluated.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

mod address;
mod conversion;
mod encoding;
mod format;
mod habit;
mod list;
mod math;
mod optional;
mod pattern;
mod table;
mod text;
mod time;

pub(crate) use conversion::double_text;
pub(crate) use habit::habit;
pub(crate) use list::sorted;
pub(crate) use math::Math;
pub(crate) use pattern::{MAX_PATTERNS, Pattern};
#[cfg(test)]
pub(crate) use table::names;
pub(crate) use table::{Form, NAMESPACES, exists, name, resolve};
pub(crate) use time::TimePart;

use std::sync::OnceLock;

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::value::{Reference, Value};
use address::Address;
use conversion::Conversion;
use encoding::Encoding;
use list::List;
use optional::Optional;
use text::Text;

/// Most arguments of a function, the target of a method included.
pub(crate) const MAX_ARGUMENTS: usize = 4;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// Characters of a string, bytes of bytes, elements of a list, entries of a map.
    Size,
    /// Whether a regular expression matches a part of a string.
    Matches,
    /// The type of a value.
    Type,
    /// The same value.
    Dyn,
    /// A reference to an object.
    Reference,
    Convert(Conversion),
    Text(Text),
    Time(TimePart),
    Math(Math),
    List(List),
    Encoding(Encoding),
    Optional(Optional),
    Address(Address),
}

/// Computes a function. `pattern` keeps the compiled pattern of a call whose pattern is a literal.
pub(crate) fn call(
    function: Function,
    arguments: &[Value],
    pattern: Option<&OnceLock<Pattern>>,
    meter: &mut Meter,
) -> Outcome {
    let result = match (function, arguments) {
        (Function::Size, [value]) => size(value, meter)?,
        (Function::Matches, [Value::String(text), Value::String(regex)]) => {
            Some(Value::Bool(pattern::is_match(text, regex, pattern, meter)?))
        }
        (Function::Type, [value]) => Some(conversion::type_of(value)),
        (Function::Dyn, [value]) => Some(value.clone()),
        (Function::Reference, [Value::String(entity), id]) => Some(reference(entity, id)?),
        (Function::Convert(conversion), [value]) => conversion::convert(conversion, value, meter)?,
        (Function::Text(text), arguments) => text::call(text, arguments, meter)?,
        (Function::Time(part), arguments) => time::part(part, arguments, meter)?,
        (Function::Math(math), arguments) => math::call(math, arguments, meter)?,
        (Function::List(list), arguments) => list::call(list, arguments, meter)?,
        (Function::Encoding(encoding), arguments) => encoding::call(encoding, arguments, meter)?,
        (Function::Optional(optional), arguments) => optional::call(optional, arguments, meter)?,
        (Function::Address(address), arguments) => address::call(address, arguments, meter)?,
        _ => None,
    };
    result.ok_or_else(|| Fault::no_overload(name(function), arguments))
}

fn size(value: &Value, meter: &mut Meter) -> Outcome<Option<Value>> {
    let size = match value {
        Value::String(text) => {
            meter.look(text.len())?;
            text.chars().count()
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return Ok(None),
    };
    Ok(Some(count(size)))
}

/// Returns a number of things in memory as an int.
fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn reference(entity: &std::sync::Arc<str>, id: &Value) -> Outcome {
    let id = match id {
        Value::String(id) => std::sync::Arc::clone(id),
        Value::Int(id) => id.to_string().into(),
        Value::Uint(id) => id.to_string().into(),
        Value::Reference(reference) if reference.entity == *entity => {
            return Ok(Value::Reference(std::sync::Arc::clone(reference)));
        }
        other => {
            let message =
                format!("the id of a reference is a string or int, not {}", other.type_name());
            return Err(Fault::new(code::TYPE, message));
        }
    };
    if id.is_empty() || entity.is_empty() {
        let what = if id.is_empty() { "id" } else { "entity" };
        return Err(Fault::new(code::ARGUMENT, format!("the {what} of a reference is empty")));
    }
    Ok(Reference { entity: std::sync::Arc::clone(entity), id }.into())
}
