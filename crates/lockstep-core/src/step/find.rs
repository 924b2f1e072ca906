//! The step `find`: the objects of an entity for which a condition holds.
//!
//! Invariants:
//!
//! * The result is what is committed, with the instance's own uncommitted changes in place.
//! * The order is total: by the attribute, then by id.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Expression, Value};

use super::Done;
use crate::failure::Failure;
use crate::instance::names::{InScope, condition};
use crate::instance::{Arrived, Instance, Phase};
use crate::object::Object;
use crate::unit_of_work::Intent;
use crate::world::World;

/// What is looked for.
pub(super) struct Find<'a> {
    pub(super) entity: &'a Arc<str>,
    pub(super) filter: &'a Option<Expression>,
    pub(super) order_by: &'a Option<Arc<str>>,
    pub(super) descending: bool,
}

impl Instance {
    pub(super) fn find(
        &mut self,
        find: &Find<'_>,
        limit: u32,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let Some(Arrived::Objects(result)) = self.strand.arrived.take().map(|arrived| *arrived)
        else {
            self.strand.phase = Phase::Querying(world.query(self.reader(), find.entity));
            return Ok(Done::Wait);
        };
        let mut objects: BTreeMap<Arc<str>, Arc<Object>> =
            result?.into_iter().map(|object| (Arc::clone(&object.key.id), object)).collect();
        for (key, entry) in self.unit.iter().filter(|(key, _)| key.entity == *find.entity) {
            match &entry.intent {
                Intent::Check => {}
                Intent::Put { object, .. } => {
                    objects.insert(Arc::clone(&key.id), Arc::clone(object));
                }
                Intent::Delete => {
                    objects.remove(&key.id);
                }
            }
        }
        let mut found = Vec::new();
        for object in objects.into_values() {
            let value = Value::Record(object);
            let candidate = InScope { object: Some(value.clone()), ..self.scope(world.now) };
            if find.filter.as_ref().map_or(Ok(true), |filter| condition(filter, &candidate))? {
                found.push(value);
            }
        }
        if let Some(attribute) = find.order_by {
            found.sort_by(|left, right| by(attribute, left, right));
        }
        if find.descending {
            found.reverse();
        }
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Done::With(Value::List(Arc::new(found))))
    }
}

fn by(attribute: &str, left: &Value, right: &Value) -> Ordering {
    let of = |value: &Value| {
        if let Value::Record(record) = value { record.field(attribute) } else { None }
    };
    compare(of(left).as_ref(), of(right).as_ref())
}

/// Orders values of one type; null comes first, values without an order are equal.
fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Int(left)), Some(Value::Int(right))) => left.cmp(right),
        (Some(Value::Uint(left)), Some(Value::Uint(right))) => left.cmp(right),
        (Some(Value::Double(left)), Some(Value::Double(right))) => left.total_cmp(right),
        (Some(Value::String(left)), Some(Value::String(right))) => left.cmp(right),
        (Some(Value::Bool(left)), Some(Value::Bool(right))) => left.cmp(right),
        (Some(Value::Timestamp(left)), Some(Value::Timestamp(right))) => left.cmp(right),
        (Some(Value::Duration(left)), Some(Value::Duration(right))) => left.cmp(right),
        (None | Some(Value::Null), None | Some(Value::Null)) => Ordering::Equal,
        (None | Some(Value::Null), _) => Ordering::Less,
        (_, None | Some(Value::Null)) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}
