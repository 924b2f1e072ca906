//! Clients that hold locks, and whoever breaks locks: the driver's part of it.
//!
//! A client comes, waits, does with its lock what its plan says, and goes. It outlives the engine;
//! what it had asked for when the engine ended it is never told.
//!
//! Invariants:
//!
//! * Each request has a number of its own, each lock an identity of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{
    BreakLock, ClientLock, Event, Failure, FencingToken, InstanceId, LockRequest, RequestId, Time,
};
use lockstep_definition::LockMode;
use lockstep_expr::Value;
use uuid::Uuid;

use super::{Todo, Trial};
use crate::fault::law::{Violation, is_committing};
use crate::fault::plan::{Manner, PlannedClient};

/// The bit that tells the identity of a client's lock from that of an instance.
const CLIENT: u128 = 1 << 127;

/// How often a client renews its lock.
const RENEWALS: u32 = 3;

/// What a client does with its lock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// It renews it; so many times are left.
    Renew(u32),
    Release,
    /// It gives back what it does not hold, or not any more.
    ReleaseWrongly,
}

/// What somebody has asked for.
#[derive(Debug)]
enum Asked {
    Lock(InstanceId),
    Renewal(InstanceId, Time),
    Release(InstanceId),
    /// Something that must be refused; the situation that this is.
    Refusal(&'static str),
    /// A break, and whether the store was judging a commit of a holder.
    Break {
        holds: Vec<(InstanceId, FencingToken)>,
        reason: Arc<str>,
        judged: bool,
    },
}

/// A client and its lock.
#[derive(Debug)]
struct Client {
    planned: PlannedClient,
    held: Option<ClientLock>,
    /// When its time is over, as the engine knows; `None` from a restart to the next renewal.
    until: Option<Time>,
}

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    all: BTreeMap<InstanceId, Client>,
    asked: BTreeMap<RequestId, Asked>,
}

impl Clients {
    /// Forgets what the engine was asked for when it ended, and what came of it.
    pub(super) fn forget_requests(&mut self) {
        self.asked.clear();
        for client in self.all.values_mut() {
            client.until = None;
        }
    }
}

