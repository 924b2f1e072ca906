//! The steps `http` and `exec`: calls that leave the engine.
//!
//! Invariants:
//!
//! * A call is made only after the state from which it is made is durable, its number and attempt
//!   included: after a crash the same call is made again under the same idempotency key, with a
//!   higher attempt.
//! * The result of a call that was cancelled is never seen.

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{Activity, Operation, Payload, Step};
use lockstep_expr::Value;

use super::Done;
use crate::event::{CallRequest, CallTarget, Effect};
use crate::failure::Failure;
use crate::instance::{Arrived, Instance, Phase};
use crate::journal::Happening;
use crate::payload;
use crate::retry;
use crate::world::World;

/// Longest duration of an attempt of a call whose step names none.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Instance {
    pub(super) fn call(
        &mut self,
        activity: &Activity,
        step: &Step,
        world: &mut World,
    ) -> Result<Done, Failure> {
        if let Some(Arrived::Call(result)) = self.arrived.take().map(|arrived| *arrived) {
            return self.returned(step, result, world);
        }
        let target = self.target(&step.operation, world)?;
        if self.call_attempts == 0 {
            self.calls += 1;
        }
        self.call_attempts += 1;
        let idempotency_key = self.idempotency_key();
        let attempt = self.call_attempts;
        self.note(world.now, Happening::Called { key: idempotency_key.clone(), attempt });
        self.flush(world);
        let call = world.new_call(self.id);
        let request = CallRequest {
            instance: self.id,
            activity: Arc::clone(&activity.name),
            idempotency_key,
            attempt,
            fencing_token: self.held.last().map(|held| held.token),
            timeout: step.timeout.unwrap_or(DEFAULT_TIMEOUT),
            target,
        };
        world.outbox.when_durable(Effect::Call { call, request: Box::new(request) });
        self.phase = Phase::Calling(call);
        Ok(Done::Wait)
    }

    fn returned(
        &mut self,
        step: &Step,
        result: Result<Value, Failure>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let error = result.as_ref().err().map(|failure| failure.code.to_string());
        self.note(world.now, Happening::Returned { key: self.idempotency_key(), error });
        match result {
            Ok(value) => {
                self.call_attempts = 0;
                Ok(Done::With(value))
            }
            Err(failure) => {
                let pause = step
                    .retry
                    .as_ref()
                    .and_then(|policy| retry::pause(policy, self.call_attempts, &failure.code));
                let Some(pause) = pause else {
                    self.call_attempts = 0;
                    return Err(failure);
                };
                self.phase = Phase::BackingOff(world.now.after(pause));
                Ok(Done::Wait)
            }
        }
    }

    fn idempotency_key(&self) -> String {
        format!("{}:{}", self.id, self.calls)
    }

    fn target(&self, operation: &Operation, world: &World) -> Result<CallTarget, Failure> {
        let scope = self.scope(world.now);
        let texts = |payloads: &[(Arc<str>, Payload)]| -> Result<Vec<(String, String)>, Failure> {
            payloads
                .iter()
                .map(|(name, value)| {
                    Ok((name.to_string(), payload::text(value, name, &scope)?.to_string()))
                })
                .collect()
        };
        let value = |payload: &Option<Payload>| {
            payload.as_ref().map(|payload| payload::evaluate(payload, &scope)).transpose()
        };
        match operation {
            Operation::Http { method, url, headers, body } => Ok(CallTarget::Http {
                method: Arc::clone(method),
                url: payload::text(url, "the url", &scope)?.to_string(),
                headers: texts(headers)?,
                body: value(body)?,
            }),
            Operation::Exec { program, args, input, env } => {
                let args: Result<Vec<String>, Failure> = args
                    .iter()
                    .map(|arg| Ok(payload::text(arg, "an argument", &scope)?.to_string()))
                    .collect();
                let (input, env) = (value(input)?, texts(env)?);
                Ok(CallTarget::Exec { program: Arc::clone(program), args: args?, input, env })
            }
            Operation::Load { .. }
            | Operation::Find { .. }
            | Operation::Create { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Set(_)
            | Operation::Require { .. }
            | Operation::Raise(_)
            | Operation::Commit
            | Operation::Log(_)
            | Operation::Task { .. }
            | Operation::Wait(_)
            | Operation::Workflow { .. }
            | Operation::ForEach(_)
            | Operation::Parallel(_)
            | Operation::Stop(_) => unreachable!("only outside calls have a target"),
        }
    }
}
