//! Lock keys: the canonical text of what a lock context came to.
//!
//! Invariants:
//!
//! * Typed: two contexts have the same key only if they are equal in the expression language (so
//!   `1`, `1u` and `1.0` are the same lock, and `"1"` is another).
//! * No widening: null, an empty text, an empty list, NaN and whatever is not a key is an error; none
//!   becomes the key of the whole system.
//! * The keys of a list stay apart: each is a lock of its own, and all are taken together.
//! * Canonical: keys are sorted and stand there once, whatever the order of the list.
//! * Bounded: a key has at most [`MAX_BYTES`], a lock at most [`MAX_KEYS`].

use std::any::Any;
use std::str::Chars;
use std::sync::Arc;

use lockstep_definition::LockScope;
use lockstep_expr::{Reference, Value};

use crate::object::Object;

/// Longest lock key, in bytes, scope included.
pub const MAX_BYTES: usize = 1024;

/// Most keys that are taken together.
pub const MAX_KEYS: usize = 100;

/// Returns the keys of a context within its scope: sorted, each once.
///
/// # Errors
///
/// Why the value cannot be a key, for people.
pub fn of(
    context: &Value,
    scope: LockScope,
    workflow: &str,
    activity: &str,
) -> Result<Arc<[Arc<str>]>, String> {
    let Value::List(contexts) = context else {
        return Ok([scoped(canonical(context)?, scope, workflow, activity)?].into());
    };
    if contexts.is_empty() {
        return Err("it is an empty list".to_owned());
    }
    if contexts.len() > MAX_KEYS {
        let count = contexts.len();
        return Err(format!("the list has {count} keys, {MAX_KEYS} are allowed"));
    }
    let key = |(index, context): (usize, &Value)| {
        let key = canonical(context).and_then(|key| scoped(key, scope, workflow, activity));
        key.map_err(|why| format!("at index {index} of the list: {why}"))
    };
    let keys: Result<Vec<Arc<str>>, String> = contexts.iter().enumerate().map(key).collect();
    let mut keys = keys?;
    keys.sort_unstable();
    keys.dedup();
    Ok(keys.into())
}

/// Returns the key of a lock without context within its scope.
pub fn of_everything(scope: LockScope, workflow: &str, activity: &str) -> Arc<[Arc<str>]> {
    let key: Arc<str> = match scope {
        LockScope::System => super::SYSTEM.into(),
        LockScope::Workflow => format!("[{workflow}]").into(),
        LockScope::Activity => format!("[{workflow}.{activity}]").into(),
    };
    [key].into()
}

/// Returns a context whose key this is, from the text of a key as it is shown; the reverse of [`of`].
///
/// A word that is neither a number nor `true` or `false` may stand without its quotes: no context
/// comes to it.
///
/// # Errors
///
/// Why no context within the scope of the system comes to it, for people.
pub fn context(text: &str) -> Result<Value, String> {
    const HELP: &str = "an object is written as Entity/id, a text in quotes";
    if text.starts_with('"') {
        return quoted(text).map(|text| Value::String(text.into()));
    }
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text == super::SYSTEM || text.starts_with('[') {
        return Err(format!("{text} is the lock of a scope, which activities take"));
    }
    let value = match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match (number(text), text.split_once('/')) {
            (Some(number), _) => number,
            (None, Some((entity, id))) if is_name(entity) && !id.is_empty() => {
                Value::Reference(Arc::new(Reference { entity: entity.into(), id: id.into() }))
            }
            (None, Some(_)) => return Err(HELP.to_owned()),
            (None, None) => Value::String(text.into()),
        },
    };
    Ok(value)
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits != "inf" && !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let int = text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Uint));
    int.ok().or_else(|| text.parse().map(Value::Double).ok())
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let begins = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    begins && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads a text in quotes, as a key has it.
fn quoted(text: &str) -> Result<String, String> {
    let no_end = || "its quotes do not end where it ends".to_owned();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut chars = inner.ok_or_else(no_end)?.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Err(no_end()),
            '\\' => out.push(escaped(&mut chars).ok_or("it has an escape that is unknown")?),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Reads what stands behind a backslash.
fn escaped(chars: &mut Chars<'_>) -> Option<char> {
    match chars.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        c @ ('"' | '\'' | '\\') => Some(c),
        'u' if chars.next()? == '{' => {
            let digits: String = chars.by_ref().take_while(|c| *c != '}').collect();
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
        }
        _ => None,
    }
}

/// Returns keys for people.
pub fn shown(keys: &[Arc<str>]) -> String {
    if let [key] = keys { key.to_string() } else { keys.join(", ") }
}

fn scoped(
    key: String,
    scope: LockScope,
    workflow: &str,
    activity: &str,
) -> Result<Arc<str>, String> {
    let key = match scope {
        LockScope::System => key,
        LockScope::Workflow => format!("[{workflow}] {key}"),
        LockScope::Activity => format!("[{workflow}.{activity}] {key}"),
    };
    if key.len() > MAX_BYTES {
        return Err(format!("the key has {} bytes, {MAX_BYTES} are allowed", key.len()));
    }
    Ok(key.into())
}

fn canonical(context: &Value) -> Result<String, String> {
    match context {
        Value::Null => Err("it is null".to_owned()),
        Value::String(text) if text.is_empty() => Err("it is an empty string".to_owned()),
        Value::String(text) => Ok(format!("{text:?}")),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Int(value) => Ok(value.to_string()),
        Value::Uint(value) => Ok(value.to_string()),
        Value::Double(value) if value.is_nan() => Err("it is not a number".to_owned()),
        // An integral double prints without a fraction, as the equal integer does.
        Value::Double(value) if *value == 0.0 => Ok("0".to_owned()),
        Value::Double(value) => Ok(value.to_string()),
        Value::Reference(reference) => named(&reference.entity, &reference.id),
        Value::Record(record) => {
            let any: &dyn Any = &**record;
            match any.downcast_ref::<Object>() {
                Some(object) => named(&object.key.entity, &object.key.id),
                None => Err("it is not an object of the store".to_owned()),
            }
        }
        Value::List(_) => Err("a list within a list is not a key".to_owned()),
        Value::Bytes(_)
        | Value::Map(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Optional(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Type(_) => Err(format!("a value of type {} is not a key", context.type_name())),
    }
}

fn named(entity: &str, id: &str) -> Result<String, String> {
    if id.is_empty() {
        return Err(format!("the id of the {entity} is empty"));
    }
    Ok(format!("{entity}/{id}"))
}
