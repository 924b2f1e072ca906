//! Who waits for whom: the search for those who would wait for each other.
//!
//! Edges are of three kinds: to the end of another, to a holder of what is wanted (these two are
//! hard), and to who stands before in a queue (soft: the table may let one go first).
//!
//! Invariants:
//!
//! * A search visits each owner at most once, and each stretch of a queue at most twice; it never
//!   recurses.
//! * Nothing is searched for an owner whom nobody can be waiting for.
//! * A soft edge exists wherever a conflicting waiter stands before, also if it may be overtaken at
//!   present: so the edges change only with waits, holds and ends.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use lockstep_definition::LockMode;

use super::queue::Place;
use super::wish::Wish;
use super::{LockTable, SYSTEM};
use crate::id::{IdMap, IdSet, InstanceId};

/// What an owner in a cycle waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The lock with this key.
    Lock(Arc<str>),
    /// The end of this instance.
    End(InstanceId),
}

/// Which edges a search follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edges {
    /// To awaited ends.
    Ends,
    /// To awaited ends and holders.
    Hard,
    /// To all, also to who stands before in a queue.
    All,
}

/// One search, breadth first.
struct Search<'a> {
    table: &'a LockTable,
    edges: Edges,
    came_from: IdMap<Option<InstanceId>>,
    open: VecDeque<InstanceId>,
    /// Up to which place a queue has been gone through; `None` names that of all waiters.
    swept: HashMap<(Option<Arc<str>>, bool), Place>,
}

impl<'a> Search<'a> {
    fn new(table: &'a LockTable, edges: Edges) -> Self {
        let (came_from, open, swept) = (IdMap::default(), VecDeque::new(), HashMap::new());
        Self { table, edges, came_from, open, swept }
    }

    fn see(&mut self, owner: InstanceId, from: Option<InstanceId>) {
        if let Entry::Vacant(unseen) = self.came_from.entry(owner) {
            unseen.insert(from);
            self.open.push_back(owner);
        }
    }

    /// Keeps the search from going on over an owner.
    fn leave_out(&mut self, owner: InstanceId) {
        self.came_from.insert(owner, None);
    }

    fn expand(&mut self, owner: InstanceId) {
        let table = self.table;
        for end in table.awaited.get(&owner).into_iter().flatten() {
            self.see(*end, Some(owner));
        }
        let Some(waiter) = table.waiter(owner) else { return };
        if self.edges == Edges::Ends {
            return;
        }
        for (_, hold) in table.conflicts(&waiter.wish) {
            self.see(hold.owner, Some(owner));
        }
        if self.edges == Edges::All {
            self.expand_queues(owner, &waiter.wish, waiter.place);
        }
    }

    fn expand_queues(&mut self, owner: InstanceId, wish: &Wish, place: Place) {
        let table = self.table;
        if wish.wants_system() {
            self.sweep(owner, None, (place, wish.mode));
            return;
        }
        for key in wish.keys.iter().chain([&table.system_key]) {
            self.sweep(owner, Some(key), (place, wish.mode));
        }
    }

    fn sweep(
        &mut self,
        owner: InstanceId,
        key: Option<&Arc<str>>,
        (place, mode): (Place, LockMode),
    ) {
        let swept = self.swept.entry((key.cloned(), mode == LockMode::Shared));
        let after = match &swept {
            Entry::Occupied(done) => Some(*done.get()),
            Entry::Vacant(_) => None,
        };
        if after.is_some_and(|after| after >= place) {
            return;
        }
        swept.insert_entry(place);
        // The place up to which was swept is that of a waiter seen already.
        let table = self.table;
        let Some(key) = key else {
            for waiter in table.anyone_before(after, place, mode) {
                self.see(waiter.wish.owner, Some(owner));
            }
            return;
        };
        let queue = table.key(key).map(|state| &state.queue);
        for before in queue.into_iter().flat_map(|queue| queue.stretch(after, place, mode)) {
            if let Some(waiter) = table.waiters.get(before) {
                self.see(waiter.wish.owner, Some(owner));
            }
        }
    }

