//! A driver for tests: scripts in, what the engine did out, all in short text.
//!
//! It plays the store (every batch is committed, unique keys included), the clock and the outside
//! world. Commands, one a line:
//!
//! * `start NAME WORKFLOW k=v ...`, `cancel NAME`
//! * `ok NAME [text]`, `error NAME CODE`: the first outside call of an instance comes back;
//!   `NAME#3` is its call number 3; `late NAME#3`: one that was cancelled comes back all the same
//! * `signal NAME SIGNAL [text or JSON]`
//! * `+MILLISECONDS`: time goes on
//! * `hold`, `land`: the store stops answering, or answers all that it was given; `next`: it answers
//!   what it was given and stops again
//! * `refuse`: it answers what it was given while another process changes all that it is to judge
//! * `blind`: no object is read any more, until a crash
//! * `crash`: the engine is gone; a new one takes up what the store holds
//! * `client NAME CONTEXT [shared] [wait=MS] [ttl=MS] [owner=BYTES] [note=BYTES]`, `renew NAME MS`,
//!   `unlock NAME`: a client's lock; `break KEY [#TOKEN] REASON`
//! * `write create|put|patch|delete ENTITY/ID [vN|*] [JSON]`: a write from outside, by `w1`, `w2`, ...
//! * `show ENTITY/ID`, `locks`, `journal NAME`, `queues`, `explain NAME`
//!
//! An instance that another one started is called `PARENT/WORKFLOW`, the second one
//! `PARENT/WORKFLOW2`.

mod effects;
mod locks;
mod naming;
mod shelf;
mod writes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lockstep_definition::{Definitions, Source, check};
use lockstep_expr::{Map, Value, json};

use crate::event::{Batch, Event, Start};
use crate::transition::{InstanceRow, Status};
use crate::{CallId, Config, Engine, Failure, InstanceId, ObjectKey, Time, codec};
pub(crate) use naming::id;
use shelf::Shelf;

const DEFINITIONS: &str = "test";

