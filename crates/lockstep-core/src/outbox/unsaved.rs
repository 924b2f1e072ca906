//! Instances that wait for something that may take long, and whose state no row tells yet.
//!
//! Invariants:
//!
//! * Those who wait for locks are taken in the order of their tickets: whoever is stored after a
//!   crash asked before whoever is not.

use std::collections::BTreeSet;

use crate::id::{IdMap, InstanceId, Ticket};

/// Instances to be saved, those that wait for no lock first.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    order: BTreeSet<(Ticket, InstanceId)>,
    tickets: IdMap<Ticket>,
}

impl Unsaved {
    /// Adds an instance, with the ticket of the lock that it waits for, or 0.
    pub(crate) fn insert(&mut self, id: InstanceId, ticket: Ticket) {
        self.remove(id);
        self.order.insert((ticket, id));
        self.tickets.insert(id, ticket);
    }

    /// Takes an instance out, if it is there.
    pub(crate) fn remove(&mut self, id: InstanceId) {
        if let Some(ticket) = self.tickets.remove(&id) {
            self.order.remove(&(ticket, id));
        }
    }

    /// Takes the next one.
    pub(crate) fn pop_first(&mut self) -> Option<InstanceId> {
        let (_, id) = self.order.pop_first()?;
        self.tickets.remove(&id);
        if self.tickets.is_empty() {
            // A burst of waiters leaves no room behind.
            self.tickets.shrink_to_fit();
        }
        Some(id)
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Unsaved;
    use crate::engine::rig::id;

    #[test]
    fn those_who_asked_first_are_saved_first() {
        let mut unsaved = Unsaved::default();
        for (name, ticket) in [("a", 3), ("b", 1), ("c", 2), ("d", 0), ("b", 4), ("e", 5)] {
            unsaved.insert(id(name), ticket);
        }
        unsaved.remove(id("e"));
        assert_eq!(unsaved.len(), 4);
        let order: Vec<_> = std::iter::from_fn(|| unsaved.pop_first()).collect();
        assert_eq!(order, ["d", "c", "a", "b"].map(id));
        assert!(unsaved.is_empty());
    }
}