    /// Returns the way to an owner, itself included.
    fn way_to(&self, last: InstanceId) -> Vec<InstanceId> {
        let mut way = Vec::new();
        let mut at = Some(last);
        while let Some(owner) = at {
            way.push(owner);
            at = self.came_from.get(&owner).copied().flatten();
        }
        way.reverse();
        way
    }
}

impl LockTable {
    /// Returns the owners in a cycle that would close if this wish had to wait: each waits for the
    /// following one, the last for the wish's owner. Empty if none would.
    ///
    /// Holders and ends count, queues do not: a cycle that a queue has a part in is dissolved by
    /// [`wait`](Self::wait).
    pub fn cycle(&self, wish: &Wish) -> Vec<(InstanceId, Awaited)> {
        if !self.is_waited_for(wish.owner) {
            return Vec::new();
        }
        let mut search = Search::new(self, Edges::Hard);
        search.leave_out(wish.owner);
        for (_, hold) in self.conflicts(wish) {
            search.see(hold.owner, None);
        }
        while let Some(owner) = search.open.pop_front() {
            if self.waits_directly(owner, wish.owner) {
                let way = search.way_to(owner);
                let next = way.iter().skip(1).copied().chain([wish.owner]);
                return way
                    .iter()
                    .zip(next)
                    .map(|(at, to)| (*at, self.awaited_of(*at, to)))
                    .collect();
            }
            search.expand(owner);
        }
        Vec::new()
    }

    /// Returns what `owner` waits for that `other` can give.
    fn awaited_of(&self, owner: InstanceId, other: InstanceId) -> Awaited {
        let wish = self.waiter(owner).map(|waiter| &waiter.wish);
        let key = wish.and_then(|wish| {
            let (key, _) = self.conflicts(wish).find(|(_, hold)| hold.owner == other)?;
            let is_wanted = wish.wants(key);
            if is_wanted { Some(Arc::clone(key)) } else { wish.keys.first().map(Arc::clone) }
        });
        key.map_or(Awaited::End(other), Awaited::Lock)
    }

    /// Returns whether `owner` waits for a hold or the end of `other`.
    fn waits_directly(&self, owner: InstanceId, other: InstanceId) -> bool {
        if self.awaited.get(&owner).is_some_and(|ends| ends.contains(&other)) {
            return true;
        }
        let Some(waiter) = self.waiter(owner) else { return false };
        self.held_by(other).iter().any(|held| waiter.wish.conflicts(&held.key, &held.hold))
    }

    /// Returns whether `owner` waits, directly or over others, for a hold or the end of `other`.
    ///
    /// `known` holds others of whom this is known, and grows.
    pub(super) fn waits_for(
        &self,
        owner: InstanceId,
        other: InstanceId,
        known: &mut IdSet,
    ) -> bool {
        let mut search = Search::new(self, Edges::All);
        search.leave_out(other);
        search.see(owner, None);
        while let Some(at) = search.open.pop_front() {
            if known.contains(&at) || self.waits_directly(at, other) {
                known.extend(search.way_to(at));
                return true;
            }
            search.expand(at);
        }
        false
    }

    /// Returns whether anyone can be waiting, directly or over others, for a hold or the end of an
    /// owner: a cheap answer that may be yes in vain, but never no.
    pub(super) fn is_waited_for(&self, owner: InstanceId) -> bool {
        if self.has_wanted_hold(owner) {
            return true;
        }
        let mut open: Vec<InstanceId> = self.awaited_by.get(&owner).cloned().unwrap_or_default();
        let mut seen = IdSet::default();
        while let Some(ancestor) = open.pop() {
            if self.waiting.contains_key(&ancestor) || self.has_wanted_hold(ancestor) {
                return true;
            }
            if seen.insert(ancestor) {
                open.extend(self.awaited_by.get(&ancestor).into_iter().flatten());
            }
        }
        false
    }

