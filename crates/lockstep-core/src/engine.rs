//! The engine: one event in, instances run until all of them wait, effects out.
//!
//! Invariants:
//!
//! * After every event, each instance waits for something that is under way: a timer, a lock that
//!   somebody holds, a read, an outside call, the store.
//! * A panic-free core: whatever arrives (late, twice, unknown) is an error of one instance or
//!   changes nothing.
//!
//! Absent by design: clocks, I/O, randomness; see the crate.

mod alarms;
pub(crate) mod breaking;
mod reading;
#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::conformity;
use crate::event::{Batch, Effect, Event, RequestId, Start};
use crate::failure::Failure;
use crate::id::{IdMap, InstanceId};
use crate::import::Imports;
use crate::instance::inbox::Letter;
use crate::instance::{Instance, Phase, Published};
use crate::journal::Happening;
use crate::lock::Grant;
use crate::planted::{Bug, Planted};
use crate::run::{Flow, MAX_STRETCH};
use crate::time::Time;
use crate::trigger::{self, ChangeTriggers};
use crate::world::World;
use crate::write::Writes;

/// Waiting instances that are saved with one batch, so that a batch does not grow with their number.
const MAX_SAVED: usize = 1024;

/// What an engine is made with.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Greater than that of every engine before it on the same store.
    pub epoch: u32,
    /// How many committed objects it keeps in memory, about. Default 16,384.
    pub cached_objects: usize,
    /// Whether changes of objects start instances, as definitions say. Default true.
    pub follows_changes: bool,
    /// A bug to be planted, which takes the feature `planted-bugs`. Default none.
    pub planted: Planted,
}

impl Config {
    /// Returns the defaults for an epoch.
    pub fn new(epoch: u32) -> Self {
        let planted = Planted::default();
        Self { epoch, cached_objects: 16_384, follows_changes: true, planted }
    }
}

/// All unfinished instances of a store, and what they share.
#[derive(Debug)]
pub struct Engine {
    pub(crate) instances: IdMap<Box<Instance>>,
    pub(crate) published: Option<Arc<Published>>,
    pub(crate) imports: Imports,
    pub(crate) writes: Writes,
    pub(crate) world: World,
    /// Whether instances are only looked at.
    pub(crate) stands_still: bool,
    /// Breaks of locks whose holders' commits the store is judging.
    pub(crate) breaks: BTreeMap<RequestId, breaking::Pending>,
}

impl Engine {
    /// Returns an engine without definitions and instances.
    pub fn new(config: Config) -> Self {
        Self {
            instances: IdMap::default(),
            published: None,
            imports: Imports::default(),
            writes: Writes::default(),
            world: World::new(config),
            stands_still: false,
            breaks: BTreeMap::new(),
        }
    }

    /// Takes an event. `now` must not be before that of the event before it.
    pub fn handle(&mut self, now: Time, event: Event) {
        self.world.now = now;
        let has_landed = matches!(event, Event::Judged(_));
        match event {
            Event::Publish { id, definitions } => {
                let published = Arc::new(published(id, definitions));
                self.world.published = Some(Arc::clone(&published));
                self.published = Some(published);
            }
            Event::Start(start) => self.start(start),
            Event::Import { by, objects } => self.import(by, objects),
            Event::Write(write) => self.write(write),
            Event::Loaded { read, key, result } => self.loaded(read, &key, result),
            Event::Queried { read, result } => self.queried(read, result),
            Event::Returned { call, result } => {
                self.returned(call, result);
            }
            Event::Reported { request, call, result } => self.reported(request, call, result),
            Event::Signal { request, instance, name, payload, by } => {
                self.signal(request, instance, Letter { name, payload, by });
            }
            Event::Lock(asked) => {
                if self.stands_still {
                    // Those who could have gone on go before it.
                    drop(self.world.locks.settle(now));
                }
                self.lock_for_client(asked);
            }
            Event::RenewLock { request, lock, token, time_to_live } => {
                self.world.renew_client_lock(request, lock, token, time_to_live);
            }
            Event::ReleaseLock { request, lock, token } => {
                self.world.release_client_lock(request, lock, token);
            }
            Event::BreakLock(asked) => self.break_lock(asked),
            Event::Judged(outcomes) => self.landed(outcomes),
            Event::Tick => {}
            Event::Cancel { instance, reason } => {
                let failure = Failure::new("cancelled", reason);
                if self.instances.contains_key(&instance) {
                    self.interrupt(instance, failure);
                } else {
                    self.world.end_client_wait(instance, failure);
                }
            }
        }
        self.fire_timers();
        self.run_all();
        if has_landed {
            let evicts_all = self.world.planted.is(Bug::EvictedBeforeFlush);
            let durable = if evicts_all { i64::MAX } else { self.world.outbox.durable() };
            self.world.cache.shrink(durable);
        }
    }

