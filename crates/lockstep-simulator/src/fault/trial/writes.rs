//! Writers outside: people and programs that change objects without an instance.
//!
//! A writer reads an object as the store has it, thinks, and writes it, under the version that it
//! has read or whatever version it has by then. It outlives the engine.
//!
//! Invariants:
//!
//! * Each write is made under a name of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::transition::{Change, Judge};
use lockstep_core::{Edit, Event, Failure, Object, ObjectKey, RequestId, Write};
use lockstep_expr::{Map, Value};
use lockstep_store::Store as _;

use super::{Todo, Trial};
use crate::fault::law::Violation;
use crate::fault::plan::{Deed, PlannedWriter};
use crate::ready::ready;

/// Writes that are asked for, by request.
pub(super) type Asked = BTreeMap<RequestId, Arc<str>>;

impl Trial<'_> {
    /// A writer reads its object, and will write it.
    pub(super) fn read_to_write(&mut self, index: usize) {
        let Some(planned) = self.plan.writers.get(index).cloned() else { return };
        let key = key_of(&planned);
        let found = ready(self.memory.load(vec![key])).expect("the store in memory is open").pop();
        let read = found.and_then(Result::ok).flatten();
        self.schedule(planned.pause, None, Todo::Save(index, read));
    }

    /// A writer writes what it has made of what it has read.
    pub(super) fn save(&mut self, index: usize, read: Option<&Object>) -> Result<(), Violation> {
        let Some(planned) = self.plan.writers.get(index).cloned() else { return Ok(()) };
        let key = key_of(&planned);
        let n = read.map_or(0, |read| int(read, "n"));
        let one_more = [("n", n + 1), ("step", 1)];
        let edit = match planned.deed {
            Deed::Replace => Edit::Replace(map(&one_more)),
            Deed::MergeSeen => Edit::Merge(map(&one_more)),
            Deed::Merge => Edit::Merge(map(&[("step", 0)])),
            Deed::Recreate if read.is_some() => Edit::Delete,
            Deed::Recreate => Edit::Create(map(&[("n", 1), ("step", 1)])),
            Deed::Seat => Edit::Create(map(&[("number", planned.seat)])),
        };
        let is_free = matches!(planned.deed, Deed::Merge);
        let version = if is_free { None } else { read.map(|read| read.version) };
        if version.is_none() && matches!(edit, Edit::Replace(_) | Edit::Merge(_)) && !is_free {
            return Ok(());
        }
        self.issued += 1;
        let request = self.issued;
        let by: Arc<str> = format!("writer {request}").into();
        if self.is_judging(&key) {
            self.coverage.count("write while the store judges its object");
        }
        self.say(|| format!("{by} writes {key} at version {version:?}: {edit:?}"));
        self.laws.write_asked(&by, &key, &edit, version);
        self.writes.insert(request, Arc::clone(&by));
        self.tell(Event::Write(Write { request, key, edit, version, by }))
    }

    /// A writer is told what became of its write.
    pub(super) fn written(
        &mut self,
        request: RequestId,
        result: &Result<Option<Arc<Object>>, Failure>,
    ) -> Result<(), Violation> {
        let Some(by) = self.writes.remove(&request) else {
            return Violation::of("written", format!("write {request} is answered twice"));
        };
        self.say(|| format!("{by} is told {result:?}"));
        self.coverage.count(match result {
            Ok(_) => "write done",
            Err(failure) if &*failure.code == "data.conflict" => "write refused for its version",
            Err(failure) if &*failure.code == "data.unique" => "write refused: there is such a one",
            Err(_) => "write refused for another reason",
        });
        self.laws.written(&by, result)
    }

    /// Returns whether the store is judging a change of an object.
    fn is_judging(&self, key: &ObjectKey) -> bool {
        self.flying.as_ref().is_some_and(|flying| {
            let judged = flying.batch.iter().filter(|transition| transition.judge == Judge::Store);
            judged
                .flat_map(|transition| &transition.objects)
                .any(|write| write.key == *key && !matches!(write.change, Change::Check))
        })
    }
}

fn key_of(planned: &PlannedWriter) -> ObjectKey {
    let (entity, id) = match planned.deed {
        Deed::Replace | Deed::MergeSeen | Deed::Merge => ("Free", format!("k{}", planned.key)),
        Deed::Recreate => ("Free", format!("g-k{}", planned.key)),
        Deed::Seat => ("Seat", format!("seat of writer {}", planned.number)),
    };
    ObjectKey { entity: entity.into(), id: id.into() }
}

fn map(entries: &[(&str, i64)]) -> Map {
    let mut map = Map::new();
    for (name, value) in entries {
        map.insert(*name, Value::Int(*value));
    }
    map
}

fn int(object: &Object, name: &str) -> i64 {
    if let Some(Value::Int(value)) = object.attributes.get(name) { *value } else { 0 }
}
