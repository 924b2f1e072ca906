//! Locks as they are told: who holds each, and who waits for it.
//!
//! Invariants:
//!
//! * What is told at once is bounded by whoever asks: so many locks, so many holders and waiters of
//!   each. Nobody else waits for longer than it takes to tell that.
//! * Who pages through locks or waiters sees each that is there all the time once, whatever comes
//!   and goes meanwhile; locks in the order of their queues move when these grow.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use lockstep_definition::LockMode;

use super::{HeldLock, LockWait, context, held_lock};
use crate::engine::Engine;
use crate::id::{InstanceId, Ticket};
use crate::lock::{Hold, SYSTEM, WaiterMark};
use crate::time::Time;

/// One lock: who holds it, and who waits for it.
#[derive(Clone, Debug)]
pub struct LockView {
    /// The key.
    pub key: Arc<str>,
    /// How many hold it.
    pub holding: usize,
    /// Who holds it, in the order in which they got it: the first ones.
    pub holders: Vec<LockHolder>,
    /// How many wait for it.
    pub waiting: usize,
    /// How many wait before the first one who is told.
    pub before: usize,
    /// Who waits for it, in the order in which they will be served: some, one behind another.
    pub waiters: Vec<LockWaiter>,
    /// Whether the lock of the whole system is held, which keeps this one, too.
    pub system_is_held: bool,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The instance, or the client's lock.
    pub who: InstanceId,
    /// Its workflow; `None` for a client.
    pub workflow: Option<Arc<str>>,
    /// The lock.
    pub lock: HeldLock,
}

/// Who waits for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockWaiter {
    /// The instance, or the client's lock.
    pub who: InstanceId,
    /// Its workflow; `None` for a client.
    pub workflow: Option<Arc<str>>,
    /// Who says to be behind it, if it is a client.
    pub client: Option<Arc<str>>,
    /// Its place in the order in which locks were asked for.
    pub ticket: Ticket,
    /// Whether it wants the lock for itself alone.
    pub mode: LockMode,
    /// Its priority.
    pub priority: i64,
    /// Since when.
    pub since: Time,
    /// The expression that made the key; `None` for a lock without context, and for a client's.
    pub context: Option<Arc<str>>,
}

/// The order in which locks are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOrder {
    /// By key.
    Key,
    /// Those first for which most wait, and by key among equals.
    Waiting,
}

/// A lock in an order; the next page begins behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockMark {
    /// How many waited for it.
    pub waiting: usize,
    /// Its key.
    pub key: Arc<str>,
}

/// Which locks are told, and how much of each.
#[derive(Clone, Debug)]
pub struct LockPage {
    /// In which order.
    pub order: LockOrder,
    /// Behind which one; `None`: from the first one.
    pub after: Option<LockMark>,
    /// How many, at most.
    pub limit: usize,
    /// How many holders, and how many waiters, of each, at most.
    pub first: usize,
}

/// A client's lock.
#[derive(Clone, Debug)]
pub struct ClientView {
    /// Its identity.
    pub lock: InstanceId,
    /// Who says to be behind it.
    pub owner: Arc<str>,
    /// What for.
    pub note: Arc<str>,
    /// Whether it is held.
    pub stage: ClientStage,
}

/// Whether a client's lock is held.
#[derive(Clone, Debug)]
pub enum ClientStage {
    /// It is.
    Held(HeldLock),
    /// The client waits for it.
    Waits(LockWait),
}

impl Default for LockPage {
    /// The first hundred by key, and the first hundred of those who hold and want each.
    fn default() -> Self {
        Self { order: LockOrder::Key, after: None, limit: 100, first: 100 }
    }
}

impl Engine {
    /// Returns all locks that are held or waited for, by key, with all who hold and want them.
    pub fn locks(&self) -> Vec<LockView> {
        let all = usize::MAX;
        self.lock_page(&LockPage { order: LockOrder::Key, after: None, limit: all, first: all })
    }

