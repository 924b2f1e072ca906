//! Effects: what the engine wants done outside.

use lockstep_core::{CallId, CallRequest, Effect, Event, Failure, RequestId};

use super::storing::pause;
use super::{Fault, Look, Todo, Trial};
use crate::fault::law::{Violation, imported};

impl Trial<'_> {
    /// Begins all that the engine wants done.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        for effect in self.engine.take_effects() {
            self.carry_out(effect)?;
        }
        self.offer_soon();
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::Load { read, key, .. } => {
                self.look_soon(Look::Object(read, key), read);
                Ok(())
            }
            Effect::Query { read, entity, .. } => {
                self.look_soon(Look::Entity(read, entity), read);
                Ok(())
            }
            Effect::Call { call, request } => self.call(call, request),
            Effect::CancelCall { call } => {
                if let Some(under_way) = self.calls.get_mut(&call) {
                    under_way.1 = true;
                }
                self.say(|| format!("call {call} is cancelled"));
                Ok(())
            }
            Effect::Accepted { instance } => {
                self.say(|| format!("{instance} is accepted"));
                self.coverage.count("start accepted before its end");
                self.laws.accepted(instance, &self.memory)
            }
            Effect::Answer { instance, result } => {
                self.say(|| format!("{instance} answers {result:?}"));
                self.laws.answered(instance, &result, &self.memory)
            }
            Effect::Reported { request, result } => {
                self.say(|| format!("report {request}: {result:?}"));
                self.reported(request, &result);
                Ok(())
            }
            Effect::Signalled { request, result } => {
                self.say(|| format!("signal {request}: {result:?}"));
                let Some(instance) = self.signals.remove(&request) else { return Ok(()) };
                if result.is_err() {
                    self.coverage.count("signal refused");
                    return Ok(());
                }
                self.coverage.count("signal kept");
                self.laws.signalled(instance, &format!("s{request}"))
            }
            Effect::Rejected { instance, failure } => {
                Violation::of("start", format!("{instance} is rejected: {failure:?}"))
            }
            Effect::Imported { result } => {
                if self.imports.is_empty() {
                    return Violation::of("import", "one too many is answered".to_owned());
                }
                let asked = self.imports.remove(0);
                imported(&result, asked)
            }
            Effect::Written { request, result } => self.written(request, &result),
            Effect::Locked { request, result } => self.locked(request, result),
            Effect::LockChanged { request, result } => self.lock_changed(request, result),
            Effect::Diverged { number, refusal } => {
                Violation::of("never-diverged", format!("{number}: {refusal}"))
            }
        }
    }

    fn look_soon(&mut self, look: Look, read: u64) {
        self.reads.insert(read, self.landings);
        let slow = self.has(Fault::SlowRead);
        let pause = pause(&mut self.streams.read, slow);
        self.schedule_here(pause, Todo::Look(look));
    }

    /// Sends a call; it arrives a while later, whatever becomes of the engine.
    fn call(&mut self, call: CallId, request: Box<CallRequest>) -> Result<(), Violation> {
        self.laws.called(&request, &self.memory)?;
        self.outside.sent(&request)?;
        self.say(|| {
            format!("call {call}: {} attempt {}", request.idempotency_key, request.attempt)
        });
        self.calls.insert(call, (request.instance, false));
        let limit = i64::try_from(request.timeout.as_micros()).unwrap_or(i64::MAX);
        let late = self.has(Fault::CallLate);
        let takes = if late && self.streams.call.one_in(3) {
            self.streams.call.between(0, limit)
        } else {
            pause(&mut self.streams.call, late)
        };
        // The driver gives up at the timeout, the network does not.
        let result = Err(Failure::new("task.timeout", "no answer"));
        let event = Event::Returned { call, result };
        self.schedule_here(limit, Todo::Return(call, Box::new(event)));
        let life = self.life;
        self.schedule(takes, None, Todo::Arrive(life, call, request));
        Ok(())
    }

    /// A call arrives where it was sent.
    pub(super) fn arrive(&mut self, life: u64, call: CallId, request: &CallRequest) {
        let said = self.outside.arrived(request);
        if said.outdated {
            self.coverage.count("call refused for its outdated token");
        }
        if life != self.life {
            self.coverage.count("call arrives after its engine is gone");
            return;
        }
        if self.has(Fault::CallHang) && self.streams.call.one_in(3) {
            self.coverage.count("call hangs until its timeout");
            return;
        }
        let fails = self.has(Fault::CallError) && self.streams.call.one_in(3);
        let result = if fails { Err(Failure::new("task.failed", "no luck")) } else { said.result };
        let late = self.has(Fault::CallLate);
        let takes = pause(&mut self.streams.call, late);
        if self.has(Fault::CallTwice) && self.streams.call.one_in(3) {
            self.coverage.count("call answered twice");
            let event = Event::Returned { call, result: result.clone() };
            self.schedule_here(takes + 700, Todo::Tell(Box::new(event)));
        }
        // Half of them are done by workers, half by functions of the embedding program.
        let event = if call.is_multiple_of(2) {
            if result.is_ok() {
                self.reports.insert(call, request.idempotency_key.clone());
            }
            Event::Reported { request: call, call, result }
        } else {
            Event::Returned { call, result }
        };
        self.schedule_here(takes, Todo::Return(call, Box::new(event)));
    }

    /// A worker is told what became of its result.
    fn reported(&mut self, request: RequestId, result: &Result<(), Failure>) {
        match (self.reports.remove(&request), result) {
            (Some(key), Ok(())) => {
                self.coverage.count("result of a worker taken");
                self.laws.reported(key);
            }
            (_, Err(_)) => self.coverage.count("result of a worker came late"),
            (None, Ok(())) => {}
        }
    }

    /// An answer comes back; of a call that was cancelled, only now and then.
    pub(super) fn come_back(&mut self, call: CallId, event: Event) -> Result<(), Violation> {
        let Some((_, cancelled)) = self.calls.remove(&call) else { return Ok(()) };
        if cancelled {
            if !self.has(Fault::CallTwice) {
                return Ok(());
            }
            self.coverage.count("call answered after it was cancelled");
        }
        self.tell(event)
    }
}
