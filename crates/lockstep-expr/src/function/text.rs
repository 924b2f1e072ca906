//! Functions of strings. Positions count characters (Unicode scalar values) from 0.

use std::sync::Arc;

use super::{count, format, list};
use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::value::Value;

/// Bytes that a value takes in a list.
const SLOT: usize = size_of::<Value>();

/// A function of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Contains,
    StartsWith,
    EndsWith,
    CharAt,
    IndexOf,
    LastIndexOf,
    Join,
    Split,
    Replace,
    Substring,
    LowerAscii,
    UpperAscii,
    Trim,
    /// Of a string or a list.
    Reverse,
    /// Puts values into a text.
    Format,
    Quote,
}

/// Computes a function of strings; `None` if it is not defined for such values.
pub(super) fn call(text: Text, arguments: &[Value], meter: &mut Meter) -> Outcome<Option<Value>> {
    use Value::{Int, List, String};
    for argument in arguments {
        if let String(text) = argument {
            meter.look(text.len())?;
        }
    }
    let value = match (text, arguments) {
        (Text::Contains, [String(text), String(part)]) => text.contains(&**part).into(),
        (Text::StartsWith, [String(text), String(part)]) => text.starts_with(&**part).into(),
        (Text::EndsWith, [String(text), String(part)]) => text.ends_with(&**part).into(),
        (Text::CharAt, [String(text), Int(place)]) => char_at(text, *place)?,
        (Text::IndexOf, [String(text), String(part)]) => index_of(text, part, 0)?,
        (Text::IndexOf, [String(text), String(part), Int(from)]) => index_of(text, part, *from)?,
        (Text::LastIndexOf, [String(text), String(part)]) => last_index_of(text, part, None)?,
        (Text::LastIndexOf, [String(text), String(part), Int(from)]) => {
            last_index_of(text, part, Some(*from))?
        }
        (Text::Join, [List(items)]) => return join(items, "", meter),
        (Text::Join, [List(items), String(separator)]) => return join(items, separator, meter),
        (Text::Split, [String(text), String(separator)]) => split(text, separator, -1, meter)?,
        (Text::Split, [String(text), String(separator), Int(limit)]) => {
            split(text, separator, *limit, meter)?
        }
        (Text::Replace, [String(text), String(old), String(new)]) => {
            replace(text, old, new, -1, meter)?
        }
        (Text::Replace, [String(text), String(old), String(new), Int(limit)]) => {
            replace(text, old, new, *limit, meter)?
        }
        (Text::Substring, [String(text), Int(start)]) => substring(text, *start, None, meter)?,
        (Text::Substring, [String(text), Int(start), Int(end)]) => {
            substring(text, *start, Some(*end), meter)?
        }
        (Text::LowerAscii, [String(text)]) => {
            make(meter, text.len(), || text.to_ascii_lowercase())?
        }
        (Text::UpperAscii, [String(text)]) => {
            make(meter, text.len(), || text.to_ascii_uppercase())?
        }
        (Text::Trim, [String(text)]) => make(meter, text.len(), || text.trim().to_owned())?,
        (Text::Reverse, [String(text)]) => {
            make(meter, text.len(), || text.chars().rev().collect::<std::string::String>())?
        }
        (Text::Reverse, [List(items)]) => list::reverse(items, meter)?,
        (Text::Format, [String(text), List(values)]) => format::format(text, values, meter)?,
        (Text::Quote, [String(text)]) => format::quote(text, meter)?,
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// Pays for a string and makes it.
fn make(meter: &mut Meter, bytes: usize, make: impl FnOnce() -> String) -> Outcome {
    meter.make(bytes)?;
    Ok(make().into())
}

fn out_of_range(place: i64) -> Fault {
    Fault::new(code::INDEX, format!("position {place} is outside the string"))
}

/// Returns the byte at which character `place` begins; the end of the text counts as one.
fn byte_of(text: &str, place: i64) -> Outcome<usize> {
    let place_in_text = usize::try_from(place).map_err(|_| out_of_range(place))?;
    text.char_indices()
        .map(|(byte, _)| byte)
        .chain([text.len()])
        .nth(place_in_text)
        .ok_or_else(|| out_of_range(place))
}

/// Returns the number of the character that begins at a byte.
fn place_of(text: &str, byte: usize) -> Value {
    count(text.get(..byte).map_or(0, |before| before.chars().count()))
}

fn char_at(text: &str, place: i64) -> Outcome {
    let rest = text.get(byte_of(text, place)?..).unwrap_or("");
    Ok(rest.chars().next().map_or_else(String::new, String::from).into())
}

fn index_of(text: &str, part: &str, from: i64) -> Outcome {
    let start = byte_of(text, from)?;
    let found = text.get(start..).and_then(|rest| rest.find(part));
    Ok(found.map_or(Value::Int(-1), |found| place_of(text, start + found)))
}

/// Returns where the last `part` begins that begins at `from` or before.
fn last_index_of(text: &str, part: &str, from: Option<i64>) -> Outcome {
    let end = match from {
        Some(from) => byte_of(text, from)?.saturating_add(part.len()).min(text.len()),
        None => text.len(),
    };
    // A part that is found ends between two characters, so nothing is lost with half of one.
    let found = text.get(..text.floor_char_boundary(end)).and_then(|before| before.rfind(part));
    Ok(found.map_or(Value::Int(-1), |found| place_of(text, found)))
}

fn join(items: &[Value], separator: &str, meter: &mut Meter) -> Outcome<Option<Value>> {
    meter.work(items.len())?;
    let mut bytes = separator.len().saturating_mul(items.len().saturating_sub(1));
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        let Value::String(text) = item else { return Ok(None) };
        bytes = bytes.saturating_add(text.len());
        parts.push(&**text);
    }
    make(meter, bytes, || parts.join(separator)).map(Some)
}

/// Splits into at most `limit` parts; a negative limit means all.
fn split(text: &Arc<str>, separator: &str, limit: i64, meter: &mut Meter) -> Outcome {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = if separator.is_empty() { text.len() } else { text.matches(separator).count() + 1 };
    meter.make(found.min(limit).saturating_mul(2 * SLOT).saturating_add(text.len()))?;
    let parts: Vec<Value> = match limit {
        0 => Vec::new(),
        1 => vec![Value::String(Arc::clone(text))],
        _ if separator.is_empty() => split_characters(text, limit),
        _ => text.splitn(limit, separator).map(Value::from).collect(),
    };
    Ok(parts.into())
}

fn split_characters(text: &str, limit: usize) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text.chars();
    while parts.len() + 1 < limit {
        let Some(character) = rest.next() else { return parts };
        parts.push(String::from(character).into());
    }
    if !rest.as_str().is_empty() {
        parts.push(rest.as_str().into());
    }
    parts
}

/// Replaces the first `limit` places; a negative limit means all.
fn replace(text: &str, old: &str, new: &str, limit: i64, meter: &mut Meter) -> Outcome {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let places = text.matches(old).take(limit).count();
    let bytes = places.saturating_mul(new.len()).saturating_add(text.len());
    make(meter, bytes, || text.replacen(old, new, limit))
}

fn substring(text: &str, start: i64, end: Option<i64>, meter: &mut Meter) -> Outcome {
    let first = byte_of(text, start)?;
    let last = end.map_or(Ok(text.len()), |end| byte_of(text, end))?;
    let part = text.get(first..last).ok_or_else(|| {
        Fault::new(code::INDEX, format!("the end of the part lies before its start, {start}"))
    })?;
    make(meter, part.len(), || part.to_owned())
}
