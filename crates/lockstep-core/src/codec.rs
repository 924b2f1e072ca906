//! The exact text form of values: JSON that comes back as the value that it was made of.
//!
//! What JSON has no word for is a map with one key that begins with `$`: `{"$timestamp": "..."}`.
//! A map of the language whose keys are not all strings, or one of whose keys begins with `$`, is
//! `{"$map": [[key, value], ...]}`.
//!
//! Invariants:
//!
//! * `decode(encode(v))` is `v`, kinds of numbers included.
//! * Text from a store never causes a panic: what is not of this form is a [`DecodeError`].
//!
//! Absent by design: the plain JSON for people and outside calls, which loses kinds; that is
//! `lockstep_expr::json`.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_definition::Place;
use lockstep_expr::{Cidr, Duration, Ip, Key, Map, Reference, Timestamp, Value};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::object::{Object, ObjectKey};
use crate::time::Time;

/// Deepest nesting that is decoded.
const MAX_DEPTH: usize = 100;

/// Deepest nesting of a value that an instance or object keeps. The exact form of a map takes up to
/// three levels of JSON, whose reader stops at 128.
const MAX_KEPT_DEPTH: usize = 36;

/// Refuses a value that is nested too deeply to be kept.
///
/// # Errors
///
/// `expr.limit`; the value must not be bound or stored.
pub(crate) fn check_depth(value: &Value) -> Result<(), Failure> {
    if fits(value, MAX_KEPT_DEPTH) {
        return Ok(());
    }
    let message = format!("a value is nested more than {MAX_KEPT_DEPTH} levels deep");
    Err(Failure::new("expr.limit", message))
}

fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::List(values) => levels > 0 && values.iter().all(|value| fits(value, levels - 1)),
        Value::Map(map) => levels > 0 && map.iter().all(|(_, value)| fits(value, levels - 1)),
        Value::Optional(Some(inner)) => levels > 0 && fits(inner, levels - 1),
        // The attributes of an object were checked when it was made.
        Value::Record(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Type(_)
        | Value::Optional(None)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Reference(_) => true,
    }
}

/// Why a text is not the exact form of a value.
#[derive(Debug, thiserror::Error)]
#[error("stored value is not readable: {0}")]
pub struct DecodeError(String);

impl DecodeError {
    pub(crate) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }
}

/// Returns the exact form of a value.
pub fn encode(value: &Value) -> String {
    serde_json::to_string(&Exact(value)).expect("values have no keys that JSON cannot write")
}

/// Returns the exact form of an object's attributes.
pub fn encode_map(map: &Map) -> String {
    serde_json::to_string(&ExactMap(map)).expect("values have no keys that JSON cannot write")
}

/// Reads the exact form of a value.
///
/// # Errors
///
/// [`DecodeError`] if the text is not of that form.
pub fn decode(text: &str) -> Result<Value, DecodeError> {
    let json: Json = serde_json::from_str(text).map_err(|error| DecodeError(error.to_string()))?;
    from_json(&json, 0)
}

/// Reads the exact form of an object's attributes.
///
/// # Errors
///
/// [`DecodeError`] if the text is not of that form.
pub fn decode_map(text: &str) -> Result<Map, DecodeError> {
    let Value::Map(map) = decode(text)? else { return Err(DecodeError::new("not a map")) };
    Ok(Arc::unwrap_or_clone(map))
}

