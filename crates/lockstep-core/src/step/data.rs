//! The steps `load`, `create`, `update` and `delete`.

use std::any::Any;
use std::sync::Arc;

use lockstep_definition::{Entity, Payload};
use lockstep_expr::{Map, Value};

use super::Done;
use crate::conformity;
use crate::failure::Failure;
use crate::instance::names::map;
use crate::instance::{Instance, Phase};
use crate::object::{Object, ObjectKey};
use crate::payload;
use crate::unit_of_work::Seen;
use crate::world::World;

/// An object, or the need to wait for it.
enum Known {
    Is(Option<Arc<Object>>),
    Wait,
}

impl Instance {
    pub(super) fn load(
        &mut self,
        entity: &Arc<str>,
        id: &Payload,
        for_update: bool,
        optional: bool,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let id = object_id(payload::evaluate(id, &self.scope(world.now))?, entity)?;
        let key = ObjectKey { entity: Arc::clone(entity), id };
        match self.known(&key, world) {
            Known::Wait => Ok(Done::Wait),
            Known::Is(Some(object)) => {
                if for_update {
                    self.unit.check(&object);
                }
                Ok(Done::With(Value::Record(object)))
            }
            Known::Is(None) if optional => Ok(Done::With(Value::Null)),
            Known::Is(None) => Err(Failure::new(
                "data.not_found",
                format!("there is no {} with id {:?}", key.entity, &*key.id),
            )
            .with_details(map([
                ("entity", Value::String(key.entity)),
                ("id", Value::String(key.id)),
            ]))),
        }
    }

    pub(super) fn create(
        &mut self,
        entity: &Arc<str>,
        id: Option<&Payload>,
        set: &[(Arc<str>, Payload)],
        world: &mut World,
    ) -> Result<Done, Failure> {
        let declared = self.entity(entity)?;
        let (id, fresh) = match id {
            Some(id) => (object_id(payload::evaluate(id, &self.scope(world.now))?, entity)?, false),
            None => {
                let id = self.id.derive(u64::from(self.created), world.now);
                (id.to_string().into(), true)
            }
        };
        let key = ObjectKey { entity: Arc::clone(entity), id };
        if !fresh {
            match self.known(&key, world) {
                Known::Wait => return Ok(Done::Wait),
                Known::Is(Some(_)) => {
                    let message = format!("there is a {} with id {:?} already", entity, &*key.id);
                    return Err(Failure::new("data.unique", message));
                }
                Known::Is(None) => {}
            }
        }
        let mut given = Map::new();
        for (name, payload) in set {
            given.insert(Arc::clone(name), payload::evaluate(payload, &self.scope(world.now))?);
        }
        let object = Arc::new(Object {
            key,
            version: 1,
            stamp: 0,
            created_at: world.now,
            created_by: Arc::clone(&self.started_by),
            modified_at: world.now,
            modified_by: Arc::clone(&self.started_by),
            attributes: conformity::attributes(&declared, &given)?,
        });
        self.created += 1;
        self.unit.create(Arc::clone(&object), fresh);
        Ok(Done::With(Value::Record(object)))
    }

    pub(super) fn update(
        &mut self,
        name: &Arc<str>,
        set: &[(Arc<str>, Payload)],
        expect: Option<&Payload>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let read = self.bound_object(name)?;
        let declared = self.entity(&read.key.entity)?;
        self.expect_version(&read, expect, world)?;
        let present = match self.unit.see(&read.key) {
            Seen::Changed(object) => object,
            Seen::Nothing => Arc::clone(&read),
            Seen::Deleted => return Err(deleted(&read)),
        };
        let mut values = Vec::with_capacity(set.len());
        for (name, payload) in set {
            let value = payload::evaluate(payload, &self.scope(world.now))?;
            values.push((Arc::clone(name), value));
        }
        let is_new = present.stamp == 0;
        let object = Arc::new(Object {
            key: read.key.clone(),
            version: if is_new { present.version } else { present.version.saturating_add(1) },
            stamp: 0,
            created_at: present.created_at,
            created_by: Arc::clone(&present.created_by),
            modified_at: world.now,
            modified_by: Arc::clone(&self.started_by),
            attributes: conformity::changed(&declared, &present.attributes, values)?,
        });
        self.unit.put(&read, Arc::clone(&object));
        self.names.bind(name, Value::Record(Arc::<Object>::clone(&object)));
        Ok(Done::With(Value::Record(object)))
    }

    pub(super) fn delete(
        &mut self,
        name: &Arc<str>,
        expect: Option<&Payload>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let read = self.bound_object(name)?;
        self.expect_version(&read, expect, world)?;
        if matches!(self.unit.see(&read.key), Seen::Deleted) {
            return Err(deleted(&read));
        }
        self.unit.delete(&read);
        Ok(Done::With(Value::Null))
    }

