//! Recovery: the engine takes up what an earlier one has left.
//!
//! Invariants:
//!
//! * Locks go back to their holders, under the tokens that they had, before anyone else is served.
//! * Those who waited for a lock wait in the order in which they did.
//! * One instance that cannot be read keeps nobody else from going on; its row stays as it is, its
//!   locks are free.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_definition::Definitions;

use crate::engine::{Engine, published};
use crate::id::InstanceId;
use crate::instance::{Instance, Phase, Published};
use crate::journal::Happening;
use crate::lock::{Hold, Wish};
use crate::planted::Bug;
use crate::time::Time;
use crate::transition::{InstanceRow, Judge, LockRow, LockWrite, Origin, Status};

/// Definitions by the identity under which instances name them.
pub type DefinitionsById = Vec<(Arc<str>, Arc<Definitions>)>;

/// Instances in the order in which they go on, each with the lock that it waits for.
type Order = Vec<(InstanceId, Option<Wish>)>;

impl Engine {
    /// Takes up unfinished instances; must be called before any event.
    ///
    /// Returns those that cannot be taken up, and why.
    pub fn recover(
        &mut self,
        now: Time,
        rows: Vec<InstanceRow>,
        locks: Vec<LockRow>,
        definitions: &DefinitionsById,
    ) -> Vec<(InstanceId, String)> {
        let (order, refused) = self.take_in(now, rows, &locks, definitions);
        self.give_back(&locks);
        self.drop_orphans(locks);
        for (id, wish) in order {
            self.take_up(id, wish, now);
        }
        let unreadable: Vec<InstanceId> = refused.iter().map(|(id, _)| *id).collect();
        self.reunite(&unreadable);
        // What ended while no engine ran ends before anybody is served.
        self.fire_timers();
        let granted = self.world.locks.settle(now);
        self.world.granted.extend(granted);
        self.run_all();
        refused
    }

    /// Takes in what a store holds, to look at it with [`Engine::explain`] and [`Engine::locks`], and
    /// for locks of clients; must be called before any event. Instances stand still from there on:
    /// they go on when an engine recovers them, which may be this one's successor.
    ///
    /// Returns those that cannot be shown, and why.
    pub fn survey(
        &mut self,
        now: Time,
        rows: Vec<InstanceRow>,
        locks: &[LockRow],
        definitions: &DefinitionsById,
    ) -> Vec<(InstanceId, String)> {
        let (order, refused) = self.take_in(now, rows, locks, definitions);
        self.stands_still = true;
        self.give_back(locks);
        for (id, wish) in order {
            self.give_place(id, wish);
        }
        refused
    }

    /// Makes instances of rows. Returns those that were made, in the order in which they are to go
    /// on, and those that cannot be, and why.
    fn take_in(
        &mut self,
        now: Time,
        mut rows: Vec<InstanceRow>,
        locks: &[LockRow],
        definitions: &DefinitionsById,
    ) -> (Order, Vec<(InstanceId, String)>) {
        self.world.now = now;
        let published: Vec<Arc<Published>> = definitions
            .iter()
            .map(|(id, definitions)| Arc::new(published(Arc::clone(id), Arc::clone(definitions))))
            .collect();
        let mut held: BTreeMap<InstanceId, Vec<LockRow>> = BTreeMap::new();
        for lock in locks {
            held.entry(lock.instance).or_default().push(lock.clone());
        }
        // Those who waited go first: who stands behind a commit must not get in before them.
        rows.sort_by_key(|row| (row.ticket == 0, row.ticket, row.started_at, row.id));
        if self.world.planted.is(Bug::QueuedAnewAtRestart) {
            rows.sort_by_key(|row| (row.started_at, row.id));
        }
        let mut refused = Vec::new();
        let mut order = Vec::new();
        for row in rows {
            let id = row.id;
            match revived(row, held.remove(&id).unwrap_or_default(), &published) {
                Ok((instance, wish)) => {
                    order.push((id, wish));
                    self.instances.insert(id, Box::new(instance));
                }
                Err(why) => refused.push((id, why)),
            }
        }
        (order, refused)
    }

    /// Gives one who waited for a lock its place again.
    fn give_place(&mut self, id: InstanceId, wish: Option<Wish>) {
        if self.world.planted.is(Bug::WaitersForgottenAtRestart) {
            return;
        }
        let phase = self.instances.get_mut(&id).map(|instance| &mut instance.strand.phase);
        if let (Some(Phase::Waiting(ticket)), Some(wish)) = (phase, wish) {
            *ticket = self.world.locks.restore_waiter(wish, *ticket);
        }
    }

    fn take_up(&mut self, id: InstanceId, wish: Option<Wish>, now: Time) {
        self.give_place(id, wish);
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
            self.world.outbox.unsaved.remove(id);
        }
        self.instances.insert(id, instance);
    }

    /// Gives locks back to their holders.
    fn give_back(&mut self, locks: &[LockRow]) {
        let mut of_clients: BTreeMap<InstanceId, Vec<LockRow>> = BTreeMap::new();
        let outlives = self.world.planted.is(Bug::LeaseOutlivesHolder);
        for row in locks {
            let LockRow { instance: owner, token, mode, since, .. } = *row;
            let is_client = matches!(row.origin, Origin::Client { .. });
            if self.world.planted.is(Bug::LocksForgottenAtRestart) && !is_client {
                continue;
            }
            if self.instances.contains_key(&owner) || (outlives && !is_client) {
                let hold = Hold { owner, token, mode, since };
                self.world.locks.restore(Arc::clone(&row.key), hold);
            } else if is_client {
                of_clients.entry(owner).or_default().push(row.clone());
            }
        }
        for rows in of_clients.values() {
            self.world.restore_client_lock(rows);
        }
    }

    /// Drops the rows of locks whose holders are not there.
    fn drop_orphans(&mut self, locks: Vec<LockRow>) {
        if self.world.planted.is(Bug::LeaseOutlivesHolder) {
            return;
        }
        let orphans = locks.into_iter().filter(|row| {
            let is_client = matches!(row.origin, Origin::Client { .. });
            !is_client && !self.instances.contains_key(&row.instance)
        });
        let orphans: Vec<LockWrite> =
            orphans.map(|row| LockWrite::Delete { key: row.key, token: row.token }).collect();
        if !orphans.is_empty() {
            self.world.outbox.order(None, Judge::Core).locks = orphans;
        }
    }
}

fn revived(
    row: InstanceRow,
    held: Vec<LockRow>,
    published: &[Arc<Published>],
) -> Result<(Instance, Option<Wish>), String> {
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
    instance.start_key = row.start_key;
    let wish = instance.restore(state, &row.parts, held).map_err(|error| error.to_string())?;
    Ok((instance, wish))
}
