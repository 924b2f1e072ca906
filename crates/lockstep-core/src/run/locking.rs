//! How an instance takes locks, and gives them back.
//!
//! Three locks look alike here: that of the workflow, taken before the first activity and kept to
//! the end; that of an activity; and the activity's again, behind a wait during which it was given
//! back (`while_waiting: release`).
//!
//! Invariants:
//!
//! * A lock is asked for with all its keys, and waited for with all of them: an instance never holds
//!   some of them while it waits for the others.
//! * Nothing is given back for a wait that was changed and not committed.
//! * A lock that is gone (held too long, broken) takes the uncommitted changes with it.

mod refused;

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{Activity, ExclusiveLock, OnBusy, WhileWaiting};
use lockstep_expr::{Expression, Value};

use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId};
use crate::instance::names::map;
use crate::instance::{Held, Instance, Phase, Position, Stage};
use crate::journal::Happening;
use crate::lock::key::{self, shown};
use crate::lock::{Answer, Grant, Hold, Wish};
use crate::planted::Bug;
use crate::time::Time;
use crate::transition::{LockWrite, Origin};
use crate::world::World;
pub(crate) use refused::{busy, waited_too_long};
use refused::{check_length, deadlock};

/// What became of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is held.
    Got,
    /// It is not free, and what it is for is to be left out.
    Left,
    /// The instance waits for it.
    Waits,
}

/// Why a lock is taken away from its holder.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// Its hold timeout has ended.
    HoldTimeout,
    /// Somebody broke it.
    Broken { by: Arc<str>, reason: Arc<str> },
}

impl Instance {
    /// Asks for a lock, as its definition says.
    pub(super) fn ask(
        &mut self,
        lock: &ExclusiveLock,
        origin: Origin,
        world: &mut World,
    ) -> Result<Asked, Failure> {
        let wish = self.wish(lock, self.lock_keys(lock, world)?)?;
        match (world.locks.request(&wish, world.now), lock.on_busy) {
            (Answer::Granted(grant), _) => {
                self.take(grant, lock, origin, world);
                Ok(Asked::Got)
            }
            (Answer::Held(_), _) => Ok(Asked::Got),
            (Answer::Busy, OnBusy::Skip) => Ok(Asked::Left),
            (Answer::Busy, OnBusy::Fail) => Err(busy(&wish, world)),
            (Answer::Busy, OnBusy::Wait) => {
                check_length(&wish, lock, world)?;
                if world.planted.is(Bug::KeysOneByOne) {
                    self.take_what_is_free(&wish, lock, world);
                }
                self.queue(wish, world)?;
                Ok(Asked::Waits)
            }
        }
    }

    fn queue(&mut self, wish: Wish, world: &mut World) -> Result<(), Failure> {
        let cycle = world.locks.cycle(&wish);
        if !cycle.is_empty() && !world.planted.is(Bug::CycleNotSeen) {
            return Err(deadlock(&wish, &cycle));
        }
        let told = world.locks.in_the_way(&wish).map(|(_, hold)| hold.owner.to_string());
        self.waiting_since.get_or_insert(world.now);
        self.note(world.now, Happening::LockWaited { key: shown(&wish.keys), holder: told });
        let (ticket, granted) = world.locks.wait(wish, world.now);
        world.granted.extend(granted);
        self.strand.phase = Phase::Waiting(ticket);
        Ok(())
    }

