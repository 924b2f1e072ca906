//! Breaking: somebody takes a lock away from its holder, and says why.
//!
//! Invariants:
//!
//! * The holder loses the lock as by its hold timeout: its uncommitted changes are dropped, and what
//!   it tells the store later under the void token is refused.
//! * A commit that the store is judging came first: before a break, a hold timeout, a cancel, and the
//!   timeout of the activity. They take effect when the instance waits or commits again, if they
//!   concern it still: one that has ended meanwhile, or given the lock back, is not told to have
//!   failed although its changes are durable.
//! * Whoever breaks is told so when it is durable; the reason stands in the holder's journal.

use std::sync::Arc;

use super::Engine;
use crate::event::{BreakLock, Effect, RequestId};
use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId};
use crate::instance::seldom::Seldom;
use crate::instance::{Instance, Phase};
use crate::planted::Bug;
use crate::run::locking::Cause;
use crate::world::World;

/// The loss of a lock that waits for the store's judgement.
#[derive(Clone, Debug)]
pub(crate) struct Break {
    /// Who is to be told; nobody of a hold timeout.
    request: Option<RequestId>,
    token: FencingToken,
    cause: Cause,
    /// Whether the lock was taken away.
    is_done: bool,
}

/// A break that some holders are not told of yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    /// How many holders the store is judging.
    left: usize,
    /// Whether the lock was taken away from anybody.
    is_done: bool,
}

impl Instance {
    /// Has a lock taken away behind the commit that the store is judging.
    pub(crate) fn lose_later(
        &mut self,
        request: Option<RequestId>,
        token: FencingToken,
        cause: Cause,
    ) {
        let lost = Break { request, token, cause, is_done: false };
        self.seldom_mut().breaking.push(lost);
    }

    /// Takes away what was to be lost behind the last commit and is held still; returns what the
    /// instance is to fail with over that, or over a cancel or timeout that came meanwhile.
    pub(crate) fn ends_late(&mut self, world: &mut World) -> Option<Box<Failure>> {
        if self.activity_until.is_some_and(|until| until <= world.now) {
            self.fail_with(overdue());
        }
        if let Some(seldom) = &mut self.seldom {
            let (late, mut breaks) = (seldom.late.take(), std::mem::take(&mut seldom.breaking));
            if let Some(failure) = late {
                self.fail_with(*failure);
            }
            for lost in &mut breaks {
                if self.held.iter().any(|held| held.token == lost.token) {
                    if !world.planted.is(Bug::BreakForgotten) {
                        self.lose(lost.token, &lost.cause, world);
                    }
                    lost.is_done = true;
                }
            }
            self.seldom_mut().breaking = breaks;
        }
        self.failed.take()
    }
}

/// Returns the error of an activity that has taken too long.
pub(super) fn overdue() -> Failure {
    Failure::new("activity.timeout", "the activity has taken too long")
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
        let mut pending = Pending { left: 0, is_done: false };
        for (owner, token) in holds {
            if let Some(instance) = self.instances.get_mut(&owner) {
                if matches!(instance.strand.phase, Phase::Committing) {
                    instance.lose_later(Some(request), token, cause.clone());
                    pending.left += 1;
                } else {
                    self.take_away(owner, token, &cause);
                    pending.is_done = true;
                }
            } else {
                self.world.end_client_lock(owner, &cause);
                pending.is_done = true;
            }
        }
        if pending.left == 0 {
            self.tell_broken(request);
        } else {
            self.breaks.insert(request, pending);
        }
    }

    /// Has an instance that waits lose, or fail over, what came behind its last commit.
    pub(super) fn take_breaks(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if matches!(instance.strand.phase, Phase::Committing) {
            return;
        }
        let is_late = |seldom: &Seldom| seldom.late.is_some() || !seldom.breaking.is_empty();
        if !instance.seldom.as_deref().is_some_and(is_late) {
            return;
        }
        if let Some(failure) = instance.ends_late(&mut self.world) {
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
            let Some(request) = request else { continue };
            let Some(pending) = self.breaks.get_mut(&request) else { continue };
            pending.left -= 1;
            pending.is_done |= is_done;
            let Pending { left: 0, is_done } = *pending else { continue };
            self.breaks.remove(&request);
            if is_done {
                self.tell_broken(request);
            } else {
                let message = "the lock was given back before it could be broken";
                let result = Err(Failure::new("data.not_found", message));
                self.world.outbox.effects.push(Effect::LockChanged { request, result });
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
