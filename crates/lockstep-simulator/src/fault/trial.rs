//! A trial: one history of the real core in a world that fails, from a seed.
//!
//! ```text
//!  plan ----starts, signals, cancels----+        +--loads, queries--> store (read at any moment)
//!  agenda --answers, time, outcomes---->+-> core +--calls-----------> outside world
//!                                                +--batch-> flying -> store -> outcomes
//! ```
//!
//! First a phase with faults, then one without, in which everybody must come to an end.
//!
//! Invariants:
//!
//! * The same seed and mask give the same history.
//! * What an engine that is gone has asked for is never answered to the next one.
//! * The time that an engine is told never goes back while it lives.

mod clients;
mod crash;
mod effect;
mod storing;
mod turn;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::transition::{Outcome, Transition};
use lockstep_core::{
    CallId, CallRequest, Engine, Event, InstanceId, Object, ObjectKey, ReadId, RequestId, Time,
};
use lockstep_store::{Memory, Store as _};

use super::coverage::Coverage;
use super::law::{Exposure, Laws, Scene, Violation};
use super::outside::Outside;
use super::plan::{Fault, Plan};
use super::random::Random;
use super::story::Story;
use super::workload::Workload;
use crate::ready::ready;
use clients::{Act, Clients};

/// When histories begin, in microseconds since 1970.
const BEGAN: i64 = 1_800_000_000_000_000;

/// Longest time in which all must end when nothing fails any more, in microseconds. The longest
/// timeout that ends by itself is 5 s; those of an hour never do.
const HEALED: i64 = 600_000_000;

/// Most events in which all must end when nothing fails any more.
const HEALED_EVENTS: u64 = 20_000;

/// Something that will happen.
#[derive(Debug)]
enum Todo {
    Start(usize),
    Publish,
    Signal,
    Cancel,
    Jump,
    Tick,
    /// A client comes for a lock.
    Client(usize),
    /// A client does something with the lock that it holds.
    Act(InstanceId, Act),
    /// Somebody takes a lock away from its holder.
    Break,
    /// A writer reads its object.
    Read(usize),
    /// A writer writes what it has made of what it has read.
    Save(usize, Option<Arc<Object>>),
    /// A read looks at the store.
    Look(Look),
    /// An engine is told something.
    Tell(Box<Event>),
    /// A call that an engine has sent arrives.
    Arrive(u64, CallId, Box<CallRequest>),
    /// An outside call comes back.
    Return(CallId, Box<Event>),
    /// The driver offers a batch to the store.
    Offer,
    /// The store writes the batch that flies.
    Write,
    /// The store answers.
    Land,
}

#[derive(Debug)]
enum Look {
    Object(ReadId, ObjectKey),
    Entity(ReadId, Arc<str>),
}

/// A batch in the hands of the store.
#[derive(Debug)]
struct Flying {
    batch: Vec<Transition>,
    /// What the store has decided, once it is written.
    outcomes: Option<Vec<Outcome>>,
}

/// Streams of choices, one for each concern.
struct Streams {
    store: Random,
    read: Random,
    batch: Random,
    call: Random,
    crash: Random,
    clock: Random,
    pick: Random,
    tie: Random,
}

impl Streams {
    fn new(seed: u64) -> Self {
        let stream = |number: u64| Random::new(seed, 20 + number);
        Self {
            store: stream(0),
            read: stream(1),
            batch: stream(2),
            call: stream(3),
            crash: stream(4),
            clock: stream(5),
            pick: stream(6),
            tie: stream(7),
        }
    }
}