    /// Takes note of a lock that was waited for.
    pub(crate) fn granted(&mut self, grant: Grant, world: &mut World) {
        let workflow = Arc::clone(&self.workflow);
        let activity = Self::activity(&workflow, self.strand.position);
        self.strand.phase = Phase::Ready;
        let stage = self.strand.position.stage;
        let lock = match stage {
            Stage::Begin => workflow.exclusive_lock.as_ref(),
            Stage::Enter(_) | Stage::Step(_) => {
                activity.and_then(|activity| activity.exclusive_lock.as_ref())
            }
        };
        let Some(lock) = lock else {
            // Not reached: nobody waits for a lock that its definitions do not have.
            let (_, granted) = world.locks.release(&grant.keys, grant.token, world.now);
            return world.granted.extend(granted);
        };
        self.take(grant, lock, self.origin(), world);
        match (stage, activity) {
            (Stage::Begin, _) => self.strand.position = Position::of_activity(0),
            (Stage::Enter(step), Some(activity)) => {
                self.begin(activity, step, world);
            }
            (Stage::Step(_), _) => self.let_go(None),
            (Stage::Enter(_), None) => {}
        }
    }

    /// Takes of several keys those that are free, by a planted bug.
    fn take_what_is_free(&mut self, wish: &Wish, lock: &ExclusiveLock, world: &mut World) {
        for key in wish.keys.iter() {
            let one = Wish { keys: Arc::new([Arc::clone(key)]), ..wish.clone() };
            if let Answer::Granted(grant) = world.locks.request(&one, world.now) {
                self.take(grant, lock, self.origin(), world);
            }
        }
    }

    fn take(&mut self, grant: Grant, lock: &ExclusiveLock, origin: Origin, world: &World) {
        let now = world.now;
        let mixes_up = world.planted.is(Bug::HoldTimeoutOfWait);
        let timeout = if mixes_up { lock.waiting_timeout } else { lock.hold_timeout };
        let waited =
            self.waiting_since.take().map_or(0, |since| now.0.saturating_sub(since.0).max(0));
        self.waited = waited;
        let (key, token) = (shown(&grant.keys), grant.token);
        self.note(now, Happening::LockGranted { key, token, waited });
        self.held.push(Held {
            keys: grant.keys,
            token,
            mode: lock.mode,
            since: now,
            until: now.after(timeout),
            origin,
            row: false,
            timer: None,
        });
    }

    /// Returns what a lock is taken for where the instance is.
    pub(super) fn origin(&self) -> Origin {
        match self.strand.position.stage {
            Stage::Begin => Origin::Workflow,
            Stage::Enter(_) | Stage::Step(_) => {
                Origin::Activity(u32::try_from(self.strand.position.activity).unwrap_or(u32::MAX))
            }
        }
    }

    fn wish(&self, lock: &ExclusiveLock, keys: Arc<[Arc<str>]>) -> Result<Wish, Failure> {
        let priority = lock.priority.as_ref().map_or(Ok(0), |priority| self.priority(priority))?;
        Ok(Wish { owner: self.id, keys, mode: lock.mode, priority, lineage: self.ancestors() })
    }

    fn priority(&self, priority: &Expression) -> Result<i64, Failure> {
        let now = self.strand.now.unwrap_or(self.started_at);
        let value = priority.evaluate(&self.scope(now))?;
        if let Value::Int(priority) = value {
            return Ok(priority);
        }
        if let Value::Uint(priority) = value {
            return Ok(i64::try_from(priority).unwrap_or(i64::MAX));
        }
        let message = format!("priority `{}` must be an int, it is {value}", priority.text());
        Err(Failure::new("expr.type", message))
    }

    /// Returns the instances that wait for the end of this one, directly or over others.
    pub(crate) fn ancestors(&self) -> Arc<[InstanceId]> {
        let lineage = self.seldom.as_ref().and_then(|seldom| seldom.lineage.as_ref());
        lineage.map_or_else(Arc::default, |lineage| Arc::clone(&lineage.ancestors))
    }

