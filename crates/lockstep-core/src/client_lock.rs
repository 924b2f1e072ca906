//! Locks of clients: somebody outside holds a lock for as long as he says that he is there; a person
//! who edits a record, a script.
//!
//! A client's lock has an identity, drawn by the driver, and a journal under it.
//!
//! Invariants:
//!
//! * A client is told that it holds a lock when the rows of it are durable.
//! * Renewal and release name the token; under a void one nothing changes.
//! * A lock that is not renewed ends with its time to live, across restarts too.
//! * A client that waits is not written anywhere: its wait ends with the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{LockMode, LockScope};

use crate::engine::Engine;
use crate::event::{ClientLock, Effect, LockRequest, RequestId};
use crate::explain::HeldLock;
use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId, Ticket};
use crate::journal::{Entry, Happening};
use crate::lock::key::{self, shown};
use crate::lock::{Answer, Grant, Hold, Wish};
use crate::planted::Bug;
use crate::run::locking::{self, Cause};
use crate::time::Time;
use crate::timer::{Alarm, TimerKey};
use crate::transition::{LockRow, LockWrite, Origin};
use crate::world::World;

/// Locks that clients hold or wait for at once.
pub const MAX_CLIENT_LOCKS: usize = 100_000;

/// Longest name of an owner, in bytes.
pub const MAX_OWNER_BYTES: usize = 200;

/// Longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 1000;

/// Longest time to live.
pub const MAX_TIME_TO_LIVE: Duration = Duration::from_hours(30 * 24);

/// All locks of clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    locks: BTreeMap<InstanceId, Client>,
}

#[derive(Clone, Debug)]
struct Client {
    owner: Arc<str>,
    note: Arc<str>,
    taker: Option<Arc<str>>,
    keys: Arc<[Arc<str>]>,
    mode: LockMode,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Waiting {
        request: RequestId,
        since: Time,
        ticket: Ticket,
        time_to_live: Duration,
        timer: TimerKey,
    },
    /// Between the two, within one event.
    Granted,
    Held {
        token: FencingToken,
        since: Time,
        until: Time,
        timer: TimerKey,
    },
}

impl Clients {
    /// Returns who says to be behind a client's lock.
    pub(crate) fn owner(&self, lock: InstanceId) -> Option<Arc<str>> {
        self.locks.get(&lock).map(|client| Arc::clone(&client.owner))
    }

    /// Returns since when a client waits for its lock, and until when at the latest, if it does.
    pub(crate) fn waits(&self, lock: InstanceId) -> Option<(Time, Time)> {
        let Stage::Waiting { since, timer, .. } = self.locks.get(&lock)?.stage else { return None };
        Some((since, timer.at()))
    }

    /// Returns who says to be behind a client's lock, and what for.
    pub(crate) fn told(&self, lock: InstanceId) -> Option<(Arc<str>, Arc<str>)> {
        let client = self.locks.get(&lock)?;
        Some((Arc::clone(&client.owner), Arc::clone(&client.note)))
    }

    /// Returns a client's lock, if it is held.
    pub(crate) fn held(&self, lock: InstanceId) -> Option<HeldLock> {
        let client = self.locks.get(&lock)?;
        let Stage::Held { token, since, until, .. } = client.stage else { return None };
        let (keys, mode) = (Arc::clone(&client.keys), client.mode);
        Some(HeldLock { keys, context: None, token, mode, since, until, origin: client.origin() })
    }
}

impl Engine {
    /// Takes a request for a lock.
    pub(crate) fn lock_for_client(&mut self, asked: LockRequest) {
        let (request, lock) = (asked.request, asked.lock);
        let is_taken = self.instances.contains_key(&lock);
        if let Err(failure) = self.world.ask_for_client(asked, is_taken) {
            self.world.refuse_client(request, failure);
        }
    }
}

impl World {
    /// Returns who holds a lock, for people.
    pub(crate) fn holder(&self, owner: InstanceId) -> String {
        match self.clients.locks.get(&owner) {
            Some(client) => format!("client `{}` (lock {owner})", client.owner),
            None => format!("instance {owner}"),
        }
    }

