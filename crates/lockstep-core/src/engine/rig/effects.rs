//! Effects of the engine, carried out at once or told.

use super::{Rig, short};
use crate::event::{Effect, Event};
use crate::{CallTarget, Failure};

impl Rig {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Load { .. } if self.blind => {}
            Effect::Load { read, key, .. } => {
                let result = Ok(self.objects.get(&key).cloned());
                self.engine.handle(self.now, Event::Loaded { read, key, result });
            }
            Effect::Query { read, entity, .. } => {
                let of = self.objects.values().filter(|object| object.key.entity == entity);
                let result = Ok(of.cloned().collect());
                self.engine.handle(self.now, Event::Queried { read, result });
            }
            Effect::Call { call, request } => {
                let what = match &request.target {
                    CallTarget::Http { method, url, headers, .. } => {
                        let headers: Vec<String> = headers
                            .iter()
                            .map(|(name, parts)| format!(" {name}={parts:?}"))
                            .collect();
                        format!("{method} {url}{}", headers.concat())
                    }
                    CallTarget::Exec { program, .. } => format!("exec {program}"),
                    CallTarget::Task { kind, input } => format!("task {kind} {input}"),
                };
                let token = request.fencing_token.map_or("-".to_owned(), short);
                let (_, number) =
                    request.idempotency_key.rsplit_once(':').expect("instance:number");
                self.calls.insert(call, (request.instance, number.to_owned()));
                let who = self.name(request.instance);
                self.say(&format!(
                    "{who} calls {what}, call {number} attempt {}, token {token}",
                    request.attempt
                ));
            }
            Effect::CancelCall { call } => {
                if let Some((of, number)) = self.calls.remove(&call) {
                    self.cancelled.insert(call, (of, number.clone()));
                    self.say(&format!("{}'s call {number} is cancelled", self.name(of)));
                }
            }
            Effect::Reported { request, result } => self.reported(request, result),
            Effect::Signalled { request, result: Ok(()) } => {
                self.say(&format!("signal {request} is kept"));
            }
            Effect::Signalled { request, result: Err(failure) } => {
                let why = self.named(&failure.message);
                self.say(&format!("signal {request} is refused: {}: {why}", failure.code));
            }
            Effect::Answer { instance, result } => match result {
                Ok(output) => {
                    let output = self.named(&output.to_string());
                    self.say(&format!("{} done: {output}", self.name(instance)));
                }
                Err(failure) => {
                    let (code, why) = (&failure.code, self.named(&failure.message));
                    self.say(&format!("{} failed: {code}: {why}", self.name(instance)));
                }
            },
            // Held by a law of the simulation; here it would stand behind nearly every line.
            Effect::Accepted { .. } => {}
            Effect::Rejected { instance, failure } => {
                self.say(&format!("{} rejected: {}", self.name(instance), failure.message));
            }
            Effect::Locked { request, result } => self.locked(request, result),
            Effect::LockChanged { request, result } => self.lock_changed(request, result),
            Effect::Written { request, result } => self.written(request, result),
            Effect::Imported { result } => self.say(&format!("imported {result:?}")),
            Effect::Diverged { number, refusal } => {
                panic!("the store refused what the core had judged: {number} {refusal}")
            }
        }
    }

    fn reported(&mut self, request: u64, result: Result<(), Failure>) {
        let became = result.err().map_or("taken".into(), |failure| failure.code);
        self.say(&format!("report {request}: {became}"));
    }
}
