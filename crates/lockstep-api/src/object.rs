//! An object: its attributes by their names, its entity and id, and what is known of its version.
//!
//! `{"entity": "Contact", "id": "c1", "name": "Carol", "metadata": {"version": 3, ...}}`: what is
//! received can be sent back as it is.
//!
//! Invariants:
//!
//! * An attribute that is called `entity` stands in the place of the entity's name.

use std::borrow::Cow;

use lockstep_expr::{Map, Value};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::moment::Moment;
use crate::plain::Plain;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its entity.
    pub entity: String,
    /// Its id, unique within the entity.
    pub id: String,
    /// Its attributes, by their names.
    pub attributes: Vec<(String, Plain)>,
    /// What is known of its version.
    pub metadata: Metadata,
}

/// What is known of the version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Metadata {
    /// 1 at the creation, and one more with each change.
    #[schema(minimum = 1)]
    pub version: i64,
    /// When it was created.
    pub created_at: Moment,
    /// By whom.
    pub created_by: String,
    /// When it was changed last.
    pub modified_at: Moment,
    /// By whom.
    pub modified_by: String,
}

/// What is sent to create or change an object: what [`Object`] shows, or a part of it.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// The id, if it is named.
    pub id: Option<String>,
    /// The version that the object must have, if it is named.
    pub version: Option<i64>,
    /// The attributes.
    pub attributes: Map,
}

impl From<&lockstep_core::Object> for Object {
    fn from(object: &lockstep_core::Object) -> Self {
        let attributes = object.attributes.iter().filter_map(|(name, value)| {
            name.as_str().map(|name| (name.to_owned(), Plain::from(value)))
        });
        Self {
            entity: object.key.entity.to_string(),
            id: object.key.id.to_string(),
            attributes: attributes.collect(),
            metadata: Metadata {
                version: object.version,
                created_at: object.created_at.into(),
                created_by: object.created_by.to_string(),
                modified_at: object.modified_at.into(),
                modified_by: object.modified_by.to_string(),
            },
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.attributes.iter().all(|(name, _)| name != "entity") {
            map.serialize_entry("entity", &self.entity)?;
        }
        map.serialize_entry("id", &self.id)?;
        for (name, value) in &self.attributes {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("metadata", &self.metadata)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Reads the fields of an object.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with an id and metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let (mut entity, mut id, mut metadata) = (None, None, None);
        let mut attributes = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "entity" => entity = Some(map.next_value()?),
                "id" => id = Some(map.next_value()?),
                "metadata" => metadata = Some(map.next_value()?),
                _ => attributes.push((name, map.next_value()?)),
            }
        }
        Ok(Object {
            entity: entity.unwrap_or_default(),
            id: id.ok_or_else(|| A::Error::missing_field("id"))?,
            attributes,
            metadata: metadata.ok_or_else(|| A::Error::missing_field("metadata"))?,
        })
    }
}

impl ObjectChange {
    /// Reads what was sent for an object of an entity.
    ///
    /// Of the metadata only the version counts; the rest is what was received.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub fn read(sent: &Map, entity: &str) -> Result<Self, String> {
        let mut attributes = sent.clone();
        if attributes.get("entity").is_some_and(|named| named.as_str() == Some(entity)) {
            attributes.remove("entity");
        }
        let id = match attributes.remove("id") {
            None => None,
            Some(Value::String(id)) => Some(id.to_string()),
            Some(_) => return Err("`id` is a text".to_owned()),
        };
        let version = match attributes.remove("metadata") {
            None => None,
            Some(Value::Map(metadata)) => version(&metadata)?,
            Some(_) => return Err("`metadata` is an object, with a `version`".to_owned()),
        };
        Ok(Self { id, version, attributes })
    }
}

fn version(metadata: &Map) -> Result<Option<i64>, String> {
    const KNOWN: [&str; 5] = ["version", "created_at", "created_by", "modified_at", "modified_by"];
    let unknown =
        metadata.iter().find(|(name, _)| !name.as_str().is_some_and(|name| KNOWN.contains(&name)));
    if let Some((name, _)) = unknown {
        return Err(format!("metadata has no {}", Value::from(name.clone())));
    }
    match metadata.get("version") {
        None => Ok(None),
        Some(Value::Int(version)) if *version >= 1 => Ok(Some(*version)),
        Some(_) => Err("`metadata.version` is a whole number, from 1".to_owned()),
    }
}

impl ToSchema for Object {
    fn name() -> Cow<'static, str> {
        "Object".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Metadata::name().into(), Metadata::schema()));
        schemas.push((Moment::name().into(), Moment::schema()));
    }
}

impl PartialSchema for Object {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let metadata = RefOr::Ref(Ref::from_schema_name(Metadata::name()));
        ObjectBuilder::new()
            .property("entity", text().description(Some("Its entity.")))
            .property("id", text().description(Some("Its id, unique within the entity.")))
            .property("metadata", metadata)
            .required("id")
            .required("metadata")
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some("An object: its attributes by their names, and what is known of it."))
            .into()
    }
}

impl ToSchema for ObjectChange {
    fn name() -> Cow<'static, str> {
        "ObjectChange".into()
    }
}

impl PartialSchema for ObjectChange {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        let number = number.minimum(Some(1)).maximum(Some(i64::MAX));
        let metadata = ObjectBuilder::new()
            .property("version", number)
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let metadata = ["created_at", "created_by", "modified_at", "modified_by"]
            .into_iter()
            .fold(metadata, |metadata, name| metadata.property(name, Plain::schema()));
        let id = text().min_length(Some(1));
        let metadata = metadata
            .description(Some("The version that the object must have; the rest is not looked at."));
        ObjectBuilder::new()
            .property("id", id.description(Some("As in the path, if there is one.")))
            .property("metadata", metadata)
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some("Attributes by their names. What was received can be sent back."))
            .into()
    }
}

#[cfg(test)]
mod tests;
