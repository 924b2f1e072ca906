//! Writes from outside: each is made once or not at all, at the version that it names, and whoever
//! is told of one is told what the store holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::transition::{Change, Judge, Transition};
use lockstep_core::{Edit, Failure, Object, ObjectKey, TransitionNumber};

use super::{Laws, Scene, Violation};

/// All writes, by the names of their writers.
#[derive(Debug, Default)]
pub(super) struct Writes(BTreeMap<Arc<str>, Asked>);

#[derive(Debug)]
struct Asked {
    key: ObjectKey,
    version: Option<i64>,
    deletes: bool,
    creates: bool,
    committed: Option<TransitionNumber>,
}

impl Laws {
    /// Takes note of what a writer asks for.
    pub(crate) fn write_asked(
        &mut self,
        by: &Arc<str>,
        key: &ObjectKey,
        edit: &Edit,
        version: Option<i64>,
    ) {
        let asked = Asked {
            key: key.clone(),
            version,
            deletes: matches!(edit, Edit::Delete),
            creates: matches!(edit, Edit::Create(_)),
            committed: None,
        };
        self.writes.0.insert(Arc::clone(by), asked);
    }

    /// Looks at what a transition of no instance writes: it is an import's, or what a writer asked
    /// for.
    pub(super) fn outside_committed(
        &mut self,
        transition: &Transition,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let write = match transition.objects.as_slice() {
            // At a restart locks are taken from instances that cannot go on.
            [] => return Ok(()),
            [write] => write,
            [_, _, ..] => {
                let text = format!("{} writes several objects for nobody", transition.number);
                return Violation::of("written", text);
            }
        };
        let before = self.data.version(&write.key);
        let asked = match &write.change {
            Change::Put(object) if &*object.modified_by == "simulation" => return Ok(()),
            Change::Put(object) => self.writes.0.get_mut(&object.modified_by),
            Change::Delete | Change::Check => self.writes.0.values_mut().find(|asked| {
                asked.deletes
                    && asked.committed.is_none()
                    && asked.key == write.key
                    && asked.version == before
            }),
        };
        let Some(asked) = asked.filter(|asked| asked.key == write.key) else {
            let text = format!("{} of {} was asked for by nobody", transition.number, write.key);
            return Violation::of("written", text);
        };
        if let Some(first) = asked.committed.replace(transition.number) {
            let text = format!("one write is made by {first} and by {}", transition.number);
            return Violation::of("exactly-once", text);
        }
        if asked.version.is_some() && asked.version != before {
            let (key, version) = (&write.key, asked.version);
            let text = format!("a write of {key} at version {version:?} is made at {before:?}");
            return Violation::of("lost-update", text);
        }
        if transition.judge == Judge::Store {
            scene.coverage.count("write judged by the store");
        }
        Ok(())
    }

    /// Takes the answer to a write.
    pub(crate) fn written(
        &self,
        by: &str,
        result: &Result<Option<Arc<Object>>, Failure>,
    ) -> Result<(), Violation> {
        let Some(asked) = self.writes.0.get(by) else { return Ok(()) };
        let fits = match result {
            Ok(Some(object)) => !asked.deletes && asked.committed == Some(object.stamp),
            Ok(None) => asked.deletes && asked.committed.is_some(),
            Err(failure) => asked.committed.is_none() && asked.may_fail_with(&failure.code),
        };
        if fits {
            return Ok(());
        }
        let text = format!("{by} is told {result:?}, the store has made of it {asked:?}");
        Violation::of("written-is-durable", text)
    }
}

impl Asked {
    /// Nobody can cause an error of a write that names no version and creates nothing, but by
    /// deleting the object.
    fn may_fail_with(&self, code: &str) -> bool {
        match code {
            "data.conflict" => self.version.is_some(),
            "data.not_found" => !self.creates,
            "data.unique" => self.creates,
            _ => false,
        }
    }
}
