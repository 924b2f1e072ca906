//! Recovery: the engine takes up what an earlier one has left.
//!
//! Invariants:
//!
//! * Locks go back to their holders, under the tokens that they had, before anyone else is served.
//! * Those who waited for a lock wait in the order in which they did.
//! * One instance that cannot be read keeps nobody else from going on; its row stays as it is, its
//!   locks are free.

use std::sync::Arc;

use lockstep_definition::Definitions;

use crate::engine::{Engine, published};
use crate::id::InstanceId;
use crate::instance::{Instance, Phase, Published};
use crate::journal::Happening;
use crate::lock::Holder;
use crate::time::Time;
use crate::transition::{InstanceRow, LockRow, LockWrite, Status};

/// Definitions by the identity under which instances name them.
pub type DefinitionsById = Vec<(Arc<str>, Arc<Definitions>)>;

impl Engine {
    /// Takes up unfinished instances; must be called before any event.
    ///
    /// Returns those that cannot be taken up, and why.
    pub fn recover(
        &mut self,
        now: Time,
        mut rows: Vec<InstanceRow>,
        locks: Vec<LockRow>,
        definitions: &DefinitionsById,
    ) -> Vec<(InstanceId, String)> {
        self.world.now = now;
        let published: Vec<Arc<Published>> = definitions
            .iter()
            .map(|(id, definitions)| Arc::new(published(Arc::clone(id), Arc::clone(definitions))))
            .collect();
        // Those who waited go first: who stands behind a commit must not get in before them.
        rows.sort_by_key(|row| (row.ticket == 0, row.ticket, row.started_at, row.id));
        let mut refused = Vec::new();
        let mut order = Vec::new();
        for row in rows {
            let id = row.id;
            let held = locks.iter().filter(|lock| lock.instance == id).cloned().collect();
            match revived(row, held, &published) {
                Ok(instance) => {
                    order.push(id);
                    self.instances.insert(id, Box::new(instance));
                }
                Err(why) => refused.push((id, why)),
            }
        }
        self.give_back(locks);
        for id in order {
            self.take_up(id, now);
        }
        let unreadable: Vec<InstanceId> = refused.iter().map(|(id, _)| *id).collect();
        self.reunite(&unreadable);
        self.run_all();
        refused
    }

    fn take_up(&mut self, id: InstanceId, now: Time) {
        let Some(mut instance) = self.instances.remove(&id) else { return };
        let runs = instance.takes_turn();
        if runs || matches!(instance.strand.phase, Phase::BackingOff(_)) {
            instance.note(now, Happening::Recovered);
        }
        self.arm(&mut instance);
        if runs {
            self.world.runnable.push_back(id);
        }
        if instance.journal.is_empty() {
            // Nothing has changed: its row stays as it is.
            self.world.outbox.unsaved.remove(&id);
        }
        self.instances.insert(id, instance);
    }

    /// Gives locks back to their holders; the row of one without a holder is dropped.
    fn give_back(&mut self, locks: Vec<LockRow>) {
        let mut orphans = Vec::new();
        for row in locks {
            if self.instances.contains_key(&row.instance) {
                let holder = Holder { instance: row.instance, token: row.token, since: row.since };
                self.world.locks.restore(row.key, holder);
            } else {
                orphans.push(LockWrite::Delete { key: row.key, token: row.token });
            }
        }
        if !orphans.is_empty() {
            let transition = self.world.outbox.order(None, crate::transition::Judge::Core);
            transition.locks = orphans;
        }
    }
}

fn revived(
    row: InstanceRow,
    held: Vec<LockRow>,
    published: &[Arc<Published>],
) -> Result<Instance, String> {
    let Status::Running(state) = &row.status else { return Err("it has ended".to_owned()) };
    let definitions = published
        .iter()
        .find(|published| published.id == row.definitions)
        .ok_or("its definitions are not there, or not valid any more")?;
    let workflow = definitions
        .definitions
        .workflows
        .get(&row.workflow)
        .ok_or_else(|| format!("its definitions have no workflow `{}`", row.workflow))?;
    let mut instance = Instance::new(
        row.id,
        Arc::clone(definitions),
        Arc::clone(workflow),
        row.input.clone(),
        Arc::clone(&row.started_by),
        row.started_at,
    );
    instance.restore(state, &row.parts, held).map_err(|error| error.to_string())?;
    Ok(instance)
}
