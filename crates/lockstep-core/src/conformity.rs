//! Conformity: values against declared types, for inputs and attributes.
//!
//! Invariants:
//!
//! * A value that conforms is of its declared type exactly; what arrives as plain JSON is converted
//!   where nothing is lost by it (an integral number for a double, RFC 3339 text for a timestamp).

use std::sync::Arc;

use lockstep_definition::{Attribute, Entity, Input, Workflow};
use lockstep_expr::{Duration, Map, Reference, Scope, Timestamp, Type, Value, json};

use crate::codec;
use crate::failure::Failure;
use crate::instance::names::map;
use crate::object::ObjectKey;

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("data.invalid", message)
}

/// Returns the input of an instance: declared names, defaults filled in, values converted.
///
/// # Errors
///
/// `data.invalid` if a name is missing or unknown, or a value is not of its type.
pub fn input(workflow: &Workflow, given: &Value) -> Result<Value, Failure> {
    if !matches!(given, Value::Map(_) | Value::Null) {
        return Err(invalid("the input must be a map"));
    }
    fields(&format!("workflow `{}`", workflow.name), "input", &workflow.input, given)
}

/// Returns a map of declared fields: defaults filled in, values converted. `owner` has the fields,
/// each of which is a `kind`.
pub(crate) fn fields(
    owner: &str,
    kind: &str,
    fields: &[Input],
    given: &Value,
) -> Result<Value, Failure> {
    if !matches!(given, Value::Map(_) | Value::Null) {
        let found = given.type_name();
        return Err(invalid(format!("{owner} takes a map, this is of type {found}")));
    }
    let empty = Map::new();
    let given = if let Value::Map(map) = given { map } else { &empty };
    for (name, _) in given {
        if !fields.iter().any(|field| name.as_str() == Some(&*field.name)) {
            let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let name = Value::from(name.clone());
            let message = format!("{owner} has no {kind} {name}; its {kind}s are: {known}");
            return Err(invalid(message));
        }
    }
    let mut conforming = Map::with_capacity(fields.len());
    for declared in fields {
        let value = given.get(&declared.name).or(declared.default.as_ref());
        let value = match value {
            None | Some(Value::Null) if declared.optional => Value::Null,
            None => return Err(invalid(format!("{kind} `{}` is missing", declared.name))),
            Some(value) => convert(value, &declared.ty).ok_or_else(|| {
                let (name, ty, found) = (&declared.name, &declared.ty, value.type_name());
                invalid(format!("{kind} `{name}` must be of type {ty}, it is of type {found}"))
            })?,
        };
        codec::check_depth(&value)?;
        conforming.insert(Arc::clone(&declared.name), value);
    }
    Ok(Value::Map(Arc::new(conforming)))
}

/// Checks what every committed object of its entity fulfils.
///
/// # Errors
///
/// `data.invalid` if a condition is not true, or has no value.
pub(crate) fn invariants(
    entity: &Entity,
    key: &ObjectKey,
    attributes: &Map,
) -> Result<(), Failure> {
    for invariant in &entity.invariants {
        let condition = invariant.condition.text();
        let scope = OfObject { id: &key.id, attributes };
        let message = match invariant.condition.evaluate(&scope) {
            Ok(Value::Bool(true)) => continue,
            Ok(Value::Bool(false)) => match &invariant.message {
                Some(message) => format!("{key}: {message} (`{condition}` is false)"),
                None => format!("{key}: `{condition}` is false"),
            },
            Ok(other) => {
                let found = other.type_name();
                format!("{key}: `{condition}` must be true or false, it is of type {found}")
            }
            Err(error) => format!("{key}: `{condition}` cannot be decided: {error}"),
        };
        let details = [
            ("entity", Value::String(Arc::clone(&key.entity))),
            ("id", Value::String(Arc::clone(&key.id))),
            ("condition", Value::from(condition)),
        ];
        return Err(invalid(message).with_details(map(details)));
    }
    Ok(())
}

/// The attributes of an object, by their names, and its id.
struct OfObject<'a> {
    id: &'a Arc<str>,
    attributes: &'a Map,
}

impl Scope for OfObject<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        match self.attributes.get(name) {
            Some(value) => Some(value.clone()),
            None => (name == "id").then(|| Value::String(Arc::clone(self.id))),
        }
    }
}

