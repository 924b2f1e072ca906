//! `format`: values put into a text, each as its verb asks.
//!
//! A verb is `%`, a precision for `f` and `e` (`.2`), and a letter.
//!
//! Invariants: *paid for*: every piece is paid for before it is written, so that a list that holds
//! another one many times cannot make a text without end.

use std::fmt::Write as _;

use crate::error::code;
use crate::fault::{Fault, Outcome, shown_text};
use crate::meter::Meter;
use crate::number;
use crate::value::Value;
use crate::value::map::Key;

/// Digits behind the point where a verb names no precision.
const PRECISION: usize = 6;
/// Greatest precision that a verb may name.
const MAX_PRECISION: usize = 1_000;
/// Deepest nesting of lists and maps that is written.
const MAX_DEPTH: usize = 100;
/// Most digits of a double without a fraction.
const MAX_DIGITS: usize = 310;

/// Puts values into a text.
pub(super) fn format(text: &str, values: &[Value], meter: &mut Meter) -> Outcome {
    let mut out = String::new();
    let mut values = values.iter().enumerate();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        push(&mut out, plain, meter)?;
        let (verb, after) = verb(after)?;
        rest = after;
        if verb.letter == '%' {
            push(&mut out, "%", meter)?;
            continue;
        }
        let Some((_, value)) = values.next() else {
            let message = format!("the text {} has more verbs than values", shown_text(text));
            return Err(Fault::new(code::ARGUMENT, message));
        };
        write_value(&mut out, verb, value, meter)?;
    }
    push(&mut out, rest, meter)?;
    Ok(out.into())
}

/// What stands behind a `%`.
#[derive(Clone, Copy)]
struct Verb {
    precision: Option<usize>,
    letter: char,
}

/// Reads a verb; returns it and the text behind it.
fn verb(text: &str) -> Outcome<(Verb, &str)> {
    let bad = |message: String| Err(Fault::new(code::ARGUMENT, message));
    let mut precision = None;
    let mut rest = text;
    if let Some(after) = text.strip_prefix('.') {
        let len = after.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = after.split_at_checked(len).unwrap_or(("", after));
        match digits.parse::<usize>() {
            Ok(digits) if digits <= MAX_PRECISION => precision = Some(digits),
            _ => return bad(format!("a precision is a number from 0 to {MAX_PRECISION}")),
        }
        rest = after;
    }
    let mut letters = rest.chars();
    match letters.next() {
        Some('f' | 'e') => {}
        Some('s' | 'd' | 'x' | 'X' | 'o' | 'b' | '%') if precision.is_none() => {}
        Some(letter @ ('s' | 'd' | 'x' | 'X' | 'o' | 'b' | '%')) => {
            return bad(format!("`%{letter}` takes no precision"));
        }
        Some(other) => return bad(format!("there is no verb `%{other}`: write `%%` for `%`")),
        None => return bad("a text ends with `%`: write `%%` for `%`".to_owned()),
    }
    let letter = rest.chars().next().unwrap_or('%');
    Ok((Verb { precision, letter }, letters.as_str()))
}

fn push(out: &mut String, text: &str, meter: &mut Meter) -> Outcome<()> {
    meter.make(text.len())?;
    out.push_str(text);
    Ok(())
}

fn write_value(out: &mut String, verb: Verb, value: &Value, meter: &mut Meter) -> Outcome<()> {
    let text = match (verb.letter, value) {
        ('s', value) => return write_text(out, value, 0, meter),
        ('d', Value::Int(int)) => int.to_string(),
        ('d', Value::Uint(uint)) => uint.to_string(),
        ('d', Value::Double(double)) => {
            meter.make(MAX_DIGITS)?;
            plain(*double)
        }
        ('f' | 'e', Value::Int(int)) => float(verb, number::int_to_double(*int), meter)?,
        ('f' | 'e', Value::Uint(uint)) => float(verb, number::uint_to_double(*uint), meter)?,
        ('f' | 'e', Value::Double(double)) => float(verb, *double, meter)?,
        ('b', Value::Bool(flag)) => u8::from(*flag).to_string(),
        ('x' | 'X', Value::String(text)) => {
            return write_hex(out, text.as_bytes(), verb.letter, meter);
        }
        ('x' | 'X', Value::Bytes(bytes)) => return write_hex(out, bytes, verb.letter, meter),
        (letter, Value::Int(int)) => {
            let sign = if *int < 0 { "-" } else { "" };
            format!("{sign}{}", radix(letter, int.unsigned_abs()))
        }
        (letter, Value::Uint(uint)) => radix(letter, *uint),
        (letter, other) => {
            let message = format!("`%{letter}` does not write {}", other.type_name());
            return Err(Fault::new(code::TYPE, message));
        }
    };
    push(out, &text, meter)
}

fn radix(letter: char, number: u64) -> String {
    match letter {
        'x' => format!("{number:x}"),
        'X' => format!("{number:X}"),
        'o' => format!("{number:o}"),
        _ => format!("{number:b}"),
    }
}