/// The engine under test and the world around it.
pub(crate) struct Rig {
    definitions: Arc<Definitions>,
    pub(crate) engine: Engine,
    epoch: u32,
    now: Time,
    shelf: Shelf,
    /// Outside calls, whose they are, and their numbers.
    pub(crate) calls: BTreeMap<CallId, (InstanceId, String)>,
    cancelled: BTreeMap<CallId, (InstanceId, String)>,
    names: BTreeMap<InstanceId, String>,
    signals: u64,
    writes: u64,
    clients: locks::Clients,
    in_flight: Option<Batch>,
    holds: bool,
    blind: bool,
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
            shelf: Shelf::default(),
            calls: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            names: BTreeMap::new(),
            signals: 0,
            writes: 0,
            clients: locks::Clients::default(),
            in_flight: None,
            holds: false,
            blind: false,
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
                let event = Event::Cancel { instance: self.id(name), reason: "by hand".to_owned() };
                self.engine.handle(self.now, event);
            }
            ["ok", name, text @ ..] => self.come_back(name, Ok(Value::from(text.join(" ")))),
            ["error", name, code] => self.come_back(name, Err(Failure::new(code, "it failed"))),
            ["report", name, text @ ..] => self.report(name, Value::from(text.join(" "))),
            ["late", name] => {
                self.calls.append(&mut self.cancelled);
                self.come_back(name, Ok(Value::from("late")));
            }
            ["signal", name, signal, text @ ..] => self.signal(name, signal, &text.join(" ")),
            ["journal", name] => {
                let id = self.id(name);
                let entries = self.journals.get(&id).cloned().unwrap_or_default();
                for entry in entries {
                    let event = self.named(&format!("{:?}", entry.event));
                    self.say(&format!("{name}: {event}"));
                }
            }
            ["client" | "renew" | "unlock" | "break", ..] => self.client(&words),
            ["write", write @ ..] => self.write(write),
            ["queues"] => self.say_queues(),
            ["explain", name] => self.explain(name),
            ["hold"] => self.holds = true,
            ["blind"] => self.blind = true,
            ["land"] => self.holds = false,
            ["next"] => {
                let batch = self.in_flight.take().expect("the store was given something");
                let outcomes = self.shelf.commit(batch);
                self.engine.handle(self.now, Event::Judged(outcomes));
            }
            ["refuse"] => {
                let batch = self.in_flight.take().expect("the store was given something");
                let outcomes = self.shelf.refuse(batch);
                self.engine.handle(self.now, Event::Judged(outcomes));
            }
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
                    .map(|row| format!("{} by {}", row.key, self.name(row.instance)))
                    .collect();
                let idle = self.engine.locks_are_idle();
                self.say(&format!("rows {rows:?}, idle {idle}"));
            }
            ["sleep", millis] => {
                // Time passes, and the engine does not run.
                let millis: i64 = millis.parse().expect("milliseconds");
                self.now = Time(self.now.0 + millis * 1000);
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
        self.start_with(name, workflow, Value::Map(Arc::new(map)));
    }

    pub(crate) fn start_with(&mut self, name: &str, workflow: &str, input: Value) {
        let (workflow, by) = (workflow.into(), "tester".into());
        let start = Start { instance: id(name), workflow, input, by, key: None, trace: None };
        self.engine.handle(self.now, Event::Start(start));
    }

    pub(crate) fn come_back(&mut self, whose: &str, result: Result<Value, Failure>) {
        let call = self.take_call(whose);
        self.engine.handle(self.now, Event::Returned { call, result });
    }

    fn report(&mut self, whose: &str, result: Value) {
        self.calls.append(&mut self.cancelled);
        let call = self.take_call(whose);
        self.engine.handle(self.now, Event::Reported { request: call, call, result: Ok(result) });
    }

    fn take_call(&mut self, whose: &str) -> CallId {
        let (whose, wanted) =
            whose.split_once('#').map_or((whose, None), |(name, number)| (name, Some(number)));
        let id = self.id(whose);
        let fits = |(_, (of, number)): &(&CallId, &(InstanceId, String))| {
            *of == id && wanted.is_none_or(|wanted| wanted == number)
        };
        let call = self.calls.iter().find(fits).map(|(call, _)| *call);
        let call = call.unwrap_or_else(|| panic!("{whose} is not calling"));
        self.calls.remove(&call);
        call
    }

    /// Returns whether an instance is stored and has not ended.
    pub(crate) fn is_unfinished(&self, name: &str) -> bool {
        let row = self.rows.get(&self.id(name));
        row.is_some_and(|row| matches!(row.status, Status::Running(_)))
    }

    fn signal(&mut self, whose: &str, name: &str, text: &str) {
        self.signals += 1;
        let payload = json::from_json(text).unwrap_or_else(|_| Value::from(text));
        let (request, instance) = (self.signals, self.id(whose));
        let (name, by) = (name.into(), "somebody".into());
        self.engine.handle(self.now, Event::Signal { request, instance, name, payload, by });
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
                let outcomes = self.shelf.commit(batch);
                self.name_children();
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

    fn crash(&mut self) {
        self.crash_after = None;
        self.holds = false;
        self.blind = false;
        self.in_flight = None;
        self.calls.clear();
        self.epoch += 1;
        self.engine = Engine::new(Config::new(self.epoch));
        let running = self.rows.values().filter(|row| matches!(row.status, Status::Running(_)));
        let rows = running.map(|row| {
            let parts = self.parts.get(&row.id).into_iter().flatten();
            let parts = parts.map(|(number, text)| (*number, Arc::clone(text))).collect();
            let input = if row.input_part.is_none() { row.input.clone() } else { Value::Null };
            InstanceRow { input, parts, ..row.clone() }
        });
        let rows = rows.collect();
        let locks = self.locks.values().cloned().collect();
        let definitions = vec![(DEFINITIONS.into(), Arc::clone(&self.definitions))];
        let refused = self.engine.recover(self.now, rows, locks, &definitions);
        for (instance, why) in refused {
            self.say(&format!("{} cannot go on: {why}", self.name(instance)));
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

fn short(token: i64) -> String {
    format!("#{}.{}", token >> 40, token & 0xff_ffff_ffff)
}

/// Reads what [`short`] writes.
fn long(token: &str) -> i64 {
    let (epoch, number) = token.trim_start_matches('#').split_once('.').expect("EPOCH.NUMBER");
    (epoch.parse::<i64>().expect("an epoch") << 40) + number.parse::<i64>().expect("a number")
}

/// What the store holds is looked at as if it were the rig's own.
impl Deref for Rig {
    type Target = Shelf;

    fn deref(&self) -> &Shelf {
        &self.shelf
    }
}

impl DerefMut for Rig {
    fn deref_mut(&mut self) -> &mut Shelf {
        &mut self.shelf
    }
}