    /// Returns locks that are held or waited for.
    ///
    /// It looks at the key of each lock that there is, and at nothing else of those that are not
    /// told.
    pub fn lock_page(&self, page: &LockPage) -> Vec<LockView> {
        let rank = |waiting: usize, key| match page.order {
            LockOrder::Key => (Reverse(0), key),
            LockOrder::Waiting => (Reverse(waiting), key),
        };
        let after = page.after.as_ref().map(|mark| rank(mark.waiting, &mark.key));
        let keys = self.world.locks.keys_and_waiting();
        let ranked = keys.map(|(key, waiting)| rank(waiting, key));
        let behind = ranked.filter(|rank| after.as_ref().is_none_or(|after| rank > after));
        let told = least(behind, page.limit).into_iter();
        told.map(|(_, key)| self.lock_view(key, None, page.first)).collect()
    }

    /// Returns a lock with at most `first` of its holders, and of its waiters behind `after`; one
    /// that nobody holds or wants is free.
    pub fn lock_view(&self, key: &Arc<str>, after: Option<WaiterMark>, first: usize) -> LockView {
        let locks = &self.world.locks;
        let holds = locks.holds(key);
        LockView {
            key: Arc::clone(key),
            holding: holds.len(),
            holders: holds.iter().take(first).filter_map(|hold| self.lock_holder(hold)).collect(),
            waiting: locks.queue_length(key),
            before: after.map_or(0, |mark| locks.waiters_up_to(key, mark)),
            waiters: locks
                .waiters_after(key, after)
                .take(first)
                .filter_map(|(ticket, who)| self.lock_waiter(ticket, who))
                .collect(),
            system_is_held: &**key != SYSTEM && !locks.holds(SYSTEM).is_empty(),
        }
    }

    /// Returns a client's lock, held or waited for; `None` if there is none of that identity.
    pub fn client(&self, lock: InstanceId) -> Option<ClientView> {
        let clients = &self.world.clients;
        let (owner, note) = clients.told(lock)?;
        let stage = if let Some(held) = clients.held(lock) {
            ClientStage::Held(held)
        } else {
            let (since, until) = clients.waits(lock)?;
            ClientStage::Waits(self.lock_wait(lock, since, until)?)
        };
        Some(ClientView { lock, owner, note, stage })
    }

    fn lock_waiter(&self, ticket: Ticket, who: InstanceId) -> Option<LockWaiter> {
        let wish = self.world.locks.wish_of(who)?;
        let (mode, priority) = (wish.mode, wish.priority);
        let instance = self.instances.get(&who);
        let workflow = instance.map(|instance| Arc::clone(&instance.workflow.name));
        let context = instance.and_then(|instance| instance.present_lock().and_then(context));
        let since = match instance {
            Some(instance) => instance.waiting_since(),
            None => self.world.clients.waits(who)?.0,
        };
        let client = self.world.clients.owner(who);
        Some(LockWaiter { who, workflow, client, ticket, mode, priority, since, context })
    }

    pub(super) fn lock_holder(&self, hold: &Hold) -> Option<LockHolder> {
        let lock = match self.instances.get(&hold.owner) {
            Some(instance) => {
                let held = instance.held.iter().find(|held| held.token == hold.token)?;
                held_lock(instance, held)
            }
            None => self.world.clients.held(hold.owner)?,
        };
        Some(LockHolder { who: hold.owner, workflow: self.workflow_of(hold.owner), lock })
    }

    pub(super) fn workflow_of(&self, instance: InstanceId) -> Option<Arc<str>> {
        self.instances.get(&instance).map(|instance| Arc::clone(&instance.workflow.name))
    }
}

/// Returns the least of several, sorted; at most `limit`.
fn least<T: Ord>(all: impl Iterator<Item = T>, limit: usize) -> Vec<T> {
    let mut kept = BinaryHeap::new();
    for one in all {
        if kept.len() < limit {
            kept.push(one);
        } else if let Some(mut greatest) = kept.peek_mut()
            && one < *greatest
        {
            *greatest = one;
        }
    }
    kept.into_sorted_vec()
}

#[cfg(test)]
mod tests;
