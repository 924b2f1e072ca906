//! Reading: what the store answers to loads and queries reaches those who wait for it.
//!
//! Invariants:
//!
//! * An answer that comes late, to what nobody waits for any more, changes nothing.

use std::sync::Arc;

use super::Engine;
use crate::event::ReadId;
use crate::failure::Failure;
use crate::instance::{Arrived, Phase};
use crate::object::{Object, ObjectKey};

impl Engine {
    pub(super) fn loaded(
        &mut self,
        read: ReadId,
        key: &ObjectKey,
        result: Result<Option<Arc<Object>>, Failure>,
    ) {
        let Some(waiting) = self.world.loaded(read, key) else { return };
        match result {
            Ok(object) => {
                self.world.cache.insert(key.clone(), object, 0);
                self.world.runnable.extend(waiting);
            }
            Err(failure) => {
                for id in waiting {
                    if self.writes.has(id) {
                        self.fail_write(id, failure.clone());
                        continue;
                    }
                    let wants = self.instances.get(&id).is_some_and(|instance| {
                        matches!(&instance.strand.phase, Phase::Loading(keys) if keys.contains(key))
                    });
                    if wants {
                        self.interrupt(id, failure.clone());
                    }
                }
            }
        }
    }

    pub(super) fn queried(&mut self, read: ReadId, result: Result<Vec<Arc<Object>>, Failure>) {
        let Some(query) = self.world.queried(read) else { return };
        let Some(instance) = self.instances.get_mut(&query.instance) else { return };
        if !matches!(instance.strand.phase, Phase::Querying(wanted) if wanted == read) {
            return;
        }
        let result = result.map(|mut objects| {
            objects.retain(|object| !query.touched.contains_key(&object.key.id));
            objects.extend(query.touched.into_values().flatten());
            objects
        });
        instance.strand.arrived = Some(Box::new(Arrived::Objects(result)));
        instance.strand.phase = Phase::Ready;
        self.world.runnable.push_back(instance.id);
    }
}
