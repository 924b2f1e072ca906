//! The laws of the lock table, beside the model, under random schedules.

mod invariants;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_definition::LockMode;
use uuid::Uuid;

use super::chance::Chance;
use super::model::{Model, ModelWaiter, place};
use crate::id::{FencingToken, InstanceId};
use crate::lock::{Answer, Grant, Hold, LockTable, SYSTEM, Wish};
use crate::time::Time;

const SEEDS: u64 = 500;
const STEPS: u64 = 90;
const KEYS: [&str; 4] = ["x", "y", "z", "q"];

struct Trial {
    table: LockTable,
    model: Model,
    chance: Chance,
    epoch: u32,
    now: Time,
    history: Vec<String>,
    /// Grants in force, and void ones.
    in_force: Vec<(Arc<[Arc<str>]>, FencingToken)>,
    void: Vec<(Arc<[Arc<str>]>, FencingToken)>,
    lineages: BTreeMap<InstanceId, Vec<InstanceId>>,
    greatest_token: FencingToken,
    covered: BTreeMap<&'static str, u64>,
}

fn number(owner: InstanceId) -> u128 {
    owner.0.as_u128()
}

impl Trial {
    fn new(seed: u64) -> Self {
        let (holds, waiters, ends) = (Vec::new(), Vec::new(), Vec::new());
        let last_token = 1 << 40;
        let model = Model { holds, waiters, ends, last_ticket: 0, last_token, precedences: 0 };
        Self {
            table: LockTable::new(1),
            model,
            chance: Chance(seed * 2 + 1),
            epoch: 1,
            now: Time(0),
            history: Vec::new(),
            in_force: Vec::new(),
            void: Vec::new(),
            lineages: BTreeMap::new(),
            greatest_token: 0,
            covered: BTreeMap::new(),
        }
    }

    fn cover(&mut self, what: &'static str) {
        *self.covered.entry(what).or_default() += 1;
    }

    fn owner(&mut self) -> InstanceId {
        InstanceId(Uuid::from_u128(u128::from(self.chance.below(12))))
    }

    fn wish(&mut self) -> Wish {
        let owner = self.owner();
        let keys: BTreeSet<Arc<str>> = if self.chance.one_in(12) {
            [SYSTEM.into()].into()
        } else {
            let count = 1 + self.chance.below(3);
            (0..count)
                .map(|_| KEYS[usize::try_from(self.chance.below(4)).unwrap()].into())
                .collect()
        };
        let mode = if self.chance.one_in(3) { LockMode::Shared } else { LockMode::Exclusive };
        let priority = if self.chance.one_in(6) {
            i64::try_from(self.chance.below(3)).unwrap() - 1
        } else {
            0
        };
        let lineage = self.lineages.get(&owner).cloned().unwrap_or_default().into();
        Wish { owner, keys: keys.into_iter().collect(), mode, priority, lineage }
    }

    fn step(&mut self) {
        self.now = Time(self.now.0 + 1);
        match self.chance.below(20) {
            0..=8 => self.request(),
            9..=14 => self.release(),
            15 => self.release_late(),
            16 => self.forget(),
            17 => self.run_child(),
            18 => self.end_child(),
            _ if self.chance.one_in(4) => self.restart(),
            _ => self.request(),
        }
        self.check();
    }

    fn request(&mut self) {
        let wish = self.wish();
        if self.table.wish_of(wish.owner).is_some() {
            return;
        }
        self.history.push(format!(
            "{} wants {:?} {:?} {:?} {:?}",
            number(wish.owner),
            wish.keys,
            wish.mode,
            wish.priority,
            wish.lineage.iter().map(|owner| number(*owner)).collect::<Vec<_>>(),
        ));
        let at = place(&wish, self.model.last_ticket + 1);
        match self.table.request(&wish, self.now) {
            Answer::Held(token) => {
                assert!(self.model.missing(&wish).is_empty(), "held without holds");
                assert!(self.model.holds.iter().any(|(_, hold)| hold.token == token));
                self.cover("held");
            }
            Answer::Granted(grant) => {
                assert!(self.model.may_go(&wish, at), "granted against the rules");
                let (keys, token) = self.model.take(&wish, at, self.now);
                self.note(&[grant], vec![(wish.owner, keys, token)]);
                let grants = self.table.settle(self.now);
                if !grants.is_empty() {
                    self.cover("settled after a request");
                }
                let expected = self.model.settle(self.now);
                self.note(&grants, expected);
            }
            Answer::Busy => self.wait(wish, at),
        }
    }

