//! The functions of the language: their names, and which of them a call means.
//!
//! Invariants: *one table*: a function exists if [`TABLE`] has it; names are resolved when an
//! expression is parsed, never when it is evaluated.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

mod conversion;
mod pattern;
mod text;
mod time;

pub(crate) use conversion::double_text;
pub(crate) use pattern::{MAX_PATTERNS, Pattern};
pub(crate) use time::TimePart;

use std::sync::OnceLock;

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::value::{Reference, Value};
use conversion::Conversion;
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
}

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `name(arguments)`.
    Global,
    /// `target.name(arguments)`.
    Method,
}

/// Written arguments: least and most.
type Count = (usize, usize);

/// A function's name and the forms in which it may be called.
struct Entry {
    name: &'static str,
    function: Function,
    global: Option<Count>,
    method: Option<Count>,
}

const fn global(name: &'static str, function: Function, count: Count) -> Entry {
    Entry { name, function, global: Some(count), method: None }
}

const fn method(name: &'static str, function: Function, count: Count) -> Entry {
    Entry { name, function, global: None, method: Some(count) }
}

const fn part(name: &'static str, part: TimePart) -> Entry {
    method(name, Function::Time(part), (0, 1))
}

/// Every function.
const TABLE: &[Entry] = &[
    Entry { name: "size", function: Function::Size, global: Some((1, 1)), method: Some((0, 0)) },
    Entry {
        name: "matches",
        function: Function::Matches,
        global: Some((2, 2)),
        method: Some((1, 1)),
    },
    global("type", Function::Type, (1, 1)),
    global("dyn", Function::Dyn, (1, 1)),
    global("ref", Function::Reference, (2, 2)),
    global("bool", Function::Convert(Conversion::Bool), (1, 1)),
    global("int", Function::Convert(Conversion::Int), (1, 1)),
    global("uint", Function::Convert(Conversion::Uint), (1, 1)),
    global("double", Function::Convert(Conversion::Double), (1, 1)),
    global("string", Function::Convert(Conversion::String), (1, 1)),
    global("bytes", Function::Convert(Conversion::Bytes), (1, 1)),
    global("timestamp", Function::Convert(Conversion::Timestamp), (1, 1)),
    global("duration", Function::Convert(Conversion::Duration), (1, 1)),
    method("contains", Function::Text(Text::Contains), (1, 1)),
    method("startsWith", Function::Text(Text::StartsWith), (1, 1)),
    method("endsWith", Function::Text(Text::EndsWith), (1, 1)),
    method("charAt", Function::Text(Text::CharAt), (1, 1)),
    method("indexOf", Function::Text(Text::IndexOf), (1, 2)),
    method("lastIndexOf", Function::Text(Text::LastIndexOf), (1, 2)),
    method("join", Function::Text(Text::Join), (0, 1)),
    method("split", Function::Text(Text::Split), (1, 2)),
    method("replace", Function::Text(Text::Replace), (2, 3)),
    method("substring", Function::Text(Text::Substring), (1, 2)),
    method("lowerAscii", Function::Text(Text::LowerAscii), (0, 0)),
    method("upperAscii", Function::Text(Text::UpperAscii), (0, 0)),
    method("trim", Function::Text(Text::Trim), (0, 0)),
    method("reverse", Function::Text(Text::Reverse), (0, 0)),
    part("getFullYear", TimePart::FullYear),
    part("getMonth", TimePart::Month),
    part("getDate", TimePart::Date),
    part("getDayOfMonth", TimePart::DayOfMonth),
    part("getDayOfWeek", TimePart::DayOfWeek),
    part("getDayOfYear", TimePart::DayOfYear),
    part("getHours", TimePart::Hours),
    part("getMinutes", TimePart::Minutes),
    part("getSeconds", TimePart::Seconds),
    part("getMilliseconds", TimePart::Milliseconds),
];

/// Why no function answers a call.
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Returns the function that a call with so many written arguments means.
pub(crate) fn resolve(name: &str, form: Form, written: usize) -> Result<Function, Problem> {
    let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
        return Err(Problem { message: format!("there is no function `{name}`"), help: None });
    };
    let (count, other) = match form {
        Form::Global => (entry.global, entry.method),
        Form::Method => (entry.method, entry.global),
    };
    let Some((least, most)) = count else {
        debug_assert!(other.is_some(), "each function has a form");
        let (message, help) = match form {
            Form::Global => (
                format!("`{name}` is called on a value"),
                format!("write the value in front: `value.{name}(...)`"),
            ),
            Form::Method => (
                format!("`{name}` is not called on a value"),
                format!("write the value as an argument: `{name}(value)`"),
            ),
        };
        return Err(Problem { message, help: Some(help) });
    };
    if (least..=most).contains(&written) {
        return Ok(entry.function);
    }
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(Problem { message: format!("`{name}` takes {wanted}, not {written}"), help: None })
}

/// Returns the name of a function, for messages.
pub(crate) fn name(function: Function) -> &'static str {
    TABLE.iter().find(|entry| entry.function == function).map_or("function", |entry| entry.name)
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