    fn ask_for_client(&mut self, asked: LockRequest, is_taken: bool) -> Result<(), Failure> {
        let LockRequest { request, lock, mode, time_to_live, .. } = asked;
        let invalid = |message: String| Err(Failure::new("data.invalid", message));
        if asked.owner.is_empty() || asked.owner.len() > MAX_OWNER_BYTES {
            return invalid(format!("the owner of a lock has 1 to {MAX_OWNER_BYTES} bytes"));
        }
        if asked.note.len() > MAX_NOTE_BYTES {
            return invalid(format!("the note of a lock has at most {MAX_NOTE_BYTES} bytes"));
        }
        check_time_to_live(time_to_live)?;
        if is_taken || self.clients.locks.contains_key(&lock) {
            return Err(Failure::new("data.unique", "there is a lock with this id already"));
        }
        if self.clients.locks.len() >= MAX_CLIENT_LOCKS {
            let message = format!("clients have {MAX_CLIENT_LOCKS} locks at once already");
            return Err(Failure::new("lock.limit", message));
        }
        let keys = key::of(&asked.context, LockScope::System, "", "").map_err(|why| {
            let message = format!("{} cannot be locked: {why}", asked.context);
            Failure::new("lock.context", message)
        })?;
        let wish = Wish {
            owner: lock,
            keys: Arc::clone(&keys),
            mode,
            priority: 0,
            lineage: Arc::default(),
        };
        let now = self.now;
        let (owner, note, taker) = (asked.owner, asked.note, asked.taker);
        let client = |stage| Client { owner, note, taker, keys, mode, stage };
        match self.locks.request(&wish, now) {
            Answer::Granted(grant) => {
                self.clients.locks.insert(lock, client(Stage::Granted));
                self.hold_for_client(request, &grant, now, time_to_live);
            }
            Answer::Held(_) | Answer::Busy if asked.waiting_timeout.is_zero() => {
                return Err(locking::busy(&wish, self));
            }
            Answer::Held(_) | Answer::Busy => {
                let (ticket, granted) = self.locks.wait(wish, now);
                self.granted.extend(granted);
                let until = now.after(asked.waiting_timeout);
                let timer = self.timers.set(until, lock, Alarm::WaitingTimeout(ticket));
                let stage = Stage::Waiting { request, since: now, ticket, time_to_live, timer };
                self.clients.locks.insert(lock, client(stage));
            }
        }
        Ok(())
    }

    /// Takes note that a client has got what it waited for.
    pub(crate) fn client_granted(&mut self, grant: &Grant) {
        let client = self.clients.locks.get_mut(&grant.owner);
        let stage = client.map(|client| std::mem::replace(&mut client.stage, Stage::Granted));
        if let Some(Stage::Waiting { request, since, time_to_live, timer, .. }) = stage {
            self.timers.cancel(timer);
            self.hold_for_client(request, grant, since, time_to_live);
        } else {
            // Not reached as long as whoever ends leaves its queue; a lock is never lost over it.
            let (_, granted) = self.locks.release(&grant.keys, grant.token, self.now);
            self.granted.extend(granted);
        }
    }

    /// Makes a grant durable, and tells the client then.
    fn hold_for_client(
        &mut self,
        request: RequestId,
        grant: &Grant,
        asked_at: Time,
        time_to_live: Duration,
    ) {
        let (now, lock, token) = (self.now, grant.owner, grant.token);
        let Some(client) = self.clients.locks.get_mut(&lock) else { return };
        let until = now.after(time_to_live);
        let timer = self.timers.set(until, lock, Alarm::HoldTimeout(token));
        client.stage = Stage::Held { token, since: now, until, timer };
        let key = shown(&client.keys);
        let (owner, note) = (client.owner.to_string(), client.note.to_string());
        let asked = Happening::ClientAsked { key: key.clone(), owner, note };
        let waited = now.0.saturating_sub(asked_at.0).max(0);
        let granted = Happening::LockGranted { key, token, waited };
        let keys = Arc::clone(&client.keys);
        let rows = client.rows(lock);
        let transition = self.outbox.append(lock);
        transition.journal.push(entry(asked_at, asked));
        transition.journal.push(entry(now, granted));
        transition.locks.extend(rows);
        let result = Ok(ClientLock { lock, keys, token, until });
        self.outbox.when_durable(Effect::Locked { request, result });
    }