    fn wait(&mut self, wish: Wish, at: super::model::Place) {
        assert!(!self.model.missing(&wish).is_empty(), "busy, though held");
        assert!(!self.model.may_go(&wish, at), "busy against the rules");
        let cycle = self.table.cycle(&wish);
        assert_eq!(!cycle.is_empty(), self.model.closes_cycle(&wish), "cycle: {cycle:?}");
        if !cycle.is_empty() {
            self.cover("cycle");
            return;
        }
        let (ticket, grants) = self.table.wait(wish.clone(), self.now);
        if !grants.is_empty() {
            self.cover("granted because another waits");
        }
        self.model.last_ticket += 1;
        assert_eq!(ticket, self.model.last_ticket, "tickets follow each other");
        let before = BTreeSet::new();
        self.model.waiters.push(ModelWaiter { wish, ticket, overtaken: 0, passed: 0, before });
        let expected = self.model.settle(self.now);
        self.note(&grants, expected);
    }

    fn release(&mut self) {
        if self.in_force.is_empty() {
            return;
        }
        let count = u64::try_from(self.in_force.len()).unwrap();
        let index = usize::try_from(self.chance.below(count)).unwrap();
        let (keys, token) = self.in_force.swap_remove(index);
        // Sometimes only a part of what was granted.
        let some = if keys.len() > 1 && self.chance.one_in(3) { 1 } else { keys.len() };
        let (now, later) = keys.split_at(some);
        if !later.is_empty() {
            self.in_force.push((later.into(), token));
        }
        self.history.push(format!("release {now:?} {}", token & 0xffff));
        let (was_held, grants) = self.table.release(now, token, self.now);
        assert!(was_held, "what is held is released");
        self.model.holds.retain(|(key, hold)| hold.token != token || !now.contains(key));
        self.void.push((now.into(), token));
        let expected = self.model.settle(self.now);
        self.note(&grants, expected);
    }

    fn release_late(&mut self) {
        if let Some((keys, token)) = self.void.pop() {
            self.cover("late release");
            let before = self.dump();
            assert_eq!(self.table.release(&keys, token, self.now), (false, Vec::new()));
            assert_eq!(before, self.dump(), "a late release changes nothing");
        }
    }

    fn forget(&mut self) {
        let owner = self.owner();
        self.history.push(format!("{} leaves", number(owner)));
        let grants = self.table.forget(owner, self.now);
        self.model.waiters.retain(|waiter| waiter.wish.owner != owner);
        let expected = self.model.settle(self.now);
        self.note(&grants, expected);
    }

    /// A child is started by one that is not its descendant; it may hold or want something already,
    /// which real children do not.
    fn run_child(&mut self) {
        let (parent, child) = (self.owner(), self.owner());
        let is_ancestor = self.lineages.get(&parent).is_some_and(|all| all.contains(&child));
        let is_busy = self.table.wish_of(child).is_some()
            || self.lineages.contains_key(&child)
            || self.lineages.values().any(|all| all.contains(&child));
        if parent == child || is_ancestor || is_busy {
            return;
        }
        self.history.push(format!("{} runs {}", number(parent), number(child)));
        let mut lineage = vec![parent];
        lineage.extend(self.lineages.get(&parent).into_iter().flatten());
        self.lineages.insert(child, lineage);
        self.table.await_end(parent, child);
        self.model.ends.push((parent, child));
        let grants = self.table.settle(self.now);
        let expected = self.model.settle(self.now);
        self.note(&grants, expected);
    }

    fn end_child(&mut self) {
        let child = self.owner();
        let is_parent = self.lineages.values().any(|all| all.contains(&child));
        if is_parent || self.table.wish_of(child).is_some() {
            return;
        }
        let Some(lineage) = self.lineages.get(&child).cloned() else { return };
        // A child that ends holds nothing.
        if self.model.holds.iter().any(|(_, hold)| hold.owner == child) {
            return;
        }
        self.history.push(format!("{} ends", number(child)));
        self.lineages.remove(&child);
        self.table.forget_end(lineage[0], child);
        self.model.ends.retain(|end| *end != (lineage[0], child));
    }

    /// Without further wishes everyone is served: nobody waits in a circle.
    fn drain(&mut self) {
        let mut releases = 0;
        while !self.in_force.is_empty() {
            self.release();
            releases += 1;
            assert!(releases < 1_000, "each wish is granted once");
        }
        self.check();
        assert!(self.table.is_idle(), "everyone was served");
    }