/// Serializes a value in its exact form.
#[derive(Clone, Copy, Debug)]
pub struct Exact<'a>(pub &'a Value);

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Int(value) => to.serialize_i64(*value),
            Value::Double(value) if value.is_finite() => to.serialize_f64(*value),
            Value::Double(value) => tagged(to, "$double", &value.to_string()),
            Value::Uint(value) => tagged(to, "$uint", &value.to_string()),
            Value::String(value) => to.serialize_str(value),
            Value::Bytes(value) => tagged(to, "$bytes", &BASE64.encode(value)),
            Value::Timestamp(value) => tagged(to, "$timestamp", &value.to_string()),
            Value::Duration(value) => tagged(to, "$duration", &value.to_string()),
            Value::Type(name) => tagged(to, "$type", &name.to_string()),
            Value::Optional(inner) => {
                let inner: Vec<_> = inner.iter().map(|inner| Exact(inner)).collect();
                tagged(to, "$optional", &inner)
            }
            Value::Ip(ip) => tagged(to, "$ip", &ip.to_string()),
            Value::Cidr(cidr) => tagged(to, "$cidr", &cidr.to_string()),
            Value::Reference(reference) => {
                tagged(to, "$reference", &(&*reference.entity, &*reference.id))
            }
            Value::List(values) => {
                let mut sequence = to.serialize_seq(Some(values.len()))?;
                for value in values.iter() {
                    sequence.serialize_element(&Exact(value))?;
                }
                sequence.end()
            }
            Value::Map(map) => ExactMap(map).serialize(to),
            Value::Record(record) => {
                let any: &dyn Any = &**record;
                match any.downcast_ref::<Object>() {
                    Some(object) => tagged(to, "$object", &ExactObject(object)),
                    None => to.serialize_unit(),
                }
            }
        }
    }
}

struct ExactMap<'a>(&'a Map);

impl Serialize for ExactMap<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let plain = self.0.iter().all(|(key, _)| key.as_str().is_some_and(|k| !k.starts_with('$')));
        if !plain {
            let pairs: Vec<(Value, &Value)> =
                self.0.iter().map(|(key, value)| (Value::from(key.clone()), value)).collect();
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| (Exact(k), Exact(v))).collect();
            return tagged(to, "$map", &pairs);
        }
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            if let Some(key) = key.as_str() {
                map.serialize_entry(key, &Exact(value))?;
            }
        }
        map.end()
    }
}

struct ExactObject<'a>(&'a Object);

impl Serialize for ExactObject<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let object = self.0;
        (
            (&*object.key.entity, &*object.key.id),
            (object.version, object.stamp),
            (object.created_at.0, &*object.created_by),
            (object.modified_at.0, &*object.modified_by),
            ExactMap(&object.attributes),
        )
            .serialize(to)
    }
}

fn tagged<S: Serializer>(to: S, tag: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

fn wrong(what: impl fmt::Display) -> DecodeError {
    DecodeError(what.to_string())
}

/// Reads a value from the JSON of its exact form; `depth` counts from 0.
///
/// # Errors
///
/// [`DecodeError`] if it is not of that form.
pub fn from_json(json: &Json, depth: usize) -> Result<Value, DecodeError> {
    if depth > MAX_DEPTH {
        return Err(wrong("nested too deeply"));
    }
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::Double(value),
            (None, None) => return Err(wrong(number)),
        },
        Json::String(value) => Value::String(value.as_str().into()),
        Json::Array(values) => Value::List(Arc::new(
            values.iter().map(|value| from_json(value, depth + 1)).collect::<Result<_, _>>()?,
        )),
        Json::Object(map) => match map.iter().next() {
            Some((tag, value)) if map.len() == 1 && tag.starts_with('$') => {
                from_tagged(tag, value, depth)?
            }
            _ => {
                let mut to = Map::new();
                for (key, value) in map {
                    to.insert(key.as_str(), from_json(value, depth + 1)?);
                }
                Value::Map(Arc::new(to))
            }
        },
    })
}

