//! A driver for tests: scripts in, what the engine did out, all in short text.
//!
//! It plays the store (every batch is committed, unique keys included), the clock and the outside
//! world. Commands, one a line:
//!
//! * `start NAME WORKFLOW k=v ...`, `cancel NAME`
//! * `ok NAME [text]`, `error NAME CODE`: the outside call of an instance comes back
//! * `+MILLISECONDS`: time goes on
//! * `hold`, `land`: the store stops answering, or answers all that it was given
//! * `crash`: the engine is gone; a new one takes up what the store holds
//! * `show ENTITY/ID`, `locks`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use lockstep_definition::{Definitions, Source, check};
use lockstep_expr::{Map, Value};
use uuid::Uuid;

use crate::event::{Batch, CallTarget, Effect, Event, Start};
use crate::transition::{
    Change, Expected, InstanceRow, LockRow, LockWrite, Outcome, Refusal, Status, Transition,
};
use crate::{CallId, Config, Engine, Failure, InstanceId, Object, ObjectKey, Time, codec};

const DEFINITIONS: &str = "test";

/// The engine under test and the world around it.
pub(crate) struct Rig {
    definitions: Arc<Definitions>,
    pub(crate) engine: Engine,
    epoch: u32,
    now: Time,
    pub(crate) objects: BTreeMap<ObjectKey, Arc<Object>>,
    unique: BTreeMap<(Arc<str>, crate::transition::UniqueKey), ObjectKey>,
    pub(crate) rows: BTreeMap<InstanceId, InstanceRow>,
    pub(crate) locks: BTreeMap<Arc<str>, LockRow>,
    calls: BTreeMap<CallId, InstanceId>,
    in_flight: Option<Batch>,
    holds: bool,
    log: String,
    /// Batches that are still to be committed before the engine is replaced by a new one.
    pub(crate) crash_after: Option<usize>,
    pub(crate) batches: usize,
}

impl Rig {
    pub(crate) fn new(yaml: &str) -> Self {
        let checked = check(&[Source::new("test.yaml", yaml)]);
        let definitions = Arc::new(checked.definitions.unwrap_or_else(|| {
            panic!("the test's definitions are wrong: {:#?}", checked.diagnostics)
        }));
        let mut rig = Self {
            definitions,
            engine: Engine::new(Config::new(1)),
            epoch: 1,
            now: Time(1_000_000_000_000_000),
            objects: BTreeMap::new(),
            unique: BTreeMap::new(),
            rows: BTreeMap::new(),
            locks: BTreeMap::new(),
            calls: BTreeMap::new(),
            in_flight: None,
            holds: false,
            log: String::new(),
            crash_after: None,
            batches: 0,
        };
        rig.publish();
        rig
    }