fn write_hex(out: &mut String, bytes: &[u8], letter: char, meter: &mut Meter) -> Outcome<()> {
    meter.work(bytes.len())?;
    meter.make(bytes.len().saturating_mul(2))?;
    for byte in bytes {
        let result =
            if letter == 'x' { write!(out, "{byte:02x}") } else { write!(out, "{byte:02X}") };
        result.expect("a string takes every write");
    }
    Ok(())
}

/// Writes a double without an exponent, with as few digits as tell it from every other double.
fn plain(double: f64) -> String {
    not_finite(double).map_or_else(|| double.to_string(), str::to_owned)
}

fn not_finite(double: f64) -> Option<&'static str> {
    match double {
        _ if double.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// Writes a double with a fixed number of digits behind the point; halves go to the even digit.
fn float(verb: Verb, double: f64, meter: &mut Meter) -> Outcome<String> {
    if let Some(word) = not_finite(double) {
        return Ok(word.to_owned());
    }
    let precision = verb.precision.unwrap_or(PRECISION);
    meter.make(precision + MAX_DIGITS)?;
    if verb.letter == 'f' {
        return Ok(format!("{double:.precision$}"));
    }
    let text = format!("{double:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    Ok(format!("{digits}e{sign}{:02}", exponent.unsigned_abs()))
}

/// Writes a value as `%s` does.
fn write_text(out: &mut String, value: &Value, depth: usize, meter: &mut Meter) -> Outcome<()> {
    meter.work(1)?;
    if depth > MAX_DEPTH {
        let message = format!("`%s` writes at most {MAX_DEPTH} levels of lists and maps");
        return Err(Fault::new(code::LIMIT, message));
    }
    let text = match value {
        Value::String(text) | Value::Type(text) => return push(out, text, meter),
        Value::Bytes(bytes) => return write_bytes(out, bytes, meter),
        Value::List(items) => return write_list(out, items, depth, meter),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key_text(key), value.clone()));
            meter.work(map.len())?;
            return write_entries(out, entries.collect(), depth, meter);
        }
        Value::Record(record) => {
            let fields = record.fields();
            meter.work(fields.len())?;
            let entries = fields.into_iter().map(|(name, value)| (name.to_string(), value));
            return write_entries(out, entries.collect(), depth, meter);
        }
        Value::Reference(reference) => return push(out, &reference.id, meter),
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Uint(uint) => uint.to_string(),
        Value::Double(double) => plain(*double),
        Value::Timestamp(timestamp) => timestamp.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Ip(ip) => ip.to_string(),
        Value::Cidr(cidr) => cidr.to_string(),
        Value::Optional(_) => {
            return Err(Fault::new(code::TYPE, "`%s` does not write optional"));
        }
    };
    push(out, &text, meter)
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Bool(flag) => flag.to_string(),
        Key::Int(int) => int.to_string(),
        Key::Uint(uint) => uint.to_string(),
        Key::String(text) => text.to_string(),
    }
}

/// Writes bytes as UTF-8, with one mark in the place of each run of what is none.
fn write_bytes(out: &mut String, bytes: &[u8], meter: &mut Meter) -> Outcome<()> {
    meter.make(bytes.len().saturating_mul(3))?;
    let mut in_run = false;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_empty() {
            in_run = false;
        }
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !in_run {
            out.push(char::REPLACEMENT_CHARACTER);
            in_run = true;
        }
    }
    Ok(())
}

fn write_list(out: &mut String, items: &[Value], depth: usize, meter: &mut Meter) -> Outcome<()> {
    push(out, "[", meter)?;
    for (place, item) in items.iter().enumerate() {
        push(out, if place == 0 { "" } else { ", " }, meter)?;
        write_text(out, item, depth + 1, meter)?;
    }
    push(out, "]", meter)
}

/// Writes entries in the order of their keys' texts.
fn write_entries(
    out: &mut String,
    mut entries: Vec<(String, Value)>,
    depth: usize,
    meter: &mut Meter,
) -> Outcome<()> {
    meter.make(entries.iter().map(|(key, _)| key.len()).sum())?;
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    push(out, "{", meter)?;
    for (place, (key, value)) in entries.iter().enumerate() {
        push(out, if place == 0 { "" } else { ", " }, meter)?;
        push(out, key, meter)?;
        push(out, ": ", meter)?;
        write_text(out, value, depth + 1, meter)?;
    }
    push(out, "}", meter)
}

/// Returns a text in double quotes, with escapes for the characters that change how it is shown.
pub(super) fn quote(text: &str, meter: &mut Meter) -> Outcome {
    meter.work(text.len())?;
    meter.make(text.len().saturating_mul(2).saturating_add(2))?;
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for character in text.chars() {
        match character {
            '\u{07}' => out.push_str("\\a"),
            '\u{08}' => out.push_str("\\b"),
            '\u{0b}' => out.push_str("\\v"),
            '\u{0c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    Ok(out.into())
}