    fn lock_keys(&self, lock: &ExclusiveLock, world: &World) -> Result<Arc<[Arc<str>]>, Failure> {
        let workflow = &self.workflow.name;
        let activity = Self::activity(&self.workflow, self.strand.position);
        let activity = activity.map_or("", |activity| &activity.name);
        let Some(context) = &lock.context else {
            return Ok(key::of_everything(lock.scope, workflow, activity));
        };
        let wrong = |why: String| {
            let text = context.text();
            let mut failure = Failure::new("lock.context", format!("lock context `{text}`: {why}"));
            failure.place = Some(lock.place.clone());
            failure
        };
        let now = self.strand.now.unwrap_or(self.started_at);
        let value = context.evaluate(&self.scope(now)).map_err(|error| wrong(error.to_string()))?;
        if value == Value::Null && world.planted.is(Bug::NothingLocksAll) {
            return Ok(key::of_everything(lock.scope, workflow, activity));
        }
        key::of(&value, lock.scope, workflow, activity).map_err(wrong)
    }

    /// Gives back the lock of the activity for as long as a step waits, if its author says so.
    pub(crate) fn give_back_while_waiting(
        &mut self,
        activity: &Activity,
        world: &mut World,
    ) -> Result<(), Failure> {
        let releases = |lock: &ExclusiveLock| lock.while_waiting == Some(WhileWaiting::Release);
        let origin = self.origin();
        if !activity.exclusive_lock.as_ref().is_some_and(releases)
            || !self.held.iter().any(|held| held.origin == origin)
        {
            return Ok(());
        }
        // The checks of definitions find both; whatever they overlook is an error of this instance.
        if self.is_forked() {
            let message = "the lock cannot be given back while other steps run beside this one";
            return Err(Failure::new("lock.parallel", message));
        }
        if self.unit.iter().any(|(_, entry)| entry.is_change()) {
            let message = "the lock is to be given back for this wait, but there are changes that \
                           are not committed; commit them before it";
            return Err(Failure::new("lock.uncommitted", message));
        }
        let (given, kept) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<Vec<Held>, _>(|held| held.origin == origin);
        self.held = kept;
        let mut keys = Vec::new();
        for held in given {
            keys.extend(held.keys.iter().cloned());
            self.release(&held, world);
        }
        keys.sort_unstable();
        keys.dedup();
        self.note(world.now, Happening::LockReleased { key: shown(&keys) });
        self.let_go(Some(keys.into()));
        Ok(())
    }

    /// Takes the lock again that was given back for a wait; returns whether it is held.
    pub(crate) fn take_again(
        &mut self,
        activity: &Activity,
        world: &mut World,
    ) -> Result<bool, Failure> {
        if world.planted.is(Bug::NotTakenAgain) {
            return Ok(true);
        }
        let given_back = self.seldom.as_ref().and_then(|seldom| seldom.given_back.clone());
        let (Some(keys), Some(lock)) = (given_back, &activity.exclusive_lock) else {
            return Ok(true);
        };
        let wish = self.wish(lock, keys)?;
        match world.locks.request(&wish, world.now) {
            Answer::Granted(grant) => self.take(grant, lock, self.origin(), world),
            Answer::Held(_) => {}
            Answer::Busy => {
                self.queue(wish, world)?;
                return Ok(false);
            }
        }
        self.let_go(None);
        Ok(true)
    }

    /// Notes which keys are to be taken again behind a wait.
    pub(super) fn let_go(&mut self, keys: Option<Arc<[Arc<str>]>>) {
        if keys.is_some() || self.seldom.is_some() {
            self.seldom_mut().given_back = keys;
        }
    }

    /// Releases all locks but that of the workflow.
    pub(super) fn release_all(&mut self, world: &mut World) {
        let keeps = !world.planted.is(Bug::WorkflowLockWithActivity);
        let is_kept = |held: &&Held| keeps && held.origin == Origin::Workflow;
        let kept = self.held.iter().take_while(is_kept).count();
        self.release_from(kept, world);
    }

    /// Releases the locks that were taken after the first `kept` ones.
    pub(super) fn release_from(&mut self, kept: usize, world: &mut World) {
        for held in self.held.split_off(kept.min(self.held.len())) {
            self.release(&held, world);
        }
    }