fn from_tagged(tag: &str, json: &Json, depth: usize) -> Result<Value, DecodeError> {
    match tag {
        "$map" => return from_pairs(json, depth),
        "$optional" => return from_optional(json, depth),
        "$object" => return from_object(json, depth),
        "$reference" => {
            let (entity, id): (String, String) = typed(json)?;
            let reference = Reference { entity: entity.into(), id: id.into() };
            return Ok(Value::Reference(Arc::new(reference)));
        }
        _ => {}
    }
    let text = json.as_str().ok_or_else(|| wrong(tag))?;
    Ok(match tag {
        "$double" => Value::Double(text.parse().map_err(wrong)?),
        "$uint" => Value::Uint(text.parse().map_err(wrong)?),
        "$bytes" => Value::Bytes(BASE64.decode(text).map_err(wrong)?.into()),
        "$timestamp" => Value::Timestamp(Timestamp::parse(text).map_err(wrong)?),
        "$duration" => Value::Duration(Duration::parse(text).map_err(wrong)?),
        "$type" => Value::Type(text.into()),
        "$ip" => Ip::parse(text).map_err(wrong)?.into(),
        "$cidr" => Cidr::parse(text).map_err(wrong)?.into(),
        _ => return Err(wrong(tag)),
    })
}

fn typed<T: serde::de::DeserializeOwned>(json: &Json) -> Result<T, DecodeError> {
    T::deserialize(json).map_err(wrong)
}

fn from_pairs(json: &Json, depth: usize) -> Result<Value, DecodeError> {
    let mut map = Map::new();
    for (key, value) in typed::<Vec<(Json, Json)>>(json)? {
        let key = from_json(&key, depth + 1)?;
        let key = Key::of(&key).ok_or_else(|| wrong("a key of a map"))?;
        map.insert(key, from_json(&value, depth + 1)?);
    }
    Ok(Value::Map(Arc::new(map)))
}

fn from_optional(json: &Json, depth: usize) -> Result<Value, DecodeError> {
    match json.as_array().map(Vec::as_slice) {
        Some([]) => Ok(Value::Optional(None)),
        Some([inner]) => Ok(Value::some(from_json(inner, depth + 1)?)),
        _ => Err(wrong("an optional has one value or none")),
    }
}

type ObjectParts = ((String, String), (i64, i64), (i64, String), (i64, String), Json);

fn from_object(json: &Json, depth: usize) -> Result<Value, DecodeError> {
    let ((entity, id), (version, stamp), created, modified, attributes): ObjectParts = typed(json)?;
    let Value::Map(attributes) = from_json(&attributes, depth + 1)? else {
        return Err(wrong("attributes are not a map"));
    };
    Ok(Value::Record(Arc::new(Object {
        key: ObjectKey { entity: entity.into(), id: id.into() },
        version,
        stamp,
        created_at: Time(created.0),
        created_by: created.1.into(),
        modified_at: Time(modified.0),
        modified_by: modified.1.into(),
        attributes: Arc::unwrap_or_clone(attributes),
    })))
}

#[derive(Serialize, serde::Deserialize)]
struct FailureText {
    code: String,
    message: String,
    details: Json,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    for_good: bool,
    activity: String,
    place: Option<(String, u32, u32)>,
}

/// Returns the text form of an error.
pub fn encode_failure(failure: &Failure) -> String {
    let details = serde_json::to_value(Exact(&failure.details));
    let text = FailureText {
        code: failure.code.to_string(),
        message: failure.message.clone(),
        details: details.expect("values have no keys that JSON cannot write"),
        for_good: !failure.retryable,
        activity: failure.activity.to_string(),
        place: failure.place.as_ref().map(|at| (at.file.to_string(), at.line, at.column)),
    };
    serde_json::to_string(&text).expect("an error has no keys that JSON cannot write")
}

/// Reads the text form of an error.
///
/// # Errors
///
/// [`DecodeError`] if the text is not of that form.
pub fn decode_failure(text: &str) -> Result<Failure, DecodeError> {
    let text: FailureText = serde_json::from_str(text).map_err(wrong)?;
    Ok(Failure {
        code: text.code.into(),
        message: text.message,
        details: from_json(&text.details, 0)?,
        retryable: !text.for_good,
        activity: text.activity.into(),
        place: text.place.map(|(file, line, column)| Place { file: file.into(), line, column }),
    })
}
