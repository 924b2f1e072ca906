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
use crate::object_cache::Known;
use crate::payload;
use crate::unit_of_work::Seen;
use crate::world::World;

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
            Known::Unknown => Ok(self.await_object(key, world)),
            Known::Present(object) => {
                if for_update {
                    self.unit.check(&object);
                }
                Ok(Done::With(Value::Record(object)))
            }
            Known::Absent if optional => Ok(Done::With(Value::Null)),
            Known::Absent => Err(Failure::new(
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
        let (id, fresh) = if let Some(id) = id {
            (object_id(payload::evaluate(id, &self.scope(world.now))?, entity)?, false)
        } else {
            let id = self.id.derive(u64::from(self.created), world.now);
            (id.to_string().into(), true)
        };
        let key = ObjectKey { entity: Arc::clone(entity), id };
        if !fresh {
            match self.known(&key, world) {
                Known::Unknown => return Ok(self.await_object(key, world)),
                Known::Present(_) => {
                    let message = format!("there is a {} with id {:?} already", entity, &*key.id);
                    return Err(Failure::new("data.unique", message));
                }
                Known::Absent => {}
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
        self.strand.names.bind(name, Value::Record(Arc::<Object>::clone(&object)));
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
    fn known(&self, key: &ObjectKey, world: &mut World) -> Known {
        match self.unit.see(key) {
            Seen::Changed(object) => Known::Present(object),
            Seen::Deleted => Known::Absent,
            Seen::Nothing => world.cache.get(key),
        }
    }

    fn await_object(&mut self, key: ObjectKey, world: &mut World) -> Done {
        world.load(&key, self.reader());
        self.strand.phase = Phase::Loading(vec![key]);
        Done::Wait
    }

    fn bound_object(&self, name: &str) -> Result<Arc<Object>, Failure> {
        let not_object = |found: &str| {
            Failure::new("data.invalid", format!("`{name}` must be an object, it is {found}"))
        };
        let Some(value) = self.strand.names.get(name) else { return Err(not_object("not bound")) };
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
        let expected = payload::evaluate(expect, &self.scope(world.now))?;
        let Value::Int(version) = expected else {
            let found = expected.type_name();
            let message = format!("the expected version must be an int, it is of type {found}");
            return Err(Failure::new("expr.type", message));
        };
        if version == committed_version(read) {
            return Ok(());
        }
        Err(conflict(&read.key, version, Some(read)))
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
    let found = value.type_name().to_owned();
    let id = named_id(value, entity).ok_or_else(|| {
        let message = format!("the id of a {entity} must be a string, it is of type {found}");
        Failure::new("expr.type", message)
    })?;
    check_id(entity, &id)?;
    Ok(id)
}

/// Refuses what cannot be the id of an object.
pub(crate) fn check_id(entity: &str, id: &str) -> Result<(), Failure> {
    let invalid = |message: String| Err(Failure::new("data.invalid", message));
    if id.is_empty() {
        return invalid(format!("the id of a {entity} must not be empty"));
    }
    if id.len() > MAX_ID_BYTES {
        let length = id.len();
        return invalid(format!(
            "the id of a {entity} has {length} bytes, {MAX_ID_BYTES} are allowed"
        ));
    }
    Ok(())
}

fn named_id(value: Value, entity: &Arc<str>) -> Option<Arc<str>> {
    match value {
        Value::String(id) => Some(id),
        Value::Int(id) => Some(id.to_string().into()),
        Value::Uint(id) => Some(id.to_string().into()),
        Value::Reference(reference) => {
            (reference.entity == *entity).then(|| Arc::clone(&reference.id))
        }
        Value::Record(record) if *record.type_name() == **entity => {
            named_id(record.field("id")?, entity)
        }
        Value::Record(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Optional(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Type(_) => None,
    }
}

/// Longest id of an object, in bytes.
const MAX_ID_BYTES: usize = 512;
