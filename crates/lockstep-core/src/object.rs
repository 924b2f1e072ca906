//! Objects: the data that workflows read and change.
//!
//! Invariants:
//!
//! * A version is 1 at creation and grows by 1 with each committed change.
//! * The stamp is the number of the transition that wrote the object; a version together with its
//!   stamp names one state for ever, also after deletion and creation anew, or when a version was
//!   computed that never came to be.

use std::sync::Arc;

use lockstep_expr::{Map, Record, Value};

use crate::id::TransitionNumber;
use crate::time::Time;

/// Name of an object: its entity and its id within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Name of the entity.
    pub entity: Arc<str>,
    /// Id, unique within the entity.
    pub id: Arc<str>,
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.entity, self.id)
    }
}

/// One committed or intended state of an object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name.
    pub key: ObjectKey,
    /// From 1.
    pub version: i64,
    /// Number of the transition that wrote it; 0 until it is committed.
    pub stamp: TransitionNumber,
    /// When the first version was committed.
    pub created_at: Time,
    /// By whom.
    pub created_by: Arc<str>,
    /// When this version was committed.
    pub modified_at: Time,
    /// By whom.
    pub modified_by: Arc<str>,
    /// Values by attribute.
    pub attributes: Map,
}

impl Object {
    fn metadata(&self) -> Value {
        let mut map = Map::new();
        map.insert("version", Value::Int(self.version));
        map.insert("created_at", Value::Timestamp(self.created_at.timestamp()));
        map.insert("created_by", Value::String(Arc::clone(&self.created_by)));
        map.insert("modified_at", Value::Timestamp(self.modified_at.timestamp()));
        map.insert("modified_by", Value::String(Arc::clone(&self.modified_by)));
        Value::Map(Arc::new(map))
    }
}

impl Record for Object {
    fn type_name(&self) -> &str {
        &self.key.entity
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "id" => Some(Value::String(Arc::clone(&self.key.id))),
            "metadata" => Some(self.metadata()),
            _ => self.attributes.get(name).cloned(),
        }
    }

    fn fields(&self) -> Vec<(Arc<str>, Value)> {
        let mut fields: Vec<(Arc<str>, Value)> =
            vec![("id".into(), Value::String(Arc::clone(&self.key.id)))];
        for (name, value) in &self.attributes {
            if let Some(name) = name.as_str() {
                fields.push((name.into(), value.clone()));
            }
        }
        fields.push(("metadata".into(), self.metadata()));
        fields
    }
}
