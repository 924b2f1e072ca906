//! Turns: one thing happens, and what the engine wants done about it is begun.

use std::sync::Arc;

use lockstep_core::{Event, InstanceId, ObjectKey, Start, Time};
use lockstep_expr::{Map, Value};
use uuid::Uuid;

use super::{BEGAN, Fault, HEALED, HEALED_EVENTS, Todo, Trial};
use crate::fault::law::Violation;

/// Prefixes of the objects that workflows count on.
const COUNTERS: &[&str] =
    &["", "r-", "s-", "w0-", "w1-", "w2-", "child-", "grandchild-", "follow-"];

impl Trial<'_> {
    /// Lets one thing happen. Returns false when nothing is left to come.
    pub(super) fn turn(&mut self) -> Result<bool, Violation> {
        self.heal_in_time()?;
        if self.is_over() {
            return Ok(false);
        }
        let first = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let deadline = self.engine.next_deadline().map(|deadline| self.told_at(deadline));
        let tick = match (first, deadline) {
            (None, None) => return self.nothing_left(),
            (Some(first), Some(deadline)) => {
                deadline < first || (deadline == first && self.streams.tie.one_in(2))
            }
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        // Whoever waits for hours waits for somebody who comes only when nothing fails any more, or
        // never.
        let next = if tick { deadline } else { first };
        if self.healed.is_none() && next.is_some_and(|next| next > self.time + HEALED) {
            self.heal()?;
            return Ok(true);
        }
        self.events += 1;
        if tick {
            self.time = self.time.max(deadline.unwrap_or(self.time));
            self.tell(Event::Tick)?;
        } else if let Some(((at, _), (life, todo))) = self.agenda.pop_first() {
            self.time = self.time.max(at);
            if life.is_none_or(|life| life == self.life) {
                self.carry_on(todo)?;
            }
        }
        Ok(true)
    }

    /// Returns the true time at which the driver tells the engine that a time has come.
    fn told_at(&mut self, deadline: Time) -> i64 {
        let at = deadline.0.saturating_sub(self.offset).max(self.time);
        let late = self.has(Fault::LateTick) && deadline.0 % 3 == 0;
        if late { at.saturating_add(deadline.0.rem_euclid(700_000)) } else { at }
    }

    fn is_over(&self) -> bool {
        let quiet = self.engine.unfinished() == 0
            && !self.engine.has_pending()
            && self.flying.is_none()
            && self.refused.is_empty()
            && self.writes.is_empty()
            && self.engine.locks_are_idle();
        self.healed.is_some() && quiet && !self.is_somebody_to_come()
    }

    fn is_somebody_to_come(&self) -> bool {
        let comes = |todo: &Todo| {
            matches!(todo, Todo::Start(_) | Todo::Client(_) | Todo::Read(_) | Todo::Save(..))
        };
        self.agenda.values().any(|(_, todo)| comes(todo))
    }

    fn nothing_left(&mut self) -> Result<bool, Violation> {
        if self.healed.is_none() {
            self.heal()?;
            return Ok(true);
        }
        let left = self.engine.unfinished();
        Violation::of("progress", format!("{left} instances wait for nothing that can come"))
    }

    fn heal_in_time(&mut self) -> Result<(), Violation> {
        let Some((since, events)) = self.healed else {
            let idle = self.engine.unfinished() == 0 && !self.is_somebody_to_come();
            return if idle || self.events >= self.plan.events { self.heal() } else { Ok(()) };
        };
        if self.time - since > HEALED || self.events - events > HEALED_EVENTS {
            let left: Vec<String> = self
                .laws
                .courses
                .iter()
                .filter(|(_, course)| !course.ended)
                .map(|(id, course)| format!("{id} ({})", course.workflow))
                .collect();
            let text = format!("not ended although nothing fails: {}", left.join(", "));
            return Violation::of("progress", text);
        }
        Ok(())
    }

    /// Ends the phase with faults.
    fn heal(&mut self) -> Result<(), Violation> {
        self.say(|| "nothing fails from here on".to_owned());
        self.healed = Some((self.time, self.events));
        let faults =
            |todo: &Todo| matches!(todo, Todo::Cancel | Todo::Jump | Todo::Publish | Todo::Break);
        self.agenda.retain(|_, (_, todo)| !faults(todo));
        // Signals for whoever still waits for one.
        let mut after = 1_000_000;
        while after < HEALED {
            self.schedule(after, None, Todo::Signal);
            after *= 2;
        }
        if self.refused.is_empty() { Ok(()) } else { self.crash() }
    }

    fn carry_on(&mut self, todo: Todo) -> Result<(), Violation> {
        match todo {
            Todo::Start(index) => self.start(index),
            Todo::Publish => {
                self.version = (self.version + 1) % self.workload.versions.len();
                if self.engine.unfinished() > 0 {
                    self.coverage.count("definitions replaced while instances run");
                }
                self.publish();
                self.look_at_locks()?;
                self.settle()
            }
            Todo::Signal => self.send_signals(),
            Todo::Cancel => self.cancel(),
            Todo::Jump => {
                let by = self.streams.clock.pick(&[500_000, 20_000_000, 7_200_000_000]);
                self.coverage.count("clock jumped forward");
                self.offset += by;
                self.say(|| format!("the clock jumps forward by {by} us"));
                self.tell(Event::Tick)
            }
            Todo::Tick => self.tell(Event::Tick),
            Todo::Client(index) => self.come(index),
            Todo::Act(lock, act) => self.act(lock, act),
            Todo::Break => self.break_lock(),
            Todo::Read(index) => {
                self.read_to_write(index);
                Ok(())
            }
            Todo::Save(index, read) => self.save(index, read.as_deref()),
            Todo::Look(look) => {
                self.look(look);
                Ok(())
            }
            Todo::Tell(event) => self.tell(*event),
            Todo::Arrive(life, call, request) => {
                self.arrive(life, call, &request);
                Ok(())
            }
            Todo::Return(call, event) => self.come_back(call, *event),
            Todo::Offer => self.offer(),
            Todo::Write => self.write(),
            Todo::Land => self.land(),
        }
    }

    fn start(&mut self, index: usize) -> Result<(), Violation> {
        let Some(planned) = self.plan.starts.get(index).cloned() else { return Ok(()) };
        let name = self.workload.workflows.get(planned.workflow % self.workload.workflows.len());
        let Some(workflow) = name.cloned() else { return Ok(()) };
        let mut input = Map::new();
        input.insert("key", Value::from(format!("k{}", planned.key)));
        input.insert("other", Value::from(format!("k{}", planned.other)));
        input.insert("seat", Value::Int(i64::try_from(planned.seat).unwrap_or(0)));
        self.started += 1;
        let instance = InstanceId(Uuid::from_u128(u128::from(self.started) << 64));
        self.say(|| {
            format!("start {workflow} as {instance} on k{}, k{}", planned.key, planned.other)
        });
        let (input, by) = (Value::Map(Arc::new(input)), "simulation".into());
        self.tell(Event::Start(Start { instance, workflow, input, by, key: None, trace: None }))
    }

    pub(super) fn publish(&mut self) {
        if let Some(version) = self.workload.versions.get(self.version) {
            let (id, definitions) = (Arc::clone(&version.id), Arc::clone(&version.definitions));
            self.engine.handle(self.now(), Event::Publish { id, definitions });
            self.told = self.now().0;
        }
    }

    pub(super) fn import(&mut self) {
        let mut objects = Vec::new();
        let mut add = |entity: &str, id: String| {
            let key = ObjectKey { entity: entity.into(), id: id.into() };
            objects.push((key, Map::new()));
        };
        for number in 0..self.workload.keys {
            for prefix in COUNTERS {
                add("Counter", format!("{prefix}k{number}"));
            }
            for entity in ["Free", "Forced", "Account"] {
                add(entity, format!("k{number}"));
            }
        }
        self.imports.push(objects.len());
        self.engine.handle(self.now(), Event::Import { by: "simulation".into(), objects });
        self.told = self.now().0;
    }

    /// Returns an instance that has not ended, if there is one.
    fn somebody(&mut self) -> Option<InstanceId> {
        let running = self.laws.courses.iter().filter(|(_, course)| !course.ended);
        let running: Vec<InstanceId> = running.map(|(id, _)| *id).collect();
        (!running.is_empty()).then(|| self.streams.pick.pick(&running))
    }

    fn send_signals(&mut self) -> Result<(), Violation> {
        if self.healed.is_none() {
            return match self.somebody() {
                Some(id) => self.send(id),
                None => Ok(()),
            };
        }
        let running = self.laws.courses.iter().filter(|(_, course)| !course.ended);
        let running: Vec<InstanceId> = running.map(|(id, _)| *id).collect();
        running.into_iter().try_for_each(|id| self.send(id))
    }

    fn send(&mut self, instance: InstanceId) -> Result<(), Violation> {
        self.issued += 1;
        let request = self.issued;
        self.signals.insert(request, instance);
        if self.is_judged(instance) {
            self.coverage.count("signal while the store judges a commit");
        }
        self.say(|| format!("signal {request} to {instance}"));
        self.tell(Event::Signal {
            request,
            instance,
            name: "go".into(),
            payload: Value::Null,
            by: format!("s{request}").into(),
        })
    }

    fn cancel(&mut self) -> Result<(), Violation> {
        if self.streams.pick.one_in(4)
            && let Some(lock) = self.somebody_outside()
        {
            self.say(|| format!("the client of {lock} does not want to wait any more"));
            return self.tell(Event::Cancel { instance: lock, reason: "by hand".to_owned() });
        }
        let Some(instance) = self.somebody() else { return Ok(()) };
        self.exposure.cancelled.insert(instance);
        if self.is_judged(instance) {
            self.coverage.count("cancel while the store judges a commit");
        }
        if self.calls.values().any(|(caller, _)| *caller == instance) {
            self.coverage.count("cancel while calling");
        }
        if self.laws.courses.get(&instance).is_some_and(|course| course.waits) {
            self.coverage.count("cancel while waiting for a lock");
        }
        self.say(|| format!("cancel {instance}"));
        self.tell(Event::Cancel { instance, reason: "by hand".to_owned() })
    }

    /// Tells the engine something, and begins what it wants done; it may crash before or behind.
    pub(super) fn tell(&mut self, event: Event) -> Result<(), Violation> {
        let crashes = self.has(Fault::Crash) && self.streams.crash.one_in(self.plan.crash_in);
        let before = crashes && self.streams.crash.one_in(2);
        if before {
            return self.crash();
        }
        if let Event::Loaded { read, .. } | Event::Queried { read, .. } = &event
            && self.reads.remove(read).is_some_and(|landings| landings < self.landings)
        {
            self.coverage.count("read answered after a batch has landed");
        }
        let now = self.now();
        self.told = now.0;
        self.engine.handle(now, event);
        self.look_at_locks()?;
        if crashes && self.streams.crash.one_in(2) {
            return self.crash();
        }
        self.settle()?;
        if crashes { self.crash() } else { Ok(()) }
    }

    pub(super) fn say(&mut self, what: impl FnOnce() -> String) {
        self.story.say(self.time - BEGAN, what);
    }
}
