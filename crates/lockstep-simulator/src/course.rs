//! The course of a simulation: events fall due one after another, and the clock jumps from one to
//! the next.
//!
//! Invariants:
//!
//! * Whatever an instance waits for takes at least [`TICK`], so that times tell the order.
//! * What the background holds is asked for once, and never written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::{Change, Expected, Judge, ObjectWrite, Outcome, Transition};
use lockstep_core::{
    CallId, CallRequest, Effect, Engine, Event, Failure, Happening, InstanceId, Object, ObjectKey,
    ReadId, Reader, RequestId, Time,
};
use lockstep_expr::Value;
use lockstep_store::{Memory, Store as _};

use crate::background::Background;
use crate::form::made_up;
use crate::mock::{Answer, Mocks};
use crate::ready::ready;
use crate::recorder::Recorder;
use crate::report::Happened;
use crate::standing::Standing;

/// The shortest time that anything takes.
const TICK: Duration = Duration::from_micros(1);

/// Most turns in which an instance goes on without having waited; in each it makes a thousand moves.
const MAX_STRETCHES: u32 = 100;

/// Most events that are recorded.
const MAX_EVENTS: usize = 10_000;

/// Most objects of an entity that a query reads.
const MAX_QUERIED: u32 = 10_000;

/// Place of an event: when it is due, and a number that tells those of one time apart.
type Place = (Time, u64);

/// What cannot happen unless there is a bug: the store refused what the core had decided.
#[derive(Debug)]
pub(crate) struct Diverged(pub(crate) String);

/// Whether a simulation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something happened.
    Taken,
    /// Nothing is under way, and nothing can come any more.
    Nothing,
}

/// An engine, its store, and what is under way.
pub(crate) struct Course<'a> {
    pub(crate) engine: Engine,
    pub(crate) now: Time,
    store: &'a Memory,
    background: &'a mut dyn Background,
    mocks: Mocks,
    recorder: Recorder,
    due: BTreeMap<Place, Event>,
    issued: u64,
    calls: HashMap<CallId, (Place, Arc<CallRequest>)>,
    /// Signals that are under way: for whom, and their names.
    signals: HashMap<RequestId, (InstanceId, String)>,
    standing: Standing,
    asked: BTreeSet<ObjectKey>,
    asked_whole: BTreeSet<Arc<str>>,
    answers: Vec<(InstanceId, Result<Value, Failure>)>,
    /// Turns in which an instance went on without having waited for anything.
    stretches: u32,
    imported: Option<Result<(usize, usize), Failure>>,
}

impl<'a> Course<'a> {
    pub(crate) fn new(
        engine: Engine,
        now: Time,
        store: &'a Memory,
        background: &'a mut dyn Background,
        mocks: Mocks,
        recorder: Recorder,
    ) -> Self {
        Self {
            engine,
            now,
            store,
            background,
            mocks,
            recorder,
            due: BTreeMap::new(),
            issued: 0,
            calls: HashMap::new(),
            signals: HashMap::new(),
            standing: Standing::default(),
            asked: BTreeSet::new(),
            asked_whole: BTreeSet::new(),
            answers: Vec::new(),
            stretches: 0,
            imported: None,
        }
    }

    pub(crate) fn into_recorder(self) -> Recorder {
        self.recorder
    }

    /// Returns whether more has happened than is simulated.
    pub(crate) fn is_endless(&self) -> bool {
        self.stretches > MAX_STRETCHES || self.recorder.len() > MAX_EVENTS
    }

    /// Takes the endings of instances since the last call.
    pub(crate) fn take_answers(&mut self) -> Vec<(InstanceId, Result<Value, Failure>)> {
        std::mem::take(&mut self.answers)
    }

    /// Takes the ending of an import.
    pub(crate) fn take_import(&mut self) -> Option<Result<(usize, usize), Failure>> {
        self.imported.take()
    }

    /// Returns why an instance does not end when nothing can come any more.
    pub(crate) fn waits(&self, main: InstanceId) -> Failure {
        self.standing.failure(&self.recorder, main)
    }