    /// Runs a script and returns what the engine did.
    pub(crate) fn run(&mut self, script: &str) -> String {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.command(line);
            self.settle();
        }
        std::mem::take(&mut self.log)
    }

    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["start", name, workflow, input @ ..] => self.start(name, workflow, input),
            ["cancel", name] => {
                let event = Event::Cancel { instance: id(name), reason: "by hand".to_owned() };
                self.engine.handle(self.now, event);
            }
            ["ok", name, text @ ..] => self.come_back(name, Ok(Value::from(text.join(" ")))),
            ["error", name, code] => self.come_back(name, Err(Failure::new(code, "it failed"))),
            ["hold"] => self.holds = true,
            ["land"] => self.holds = false,
            ["crash"] => self.crash(),
            ["show", key] => {
                let (entity, id) = key.split_once('/').expect("ENTITY/ID");
                let key = ObjectKey { entity: entity.into(), id: id.into() };
                let shown = self.objects.get(&key).map_or("absent".to_owned(), |object| {
                    format!("v{} {}", object.version, codec::encode_map(&object.attributes))
                });
                self.say(&format!("{key}: {shown}"));
            }
            ["locks"] => {
                let rows: Vec<String> = self
                    .locks
                    .values()
                    .map(|row| format!("{} by {}", row.key, name(row.instance)))
                    .collect();
                let idle = self.engine.locks_are_idle();
                self.say(&format!("rows {rows:?}, idle {idle}"));
            }
            [pause] if pause.starts_with('+') => {
                let millis: i64 = pause.trim_start_matches('+').parse().expect("milliseconds");
                self.pass(millis * 1000);
            }
            _ => panic!("unknown command: {line}"),
        }
    }

    /// Lets time go on, stopping at every deadline on the way.
    fn pass(&mut self, micros: i64) {
        let end = Time(self.now.0 + micros);
        while let Some(next) = self.engine.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.engine.handle(self.now, Event::Tick);
            self.settle();
        }
        self.now = end;
        self.engine.handle(self.now, Event::Tick);
    }

    fn publish(&mut self) {
        let definitions = Arc::clone(&self.definitions);
        self.engine.handle(self.now, Event::Publish { id: DEFINITIONS.into(), definitions });
    }

    pub(crate) fn start(&mut self, name: &str, workflow: &str, input: &[&str]) {
        let mut map = Map::new();
        for pair in input {
            let (key, value) = pair.split_once('=').expect("key=value");
            let value = value.parse().map_or_else(|_| Value::from(value), Value::Int);
            map.insert(key, value);
        }
        let (workflow, by) = (workflow.into(), "tester".into());
        let input = Value::Map(Arc::new(map));
        let start = Start { instance: id(name), workflow, input, by };
        self.engine.handle(self.now, Event::Start(start));
    }

    fn come_back(&mut self, whose: &str, result: Result<Value, Failure>) {
        let call = self.calls.iter().find(|(_, of)| **of == id(whose)).map(|(call, _)| *call);
        let call = call.unwrap_or_else(|| panic!("{whose} is not calling"));
        self.calls.remove(&call);
        self.engine.handle(self.now, Event::Returned { call, result });
    }

    /// Answers reads and commits until nothing is left to answer.
    pub(crate) fn settle(&mut self) {
        loop {
            let effects = self.engine.take_effects();
            let idle = effects.is_empty();
            for effect in effects {
                self.carry_out(effect);
            }
            if self.in_flight.is_none() {
                self.in_flight = self.engine.take_batch();
            }
            if !self.holds
                && let Some(batch) = self.in_flight.take()
            {
                let outcomes = self.commit(batch);
                self.batches += 1;
                if self.crash_after == Some(self.batches) {
                    self.crash();
                } else {
                    self.engine.handle(self.now, Event::Judged(outcomes));
                }
            } else if idle {
                return;
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Load { read, key } => {
                let result = Ok(self.objects.get(&key).cloned());
                self.engine.handle(self.now, Event::Loaded { read, key, result });
            }
            Effect::Query { read, entity } => {
                let of = self.objects.values().filter(|object| object.key.entity == entity);
                let result = Ok(of.cloned().collect());
                self.engine.handle(self.now, Event::Queried { read, result });
            }
            Effect::Call { call, request } => {
                self.calls.insert(call, request.instance);
                let what = match &request.target {
                    CallTarget::Http { method, url, .. } => format!("{method} {url}"),
                    CallTarget::Exec { program, .. } => format!("exec {program}"),
                };
                let token = request.fencing_token.map_or("-".to_owned(), short);
                let (_, number) =
                    request.idempotency_key.rsplit_once(':').expect("instance:number");
                let who = name(request.instance);
                self.say(&format!(
                    "{who} calls {what}, call {number} attempt {}, token {token}",
                    request.attempt
                ));
            }
            Effect::CancelCall { call } => {
                if let Some(of) = self.calls.remove(&call) {
                    self.say(&format!("{}'s call is cancelled", name(of)));
                }
            }
            Effect::Answer { instance, result } => match result {
                Ok(output) => self.say(&format!("{} done: {output}", name(instance))),
                Err(failure) => {
                    self.say(&format!(
                        "{} failed: {}: {}",
                        name(instance),
                        failure.code,
                        named(&failure.message)
                    ));
                }
            },
            Effect::Rejected { instance, failure } => {
                self.say(&format!("{} rejected: {}", name(instance), failure.message));
            }
            Effect::Imported { result } => self.say(&format!("imported {result:?}")),
            Effect::Diverged { number, refusal } => {
                panic!("the store refused what the core had judged: {number} {refusal}")
            }
        }
    }

    /// Commits a batch as a store does, and checks what every store relies on.
    fn commit(&mut self, batch: Batch) -> Vec<Outcome> {
        batch.into_iter().map(|transition| self.commit_one(transition)).collect()
    }

    fn commit_one(&mut self, transition: Transition) -> Outcome {
        if let Err(refusal) = self.judge(&transition) {
            return Outcome::Refused(refusal);
        }
        for write in transition.objects {
            if let Some(keys) = write.unique {
                self.unique.retain(|_, holder| *holder != write.key);
                for unique in keys {
                    self.unique.insert((Arc::clone(&write.key.entity), unique), write.key.clone());
                }
            }
            match write.change {
                Change::Check => {}
                Change::Delete => drop(self.objects.remove(&write.key)),
                Change::Put(object) => drop(self.objects.insert(write.key, object)),
            }
        }
        for lock in transition.locks {
            match lock {
                LockWrite::Put(row) => drop(self.locks.insert(Arc::clone(&row.key), row)),
                LockWrite::Delete { key, token } => {
                    if self.locks.get(&key).is_some_and(|row| row.token == token) {
                        self.locks.remove(&key);
                    }
                }
            }
        }
        if let Some(row) = transition.row {
            self.rows.insert(row.id, row);
        }
        Outcome::Committed
    }

    fn judge(&self, transition: &Transition) -> Result<(), Refusal> {
        for (key, token) in &transition.fences {
            let actual = self.locks.get(key).map(|row| row.token);
            if actual != Some(*token) {
                return Err(Refusal::Fenced { key: Arc::clone(key), token: *token, actual });
            }
        }
        let mut seen: BTreeMap<&ObjectKey, Option<i64>> = BTreeMap::new();
        for write in &transition.objects {
            let stored = || self.objects.get(&write.key).map(|object| object.stamp);
            let present = seen.get(&write.key).copied().unwrap_or_else(stored);
            let expected = match write.expected {
                Expected::Absent => None,
                Expected::Stamp(stamp) => Some(stamp),
            };
            if present != expected {
                let actual = self.objects.get(&write.key).map(|object| object.version);
                return Err(Refusal::Conflict { key: write.key.clone(), actual });
            }
            seen.insert(&write.key, Some(transition.number));
            for unique in write.unique.iter().flatten() {
                let holder = self.unique.get(&(Arc::clone(&write.key.entity), unique.clone()));
                if let Some(other) = holder.filter(|holder| **holder != write.key) {
                    let (key, unique) = (write.key.clone(), unique.clone());
                    return Err(Refusal::Unique { key, unique, other: Arc::clone(&other.id) });
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self) {
        self.crash_after = None;
        self.holds = false;
        self.in_flight = None;
        self.calls.clear();
        self.epoch += 1;
        self.engine = Engine::new(Config::new(self.epoch));
        let running = self.rows.values().filter(|row| matches!(row.status, Status::Running(_)));
        let rows = running.cloned().collect();
        let locks = self.locks.values().cloned().collect();
        let definitions = vec![(DEFINITIONS.into(), Arc::clone(&self.definitions))];
        let refused = self.engine.recover(self.now, rows, locks, &definitions);
        for (instance, why) in refused {
            self.say(&format!("{} cannot go on: {why}", name(instance)));
        }
        self.publish();
        self.say("crashed");
    }

    /// Lets every outstanding call come back with `text`, until none is left.
    pub(crate) fn answer_all(&mut self, text: &str) {
        while let Some((call, _)) = self.calls.pop_first() {
            let result = Ok(Value::from(text));
            self.engine.handle(self.now, Event::Returned { call, result });
            self.settle();
        }
    }

    fn say(&mut self, what: &str) {
        writeln!(self.log, "{what}").expect("a string takes everything");
    }
}

/// Instances are named by one or two characters, which make up their identity.
pub(crate) fn id(name: &str) -> InstanceId {
    let mut bytes = [0_u8; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    InstanceId(Uuid::from_bytes(bytes))
}

fn name(id: InstanceId) -> String {
    let bytes: Vec<u8> = id.0.into_bytes().into_iter().take_while(|byte| *byte != 0).collect();
    String::from_utf8(bytes).expect("names are text")
}

/// Replaces identities in a message by names.
fn named(message: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in message.split(' ') {
        let (bare, rest) = word.split_at(word.trim_end_matches([',', ';']).len());
        words.push(match bare.parse::<Uuid>() {
            Ok(uuid) => format!("{}{rest}", name(InstanceId(uuid))),
            Err(_) => word.to_owned(),
        });
    }
    words.join(" ")
}

fn short(token: i64) -> String {
    format!("#{}.{}", token >> 40, token & 0xff_ffff_ffff)
}
