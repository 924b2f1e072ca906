//! The order of grants: whom a grant may pass, and whom it is charged to.
//!
//! Invariants:
//!
//! * A grant passes nobody in a lower place but one who waits for its owner, or one who is kept by
//!   another key or by one whose keys are kept for it, at most [`MAX_OVERTAKEN`] times for each who
//!   is charged.
//!
//! Absent by design: where priorities are about, a grant to one who was never seen to wait: its place
//! is not known.

use std::collections::BTreeSet;

use lockstep_core::lock::{MAX_OVERTAKEN, SYSTEM};
use lockstep_core::{FencingToken, InstanceId, Ticket};

use super::Table;
use super::snapshot::{Hold, Snapshot, Wish, wants_system};
use crate::fault::coverage::Coverage;
use crate::fault::law::Violation;
use crate::fault::workload::Workload;

impl Table {
    pub(super) fn check_order(
        &mut self,
        seen: &Snapshot,
        workload: &Workload,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        self.charged.retain(|ticket, _| seen.wishes.contains_key(ticket));
        let granted = seen.holds.iter().filter(|(token, _)| !self.now.holds.contains_key(token));
        let granted: Vec<(FencingToken, &Hold)> =
            granted.map(|(token, hold)| (*token, hold)).collect();
        for (token, grant) in granted {
            let waited = self.now.wishes.values().find(|wish| {
                wish.who == grant.who
                    && wish.mode == grant.mode
                    && grant.keys.iter().all(|key| wish.keys.contains(key))
            });
            if waited.is_some() && grant.keys.len() > 1 {
                coverage.count("several keys waited for and granted");
            }
            if waited.is_none() && workload.facts.prioritized {
                continue;
            }
            let place = waited.map_or(i128::MAX, |wish| wish.place);
            let wish = Wish { who: grant.who, keys: grant.keys.clone(), mode: grant.mode, place };
            self.check_passed(seen, token, &wish, coverage)?;
            self.charge(&wish);
        }
        Ok(())
    }

    /// Looks at those in lower places who waited all the while.
    fn check_passed(
        &self,
        seen: &Snapshot,
        token: FencingToken,
        grant: &Wish,
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        for (ticket, passed) in &self.now.wishes {
            if !seen.wishes.contains_key(ticket) {
                continue;
            }
            if passed.place > grant.place {
                let is_earlier = self.ticket(grant.who).is_some_and(|of| *ticket < of);
                if is_earlier && self.conflict(passed, grant) {
                    coverage.count("lock granted by priority");
                }
                continue;
            }
            if !self.conflict(passed, grant) {
                continue;
            }
            if self.waits_for(seen, passed.who, grant.who, token) {
                coverage.count("waiter passed by one that it waits for");
                continue;
            }
            if let Some(why) = self.is_passed_wrongly(seen, *ticket, passed, grant) {
                let text = format!("{grant:?} is granted before {passed:?}: {why}");
                return Violation::of("first-come-first-served", text);
            }
            coverage.count("waiter for several keys passed");
        }
        Ok(())
    }

    /// Returns why a waiter may not be passed that does not wait for who passes it.
    fn is_passed_wrongly(
        &self,
        seen: &Snapshot,
        ticket: Ticket,
        passed: &Wish,
        grant: &Wish,
    ) -> Option<&'static str> {
        if wants_system(&passed.keys) || wants_system(&grant.keys) {
            return Some("the whole system is wanted");
        }
        let common = |hold: &Hold| {
            hold.keys.iter().any(|key| grant.keys.contains(key) && passed.keys.contains(key))
        };
        let still = |token: &FencingToken| seen.holds.contains_key(token);
        let mut held = self.now.holds.iter().filter(|(token, hold)| still(token) && common(hold));
        if held.any(|(_, hold)| !self.is_line(hold.who, grant.who)) {
            return Some("others hold a key that both want");
        }
        let keeps = |hold: &Hold| wants_system(&hold.keys);
        let by_system = self.now.holds.values().any(keeps) || seen.holds.values().any(keeps);
        if passed.keys.len() == 1 && !by_system && !self.stands_behind_reserved(passed) {
            return Some("no other key keeps it");
        }
        let charged = self.charged.get(&ticket).copied().unwrap_or(0);
        (charged >= MAX_OVERTAKEN).then_some("it was passed too often")
    }

    /// Returns whether one stands before a waiter for whom keys may be kept by now: charges of
    /// grants that were given back within one event are not seen.
    fn stands_behind_reserved(&self, wish: &Wish) -> bool {
        self.now.wishes.iter().any(|(ticket, before)| {
            before.place < wish.place
                && self.conflict(before, wish)
                && self.charged.get(ticket).is_some_and(|times| *times >= MAX_OVERTAKEN / 2)
        })
    }

    /// Charges at each key the first one that a grant passes.
    fn charge(&mut self, grant: &Wish) {
        let mut charged = BTreeSet::new();
        for key in grant.keys.iter().filter(|key| ***key != *SYSTEM) {
            let first = self.now.wishes.iter().filter(|(ticket, wish)| {
                wish.place < grant.place
                    && wish.keys.contains(key)
                    && self.conflict(wish, grant)
                    && self.charged.get(ticket).is_none_or(|times| *times < MAX_OVERTAKEN)
            });
            charged.extend(first.min_by_key(|(_, wish)| wish.place).map(|(ticket, _)| *ticket));
        }
        for ticket in charged {
            *self.charged.entry(ticket).or_default() += 1;
        }
    }

    fn ticket(&self, who: InstanceId) -> Option<Ticket> {
        self.now.wishes.iter().find(|(_, wish)| wish.who == who).map(|(ticket, _)| *ticket)
    }

    /// Returns whether one waits for another, before or behind the event, over holders, those who
    /// stand before, and ends.
    fn waits_for(
        &self,
        seen: &Snapshot,
        who: InstanceId,
        other: InstanceId,
        token: FencingToken,
    ) -> bool {
        let mut reached = BTreeSet::from([who]);
        let mut open = vec![who];
        while let Some(id) = open.pop() {
            for at in [&self.now, seen] {
                let mut next = at.children.get(&id).cloned().unwrap_or_default();
                for wish in at.wishes.values().filter(|wish| wish.who == id) {
                    let holds = at
                        .holds
                        .iter()
                        .filter(|(of, hold)| **of != token && self.is_kept(wish, hold));
                    next.extend(holds.map(|(_, hold)| hold.who));
                    let before = at
                        .wishes
                        .values()
                        .filter(|before| before.place < wish.place && self.conflict(wish, before));
                    next.extend(before.map(|before| before.who));
                }
                open.extend(next.into_iter().filter(|next| reached.insert(*next)));
            }
        }
        reached.contains(&other)
    }
}