/// Returns the attributes of a new object: defaults filled in, values checked.
///
/// # Errors
///
/// `data.invalid` if an attribute is missing, unknown or not of its type.
pub fn attributes(entity: &Entity, given: &Map) -> Result<Map, Failure> {
    for (name, _) in given {
        if !entity.attributes.iter().any(|attribute| name.as_str() == Some(&*attribute.name)) {
            let name = Value::from(name.clone());
            return Err(invalid(format!("entity {} has no attribute {name}", entity.name)));
        }
    }
    let mut attributes = Map::with_capacity(entity.attributes.len());
    for declared in &entity.attributes {
        let value = match given.get(&declared.name).or(declared.default.as_ref()) {
            None | Some(Value::Null) if declared.optional => Value::Null,
            None => {
                let (entity, name) = (&entity.name, &declared.name);
                return Err(invalid(format!("{entity} needs a value for `{name}`")));
            }
            Some(value) => attribute(entity, declared, value)?,
        };
        attributes.insert(Arc::clone(&declared.name), value);
    }
    Ok(attributes)
}

/// Returns the attributes of an object after a change of some of them.
///
/// # Errors
///
/// `data.invalid` if a value is not of its attribute's type.
pub(crate) fn changed(
    entity: &Entity,
    present: &Map,
    set: impl IntoIterator<Item = (Arc<str>, Value)>,
) -> Result<Map, Failure> {
    let mut attributes = present.clone();
    for (name, value) in set {
        let Some(declared) = entity.attributes.iter().find(|declared| declared.name == name) else {
            return Err(invalid(format!("entity {} has no attribute `{name}`", entity.name)));
        };
        let value = attribute(entity, declared, &value)?;
        attributes.insert(name, value);
    }
    Ok(attributes)
}

fn attribute(entity: &Entity, declared: &Attribute, value: &Value) -> Result<Value, Failure> {
    let (entity, name) = (&entity.name, &declared.name);
    if matches!(value, Value::Null) {
        return if declared.optional {
            Ok(Value::Null)
        } else {
            Err(invalid(format!("{entity}.{name} must not be null")))
        };
    }
    let value = convert(value, &declared.ty).ok_or_else(|| {
        let (ty, found) = (&declared.ty, value.type_name());
        invalid(format!("{entity}.{name} must be of type {ty}, it is of type {found}"))
    })?;
    codec::check_depth(&value)?;
    if let Some(min) = &declared.min
        && is_less(&value, min)
    {
        return Err(invalid(format!("{entity}.{name} must be at least {min}, it is {value}")));
    }
    if let Some(max) = &declared.max
        && is_less(max, &value)
    {
        return Err(invalid(format!("{entity}.{name} must be at most {max}, it is {value}")));
    }
    Ok(value)
}

/// Compares numbers of one kind; others are never less.
fn is_less(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left < right,
        (Value::Double(left), Value::Double(right)) => left < right,
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => left < right,
            _ => false,
        },
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a bound of mixed kinds")]
fn number(value: &Value) -> Option<f64> {
    if let Value::Int(int) = value {
        return Some(*int as f64);
    }
    if let Value::Double(double) = value { Some(*double) } else { None }
}

/// Returns `value` as one of type `ty`, if nothing is lost by it.
fn convert(value: &Value, ty: &Type) -> Option<Value> {
    match (ty, value) {
        (Type::List(item), Value::List(values)) => {
            let values: Option<Vec<Value>> =
                values.iter().map(|value| convert(value, item)).collect();
            Some(Value::List(Arc::new(values?)))
        }
        (Type::Map(item), Value::Map(map)) => {
            let mut to = Map::new();
            for (key, value) in &**map {
                key.as_str()?;
                to.insert(key.clone(), convert(value, item)?);
            }
            Some(Value::Map(Arc::new(to)))
        }
        // An object is stored as a reference to it, not as a copy.
        (Type::Reference(entity), Value::Record(record)) if record.type_name() == &**entity => {
            match record.field("id") {
                Some(Value::String(id)) => reference(entity, &id),
                _ => None,
            }
        }
        (_, value) if ty.accepts(value) => Some(value.clone()),
        (Type::Double, Value::Int(int)) => {
            let double = number(&Value::Int(*int))?;
            (Value::Double(double) == Value::Int(*int)).then_some(Value::Double(double))
        }
        (Type::Uint, Value::Int(int)) => u64::try_from(*int).ok().map(Value::Uint),
        (Type::Bytes, Value::String(text)) => json::bytes(text).map(Value::Bytes),
        (Type::Timestamp, Value::String(text)) => Timestamp::parse(text).ok().map(Value::Timestamp),
        (Type::Duration, Value::String(text)) => Duration::parse(text).ok().map(Value::Duration),
        (Type::Reference(entity), Value::String(id)) => reference(entity, id),
        _ => None,
    }
}

fn reference(entity: &Arc<str>, id: &Arc<str>) -> Option<Value> {
    (!id.is_empty()).then(|| {
        let reference = Reference { entity: Arc::clone(entity), id: Arc::clone(id) };
        Value::Reference(Arc::new(reference))
    })
}
