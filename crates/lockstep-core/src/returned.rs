//! Returned: outside calls come back.
//!
//! Invariants:
//!
//! * A result that nobody waits for (of a call that was cancelled, or has come back) changes nothing.
//! * A worker is told that its result was taken only when that is durable: the call is not made again
//!   from there on, whatever crashes.
//!
//! Absent by design: a result that must wait until the store has judged a commit, as a signal must.
//! A commit has no calls beside it.

use lockstep_expr::Value;

use crate::codec;
use crate::engine::Engine;
use crate::event::{CallId, Effect, RequestId};
use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::{Arrived, Phase, Strand};
use crate::planted::Bug;

impl Engine {
    /// Takes the result of a call; returns the instance that waited for it, if one did.
    pub(crate) fn returned(
        &mut self,
        call: CallId,
        result: Result<Value, Failure>,
    ) -> Option<InstanceId> {
        let result = result.and_then(kept).map_err(plain);
        let takes_any = self.world.planted.is(Bug::LateAnswerTaken);
        let calls = &mut self.world.calls;
        let caller = if takes_any { calls.get(&call).copied() } else { calls.remove(&call) };
        let wanted = |strand: &&mut Strand| {
            strand.phase.is_call(call) || (takes_any && matches!(strand.phase, Phase::Calling(_)))
        };
        let id = caller?;
        let instance = self.instances.get_mut(&id)?;
        let strand = instance.strands_mut().find(wanted)?;
        strand.wake(Some(Arrived::Call(result)), &mut self.world.timers);
        self.world.runnable.push_back(id);
        Some(id)
    }

    /// Takes the result that a worker reports.
    pub(crate) fn reported(
        &mut self,
        request: RequestId,
        call: CallId,
        result: Result<Value, Failure>,
    ) {
        let caller = self.returned(call, result);
        let Some(instance) = caller.and_then(|id| self.instances.get_mut(&id)) else {
            let message = "nobody waits for this result any more";
            let result = Err(Failure::new("task.lease_lost", message));
            return self.world.outbox.effects.push(Effect::Reported { request, result });
        };
        instance.flush(&mut self.world);
        self.world.outbox.when_durable(Effect::Reported { request, result: Ok(()) });
    }
}

/// Refuses a result that no state could hold.
fn kept(result: Value) -> Result<Value, Failure> {
    codec::check_depth(&result).map(|()| result)
}

/// Leaves details out that no state could hold.
fn plain(failure: Failure) -> Failure {
    if codec::check_depth(&failure.details).is_ok() {
        return failure;
    }
    Failure { details: Value::Null, ..failure }
}