    pub(crate) fn entity(&self, name: &str) -> Result<Arc<Entity>, Failure> {
        self.published
            .definitions
            .entities
            .get(name)
            .cloned()
            .ok_or_else(|| Failure::new("data.invalid", format!("there is no entity `{name}`")))
    }

    /// Returns an object as the unit of work sees it, or else as it is committed.
    fn known(&mut self, key: &ObjectKey, world: &mut World) -> Known {
        match self.unit.see(key) {
            Seen::Changed(object) => return Known::Is(Some(object)),
            Seen::Deleted => return Known::Is(None),
            Seen::Nothing => {}
        }
        if let Some(object) = world.cache.get(key) {
            return Known::Is(object);
        }
        world.load(key, self.id);
        self.phase = Phase::Loading(vec![key.clone()]);
        Known::Wait
    }

    fn bound_object(&self, name: &str) -> Result<Arc<Object>, Failure> {
        let not_object = |found: &str| {
            Failure::new("data.invalid", format!("`{name}` must be an object, it is {found}"))
        };
        let Some(value) = self.names.get(name) else { return Err(not_object("not bound")) };
        let Value::Record(record) = value else { return Err(not_object(value.type_name())) };
        let record = Arc::clone(record);
        let any: Arc<dyn Any + Send + Sync> = record;
        any.downcast::<Object>().map_err(|_| not_object(value.type_name()))
    }

    /// Checks the version that a client has seen. A conflict here is told, never retried: no fresh
    /// read makes what the client saw any newer.
    fn expect_version(
        &self,
        read: &Object,
        expect: Option<&Payload>,
        world: &World,
    ) -> Result<(), Failure> {
        let Some(expect) = expect else { return Ok(()) };
        match payload::evaluate(expect, &self.scope(world.now))? {
            Value::Int(version) if version == committed_version(read) => Ok(()),
            Value::Int(version) => Err(conflict(&read.key, version, Some(read))),
            other => Err(Failure::new(
                "expr.type",
                format!("the expected version must be an int, it is {}", other.type_name()),
            )),
        }
    }
}

fn committed_version(object: &Object) -> i64 {
    if object.stamp == 0 { object.version - 1 } else { object.version }
}

fn deleted(object: &Object) -> Failure {
    let message = format!("{} was deleted in this activity", object.key);
    Failure::new("data.not_found", message)
}

/// Returns the error `data.conflict`: what was expected, and what is there, since when, by whom.
pub(crate) fn conflict(key: &ObjectKey, expected: i64, actual: Option<&Object>) -> Failure {
    let entity_and_id = [
        ("entity", Value::String(Arc::clone(&key.entity))),
        ("id", Value::String(Arc::clone(&key.id))),
    ];
    let [entity, id] = entity_and_id;
    let expected_version = ("expected_version", Value::Int(expected));
    let Some(actual) = actual else {
        let message = format!("{key} is expected at version {expected}, but it was deleted");
        let details = map([entity, id, expected_version, ("actual_version", Value::Null)]);
        return Failure::new("data.conflict", message).with_details(details);
    };
    let modified_at = Value::Timestamp(actual.modified_at.timestamp());
    let message = format!(
        "{key} is expected at version {expected}, but {} changed it to version {} at {}",
        actual.modified_by,
        actual.version,
        actual.modified_at.timestamp(),
    );
    Failure::new("data.conflict", message).with_details(map([
        entity,
        id,
        expected_version,
        ("actual_version", Value::Int(actual.version)),
        ("modified_by", Value::String(Arc::clone(&actual.modified_by))),
        ("modified_at", modified_at),
    ]))
}

/// Returns the id that a value names: a text, a number, or a reference to an object of the entity.
fn object_id(value: Value, entity: &Arc<str>) -> Result<Arc<str>, Failure> {
    let id: Arc<str> = match &value {
        Value::String(id) => Arc::clone(id),
        Value::Int(id) => id.to_string().into(),
        Value::Uint(id) => id.to_string().into(),
        Value::Reference(reference) if reference.entity == *entity => Arc::clone(&reference.id),
        Value::Record(record) if *record.type_name() == **entity => match record.field("id") {
            Some(Value::String(id)) => id,
            _ => "".into(),
        },
        other => {
            let found = other.type_name();
            return Err(Failure::new(
                "expr.type",
                format!("the id of a {entity} must be a string, it is of type {found}"),
            ));
        }
    };
    if id.is_empty() {
        return Err(Failure::new(
            "data.invalid",
            format!("the id of a {entity} must not be empty"),
        ));
    }
    if id.len() > MAX_ID_BYTES {
        let message =
            format!("the id of a {entity} has {} bytes, {MAX_ID_BYTES} are allowed", id.len());
        return Err(Failure::new("data.invalid", message));
    }
    Ok(id)
}

/// Longest id of an object, in bytes.
const MAX_ID_BYTES: usize = 512;