    /// Returns whether an owner holds something that meets a queue.
    pub(super) fn has_wanted_hold(&self, owner: InstanceId) -> bool {
        if self.waiters.is_empty() {
            return false;
        }
        let is_system_wanted = !self.system.queue.is_empty();
        self.held_by(owner).iter().any(|held| {
            let is_wanted = || self.key(&held.key).is_some_and(|state| !state.queue.is_empty());
            is_system_wanted || &*held.key == SYSTEM || is_wanted()
        })
    }

    /// Returns the places of the entangled among those for whom the owners wait, directly or over
    /// others, and among the owners themselves.
    pub(super) fn entangled_from(
        &self,
        owners: impl IntoIterator<Item = InstanceId>,
        edges: Edges,
    ) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        if self.entangled.is_empty() {
            return places;
        }
        let mut search = Search::new(self, edges);
        for owner in owners {
            search.see(owner, None);
        }
        while let Some(owner) = search.open.pop_front() {
            places.extend(self.entangled_place(owner));
            search.expand(owner);
        }
        places
    }

    /// Returns the places of the entangled for whom a waiter waits, if these wait for it in turn.
    pub(super) fn entangled_with(&self, owner: InstanceId) -> BTreeSet<Place> {
        let only_self = usize::from(self.entangled.contains(&owner));
        if self.entangled.len() == only_self || !self.is_stood_behind_or_waited_for(owner) {
            return BTreeSet::new();
        }
        let mut places = BTreeSet::new();
        let mut search = Search::new(self, Edges::All);
        search.expand(owner);
        while let Some(at) = search.open.pop_front() {
            places.extend(self.entangled_place(at));
            search.expand(at);
        }
        if search.came_from.contains_key(&owner) { places } else { BTreeSet::new() }
    }

    fn entangled_place(&self, owner: InstanceId) -> Option<Place> {
        self.entangled.get(&owner).and_then(|owner| self.waiter(*owner)).map(|waiter| waiter.place)
    }

    fn is_stood_behind_or_waited_for(&self, owner: InstanceId) -> bool {
        let Some(waiter) = self.waiter(owner) else { return false };
        let is_behind = |last: Option<Place>| last > Some(waiter.place);
        let stood_behind = if waiter.wish.wants_system() {
            is_behind(self.waiters.last().map(|(place, _)| *place))
        } else {
            let keys = waiter.wish.keys.iter().chain([&self.system_key]);
            keys.filter_map(|key| self.key(key)).any(|state| is_behind(state.queue.last()))
        };
        stood_behind || self.is_waited_for(owner)
    }

    /// Takes note that an instance waits for the end of another.
    ///
    /// If the other waits for something itself, [`settle`](Self::settle) may have grants.
    pub(crate) fn await_end(&mut self, instance: InstanceId, of: InstanceId) {
        self.awaited.entry(instance).or_default().push(of);
        self.awaited_by.entry(of).or_default().push(instance);
        self.update_entangled(of);
        let leads_on = self.waiting.contains_key(&of) || self.awaited.contains_key(&of);
        self.unsettled.extend(leads_on.then_some(instance));
    }

    /// Takes note that an instance does not wait for the end of another any more.
    pub(crate) fn forget_end(&mut self, instance: InstanceId, of: InstanceId) {
        remove_edge(&mut self.awaited, instance, of);
        remove_edge(&mut self.awaited_by, of, instance);
        self.update_entangled(of);
    }

    /// Notes whether an owner both waits and may be waited for; to be called when either changes.
    pub(super) fn update_entangled(&mut self, owner: InstanceId) {
        let is_waited_for =
            self.owners.contains_key(&owner) || self.awaited_by.contains_key(&owner);
        if is_waited_for && self.waiting.contains_key(&owner) {
            self.entangled.insert(owner);
        } else {
            self.entangled.remove(&owner);
        }
    }
}

fn remove_edge(edges: &mut IdMap<Vec<InstanceId>>, from: InstanceId, to: InstanceId) {
    if let Some(ends) = edges.get_mut(&from) {
        ends.retain(|end| *end != to);
        if ends.is_empty() {
            edges.remove(&from);
        }
    }
}
