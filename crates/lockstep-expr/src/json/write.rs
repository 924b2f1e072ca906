//! From values to JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MAX_DEPTH;
use crate::value::Value;
use crate::value::map::Key;

/// Writes a value as JSON without spaces.
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0);
    out
}

fn write_value(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null | Value::Optional(None) => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(int) => display(out, int),
        Value::Uint(uint) => display(out, uint),
        Value::Double(double) => write_double(out, *double),
        Value::String(text) | Value::Type(text) => write_string(out, text),
        Value::Bytes(bytes) => write_string(out, &STANDARD.encode(bytes)),
        Value::Timestamp(timestamp) => write_string(out, &timestamp.to_string()),
        Value::Duration(duration) => write_string(out, &duration.to_string()),
        Value::Reference(reference) => write_string(out, &reference.id),
        Value::Ip(ip) => write_string(out, &ip.to_string()),
        Value::Cidr(cidr) => write_string(out, &cidr.to_string()),
        Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Optional(Some(_))
            if depth >= MAX_DEPTH =>
        {
            out.push_str("null");
        }
        Value::Optional(Some(inner)) => write_value(out, inner, depth + 1),
        Value::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_value(out, item, depth + 1);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, item)| (key_text(key), item)).collect();
            write_object(out, entries, depth);
        }
        Value::Record(record) => {
            let fields = record.fields();
            let entries = fields.iter().map(|(name, item)| (name.to_string(), item)).collect();
            write_object(out, entries, depth);
        }
    }
}

fn write_object(out: &mut String, entries: Vec<(String, &Value)>, depth: usize) {
    out.push('{');
    for (place, (key, item)) in entries.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_string(out, &key);
        out.push(':');
        write_value(out, item, depth + 1);
    }
    out.push('}');
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Bool(flag) => flag.to_string(),
        Key::Int(int) => int.to_string(),
        Key::Uint(uint) => uint.to_string(),
        Key::String(text) => text.to_string(),
    }
}

fn write_double(out: &mut String, double: f64) {
    if double.is_nan() {
        out.push_str("\"NaN\"");
    } else if double.is_infinite() {
        out.push_str(if double > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        // The debug form always has a point or an exponent, so that a double stays a double.
        display(out, format_args!("{double:?}"));
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => display(out, format_args!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn display(out: &mut String, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("a string takes every write");
}