    /// Lets something happen as soon as possible.
    pub(crate) fn schedule(&mut self, event: Event) {
        self.schedule_after(Duration::ZERO, event);
    }

    fn schedule_after(&mut self, pause: Duration, event: Event) -> Place {
        self.issued += 1;
        let place = (self.now.after(pause.max(TICK)), self.issued);
        self.due.insert(place, event);
        place
    }

    /// Lets the next thing happen, and carries out what the core wants done about it.
    pub(crate) fn turn(&mut self) -> Result<Turn, Diverged> {
        let next = self.due.first_key_value().map(|((at, _), _)| *at);
        let deadline = self.engine.next_deadline();
        let event = match (next, deadline) {
            (None, None) => return Ok(Turn::Nothing),
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                self.now = self.now.max(at);
                self.due.pop_first().map_or(Event::Tick, |(_, event)| event)
            }
            (_, deadline) => {
                let deadline = deadline.unwrap_or(self.now);
                self.stretches += u32::from(deadline <= self.now);
                self.now = self.now.max(deadline);
                Event::Tick
            }
        };
        self.engine.handle(self.now, event);
        for effect in self.engine.take_effects() {
            self.carry_out(effect)?;
        }
        if let Some(batch) = self.engine.take_batch() {
            let outcomes = self.commit(batch);
            self.schedule(Event::Judged(outcomes));
        }
        Ok(Turn::Taken)
    }

    fn commit(&mut self, batch: Vec<Transition>) -> Vec<Outcome> {
        let outcomes = ready(self.store.commit(batch.clone()))
            .expect("the store in memory is open as long as the simulation goes on");
        self.recorder.batch(self.now, &batch, &outcomes);
        for transition in &batch {
            self.standing.transition(transition);
            for entry in &transition.journal {
                if let (Some(id), Happening::Waited { signal: Some(name), .. }) =
                    (transition.instance, &entry.event)
                {
                    self.send(id, name);
                }
            }
        }
        outcomes
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Diverged> {
        match effect {
            Effect::Load { read, key, by } => self.load(read, key, by),
            Effect::Query { read, entity, by } => self.query(read, &entity, by),
            Effect::Call { call, request } => self.call(call, *request),
            Effect::CancelCall { call } => {
                if let Some((place, request)) = self.calls.remove(&call)
                    && self.due.remove(&place).is_some()
                {
                    let what = Happened::CallEnded;
                    let activity = self.recorder.activity(request.instance, &request.activity);
                    self.recorder.effect(self.now, request.instance, activity, what);
                }
            }
            Effect::Answer { instance, result } => self.answers.push((instance, result)),
            Effect::Rejected { instance, failure } => self.answers.push((instance, Err(failure))),
            Effect::Signalled { request, result } => self.signalled(request, result),
            Effect::Imported { result } => self.imported = Some(result),
            // No client and no worker takes part in a dry run.
            Effect::Accepted { .. }
            | Effect::Reported { .. }
            | Effect::Locked { .. }
            | Effect::LockChanged { .. }
            | Effect::Written { .. } => {}
            Effect::Diverged { refusal, .. } => {
                return Err(Diverged(refusal.to_string()));
            }
        }
        Ok(())
    }

    /// Sends the signal that an instance waits for.
    fn send(&mut self, instance: InstanceId, name: &str) {
        let mocked = self.mocks.signal(name);
        let assumed = mocked.is_none();
        let (payload, takes) = mocked.unwrap_or_else(|| {
            let payload = made_up(self.recorder.workflow(Some(instance)), name);
            (payload, Duration::ZERO)
        });
        self.issued += 1;
        let request = self.issued;
        let event = Event::Signal {
            request,
            instance,
            name: name.into(),
            payload: payload.clone(),
            by: "simulation".into(),
        };
        self.schedule_after(takes, event);
        self.recorder.sent(instance, name, payload, assumed);
        self.signals.insert(request, (instance, name.to_owned()));
    }

    fn signalled(&mut self, request: RequestId, result: Result<(), Failure>) {
        if let (Some((instance, name)), Err(failure)) = (self.signals.remove(&request), result) {
            self.standing.dropped(instance, &name, &failure.message);
            let what = Happened::SignalDropped { name, error: failure.message };
            self.recorder.effect(self.now, instance, None, what);
        }
    }

    fn call(&mut self, call: CallId, request: CallRequest) {
        let Answer { result, takes, assumed } = self.mocks.answer(&request);
        let what = Happened::Called {
            target: request.target.clone(),
            attempt: request.attempt,
            answer: result.clone(),
            takes,
            assumed,
        };
        let activity = self.recorder.activity(request.instance, &request.activity);
        self.recorder.effect(self.now, request.instance, activity, what);
        let place = self.schedule_after(takes, Event::Returned { call, result });
        self.calls.insert(call, (place, Arc::new(request)));
    }

    fn load(&mut self, read: ReadId, key: ObjectKey, by: Reader) {
        let result = self.fetch(&key).map(|()| self.stored(&key));
        if let Ok(object) = &result {
            let version = object.as_ref().map(|object| object.version);
            if let Some(object) = object {
                self.recorder.read(object);
            }
            let what = Happened::Read { key: key.clone(), version };
            self.recorder.effect(self.now, by.instance, Some(by.activity), what);
        }
        self.schedule(Event::Loaded { read, key, result });
    }

    fn query(&mut self, read: ReadId, entity: &Arc<str>, by: Reader) {
        let result = self.fetch_whole(entity).map(|()| {
            let objects = ready(self.store.query(Arc::clone(entity), None, MAX_QUERIED));
            objects.expect("the store in memory is open as long as the simulation goes on")
        });
        if let Ok(objects) = &result {
            for object in objects {
                self.recorder.read(object);
            }
            let what = Happened::Queried { entity: Arc::clone(entity), count: objects.len() };
            self.recorder.effect(self.now, by.instance, Some(by.activity), what);
        }
        self.schedule(Event::Queried { read, result });
    }

    fn stored(&self, key: &ObjectKey) -> Option<Arc<Object>> {
        let objects = ready(self.store.load(vec![key.clone()]))
            .expect("the store in memory is open as long as the simulation goes on");
        objects.into_iter().next().and_then(|object| object.ok().flatten())
    }

    /// Takes an object over from the background, unless that was done before.
    pub(crate) fn fetch(&mut self, key: &ObjectKey) -> Result<(), Failure> {
        if self.asked_whole.contains(&key.entity) || !self.asked.insert(key.clone()) {
            return Ok(());
        }
        let object = self.background.load(key)?;
        self.take_over(object);
        Ok(())
    }

    fn fetch_whole(&mut self, entity: &Arc<str>) -> Result<(), Failure> {
        if !self.asked_whole.insert(Arc::clone(entity)) {
            return Ok(());
        }
        let objects = self.background.query(entity)?;
        let objects = objects.into_iter().filter(|object| !self.asked.contains(&object.key));
        let objects: Vec<Arc<Object>> = objects.collect();
        self.take_over(objects);
        Ok(())
    }

    fn take_over(&self, objects: impl IntoIterator<Item = Arc<Object>>) {
        let batch: Vec<Transition> = objects.into_iter().map(taken_over).collect();
        if !batch.is_empty() {
            // One that is there already stays: a seed, or what the instance has made.
            drop(ready(self.store.commit(batch)));
        }
    }
}

fn taken_over(object: Arc<Object>) -> Transition {
    Transition {
        number: object.stamp,
        instance: None,
        row: None,
        journal: Vec::new(),
        objects: vec![ObjectWrite {
            key: object.key.clone(),
            expected: Expected::Absent,
            change: Change::Put(object),
            unique: None,
        }],
        fences: Vec::new(),
        locks: Vec::new(),
        parts: Vec::new(),
        starts: Vec::new(),
        judge: Judge::Store,
    }
}
