//! Conversions between types, and the types of values.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use crate::duration::Duration;
use crate::error::code;
use crate::fault::{Fault, Outcome, shown, shown_text};
use crate::meter::Meter;
use crate::number;
use crate::timestamp::Timestamp;
use crate::value::Value;

/// Decimal exponents outside of which a double is written with an exponent.
const PLAIN_EXPONENTS: std::ops::Range<i32> = -4..21;

/// A type that a value can be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
}

/// Returns the type of a value, by the name that the language gives it.
pub(super) fn type_of(value: &Value) -> Value {
    let name = match value {
        Value::Null => "null_type",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::Optional(_) => "optional_type",
        Value::Ip(_) => "net.IP",
        Value::Cidr(_) => "net.CIDR",
        other => other.type_name(),
    };
    Value::Type(name.into())
}

/// Converts a value; `None` if there is no such conversion.
pub(super) fn convert(to: Conversion, value: &Value, meter: &mut Meter) -> Outcome<Option<Value>> {
    match to {
        Conversion::Bool => to_bool(value),
        Conversion::Int => to_int(value),
        Conversion::Uint => to_uint(value),
        Conversion::Double => to_double(value),
        Conversion::String => to_string(value, meter),
        Conversion::Bytes => to_bytes(value, meter),
        Conversion::Timestamp => to_timestamp(value),
        Conversion::Duration => to_duration(value),
    }
}

fn unreadable(text: &str, reason: impl std::fmt::Display) -> Fault {
    Fault::new(code::CONVERSION, format!("{} is {reason}", shown_text(text)))
}

fn out_of_range(value: &Value, wanted: &str) -> Fault {
    Fault::new(code::OVERFLOW, format!("{} does not fit {wanted}", shown(value)))
}

fn to_bool(value: &Value) -> Outcome<Option<Value>> {
    match value {
        Value::Bool(_) => Ok(Some(value.clone())),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(Value::Bool(true))),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(Value::Bool(false))),
            other => Err(unreadable(other, "not a bool: write `true` or `false`")),
        },
        _ => Ok(None),
    }
}

fn to_int(value: &Value) -> Outcome<Option<Value>> {
    let int = match value {
        Value::Int(int) => Some(*int),
        Value::Uint(uint) => i64::try_from(*uint).ok(),
        Value::Double(double) => number::double_to_int(*double),
        Value::Timestamp(timestamp) => Some(timestamp.as_seconds()),
        Value::String(text) => {
            return text
                .parse()
                .map(|int| Some(Value::Int(int)))
                .map_err(|_| unreadable(text, "not an int"));
        }
        _ => return Ok(None),
    };
    int.map(|int| Some(Value::Int(int))).ok_or_else(|| out_of_range(value, "an int"))
}

fn to_uint(value: &Value) -> Outcome<Option<Value>> {
    let uint = match value {
        Value::Uint(uint) => Some(*uint),
        Value::Int(int) => u64::try_from(*int).ok(),
        Value::Double(double) => number::double_to_uint(*double),
        Value::String(text) => {
            return text
                .parse()
                .map(|uint| Some(Value::Uint(uint)))
                .map_err(|_| unreadable(text, "not a uint"));
        }
        _ => return Ok(None),
    };
    uint.map(|uint| Some(Value::Uint(uint))).ok_or_else(|| out_of_range(value, "a uint"))
}

fn to_double(value: &Value) -> Outcome<Option<Value>> {
    let double = match value {
        Value::Double(double) => *double,
        Value::Int(int) => number::int_to_double(*int),
        Value::Uint(uint) => number::uint_to_double(*uint),
        Value::String(text) => text.parse().map_err(|_| unreadable(text, "not a double"))?,
        _ => return Ok(None),
    };
    Ok(Some(Value::Double(double)))
}

fn to_string(value: &Value, meter: &mut Meter) -> Outcome<Option<Value>> {
    let text = match value {
        Value::String(_) => return Ok(Some(value.clone())),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Uint(uint) => uint.to_string(),
        Value::Double(double) => double_text(*double),
        Value::Timestamp(timestamp) => timestamp.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Ip(ip) => ip.to_string(),
        Value::Cidr(cidr) => cidr.to_string(),
        Value::Reference(reference) => {
            return Ok(Some(Value::String(std::sync::Arc::clone(&reference.id))));
        }
        Value::Bytes(bytes) => {
            meter.make(bytes.len())?;
            let text = std::str::from_utf8(bytes);
            text.map_err(|_| Fault::new(code::CONVERSION, "the bytes are not UTF-8"))?.to_owned()
        }
        _ => return Ok(None),
    };
    meter.make(text.len())?;
    Ok(Some(text.into()))
}

fn to_bytes(value: &Value, meter: &mut Meter) -> Outcome<Option<Value>> {
    match value {
        Value::Bytes(_) => Ok(Some(value.clone())),
        Value::String(text) => {
            meter.make(text.len())?;
            Ok(Some(Value::Bytes(text.as_bytes().into())))
        }
        _ => Ok(None),
    }
}

fn to_timestamp(value: &Value) -> Outcome<Option<Value>> {
    match value {
        Value::Timestamp(_) => Ok(Some(value.clone())),
        Value::Int(seconds) => Timestamp::from_seconds(*seconds)
            .map(|timestamp| Some(timestamp.into()))
            .ok_or_else(|| out_of_range(value, "a timestamp: it lies in the years 1 to 9999")),
        Value::String(text) => Timestamp::parse(text)
            .map(|timestamp| Some(timestamp.into()))
            .map_err(|error| unreadable(text, error)),
        _ => Ok(None),
    }
}

fn to_duration(value: &Value) -> Outcome<Option<Value>> {
    match value {
        Value::Duration(_) => Ok(Some(value.clone())),
        Value::String(text) => Duration::parse(text)
            .map(|duration| Some(duration.into()))
            .map_err(|error| unreadable(text, error)),
        _ => Ok(None),
    }
}

/// Writes a double with as few digits as tell it from every other double: `123.456`, `5`, `1e+21`.
pub(crate) fn double_text(double: f64) -> String {
    if double.is_nan() {
        return "NaN".to_owned();
    }
    if double.is_infinite() {
        return if double > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{double:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if PLAIN_EXPONENTS.contains(&exponent) || double == 0.0 {
        return double.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
