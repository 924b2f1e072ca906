//! Unique keys: what an object claims under the unique constraints of its entity.
//!
//! Invariants:
//!
//! * An object with a null among the attributes of a constraint claims nothing under it.
//! * Equal values have equal texts, different ones different texts.

use std::sync::Arc;

use lockstep_definition::Entity;
use lockstep_expr::Value;

use crate::codec;
use crate::object::Object;
use crate::transition::UniqueKey;

/// Returns the unique keys of an object, or `None` if they are those of its base.
pub(crate) fn changed(
    entity: &Entity,
    base: Option<&Object>,
    object: &Object,
) -> Option<Vec<UniqueKey>> {
    if entity.unique.is_empty() {
        return None;
    }
    let keys = of(entity, object);
    let same = base.is_some_and(|base| of(entity, base) == keys);
    (!same).then_some(keys)
}

/// Returns the unique keys of an object.
pub(crate) fn of(entity: &Entity, object: &Object) -> Vec<UniqueKey> {
    entity.unique.iter().filter_map(|constraint| key(constraint, object)).collect()
}

fn key(constraint: &[Arc<str>], object: &Object) -> Option<UniqueKey> {
    let mut values = Vec::with_capacity(constraint.len());
    for name in constraint {
        match object.attributes.get(name) {
            None | Some(Value::Null) => return None,
            Some(value) => values.push(value.clone()),
        }
    }
    let constraint: Vec<&str> = constraint.iter().map(|name| &**name).collect();
    Some(UniqueKey {
        constraint: constraint.join(",").into(),
        values: codec::encode(&Value::List(Arc::new(values))).into(),
    })
}
