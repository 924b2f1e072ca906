//! Names behind a commit: what was bound to an object of the unit is bound to what was written of it.

use std::sync::Arc;

use lockstep_expr::{Map, Value};

use super::Written;
use crate::instance::{Instance, Names};
use crate::object::Object;

impl Instance {
    /// Binds names that were bound to what the unit was about to write to what it wrote, in the
    /// loops around, too.
    pub(super) fn refresh_names(&mut self, written: &[Written]) {
        refresh(&mut self.strand.names, written);
        if self.strand.frames.is_empty() {
            return;
        }
        for each in self.strand.frames.loops_mut() {
            refresh(&mut each.before, written);
            if let Some(Value::List(items)) =
                refreshed(&Value::List(Arc::clone(&each.items)), written)
            {
                each.items = items;
            }
        }
    }
}

fn refresh(names: &mut Names, written: &[Written]) {
    let refreshed: Vec<(Arc<str>, Value)> = names
        .iter()
        .filter_map(|(name, value)| Some((Arc::clone(name), refreshed(value, written)?)))
        .collect();
    for (name, value) in refreshed {
        names.bind(&name, value);
    }
}

/// Returns a value with uncommitted objects replaced by what was written of them; `None` if there is
/// nothing to replace.
fn refreshed(value: &Value, written: &[Written]) -> Option<Value> {
    if let Value::Record(record) = value {
        let any: &dyn std::any::Any = &**record;
        let pending = any.downcast_ref::<Object>().filter(|object| object.stamp == 0)?;
        let (_, object) = written.iter().find(|(key, _)| *key == pending.key)?;
        return object.as_ref().map(|object| Value::Record(Arc::<Object>::clone(object)));
    }
    if let Value::List(values) = value {
        let new: Vec<Option<Value>> =
            values.iter().map(|value| refreshed(value, written)).collect();
        new.iter().any(Option::is_some).then_some(())?;
        let values = values.iter().zip(new).map(|(old, new)| new.unwrap_or_else(|| old.clone()));
        return Some(Value::List(Arc::new(values.collect())));
    }
    let Value::Map(map) = value else { return None };
    let mut changed = None;
    for (key, value) in &**map {
        if let Some(value) = refreshed(value, written) {
            changed.get_or_insert_with(|| Map::clone(map)).insert(key.clone(), value);
        }
    }
    changed.map(|map| Value::Map(Arc::new(map)))
}
