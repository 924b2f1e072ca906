//! The durable form of a unit of work.

use std::any::Any;
use std::sync::Arc;

use lockstep_expr::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::codec::{self, DecodeError, Exact};
use crate::object::{Object, ObjectKey};
use crate::transition::Expected;
use crate::unit_of_work::{Entry, Intent, UnitOfWork};

/// Entity and id, stamp if it is expected to be there, what was read, what is to become of it.
pub(super) type EntryState = ((String, String), Option<i64>, Json, IntentState);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentState {
    Check,
    Put { object: Json, fresh: bool },
    Delete,
}

fn exact_object(object: &Arc<Object>) -> Json {
    let value = Value::Record(Arc::<Object>::clone(object));
    serde_json::to_value(Exact(&value)).expect("values have no keys that JSON cannot write")
}

pub(super) fn save_unit(unit: &UnitOfWork) -> Vec<EntryState> {
    unit.iter()
        .map(|(key, entry)| {
            let stamp = match entry.expected {
                Expected::Absent => None,
                Expected::Stamp(stamp) => Some(stamp),
            };
            let intent = match &entry.intent {
                Intent::Check => IntentState::Check,
                Intent::Delete => IntentState::Delete,
                Intent::Put { object, fresh } => {
                    IntentState::Put { object: exact_object(object), fresh: *fresh }
                }
            };
            let base = entry.base.as_ref().map_or(Json::Null, exact_object);
            ((key.entity.to_string(), key.id.to_string()), stamp, base, intent)
        })
        .collect()
}

pub(super) fn restore_unit(entries: &[EntryState]) -> Result<UnitOfWork, DecodeError> {
    let mut unit = UnitOfWork::default();
    for ((entity, id), stamp, base, intent) in entries {
        let key = ObjectKey { entity: entity.as_str().into(), id: id.as_str().into() };
        let entry = Entry {
            expected: stamp.map_or(Expected::Absent, Expected::Stamp),
            base: if base.is_null() { None } else { Some(restore_object(base)?) },
            intent: match intent {
                IntentState::Check => Intent::Check,
                IntentState::Delete => Intent::Delete,
                IntentState::Put { object, fresh } => {
                    Intent::Put { object: restore_object(object)?, fresh: *fresh }
                }
            },
        };
        unit.insert(key, entry);
    }
    Ok(unit)
}

fn restore_object(json: &Json) -> Result<Arc<Object>, DecodeError> {
    let not_object = || DecodeError::new("not an object");
    let Value::Record(record) = codec::from_json(json, 0)? else { return Err(not_object()) };
    let any: Arc<dyn Any + Send + Sync> = record;
    any.downcast::<Object>().map_err(|_| not_object())
}
