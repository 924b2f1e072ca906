//! Breaking: somebody takes a lock away from its holder, and says why.
//!
//! Invariants:
//!
//! * The holder loses the lock as by its hold timeout: its uncommitted changes are dropped, and what
//!   it tells the store later under the void token is refused.
//! * A commit that the store is judging came first: the break takes effect when it has answered.
//! * Whoever breaks is told so when it is durable; the reason stands in the holder's journal.

use std::sync::Arc;

use super::Engine;
use crate::event::{BreakLock, Effect, RequestId};
use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId};
use crate::instance::Phase;
use crate::run::locking::Cause;

/// A break that waits for the store's judgement.
#[derive(Clone, Debug)]
pub(crate) struct Break {
    /// Who is to be told, unless somebody else tells.
    request: Option<RequestId>,
    token: FencingToken,
    cause: Cause,
}

impl Engine {
    /// Takes a lock away from those who hold it.
    pub(super) fn break_lock(&mut self, asked: BreakLock) {
        let BreakLock { request, key, token, by, reason } = asked;
        let wanted = |held: FencingToken| token.is_none_or(|token| token == held);
        let holds = self.world.locks.holds(&key).iter().filter(|hold| wanted(hold.token));
        let holds: Vec<(InstanceId, FencingToken)> =
            holds.map(|hold| (hold.owner, hold.token)).collect();
        if holds.is_empty() {
            let message = match token {
                None => format!("nobody holds the lock {key}"),
                Some(token) => format!("nobody holds the lock {key} under the token {token}"),
            };
            let result = Err(Failure::new("data.not_found", message));
            return self.world.outbox.effects.push(Effect::LockChanged { request, result });
        }
        let cause = Cause::Broken { by: Arc::clone(&by), reason: Arc::clone(&reason) };
        let mut judged = None;
        for (owner, token) in holds {
            if let Some(instance) = self.instances.get_mut(&owner) {
                if matches!(instance.strand.phase, Phase::Committing) {
                    let cause = cause.clone();
                    instance.seldom_mut().breaking.push(Break { request: None, token, cause });
                    judged = Some(owner);
                } else {
                    self.take_away(owner, token, &cause);
                }
            } else {
                self.world.end_client_lock(owner, &cause);
            }
        }
        let last = judged.and_then(|owner| self.instances.get_mut(&owner));
        let last = last.and_then(|instance| instance.seldom_mut().breaking.last_mut());
        match last {
            Some(last) => last.request = Some(request),
            None => self.tell_broken(request),
        }
    }

    /// Carries out the breaks that came while the store judged a commit.
    pub(crate) fn take_breaks(&mut self, id: InstanceId) {
        let seldom = self.instances.get_mut(&id).and_then(|instance| instance.seldom.as_mut());
        let breaks = seldom.map(|seldom| std::mem::take(&mut seldom.breaking));
        for Break { request, token, cause } in breaks.unwrap_or_default() {
            self.take_away(id, token, &cause);
            if let Some(request) = request {
                self.tell_broken(request);
            }
        }
    }

    fn take_away(&mut self, id: InstanceId, token: FencingToken, cause: &Cause) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.lose(token, cause, &mut self.world);
        instance.flush(&mut self.world);
        self.world.runnable.push_back(id);
    }

    fn tell_broken(&mut self, request: RequestId) {
        let effect = Effect::LockChanged { request, result: Ok(()) };
        self.world.outbox.when_durable(effect);
    }
}
