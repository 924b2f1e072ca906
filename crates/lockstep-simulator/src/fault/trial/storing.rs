//! The store: reads that look at any moment, batches that fly, are written, and land.

use lockstep_core::transition::{Judge, Transition};
use lockstep_core::{Event, Failure, InstanceId};
use lockstep_store::Store as _;

use super::{Fault, Flying, Look, Todo, Trial};
use crate::fault::law::{Scene, Violation};
use crate::fault::random::Random;
use crate::ready::ready;

/// Most objects of an entity that a query reads.
const MAX_QUERIED: u32 = 10_000;

/// Returns how long something takes, in microseconds.
pub(super) fn pause(random: &mut Random, slow: bool) -> i64 {
    let most = match random.below(8) {
        0..=3 => 0,
        4 | 5 => 50,
        6 => 3_000,
        _ => 40_000,
    };
    let most = if slow && random.one_in(3) { 900_000 } else { most };
    random.between(0, most)
}

impl Trial<'_> {
    /// Offers a batch to the store a while after there is something to be made durable.
    pub(super) fn offer_soon(&mut self) {
        if self.flying.is_none() && !self.offered && self.engine.has_pending() {
            self.offered = true;
            let slow = self.has(Fault::SlowBatch);
            let pause = pause(&mut self.streams.batch, slow);
            self.schedule_here(pause, Todo::Offer);
        }
    }

    pub(super) fn offer(&mut self) -> Result<(), Violation> {
        self.offered = false;
        if let Some(batch) = self.engine.take_batch() {
            self.say(|| format!("the store is given {}", told(&batch)));
            self.flying = Some(Flying { batch, outcomes: None });
            let slow = self.has(Fault::SlowStore);
            let pause = pause(&mut self.streams.store, slow);
            self.schedule_here(pause, Todo::Write);
        }
        self.settle()
    }

    pub(super) fn write(&mut self) -> Result<(), Violation> {
        let fails = self.has(Fault::Flush) && self.streams.store.one_in(self.plan.flush_in);
        if fails {
            let applied = self.streams.store.one_in(2);
            self.coverage.count(if applied {
                "flush failed, batch applied"
            } else {
                "flush failed, batch lost"
            });
            self.say(|| format!("the flush fails, the batch is written: {applied}"));
            if applied {
                self.apply()?;
            } else {
                self.flying = None;
            }
            return self.crash();
        }
        self.apply()?;
        let slow = self.has(Fault::SlowStore);
        let pause = pause(&mut self.streams.store, slow);
        self.schedule_here(pause, Todo::Land);
        Ok(())
    }

    /// Writes the batch that flies.
    pub(super) fn apply(&mut self) -> Result<(), Violation> {
        let Some(flying) = &mut self.flying else { return Ok(()) };
        if flying.outcomes.is_some() {
            return Ok(());
        }
        let outcomes = ready(self.memory.commit(flying.batch.clone()));
        let outcomes = outcomes.expect("the store in memory is open");
        flying.outcomes = Some(outcomes.clone());
        let mut scene = Scene {
            workload: self.workload,
            outside: &self.outside,
            exposure: &self.exposure,
            coverage: self.coverage,
        };
        let story = (self.time, &mut self.story);
        for (transition, outcome) in flying.batch.iter().zip(&outcomes) {
            story.1.say(story.0 - super::BEGAN, || {
                let journal = transition.journal.iter().map(|entry| format!("{:?}", entry.event));
                let journal: Vec<String> = journal.collect();
                let (number, whose) = (transition.number, transition.instance);
                let whose = whose.map_or("an import".to_owned(), |id| id.to_string());
                format!("written: {number} of {whose} {outcome:?} {}", journal.join(" "))
            });
        }
        self.laws.applied(&flying.batch, &outcomes, &self.memory, &mut scene)
    }

    pub(super) fn land(&mut self) -> Result<(), Violation> {
        let Some(flying) = self.flying.take() else { return Ok(()) };
        self.landings += 1;
        self.count_expiries(&flying);
        let outcomes = flying.outcomes.unwrap_or_default();
        self.tell(Event::Judged(outcomes))
    }

    fn count_expiries(&mut self, flying: &Flying) {
        let judged = |id: InstanceId| {
            flying.batch.iter().any(|transition| {
                transition.instance == Some(id) && transition.judge == Judge::Store
            })
        };
        let now = self.now();
        let rows = ready(self.memory.locks()).expect("the store in memory is open");
        if rows.iter().any(|row| row.until <= now && judged(row.instance)) {
            self.coverage.count("hold timeout passed while the store judges a commit");
        }
    }

    /// Returns whether the store is judging a commit of an instance.
    pub(super) fn is_judged(&self, id: InstanceId) -> bool {
        self.flying.as_ref().is_some_and(|flying| {
            flying.batch.iter().any(|transition| {
                transition.instance == Some(id) && transition.judge == Judge::Store
            })
        })
    }

    /// Looks at the store, and answers a while later with what was there.
    pub(super) fn look(&mut self, look: Look) {
        let event = match look {
            Look::Object(read, key) => {
                let found = ready(self.memory.load(vec![key.clone()]));
                let found = found.expect("the store in memory is open").pop();
                let result = match found {
                    Some(Ok(object)) => Ok(object),
                    Some(Err(_)) | None => Err(Failure::new("store", "unreadable")),
                };
                Event::Loaded { read, key, result }
            }
            Look::Entity(read, entity) => {
                let found = ready(self.memory.query(entity, None, MAX_QUERIED));
                Event::Queried { read, result: Ok(found.expect("the store in memory is open")) }
            }
        };
        let slow = self.has(Fault::SlowRead);
        let pause = pause(&mut self.streams.read, slow);
        self.schedule_here(pause, Todo::Tell(Box::new(event)));
    }
}

fn told(batch: &[Transition]) -> String {
    let numbers = batch.iter().map(|transition| {
        let whose = transition.instance.map_or("import".to_owned(), |id| id.to_string());
        format!("{} of {whose}", transition.number)
    });
    numbers.collect::<Vec<_>>().join(", ")
}