impl Trial<'_> {
    fn request(&mut self, asked: Asked) -> RequestId {
        self.issued += 1;
        self.clients.asked.insert(self.issued, asked);
        self.issued
    }

    /// A client comes for its lock.
    pub(super) fn come(&mut self, index: usize) -> Result<(), Violation> {
        let Some(planned) = self.plan.clients.get(index).cloned() else { return Ok(()) };
        let number = u128::try_from(index).unwrap_or(0) + 1;
        let lock = InstanceId(Uuid::from_u128(CLIENT | number << 64));
        let keys = planned.keys.iter().map(|key| Value::from(format!("k{key}")));
        let mut keys: Vec<Value> = keys.collect();
        let context = if keys.len() == 1 { keys.pop() } else { None };
        let context = context.unwrap_or_else(|| Value::List(Arc::new(keys)));
        self.say(|| format!("a client asks for {context} as {lock}: {planned:?}"));
        let request = self.request(Asked::Lock(lock));
        let asked = LockRequest {
            request,
            lock,
            context,
            mode: if planned.shared { LockMode::Shared } else { LockMode::Exclusive },
            owner: "somebody".into(),
            note: "".into(),
            taker: None,
            waiting_timeout: Duration::from_micros(planned.waiting),
            time_to_live: Duration::from_micros(planned.living),
        };
        self.clients.all.insert(lock, Client { planned, held: None, until: None });
        self.tell(Event::Lock(asked))
    }

    /// Returns a client that waits for its lock, if there is one.
    pub(super) fn somebody_outside(&mut self) -> Option<InstanceId> {
        let waiting = self
            .clients
            .asked
            .values()
            .filter_map(|asked| if let Asked::Lock(lock) = asked { Some(*lock) } else { None });
        let waiting: Vec<InstanceId> = waiting.collect();
        (!waiting.is_empty()).then(|| self.streams.pick.pick(&waiting))
    }

    /// A client is told what became of its request for a lock.
    pub(super) fn locked(
        &mut self,
        request: RequestId,
        result: Result<ClientLock, Failure>,
    ) -> Result<(), Violation> {
        self.say(|| format!("the client of request {request} is told {result:?}"));
        let Some(Asked::Lock(lock)) = self.clients.asked.remove(&request) else {
            return Violation::of("client-lock", format!("request {request} is answered twice"));
        };
        let held = match result {
            Ok(held) => held,
            Err(failure) => {
                self.coverage.count(match &*failure.code {
                    "lock.busy" => "client found its lock busy",
                    "lock.waiting_timeout" => "client waited too long",
                    "cancelled" => "client's wait cancelled",
                    code => {
                        let text = format!("the client of {lock} is told {code}");
                        return Violation::of("error-without-cause", text);
                    }
                });
                return Ok(());
            }
        };
        self.coverage.count("client got its lock");
        self.laws.client_has(lock, &held, &self.memory)?;
        let Some(client) = self.clients.all.get_mut(&lock) else { return Ok(()) };
        client.until = Some(held.until);
        client.held = Some(held);
        let pause = client.planned.pause;
        let first = match client.planned.manner {
            Manner::Releases | Manner::ReleasesTwice => Act::Release,
            Manner::Renews => Act::Renew(RENEWALS),
            Manner::Errs => Act::ReleaseWrongly,
            Manner::Forgets => return Ok(()),
        };
        self.schedule(pause, None, Todo::Act(lock, first));
        Ok(())
    }

    /// A client does something with its lock.
    pub(super) fn act(&mut self, lock: InstanceId, act: Act) -> Result<(), Violation> {
        let Some(client) = self.clients.all.get(&lock) else { return Ok(()) };
        let Some(held) = client.held.clone() else { return Ok(()) };
        let (token, planned) = (held.token, client.planned.clone());
        let until = client.until.or_else(|| self.laws.lives_until(lock));
        let is_held = self.laws.holds(lock, token);
        self.say(|| format!("the client of {lock}: {act:?}, holds it: {is_held}"));
        let again = |trial: &mut Self, act| {
            trial.schedule(planned.pause, None, Todo::Act(lock, act));
        };
        match act {
            Act::Renew(left) => {
                let next = if left > 1 { Act::Renew(left - 1) } else { Act::Release };
                again(self, next);
                let time_to_live = Duration::from_micros(planned.living);
                let now = self.now();
                let asked = if is_held && until.is_some_and(|until| now < until) {
                    let until = now.after(time_to_live);
                    if let Some(client) = self.clients.all.get_mut(&lock) {
                        client.until = Some(until);
                    }
                    Asked::Renewal(lock, until)
                } else {
                    Asked::Refusal("late renewal of a client refused")
                };
                let request = self.request(asked);
                self.tell(Event::RenewLock { request, lock, token, time_to_live })
            }
            Act::Release => {
                if planned.manner == Manner::ReleasesTwice {
                    again(self, Act::ReleaseWrongly);
                }
                self.let_go(lock, token, is_held)
            }
            Act::ReleaseWrongly => {
                if planned.manner == Manner::Errs && is_held {
                    again(self, Act::Release);
                }
                let wrong = if is_held { token + 1 } else { token };
                self.let_go(lock, wrong, false)
            }
        }
    }

    fn let_go(
        &mut self,
        lock: InstanceId,
        token: FencingToken,
        is_held: bool,
    ) -> Result<(), Violation> {
        let asked = if is_held {
            Asked::Release(lock)
        } else {
            Asked::Refusal("late or wrong release of a client refused")
        };
        let request = self.request(asked);
        if is_held {
            return self.tell(Event::ReleaseLock { request, lock, token });
        }
        // Whoever holds the lock by now keeps it, unless something else happens at this moment.
        let life = self.life;
        let quiet = self.engine.next_deadline().is_none_or(|deadline| deadline > self.now());
        let before = self.laws.tokens();
        self.tell(Event::ReleaseLock { request, lock, token })?;
        if quiet && life == self.life && before != self.laws.tokens() {
            let text = format!("a release of {lock} under {token}, which is void, changed a lock");
            return Violation::of("late-release", text);
        }
        Ok(())
    }

    /// Somebody takes a lock away from its holder.
    pub(super) fn break_lock(&mut self) -> Result<(), Violation> {
        let held = self.laws.held();
        let by: Arc<str> = "operator".into();
        let chosen = self.streams.pick.index(held.len());
        let Some((key, _, token)) = held.get(chosen).cloned() else {
            let request = self.request(Asked::Refusal("break of what nobody holds refused"));
            let (key, reason) = ("\"k0\"".into(), "none".into());
            let asked = BreakLock { request, key, token: None, by, reason };
            return self.tell(Event::BreakLock(asked));
        };
        let token = self.streams.pick.one_in(2).then_some(token);
        let broken = held
            .iter()
            .filter(|(other, _, of)| *other == key && token.is_none_or(|token| token == *of));
        let broken: Vec<(InstanceId, FencingToken)> =
            broken.map(|(_, who, token)| (*who, *token)).collect();
        let judged = broken.iter().any(|(who, _)| {
            self.engine.explain(*who).is_some_and(|explained| is_committing(&explained))
        });
        if judged {
            self.coverage.count("break while the store judges a commit");
        }
        let reason: Arc<str> = format!("reason {}", self.issued).into();
        self.say(|| format!("{key} is broken under {token:?}: {broken:?}"));
        let request =
            self.request(Asked::Break { holds: broken, reason: Arc::clone(&reason), judged });
        self.tell(Event::BreakLock(BreakLock { request, key, token, by, reason }))
    }

    /// Somebody is told what became of a renewal, a release or a break.
    pub(super) fn lock_changed(
        &mut self,
        request: RequestId,
        result: Result<(), Failure>,
    ) -> Result<(), Violation> {
        self.say(|| format!("request {request} is answered {result:?}"));
        let Some(asked) = self.clients.asked.remove(&request) else {
            return Violation::of("client-lock", format!("request {request} is answered twice"));
        };
        match (asked, result) {
            (Asked::Refusal(situation), Err(_)) => {
                self.coverage.count(situation);
                Ok(())
            }
            (Asked::Renewal(lock, until), Ok(())) => self.laws.client_renewed(lock, until),
            (Asked::Release(lock), Ok(())) => self.laws.client_released(lock, &self.memory),
            (Asked::Break { holds, reason, .. }, Ok(())) => {
                self.laws.broken(&holds, &reason, &self.memory)
            }
            (Asked::Break { judged: true, .. }, Err(_)) => {
                self.coverage.count("break refused: a commit came first");
                Ok(())
            }
            (asked, result) => {
                let text = format!("{asked:?} is answered {result:?}");
                Violation::of("client-lock", text)
            }
        }
    }

    /// Looks at all locks as the engine tells of them.
    pub(super) fn look_at_locks(&mut self) -> Result<(), Violation> {
        self.laws.look_at_locks(&self.engine, Time(self.told), self.workload, self.coverage)
    }
}
