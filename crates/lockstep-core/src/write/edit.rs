//! What a write makes of an object.
//!
//! Invariants:
//!
//! * What comes of it conforms to its entity: types, bounds, invariants.
//! * The version grows by one; who created the object, and when, does not change.

use std::sync::Arc;

use lockstep_definition::Entity;
use lockstep_expr::{Map, Value};

use super::{Edit, Write};
use crate::conformity;
use crate::failure::Failure;
use crate::instance::names::map;
use crate::object::{Object, ObjectKey};
use crate::time::Time;

/// Returns the object that a write makes of the present one, but for its stamp; `None` if it is
/// deleted.
pub(super) fn edited(
    entity: &Entity,
    write: &Write,
    present: Option<&Object>,
    now: Time,
) -> Result<Option<Object>, Failure> {
    let key = &write.key;
    let attributes = match (&write.edit, present) {
        (Edit::Create(_), Some(_)) => {
            let message = format!("there is a {} with id {:?} already", key.entity, &*key.id);
            return Err(Failure::new("data.unique", message).with_details(named(key)));
        }
        (Edit::Replace(_) | Edit::Merge(_) | Edit::Delete, None) => return Err(absent(key)),
        (Edit::Create(given), None) | (Edit::Replace(given), Some(_)) => {
            conformity::attributes(entity, given)?
        }
        (Edit::Merge(patch), Some(present)) => {
            conformity::changed(entity, &present.attributes, merged(entity, present, patch))?
        }
        (Edit::Delete, Some(_)) => return Ok(None),
    };
    conformity::invariants(entity, key, &attributes)?;
    let created = present.map(|present| (present.created_at, Arc::clone(&present.created_by)));
    let (created_at, created_by) = created.unwrap_or_else(|| (now, Arc::clone(&write.by)));
    Ok(Some(Object {
        key: key.clone(),
        version: present.map_or(1, |present| present.version.saturating_add(1)),
        stamp: 0,
        created_at,
        created_by,
        modified_at: now,
        modified_by: Arc::clone(&write.by),
        attributes,
    }))
}

/// Returns the attributes that a patch names, as they are to be.
fn merged(entity: &Entity, present: &Object, patch: &Map) -> Vec<(Arc<str>, Value)> {
    let mut set = Vec::with_capacity(patch.len());
    for (name, value) in patch {
        let name: Arc<str> = name.as_str().unwrap_or_default().into();
        let value = if matches!(value, Value::Null) {
            // What is taken away is as if it had never been given.
            let declared = entity.attributes.iter().find(|declared| declared.name == name);
            declared.and_then(|declared| declared.default.clone()).unwrap_or(Value::Null)
        } else {
            merge(present.attributes.get(&name), value)
        };
        set.push((name, value));
    }
    set
}

/// Applies a patch to a value. JSON that was read is no deeper than its reader allows.
fn merge(present: Option<&Value>, patch: &Value) -> Value {
    let Value::Map(patch) = patch else { return patch.clone() };
    let mut merged = match present {
        Some(Value::Map(present)) => Map::clone(present),
        Some(_) | None => Map::new(),
    };
    for (key, value) in &**patch {
        let Some(name) = key.as_str() else { continue };
        if matches!(value, Value::Null) {
            merged.remove(name);
        } else {
            let value = merge(merged.get(name), value);
            merged.insert(key.clone(), value);
        }
    }
    Value::Map(Arc::new(merged))
}

fn absent(key: &ObjectKey) -> Failure {
    let message = format!("there is no {} with id {:?}", key.entity, &*key.id);
    Failure::new("data.not_found", message).with_details(named(key))
}

fn named(key: &ObjectKey) -> Value {
    map([
        ("entity", Value::String(Arc::clone(&key.entity))),
        ("id", Value::String(Arc::clone(&key.id))),
    ])
}