    /// Lets a client's lock live on, for `time_to_live` from now.
    pub(crate) fn renew_client_lock(
        &mut self,
        request: RequestId,
        lock: InstanceId,
        token: FencingToken,
        time_to_live: Duration,
    ) {
        let renewed = check_time_to_live(time_to_live).and_then(|()| {
            let client = self.clients.locks.get_mut(&lock).ok_or_else(|| not_held(lock))?;
            let Stage::Held { token: present, since, until, timer } = client.stage else {
                return Err(not_held(lock));
            };
            // Its time may be over without the timer having been looked at.
            let is_over = until <= self.now && !self.planted.is(Bug::LateRenewal);
            if present != token || is_over {
                return Err(not_held(lock));
            }
            self.timers.cancel(timer);
            let until = self.now.after(time_to_live);
            let timer = self.timers.set(until, lock, Alarm::HoldTimeout(token));
            client.stage = Stage::Held { token, since, until, timer };
            let transition = self.outbox.append(lock);
            transition.locks.extend(client.rows(lock));
            transition.journal.push(entry(self.now, Happening::LockRenewed { until: until.0 }));
            Ok(())
        });
        self.tell_change(request, renewed);
    }

    /// Ends a client's lock because the client says so.
    pub(crate) fn release_client_lock(
        &mut self,
        request: RequestId,
        lock: InstanceId,
        token: FencingToken,
    ) {
        let is_held = |client: &&Client| matches!(client.stage, Stage::Held { token: present, .. } if present == token);
        let Some(client) = self.clients.locks.get(&lock).filter(is_held) else {
            return self.tell_change(request, Err(not_held(lock)));
        };
        let released = Happening::LockReleased { key: shown(&client.keys) };
        self.drop_client_lock(lock, vec![released]);
        self.tell_change(request, Ok(()));
    }

    /// Takes an alarm that may concern a client's lock.
    pub(crate) fn client_alarm(&mut self, lock: InstanceId, alarm: &Alarm) {
        let Some(client) = self.clients.locks.get(&lock) else { return };
        match (&client.stage, alarm) {
            (Stage::Waiting { ticket, since, .. }, Alarm::WaitingTimeout(of)) if ticket == of => {
                let waited = self.now.since(*since);
                let Some(wish) = self.locks.wish_of(lock) else { return };
                let failure = locking::waited_too_long(wish, waited, self);
                self.end_client_wait(lock, failure);
            }
            (Stage::Held { token, .. }, Alarm::HoldTimeout(of)) if token == of => {
                self.end_client_lock(lock, &Cause::HoldTimeout);
            }
            (Stage::Waiting { .. } | Stage::Held { .. } | Stage::Granted, _) => {}
        }
    }

    /// Ends the wait of a client; one that holds its lock keeps it.
    pub(crate) fn end_client_wait(&mut self, lock: InstanceId, failure: Failure) {
        let stage = self.clients.locks.get(&lock).map(|client| &client.stage);
        let Some(&Stage::Waiting { request, timer, .. }) = stage else { return };
        if self.locks.ticket_of(lock).is_none() {
            // It has been granted meanwhile.
            return;
        }
        self.timers.cancel(timer);
        self.clients.locks.remove(&lock);
        let granted = self.locks.forget(lock, self.now);
        self.granted.extend(granted);
        self.refuse_client(request, failure);
    }

