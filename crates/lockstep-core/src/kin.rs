//! Kin: what instances that run one another have to tell each other.
//!
//! All of it is carried out within the event that caused it, so that it is ordered with what it
//! follows from.
//!
//! Invariants:
//!
//! * A parent waits for a child exactly as long as the child is to tell it its end.

use lockstep_expr::Value;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::{Arrived, Instance, Phase};

/// Something between a parent and its child.
#[derive(Debug)]
pub(crate) enum Kin {
    /// An instance was made by another.
    Born(Box<Instance>),
    /// An instance ended whose parent waits for it.
    Ended { parent: InstanceId, child: InstanceId, result: Result<Value, Failure> },
    /// An instance is not awaited any more.
    Unwanted { parent: InstanceId, child: InstanceId },
}

impl Engine {
    pub(crate) fn tell_kin(&mut self, kin: Kin) {
        match kin {
            Kin::Born(child) => {
                let id = child.id;
                self.world.runnable.push_back(id);
                self.instances.insert(id, child);
            }
            Kin::Ended { parent, child, result } => self.child_ended(parent, child, result),
            Kin::Unwanted { parent, child } => {
                let reason = format!("instance {parent} does not wait for it any more");
                self.interrupt(child, Failure::new("cancelled", reason));
            }
        }
    }

    fn child_ended(
        &mut self,
        parent: InstanceId,
        child: InstanceId,
        result: Result<Value, Failure>,
    ) {
        self.world.locks.forget_end(parent, child);
        let Some(instance) = self.instances.get_mut(&parent) else { return };
        let strand = instance.strands_mut().find(|strand| strand.phase.is_child(child));
        let Some(strand) = strand else { return };
        strand.wake(Some(Arrived::Child(child, result)), &mut self.world.timers);
        instance.flush(&mut self.world);
        self.world.runnable.push_back(parent);
    }

    /// Puts parents and children that were taken up together again: a child whose parent does not
    /// wait for it ends; a parent whose child is not there is told that it failed.
    ///
    /// `unreadable` are instances that could not be taken up; nothing is concluded from what they
    /// do not say.
    pub(crate) fn reunite(&mut self, unreadable: &[InstanceId]) {
        let mut awaited = Vec::new();
        let mut children = Vec::new();
        #[expect(clippy::iter_over_hash_type, reason = "what is found is sorted")]
        for instance in self.instances.values() {
            for strand in instance.strands() {
                if let Phase::Child(child) = &strand.phase {
                    awaited.push((instance.id, child.id));
                }
            }
            let lineage = instance.seldom.as_ref().and_then(|seldom| seldom.lineage.as_ref());
            if let Some(lineage) = lineage.filter(|lineage| lineage.awaited) {
                children.push((lineage.parent, instance.id));
            }
        }
        awaited.sort_unstable();
        children.sort_unstable();
        for (parent, child) in &awaited {
            self.world.locks.await_end(*parent, *child);
            if !self.instances.contains_key(child) {
                let message = "it could not be taken up after a restart";
                let result = Err(Failure::new("instance.lost", message));
                let (parent, child) = (*parent, *child);
                self.world.kin.push_back(Kin::Ended { parent, child, result });
            }
        }
        for (parent, child) in children {
            if awaited.binary_search(&(parent, child)).is_err() && !unreadable.contains(&parent) {
                self.world.kin.push_back(Kin::Unwanted { parent, child });
            }
        }
    }
}
