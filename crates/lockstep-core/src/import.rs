//! Imports: objects that are created from outside, without an instance.
//!
//! Invariants:
//!
//! * An object that is there already is left as it is.
//! * All objects are valid, or none is created.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lockstep_expr::Map;

use crate::conformity;
use crate::engine::Engine;
use crate::event::Effect;
use crate::failure::Failure;
use crate::id::TransitionNumber;
use crate::object::{Object, ObjectKey};
use crate::step::data::check_id;
use crate::transition::{Change, Expected, Judge, ObjectWrite, Outcome, Refusal};
use crate::trigger::Followers;
use crate::unique;

/// Who asked for an import, and of what.
type Asked = (Arc<str>, Vec<(ObjectKey, Map)>);

/// The import that the store is judging, and those that wait for their turn.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    waiting: VecDeque<Asked>,
    outstanding: BTreeMap<TransitionNumber, (Arc<Object>, Followers)>,
    created: usize,
    existing: usize,
}

impl Engine {
    /// Takes an import. They are carried out, and answered, one after another.
    pub(crate) fn import(&mut self, by: Arc<str>, objects: Vec<(ObjectKey, Map)>) {
        self.imports.waiting.push_back((by, objects));
        self.begin_imports();
    }

    fn begin_imports(&mut self) {
        while self.imports.outstanding.is_empty()
            && let Some((by, objects)) = self.imports.waiting.pop_front()
        {
            self.begin_import(&by, objects);
        }
    }

    fn begin_import(&mut self, by: &Arc<str>, objects: Vec<(ObjectKey, Map)>) {
        let objects: Result<Vec<Object>, Failure> =
            objects.into_iter().map(|(key, given)| self.imported_object(by, key, &given)).collect();
        match objects {
            Err(failure) => {
                self.world.outbox.effects.push(Effect::Imported { result: Err(failure) });
            }
            Ok(objects) if objects.is_empty() => self.tell_import(),
            Ok(objects) => objects.into_iter().for_each(|object| self.order_import(by, object)),
        }
    }

    fn imported_object(
        &self,
        by: &Arc<str>,
        key: ObjectKey,
        given: &Map,
    ) -> Result<Object, Failure> {
        let unknown = || {
            let message = format!("there is no entity `{}`", key.entity);
            Failure::new("data.invalid", message)
        };
        check_id(&key.entity, &key.id)?;
        let published = self.published.as_ref().ok_or_else(unknown)?;
        let entity = published.definitions.entities.get(&key.entity).ok_or_else(unknown)?;
        let attributes = conformity::attributes(entity, given).map_err(|mut failure| {
            failure.message = format!("{key}: {}", failure.message);
            failure
        })?;
        conformity::invariants(entity, &key, &attributes)?;
        Ok(Object {
            key,
            version: 1,
            stamp: 0,
            created_at: self.world.now,
            created_by: Arc::clone(by),
            modified_at: self.world.now,
            modified_by: Arc::clone(by),
            attributes,
        })
    }

    fn order_import(&mut self, by: &str, mut object: Object) {
        let entity = self
            .published
            .as_ref()
            .and_then(|published| published.definitions.entities.get(&object.key.entity));
        let unique = entity.and_then(|entity| unique::changed(entity, None, &object));
        let number = self.world.outbox.order(None, Judge::Store).number;
        object.stamp = number;
        let object = Arc::new(object);
        let write = ObjectWrite {
            key: object.key.clone(),
            expected: Expected::Absent,
            change: Change::Put(Arc::clone(&object)),
            unique,
        };
        let followers = self.order_from_outside(by, write, None, number);
        self.world.cache.claim(number, vec![object.key.clone()]);
        self.imports.outstanding.insert(number, (object, followers));
    }

    /// Takes the store's answer to one imported object.
    pub(crate) fn imported(&mut self, number: TransitionNumber, outcome: &Outcome) {
        self.world.cache.unclaim(number);
        let Some((object, followers)) = self.imports.outstanding.remove(&number) else { return };
        match outcome {
            Outcome::Committed => {
                self.imports.created += 1;
                let waiting = self.world.changed(object.key.clone(), Some(object), number);
                self.world.runnable.extend(waiting);
                followers.live(&mut self.world);
            }
            Outcome::Refused(
                Refusal::Conflict { .. } | Refusal::Unique { .. } | Refusal::Fenced { .. },
            ) => self.imports.existing += 1,
        }
        if self.imports.outstanding.is_empty() {
            self.tell_import();
            self.begin_imports();
        }
    }

    fn tell_import(&mut self) {
        let created = std::mem::take(&mut self.imports.created);
        let existing = std::mem::take(&mut self.imports.existing);
        let result = Ok((created, existing));
        self.world.outbox.effects.push(Effect::Imported { result });
    }
}
