//! Breaking: somebody takes a lock away from its holder, and says why.
//!
//! Invariants:
//!
//! * The holder loses the lock as by its hold timeout: its uncommitted changes are dropped, and what
//!   it tells the store later under the void token is refused.
//! * A commit that the store is judging came first, before a break as before the hold timeout. The
//!   lock is taken away when the instance waits or commits again, if it holds it still: whoever gave
//!   it back behind that commit has done well, and nobody is told that it failed.
//! * Whoever breaks is told so when it is durable; the reason stands in the holder's journal.

use std::sync::Arc;

use super::Engine;
use crate::event::{BreakLock, Effect, RequestId};
use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId};
use crate::instance::{Instance, Phase};
use crate::planted::Bug;
use crate::run::locking::Cause;
use crate::world::World;

/// The loss of a lock that waits for the store's judgement.
#[derive(Clone, Debug)]
pub(crate) struct Break {
    /// Who is to be told, unless somebody else tells.
    request: Option<RequestId>,
    token: FencingToken,
    cause: Cause,
    /// Whether the lock was taken away.
    is_done: bool,
}

impl Instance {
    /// Has a lock taken away behind the commit that the store is judging.
    pub(crate) fn lose_later(&mut self, token: FencingToken, cause: Cause) {
        let lost = Break { request: None, token, cause, is_done: false };
        self.seldom_mut().breaking.push(lost);
    }

    /// Takes away what was to be lost behind the last commit and is held still; returns what the
    /// instance is to fail with.
    pub(crate) fn lose_broken(&mut self, world: &mut World) -> Option<Box<Failure>> {
        let breaking = self.seldom.as_mut().map(|seldom| &mut seldom.breaking);
        let mut breaks = std::mem::take(breaking.filter(|breaking| !breaking.is_empty())?);
        for lost in &mut breaks {
            if self.held.iter().any(|held| held.token == lost.token) {
                if !world.planted.is(Bug::BreakForgotten) {
                    self.lose(lost.token, &lost.cause, world);
                }
                lost.is_done = true;
            }
        }
        self.seldom_mut().breaking = breaks;
        self.failed.take()
    }
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
                    instance.lose_later(token, cause.clone());
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

    /// Takes away, of an instance that waits, what was to be lost behind its last commit.
    pub(super) fn take_breaks(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if matches!(instance.strand.phase, Phase::Committing) {
            return;
        }
        if let Some(failure) = instance.lose_broken(&mut self.world) {
            instance.failed = Some(failure);
            instance.flush(&mut self.world);
            self.world.runnable.push_back(id);
        }
        let breaks = instance.seldom.as_mut().map(|seldom| std::mem::take(&mut seldom.breaking));
        self.tell_breaks(breaks.unwrap_or_default());
    }

    /// Tells those who wanted to break locks what became of it.
    pub(super) fn tell_breaks(&mut self, breaks: Vec<Break>) {
        for Break { request, is_done, .. } in breaks {
            match request {
                Some(request) if is_done => self.tell_broken(request),
                Some(request) => {
                    let message = "the lock was given back before it could be broken";
                    let result = Err(Failure::new("data.not_found", message));
                    self.world.outbox.effects.push(Effect::LockChanged { request, result });
                }
                None => {}
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