    /// Returns the effects of the events since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.world.outbox.effects)
    }

    /// Returns all that is to be made durable next, or nothing while a batch is in the hands of the
    /// store. The driver answers with [`Event::Judged`] when it is.
    pub fn take_batch(&mut self) -> Option<Batch> {
        let world = &mut self.world;
        if world.outbox.in_flight.is_some() {
            return None;
        }
        for _ in 0..MAX_SAVED {
            if self.stands_still {
                break;
            }
            let Some(id) = world.outbox.unsaved.pop_first() else { break };
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.flush(world);
            }
        }
        if world.outbox.pending.is_empty() {
            return None;
        }
        for index in 0..world.outbox.pending.len() {
            if !self.stands_still
                && let Some(id) = world.outbox.wants_row(index)
                && !(world.planted.is(Bug::StaleState) && world.outbox.is_commit(index))
                && let Some(instance) = self.instances.get_mut(&id)
            {
                instance.save_row(world);
            }
        }
        Some(world.outbox.take())
    }

    /// Returns whether there is something to be made durable.
    pub fn has_pending(&self) -> bool {
        !self.world.outbox.pending.is_empty() || !self.world.outbox.unsaved.is_empty()
    }

    /// Returns how much is to be made durable and not yet in the hands of the store: transitions,
    /// and instances that wait.
    pub fn backlog(&self) -> usize {
        self.world.outbox.pending.len() + self.world.outbox.unsaved.len()
    }

    /// Returns when the engine wants to be told the time, at the latest.
    pub fn next_deadline(&self) -> Option<Time> {
        self.world.timers.next()
    }

    /// Returns how many instances are unfinished.
    pub fn unfinished(&self) -> usize {
        self.instances.len()
    }

    /// Returns whether no lock is held and nobody waits for one.
    pub fn locks_are_idle(&self) -> bool {
        self.world.locks.is_idle()
    }

    fn start(&mut self, start: Start) {
        match self.begin(&start) {
            Ok(instance) => self.run(instance),
            Err(failure) => {
                let rejected = Effect::Rejected { instance: start.instance, failure };
                self.world.outbox.effects.push(rejected);
            }
        }
    }

    fn begin(&self, start: &Start) -> Result<Box<Instance>, Failure> {
        let not_found = || {
            let message = format!("there is no workflow `{}`", start.workflow);
            Failure::new("data.not_found", message)
        };
        let published = self.published.as_ref().ok_or_else(not_found)?;
        let workflow =
            published.definitions.workflows.get(&start.workflow).ok_or_else(not_found)?;
        let input = conformity::input(workflow, &start.input)?;
        let is_lock = self.world.clients.owner(start.instance).is_some();
        if is_lock || self.instances.contains_key(&start.instance) {
            let message = "there is an instance or a lock with this id already";
            return Err(Failure::new("data.unique", message));
        }
        let mut instance = Box::new(Instance::new(
            start.instance,
            Arc::clone(published),
            Arc::clone(workflow),
            input,
            Arc::clone(&start.by),
            self.world.now,
        ));
        instance.start_key.clone_from(&start.key);
        instance.note(self.world.now, Happening::Started);
        if let Some(parent) = &start.trace {
            instance.note(self.world.now, Happening::Traced { parent: parent.to_string() });
        }
        Ok(instance)
    }

    /// Lets an instance fail at once, unless the store is judging its commit: then it does so behind
    /// that, if it goes on at all.
    pub(crate) fn interrupt(&mut self, id: InstanceId, failure: Failure) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.fail_with(failure);
        if matches!(instance.strand.phase, Phase::Waiting(_)) {
            // At once, so that it cannot be granted what it has given up.
            self.world.leave_queue(id);
        }
        if self.world.planted.is(Bug::CancelDuringJudgement) {
            instance.strand.phase = Phase::Ready;
        }
        if !matches!(instance.strand.phase, Phase::Committing) {
            self.world.runnable.push_back(id);
        }
    }

    pub(crate) fn run_all(&mut self) {
        loop {
            if let Some(grant) = self.world.granted.pop_front() {
                self.grant(grant);
            } else if let Some(grant) = self.world.turns_granted.pop_front() {
                self.turn_came(grant);
            } else if let Some(kin) = self.world.kin.pop_front() {
                self.tell_kin(kin);
            } else if let Some(id) = self.world.runnable.pop_front() {
                if self.writes.has(id) {
                    self.go_on_writing(id);
                } else if !self.stands_still {
                    self.resume(id);
                }
            } else {
                return;
            }
        }
    }

    fn grant(&mut self, grant: Grant) {
        if self.stands_still && self.instances.contains_key(&grant.owner) {
            // It is granted anew when the instance goes on.
            return;
        }
        if let Some(mut instance) = self.instances.remove(&grant.owner) {
            self.disarm(&mut instance);
            instance.strand.disarm(&mut self.world.timers);
            instance.granted(grant, &mut self.world);
            self.run(instance);
        } else {
            self.world.client_granted(&grant);
        }
    }

    fn turn_came(&mut self, grant: Grant) {
        let id = grant.owner;
        match self.instances.get_mut(&id) {
            Some(instance) if matches!(instance.strand.phase, Phase::Queuing) => {
                instance.has_turn(grant);
                instance.strand.phase = Phase::Ready;
                self.world.runnable.push_back(id);
            }
            Some(_) | None if self.writes.has(id) => self.turn_to_write(grant),
            Some(_) | None => {
                // Whoever gave up waiting in the same event does not need it.
                let (_, granted) =
                    self.world.turns.release(&grant.keys, grant.token, self.world.now);
                self.world.turns_granted.extend(granted);
            }
        }
    }

    fn resume(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        let by = instance.reader();
        if let Phase::Loading(missing) = &mut instance.strand.phase {
            missing.retain(|key| !self.world.cache.knows(key));
            // What came may have left memory again while the instance waited for the rest.
            for key in &*missing {
                self.world.load(key, by);
            }
            if missing.is_empty() {
                instance.strand.phase = Phase::Ready;
            }
        }
        if !instance.takes_turn() {
            return;
        }
        if let Some(mut instance) = self.instances.remove(&id) {
            self.disarm(&mut instance);
            self.run(instance);
        }
    }

    fn run(&mut self, mut instance: Box<Instance>) {
        let id = instance.id;
        for _ in 0..MAX_STRETCH {
            match instance.advance(&mut self.world) {
                Flow::Go => {}
                Flow::Wait => {
                    if !instance.takes_turn() {
                        instance.gives_way(&mut self.world);
                        self.arm(&mut instance);
                        self.instances.insert(id, instance);
                        return self.take_breaks(id);
                    }
                }
                Flow::End => {
                    instance.end_turn(&mut self.world);
                    self.disarm(&mut instance);
                    if let Some(timer) = instance.activity_timer.take() {
                        self.world.timers.cancel(timer);
                    }
                    let breaks = instance.seldom.take().map(|seldom| seldom.breaking);
                    return self.tell_breaks(breaks.unwrap_or_default());
                }
            }
        }
        instance.strand.phase = Phase::BackingOff(self.world.now);
        self.arm(&mut instance);
        self.instances.insert(id, instance);
        self.take_breaks(id);
    }
}

/// Returns definitions with what is computed from them once.
pub(crate) fn published(
    id: Arc<str>,
    definitions: Arc<lockstep_definition::Definitions>,
) -> Published {
    let config = trigger::config(&definitions);
    let change_triggers = ChangeTriggers::of(&definitions);
    Published { id, definitions, config, change_triggers }
}
