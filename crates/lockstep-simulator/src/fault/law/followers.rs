//! Followers: each committed change that meets a trigger has one instance that follows from it,
//! which is durable with the change; and nothing follows from what was not committed.
//!
//! Invariants:
//!
//! * Which changes are followed stands here a second time, beside the definitions of the workload:
//!   what the engine makes of its triggers is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::transition::{
    Beginning, Change, InstanceRow, Judge, ObjectWrite, Status, Transition,
};
use lockstep_core::{Happening, InstanceId, Object, ObjectKey};
use lockstep_expr::Value;

use super::data::int;
use super::{Laws, Scene, Violation};
use crate::fault::workload::{FOLLOWED_BELOW, FOLLOWER};

/// Changes and what follows from them.
#[derive(Debug, Default)]
pub(super) struct Followers {
    /// Versions of changes that have no follower yet: by object, and what was done to it.
    due: BTreeMap<(ObjectKey, &'static str), Vec<i64>>,
    known: BTreeSet<InstanceId>,
}

impl Laws {
    /// Takes note of the changes of a transition that are to be followed, and of the instances that
    /// begin in it. Called before the objects are as it leaves them.
    pub(super) fn follow_changes(
        &mut self,
        transition: &Transition,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        if scene.workload.facts.follows {
            for write in &transition.objects {
                if let Some((kind, version)) = self.to_be_followed(write) {
                    let changed = (write.key.clone(), kind);
                    self.followers.due.entry(changed).or_default().push(version);
                }
            }
        }
        for Beginning { row, journal } in &transition.starts {
            let course = self.courses.entry(row.id).or_default();
            course.workflow = Arc::clone(&row.workflow);
            course.definitions = Arc::clone(&row.definitions);
            for entry in journal {
                self.tell(row.id, entry, scene)?;
            }
            self.row(row, scene)?;
            begins_with(row, transition)?;
            scene.coverage.count(match transition.judge {
                _ if row.started_by.ends_with("by simulation") => "import followed",
                _ if transition.instance.is_none() => "write from outside followed",
                Judge::Core => "change followed",
                Judge::Store => "change followed that the store judged",
            });
        }
        Ok(())
    }

    /// Looks at the first row of an instance that follows from a change, wherever it stands.
    pub(super) fn follower(
        &mut self,
        row: &InstanceRow,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        if &*row.workflow != FOLLOWER || !self.followers.known.insert(row.id) {
            return Ok(());
        }
        let is_chain = match &row.status {
            Status::Failed { failure, .. } => &*failure.code == "trigger.chain",
            Status::Running(_) | Status::Done { .. } => false,
        };
        if is_chain {
            scene.coverage.count("chain of changes ended");
        }
        let given =
            |name: &str| if let Value::Map(input) = &row.input { input.get(name) } else { None };
        let is_of = |(key, kind): &(ObjectKey, &str)| {
            row.started_by.starts_with(&format!("{kind} of {key} by "))
                && (is_chain
                    || (given("id") == Some(&Value::from(&*key.id))
                        && given("kind") == Some(&Value::from(*kind))))
        };
        let mut due = self.followers.due.iter_mut().filter(|(changed, _)| is_of(changed));
        let found = due.find_map(|(_, versions)| {
            let is_it = |version: &i64| is_chain || given("version") == Some(&Value::Int(*version));
            let place = versions.iter().position(is_it)?;
            Some(versions.remove(place))
        });
        self.followers.due.retain(|_, versions| !versions.is_empty());
        if found.is_some() {
            return Ok(());
        }
        let (by, input) = (&row.started_by, &row.input);
        let text = format!("{} ({by}, {input}) follows from no change", row.id);
        Violation::of("followed-once", text)
    }

    /// Looks back at what was written at once: each change of it is followed.
    pub(super) fn all_followed(&self) -> Result<(), Violation> {
        match self.followers.due.first_key_value() {
            None => Ok(()),
            Some(((key, kind), versions)) => {
                let text = format!("nothing follows from {kind} of {key}, version {versions:?}");
                Violation::of("followed-once", text)
            }
        }
    }

    /// Returns what a write does, if that is to be followed, and the version that its follower is
    /// told.
    fn to_be_followed(&self, write: &ObjectWrite) -> Option<(&'static str, i64)> {
        let before = self.data.object(&write.key);
        let (kind, object): (_, &Object) = match &write.change {
            Change::Check => return None,
            Change::Delete => ("delete", before?),
            Change::Put(object) if before.is_some() => ("update", object),
            Change::Put(object) => ("create", object),
        };
        let is_followed = match &*write.key.entity {
            "Free" => int(object, "step") < FOLLOWED_BELOW,
            "Seat" => kind == "create",
            _ => false,
        };
        is_followed.then_some((kind, object.version))
    }
}

/// Looks whether an instance that begins here is told of by the one that made the change.
fn begins_with(row: &InstanceRow, transition: &Transition) -> Result<(), Violation> {
    let id = row.id.to_string();
    let tells = |event: &Happening| {
        matches!(event, Happening::ChildStarted { instance, awaited: false, .. }
            if *instance == id)
    };
    if transition.instance.is_none() || transition.journal.iter().any(|entry| tells(&entry.event)) {
        return Ok(());
    }
    let text = format!("{id} begins in {}, whose journal does not say so", transition.number);
    Violation::of("journal", text)
}
