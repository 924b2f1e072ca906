//! The steps `http`, `exec` and `task`: calls that leave the engine.
//!
//! Invariants:
//!
//! * A call is made only after the state from which it is made is durable, its number and attempt
//!   included: after a crash the same call is made again under the same idempotency key, with a
//!   higher attempt.
//! * The result of a call that was cancelled is never seen.

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{Activity, Step};
use lockstep_expr::Value;

use super::Done;
use crate::event::Effect;
use crate::failure::Failure;
use crate::id::FencingToken;
use crate::instance::{Arrived, Instance, Phase};
use crate::journal::Happening;
use crate::outside::CallRequest;
use crate::planted::Bug;
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
        if let Some(Arrived::Call(result)) = self.strand.arrived.take().map(|arrived| *arrived) {
            return self.returned(step, result, world);
        }
        let target = self.target(&step.operation, world)?;
        if self.strand.call_attempts == 0 || world.planted.is(Bug::KeyPerAttempt) {
            self.calls += 1;
            self.strand.call = self.calls;
        }
        self.strand.call_attempts += 1;
        let idempotency_key = self.idempotency_key();
        let attempt = self.strand.call_attempts;
        self.note(world.now, Happening::Called { key: idempotency_key.clone(), attempt });
        self.flush(world);
        let call = world.new_call(self.id);
        let request = CallRequest {
            instance: self.id,
            workflow: Arc::clone(&self.workflow.name),
            activity: Arc::clone(&activity.name),
            idempotency_key,
            attempt,
            fencing_token: self.fencing_token(world),
            timeout: step.timeout.unwrap_or(DEFAULT_TIMEOUT),
            target,
        };
        world.outbox.when_durable(Effect::Call { call, request: Box::new(request) });
        self.strand.phase = Phase::Calling(call);
        Ok(Done::Wait)
    }

    /// Returns the token under which the outside may be changed.
    fn fencing_token(&self, world: &World) -> Option<FencingToken> {
        if world.planted.is(Bug::TokenOfLastLock) {
            return self.held.last().map(|held| held.token);
        }
        world.locks.fence(self.id, &self.ancestors())
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
                self.strand.call_attempts = 0;
                Ok(Done::With(value))
            }
            Err(failure) => {
                let pause = step
                    .retry
                    .as_ref()
                    .and_then(|policy| retry::pause(policy, self.strand.call_attempts, &failure));
                let Some(pause) = pause else {
                    self.strand.call_attempts = 0;
                    return Err(failure);
                };
                self.strand.phase = Phase::BackingOff(world.now.after(pause));
                Ok(Done::Wait)
            }
        }
    }

    fn idempotency_key(&self) -> String {
        format!("{}:{}", self.id, self.strand.call)
    }
}