    /// Restores the table; how often each waiter was overtaken is forgotten.
    fn restart(&mut self) {
        self.history.push("restart".to_owned());
        self.cover("restart");
        self.epoch += 1;
        let mut table = LockTable::new(self.epoch);
        for (key, hold) in self.model.holds.iter().rev() {
            table.restore(Arc::clone(key), *hold);
        }
        for (parent, child) in &self.model.ends {
            table.await_end(*parent, *child);
        }
        for waiter in self.model.waiters.iter_mut().rev() {
            waiter.overtaken = 0;
            waiter.passed = 0;
            table.restore_waiter(waiter.wish.clone(), waiter.ticket);
        }
        let last = self.model.waiters.iter().map(|waiter| waiter.ticket).max();
        self.model.last_ticket = last.unwrap_or(0);
        self.model.last_token = i64::from(self.epoch) << 40;
        self.table = table;
        let grants = self.table.settle(self.now);
        let expected = self.model.settle(self.now);
        self.note(&grants, expected);
    }

    fn note(&mut self, grants: &[Grant], expected: Vec<(InstanceId, Vec<Arc<str>>, i64)>) {
        let actual: Vec<_> =
            grants.iter().map(|grant| (grant.owner, grant.keys.to_vec(), grant.token)).collect();
        assert_eq!(actual, expected, "grants are those of the rules, in order");
        for grant in grants {
            assert!(grant.token > self.greatest_token, "tokens grow");
            self.greatest_token = grant.token;
            self.in_force.push((Arc::clone(&grant.keys), grant.token));
        }
    }

    /// Returns all that can be seen of the table.
    fn dump(&self) -> String {
        let mut keys: Vec<_> = self.table.keys_and_waiting().map(|(key, _)| key).collect();
        keys.sort_unstable();
        let keys = keys.into_iter().map(|key| {
            let waiters: Vec<_> = self.table.waiters_after(key, None).collect();
            let length = self.table.queue_length(key);
            format!("{key}: {:?} {length} {waiters:?}\n", self.table.holds(key))
        });
        keys.collect()
    }

    fn expected_dump(&self) -> String {
        let held = self.model.holds.iter().map(|(key, _)| key);
        let wanted = self.model.waiters.iter().flat_map(|waiter| waiter.wish.keys.iter());
        let keys: BTreeSet<&Arc<str>> = held.chain(wanted).collect();
        let of_key = |key: &&Arc<str>| {
            let holds = self.model.holds.iter().filter(|(held, _)| held == *key);
            let mut holds: Vec<&Hold> = holds.map(|(_, hold)| hold).collect();
            holds.sort_by_key(|hold| (hold.mode == LockMode::Shared, hold.token));
            let waiters = self.model.waiters.iter().filter(|waiter| waiter.wish.keys.contains(key));
            let waiters: Vec<_> =
                waiters.map(|waiter| (waiter.ticket, waiter.wish.owner)).collect();
            format!("{key}: {holds:?} {} {waiters:?}\n", waiters.len())
        };
        keys.iter().map(of_key).collect()
    }

    fn check(&mut self) {
        self.check_exclusion();
        assert_eq!(self.dump(), self.expected_dump(), "the table is as the model");
        let model = &self.model;
        for waiter in &model.waiters {
            let at = place(&waiter.wish, waiter.ticket);
            assert!(!model.may_go(&waiter.wish, at), "{} could go", number(waiter.wish.owner));
            self.check_told(waiter);
            let bound = 16 * u32::try_from(waiter.before.len() + 1).unwrap();
            assert!(waiter.passed <= bound, "overtaking is bounded");
        }
        self.check_derived();
    }
}

#[test]
fn the_table_does_what_the_model_does() {
    let mut covered: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut trial = Trial::new(seed);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..STEPS).for_each(|_| trial.step());
            trial.drain();
        }));
        if let Err(panic) = outcome {
            eprintln!("seed {seed}:\n{}", trial.history.join("\n"));
            std::panic::resume_unwind(panic);
        }
        trial.covered.insert("precedence", trial.model.precedences);
        for (what, count) in trial.covered {
            *covered.entry(what).or_default() += count;
        }
    }
    for what in [
        "held",
        "cycle",
        "late release",
        "restart",
        "precedence",
        "granted because another waits",
        "settled after a request",
    ] {
        assert!(
            covered.get(what).is_some_and(|count| *count > 0),
            "never seen: {what}: {covered:?}"
        );
    }
}