    /// Takes a client's lock away.
    pub(crate) fn end_client_lock(&mut self, lock: InstanceId, cause: &Cause) {
        let Some(client) = self.clients.locks.get(&lock) else { return };
        let Stage::Held { token, .. } = client.stage else { return };
        let key = shown(&client.keys);
        let mut told = vec![Happening::LockLost { key: key.clone(), token }];
        if let Cause::Broken { by, reason } = cause {
            let (by, reason) = (by.to_string(), reason.to_string());
            told.push(Happening::LockBroken { key, by, reason });
        }
        let is_kept = self.planted.is(Bug::RenewedAfterEnd) && matches!(cause, Cause::HoldTimeout);
        let kept = is_kept.then(|| client.clone());
        self.drop_client_lock(lock, told);
        self.clients.locks.extend(kept.map(|kept| (lock, kept)));
    }

    fn drop_client_lock(&mut self, lock: InstanceId, told: Vec<Happening>) {
        let Some(client) = self.clients.locks.remove(&lock) else { return };
        let Stage::Held { token, timer, .. } = client.stage else { return };
        self.timers.cancel(timer);
        let now = self.now;
        let transition = self.outbox.append(lock);
        transition.journal.extend(told.into_iter().map(|told| entry(now, told)));
        let deletes =
            client.keys.iter().map(|key| LockWrite::Delete { key: Arc::clone(key), token });
        transition.locks.extend(deletes);
        let (_, granted) = self.locks.release(&client.keys, token, now);
        self.granted.extend(granted);
    }

    /// Gives a client's lock back after a restart, with what is left of its time. `rows` are all of
    /// one lock.
    pub(crate) fn restore_client_lock(&mut self, rows: &[LockRow]) {
        let Some(first) = rows.first() else { return };
        let Origin::Client { owner, note, taker } = first.origin.clone() else { return };
        let LockRow { token, since, until, instance: lock, mode, .. } = *first;
        for row in rows {
            let hold = Hold { owner: lock, token, mode, since };
            self.locks.restore(Arc::clone(&row.key), hold);
        }
        let timer = self.timers.set(until, lock, Alarm::HoldTimeout(token));
        if self.planted.is(Bug::ClientWithoutTimer) {
            self.timers.cancel(timer);
        }
        let keys = rows.iter().map(|row| Arc::clone(&row.key)).collect();
        let stage = Stage::Held { token, since, until, timer };
        self.clients.locks.insert(lock, Client { owner, note, taker, keys, mode, stage });
    }

    fn tell_change(&mut self, request: RequestId, result: Result<(), Failure>) {
        let effect = Effect::LockChanged { request, result };
        if matches!(&effect, Effect::LockChanged { result: Ok(()), .. }) {
            self.outbox.when_durable(effect);
        } else {
            self.outbox.effects.push(effect);
        }
    }

    fn refuse_client(&mut self, request: RequestId, failure: Failure) {
        self.outbox.effects.push(Effect::Locked { request, result: Err(failure) });
    }
}

impl Client {
    fn origin(&self) -> Origin {
        let Self { owner, note, taker, .. } = self.clone();
        Origin::Client { owner, note, taker }
    }

    /// Returns what writes the rows of a lock that is held.
    fn rows(&self, lock: InstanceId) -> Vec<LockWrite> {
        let Stage::Held { token, since, until, .. } = self.stage else { return Vec::new() };
        let (mode, origin) = (self.mode, self.origin());
        let row = |key: &Arc<str>| {
            let (key, origin) = (Arc::clone(key), origin.clone());
            LockWrite::Put(LockRow { key, token, mode, instance: lock, since, until, origin })
        };
        self.keys.iter().map(row).collect()
    }
}

fn entry(at: Time, event: Happening) -> Entry {
    Entry { at: at.0, activity: 0, event }
}

fn not_held(lock: InstanceId) -> Failure {
    let message = format!("the lock {lock} is not held under this token any more");
    Failure::new("lock.lost", message)
}

fn check_time_to_live(time_to_live: Duration) -> Result<(), Failure> {
    if time_to_live.is_zero() || time_to_live > MAX_TIME_TO_LIVE {
        let message =
            format!("the time to live of a lock is more than 0 and at most {MAX_TIME_TO_LIVE:?}");
        return Err(Failure::new("data.invalid", message));
    }
    Ok(())
}
