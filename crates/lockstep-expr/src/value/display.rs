//! Values as people write them: as literals of the language.

use std::fmt::{self, Write as _};

use super::Value;

/// Deepest nesting that is written; what lies deeper appears as `...`.
const MAX_DEPTH: usize = 64;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, self, 0)
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
    if depth > MAX_DEPTH {
        return f.write_str("...");
    }
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(flag) => write!(f, "{flag}"),
        Value::Int(int) => write!(f, "{int}"),
        Value::Uint(uint) => write!(f, "{uint}u"),
        Value::Double(double) => write!(f, "{double:?}"),
        Value::String(text) => write_quoted(f, text),
        Value::Bytes(bytes) => write_bytes(f, bytes),
        Value::Timestamp(timestamp) => write!(f, "timestamp(\"{timestamp}\")"),
        Value::Duration(duration) => write!(f, "duration(\"{duration}\")"),
        Value::Type(name) => f.write_str(name),
        Value::Optional(None) => f.write_str("optional.none()"),
        Value::Optional(Some(inner)) => {
            f.write_str("optional.of(")?;
            write_value(f, inner, depth + 1)?;
            f.write_char(')')
        }
        Value::Ip(ip) => write!(f, "ip(\"{ip}\")"),
        Value::Cidr(cidr) => write!(f, "cidr(\"{cidr}\")"),
        Value::Reference(reference) => {
            f.write_str("ref(")?;
            write_quoted(f, &reference.entity)?;
            f.write_str(", ")?;
            write_quoted(f, &reference.id)?;
            f.write_char(')')
        }
        Value::List(items) => {
            f.write_char('[')?;
            for (place, item) in items.iter().enumerate() {
                f.write_str(if place == 0 { "" } else { ", " })?;
                write_value(f, item, depth + 1)?;
            }
            f.write_char(']')
        }
        Value::Map(map) => {
            f.write_char('{')?;
            for (place, (key, item)) in map.iter().enumerate() {
                write!(f, "{}{key}: ", if place == 0 { "" } else { ", " })?;
                write_value(f, item, depth + 1)?;
            }
            f.write_char('}')
        }
        Value::Record(record) => {
            write!(f, "{}{{", record.type_name())?;
            for (place, (name, item)) in record.fields().iter().enumerate() {
                write!(f, "{}{name}: ", if place == 0 { "" } else { ", " })?;
                write_value(f, item, depth + 1)?;
            }
            f.write_char('}')
        }
    }
}

/// Writes `text` as a string literal.
pub(crate) fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("b\"")?;
    for byte in bytes {
        match byte {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b' '..=b'~' => f.write_char(char::from(*byte))?,
            other => write!(f, "\\x{other:02x}")?,
        }
    }
    f.write_char('"')
}
