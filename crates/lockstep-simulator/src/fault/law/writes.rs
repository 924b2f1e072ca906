//! Writes from outside: each is made once or not at all, at the version that it names, and whoever
//! is told of one is told what the store holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::transition::{Change, Judge, Transition};
use lockstep_core::{Edit, Failure, Object, ObjectKey, TransitionNumber};

use super::{Laws, Scene, Violation};

/// All writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// By the names of their writers.
    asked: BTreeMap<Arc<str>, Asked>,
    /// By object and version. What deletes an object does not say who did: those who want the same
    /// are counted together.
    deletions: BTreeMap<(ObjectKey, Option<i64>), Deletions>,
}

#[derive(Debug, Default)]
struct Deletions {
    asked: u32,
    committed: u32,
    told: u32,
    refused: u32,
}

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
        if asked.deletes {
            self.writes.deletions.entry((key.clone(), version)).or_default().asked += 1;
        }
        self.writes.asked.insert(Arc::clone(by), asked);
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
            Change::Put(object) => self.writes.asked.get_mut(&object.modified_by),
            Change::Delete | Change::Check => {
                count_judged(transition, scene);
                return self.writes.delete(&write.key, before, transition.number);
            }
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
        count_judged(transition, scene);
        Ok(())
    }

    /// Takes the answer to a write.
    pub(crate) fn written(
        &mut self,
        by: &str,
        result: &Result<Option<Arc<Object>>, Failure>,
    ) -> Result<(), Violation> {
        let Some(asked) = self.writes.asked.get(by) else { return Ok(()) };
        if asked.deletes {
            let deletions = (asked.key.clone(), asked.version);
            let deletions = self.writes.deletions.entry(deletions).or_default();
            let fits = match result {
                Ok(Some(_)) => false,
                Ok(None) => deletions.told(),
                Err(failure) => asked.may_fail_with(&failure.code) && deletions.refused(),
            };
            let text = format!("{by} is told {result:?} of its deletion, there were {deletions:?}");
            return if fits { Ok(()) } else { Violation::of("written-is-durable", text) };
        }
        let fits = match result {
            Ok(Some(object)) => asked.committed == Some(object.stamp),
            Ok(None) => false,
            Err(failure) => asked.committed.is_none() && asked.may_fail_with(&failure.code),
        };
        if fits {
            return Ok(());
        }
        let text = format!("{by} is told {result:?}, the store has made of it {asked:?}");
        Violation::of("written-is-durable", text)
    }
}

fn count_judged(transition: &Transition, scene: &mut Scene<'_>) {
    if transition.judge == Judge::Store {
        scene.coverage.count("write judged by the store");
    }
}

impl Writes {
    fn delete(
        &mut self,
        key: &ObjectKey,
        before: Option<i64>,
        number: TransitionNumber,
    ) -> Result<(), Violation> {
        let is_asked = self.deletions.keys().any(|(deleted, _)| deleted == key);
        match self.deletions.get_mut(&(key.clone(), before)) {
            Some(deletions) if deletions.committed + deletions.refused < deletions.asked => {
                deletions.committed += 1;
                Ok(())
            }
            Some(deletions) => {
                let text = format!("{number} deletes {key} once more, there were {deletions:?}");
                Violation::of("exactly-once", text)
            }
            None if is_asked => {
                let text = format!("{key} is deleted at {before:?}, which nobody has named");
                Violation::of("lost-update", text)
            }
            None => Violation::of("written", format!("{number} deletes {key} for nobody")),
        }
    }
}

impl Deletions {
    /// Somebody is told that it has deleted the object; returns whether one of them has.
    fn told(&mut self) -> bool {
        self.told += 1;
        self.told <= self.committed
    }

    /// Somebody is told that it has not; returns whether that can be.
    fn refused(&mut self) -> bool {
        self.refused += 1;
        self.committed + self.refused <= self.asked
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