/// One history that is under way.
pub(crate) struct Trial<'a> {
    workload: &'a Workload,
    plan: Plan,
    streams: Streams,
    coverage: &'a mut Coverage,
    pub(crate) story: Story,

    engine: Engine,
    memory: Memory,
    /// Number of the present engine's life; what belongs to another is void.
    life: u64,
    epoch: u32,
    /// What happens when: in true time, which no clock shows. With the life that it belongs to.
    agenda: BTreeMap<(i64, u64), (Option<u64>, Todo)>,
    issued: u64,
    /// True time, in microseconds.
    time: i64,
    /// What the clock shows beyond the true time.
    offset: i64,
    /// The time that the engine was told last.
    told: i64,
    flying: Option<Flying>,
    offered: bool,
    version: usize,
    refused: BTreeSet<InstanceId>,

    outside: Outside,
    laws: Laws,
    exposure: Exposure,
    /// Calls that are under way: whose, and whether they were cancelled.
    calls: BTreeMap<CallId, (InstanceId, bool)>,
    signals: BTreeMap<RequestId, InstanceId>,
    /// Results that workers report, by the idempotency keys of their tasks.
    reports: BTreeMap<RequestId, String>,
    clients: Clients,
    imports: Vec<usize>,
    writes: writes::Asked,
    /// Landings since a read was asked for.
    landings: u64,
    reads: BTreeMap<ReadId, u64>,

    pub(crate) events: u64,
    healed: Option<(i64, u64)>,
    started: u64,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        seed: u64,
        plan: Plan,
        workload: &'a Workload,
        coverage: &'a mut Coverage,
        story: Story,
    ) -> Self {
        let memory = Memory::new();
        let epoch = ready(memory.raise_epoch()).expect("the store in memory is open");
        let config = plan.config(epoch);
        let mut trial = Self {
            workload,
            streams: Streams::new(seed),
            coverage,
            story,
            engine: Engine::new(config),
            memory,
            life: 0,
            epoch,
            agenda: BTreeMap::new(),
            issued: 0,
            time: BEGAN,
            offset: 0,
            told: BEGAN,
            flying: None,
            offered: false,
            version: 0,
            refused: BTreeSet::new(),
            outside: Outside::default(),
            laws: Laws::default(),
            exposure: Exposure::default(),
            calls: BTreeMap::new(),
            signals: BTreeMap::new(),
            reports: BTreeMap::new(),
            clients: Clients::default(),
            imports: Vec::new(),
            writes: writes::Asked::default(),
            landings: 0,
            reads: BTreeMap::new(),
            events: 0,
            healed: None,
            started: 0,
            plan,
        };
        trial.fill_agenda();
        trial
    }

    fn fill_agenda(&mut self) {
        let mut moments = Vec::new();
        for (index, start) in self.plan.starts.iter().enumerate() {
            moments.push((start.at + 1, Todo::Start(index)));
        }
        for (index, client) in self.plan.clients.iter().enumerate() {
            moments.push((client.at + 1, Todo::Client(index)));
        }
        for (index, writer) in self.plan.writers.iter().enumerate() {
            moments.push((writer.at + 1, Todo::Read(index)));
        }
        moments.extend(self.plan.breaks.iter().map(|at| (*at, Todo::Break)));
        moments.extend(self.plan.signals.iter().map(|at| (*at, Todo::Signal)));
        moments.extend(self.plan.cancels.iter().map(|at| (*at, Todo::Cancel)));
        moments.extend(self.plan.publishes.iter().map(|at| (*at, Todo::Publish)));
        moments.extend(self.plan.jumps.iter().map(|at| (*at, Todo::Jump)));
        moments.extend(self.plan.ticks.iter().map(|at| (*at, Todo::Tick)));
        for (at, todo) in moments {
            self.schedule(at, None, todo);
        }
    }

    fn schedule(&mut self, after: i64, life: Option<u64>, todo: Todo) {
        self.issued += 1;
        let at = self.time.saturating_add(after.max(0));
        self.agenda.insert((at, self.issued), (life, todo));
    }

    /// Schedules something that is void once the present engine is gone.
    fn schedule_here(&mut self, after: i64, todo: Todo) {
        self.schedule(after, Some(self.life), todo);
    }

    fn now(&self) -> Time {
        Time(self.told.max(self.time.saturating_add(self.offset)))
    }

    fn has(&self, fault: Fault) -> bool {
        self.healed.is_none() && self.plan.has(fault)
    }

    /// Makes the objects that workflows count on, before anything fails.
    fn prepare(&mut self) -> Result<(), Violation> {
        self.publish();
        self.import();
        let batch = self.engine.take_batch().unwrap_or_default();
        self.flying = Some(Flying { batch, outcomes: None });
        self.apply()?;
        let outcomes = self.flying.take().and_then(|flying| flying.outcomes);
        let now = self.now();
        self.engine.handle(now, Event::Judged(outcomes.unwrap_or_default()));
        self.look_at_locks()?;
        self.settle()
    }

    /// Runs the history to its end.
    ///
    /// # Errors
    ///
    /// [`Violation`] of the first law that is broken.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        self.prepare()?;
        while self.turn()? {}
        let memory = &self.memory;
        let scene = Scene {
            workload: self.workload,
            outside: &self.outside,
            exposure: &self.exposure,
            coverage: self.coverage,
        };
        self.laws.ended(memory, &scene)?;
        if !self.engine.locks_are_idle() || self.engine.next_deadline().is_some() {
            let text = "locks or timers are left when everybody has ended".to_owned();
            return Violation::of("bounded-memory", text);
        }
        Ok(())
    }
}
