//! Conflicts: whether the objects of a unit are, at its commit, as the unit read them, and what becomes
//! of it if they are not.
//!
//! Invariants:
//!
//! * An object that differs is overwritten only if the author wrote `on_conflict: force`.
//! * A unit that has called something outside does not run again by itself.

use lockstep_definition::OnConflict;

use super::{Committed, turn};
use crate::failure::Failure;
use crate::instance::{Instance, Phase};
use crate::journal::Happening;
use crate::object::{Object, ObjectKey};
use crate::planted::Bug;
use crate::step::data::conflict;
use crate::transition::Expected;
use crate::unit_of_work::{Entry, Intent};
use crate::world::World;

/// How often a unit of work is run again because of conflicts.
const MAX_CONFLICTS: u32 = 100;

impl Instance {
    /// Asks for the objects of the unit that the cache does not know any more.
    pub(super) fn awaits_objects(&mut self, world: &mut World) -> bool {
        let missing: Vec<ObjectKey> = self
            .unit
            .iter()
            .filter(|(_, entry)| !matches!(entry.intent, Intent::Put { fresh: true, .. }))
            .filter(|(key, _)| !world.cache.knows(key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &missing {
            world.load(key, self.reader());
        }
        let awaits = !missing.is_empty();
        if awaits {
            self.strand.phase = Phase::Loading(missing);
        }
        awaits
    }

    /// Compares the objects of the unit with what is there. `None` if all are as the unit read them,
    /// or may be overwritten.
    ///
    /// # Errors
    ///
    /// `data.conflict` if they are not, and the unit cannot run again.
    pub(super) fn check_objects(
        &mut self,
        on_conflict: OnConflict,
        world: &mut World,
    ) -> Result<Option<Committed>, Failure> {
        let mut found = None;
        let mut forced = Vec::new();
        for (key, entry) in self.unit.iter() {
            if matches!(entry.intent, Intent::Put { fresh: true, .. }) {
                continue;
            }
            let present = world.cache.get(key).object();
            match (entry.expected, present) {
                (Expected::Absent, None) => {}
                (Expected::Stamp(stamp), Some(present)) if present.stamp == stamp => {}
                (Expected::Stamp(_), Some(present))
                    if on_conflict == OnConflict::Force || overlooks(entry, &present, world) =>
                {
                    let expected = Expected::Stamp(present.stamp);
                    let base = Some(present);
                    forced.push((key.clone(), Entry { expected, base, ..entry.clone() }));
                }
                (_, present) => {
                    found = Some((key.clone(), entry.clone(), present));
                    break;
                }
            }
        }
        for (key, entry) in forced {
            self.unit.insert(key, entry);
        }
        let Some((key, entry, present)) = found else { return Ok(None) };
        self.conflict(key, &entry, present.as_deref(), on_conflict, world).map(Some)
    }

    fn conflict(
        &mut self,
        key: ObjectKey,
        entry: &Entry,
        present: Option<&Object>,
        on_conflict: OnConflict,
        world: &mut World,
    ) -> Result<Committed, Failure> {
        world.conflicts += 1;
        let stamp = match entry.expected {
            Expected::Absent => 0,
            Expected::Stamp(stamp) => stamp,
        };
        let this = Some((key.clone(), stamp));
        let may_retry = on_conflict == OnConflict::Retry
            && !self.has_called_since(&self.unit_start)
            && self.last_conflict.as_deref() != this.as_ref()
            && self.conflicts < MAX_CONFLICTS;
        let failure = conflict(&key, entry.base.as_ref().map_or(0, |base| base.version), present);
        if !may_retry {
            return Err(failure);
        }
        self.conflicts += 1;
        self.last_conflict = this.map(Box::new);
        self.note(world.now, Happening::Retried { error: failure.code.to_string() });
        self.return_to_unit_start(world);
        let has_turn = self.take_turn(vec![turn::name(&key)], world);
        Ok(if has_turn { Committed::Again } else { Committed::Wait })
    }
}

/// Returns whether a conflict is overlooked, by a planted bug.
fn overlooks(entry: &Entry, present: &Object, world: &World) -> bool {
    let is_same = entry.base.as_ref().is_some_and(|base| base.version == present.version);
    world.planted.is(Bug::ConflictIgnored) || (is_same && world.planted.is(Bug::VersionForStamp))
}
