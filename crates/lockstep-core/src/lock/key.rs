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
use std::sync::Arc;

use lockstep_definition::LockScope;
use lockstep_expr::Value;

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