    fn release(&self, held: &Held, world: &mut World) {
        if let Some(timer) = held.timer
            && !world.planted.is(Bug::TimerLeft)
        {
            world.timers.cancel(timer);
        }
        if held.row {
            let token = held.token;
            let deletes =
                held.keys.iter().map(|key| LockWrite::Delete { key: Arc::clone(key), token });
            world.outbox.append(self.id).locks.extend(deletes);
        }
        let (_, granted) = world.locks.release(&held.keys, held.token, world.now);
        world.granted.extend(granted);
        if world.planted.is(Bug::NestedEndsOuter) {
            self.release_outer(held, world);
        }
    }

    /// Releases what those hold at the keys of a hold who wait for this instance, by a planted bug.
    fn release_outer(&self, held: &Held, world: &mut World) {
        for key in held.keys.iter() {
            let of_caller = |hold: &&Hold| self.ancestors().contains(&hold.owner);
            let outer = world.locks.holds(key).iter().find(of_caller).map(|hold| hold.token);
            if let Some(token) = outer {
                let (_, granted) = world.locks.release(std::slice::from_ref(key), token, world.now);
                world.granted.extend(granted);
            }
        }
    }

    /// Takes a lock away from the instance.
    pub(crate) fn lose(&mut self, token: FencingToken, cause: &Cause, world: &mut World) {
        let Some(index) = self.held.iter().position(|held| held.token == token) else { return };
        let held = self.held.remove(index);
        let key = shown(&held.keys);
        self.note(world.now, Happening::LockLost { key: key.clone(), token });
        self.release(&held, world);
        if world.planted.is(Bug::LossNotNoticed) {
            return;
        }
        if world.planted.is(Bug::LossNotTold) {
            return self.held.push(Held { until: Time(i64::MAX), timer: None, ..held });
        }
        if world.planted.is(Bug::ReleaseWithoutToken) {
            // As one who releases late: it does not know that it has lost the lock.
            let until = Time(i64::MAX);
            self.held.push(Held { row: false, timer: None, until, ..held.clone() });
        }
        let held_for = world.now.since(held.since);
        let why = match cause {
            Cause::HoldTimeout => "its hold timeout has ended".to_owned(),
            Cause::Broken { by, reason } => {
                let (by, reason) = (by.to_string(), reason.to_string());
                let message = format!("{by} broke it: {reason}");
                self.note(world.now, Happening::LockBroken { key: key.clone(), by, reason });
                message
            }
        };
        let message = format!(
            "the lock {key} was taken away after {held_for:?}: {why}; uncommitted changes are \
             dropped"
        );
        let mut failure = Failure::new("lock.lost", message);
        failure.details = map([("key", Value::from(key)), ("reason", Value::from(why))]);
        self.fail_with(failure);
    }

    /// Returns whether the lock that the workflow keeps to its end is gone.
    pub(super) fn has_lost_its_workflow(&self) -> bool {
        self.workflow.exclusive_lock.is_some()
            && !self.held.iter().any(|held| held.origin == Origin::Workflow)
    }

    /// Returns since when the instance waits for a lock.
    pub(crate) fn waiting_since(&self) -> Time {
        self.waiting_since.unwrap_or(self.started_at)
    }

    /// Returns when the present wait for a lock has taken too long.
    pub(crate) fn waiting_deadline(&self) -> Time {
        self.waiting_since()
            .after(self.present_lock().map_or(Duration::ZERO, |lock| lock.waiting_timeout))
    }

    /// Returns the definition of the lock that the instance takes where it is.
    pub(crate) fn present_lock(&self) -> Option<&ExclusiveLock> {
        match self.strand.position.stage {
            Stage::Begin => self.workflow.exclusive_lock.as_ref(),
            Stage::Enter(_) | Stage::Step(_) => {
                Self::activity(&self.workflow, self.strand.position)?.exclusive_lock.as_ref()
            }
        }
    }
}
