//! Writes: one object that somebody outside creates, changes or deletes, without an instance.
//!
//! A write is a commit of one object. It is judged as all commits are: by the core alone, or by the
//! store if only the store can (see [`crate::commit`]); and it queues for its turn at the object
//! behind instances that run again because of a conflict (see [`crate::commit::turn`]).
//!
//! Invariants:
//!
//! * A version that is named is compared with the object as it is at the commit, not before.
//! * A write that names none is applied to the object as it is at the commit; what others change
//!   meanwhile neither fails it nor is lost.
//! * Whoever writes is answered once, when what the answer tells is durable.
//!
//! Absent by design: locks. A lock orders activities that take it; what keeps an activity from
//! losing a write is that it commits only if the object is as it has read it.

mod edit;

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_definition::{Entity, LockMode};
use lockstep_expr::Map;
use uuid::Uuid;

use crate::commit::turn::name;
use crate::commit::{show, unique_refused};
use crate::engine::Engine;
use crate::event::{Effect, Reader, RequestId};
use crate::failure::Failure;
use crate::id::{FencingToken, IdMap, InstanceId, TransitionNumber};
use crate::lock::{Answer, Grant, Wish};
use crate::object::{Object, ObjectKey};
use crate::object_cache::Known;
use crate::planted::Bug;
use crate::step::data::{check_id, conflict};
use crate::transition::{Change, Expected, Judge, ObjectWrite, Outcome, Refusal};
use crate::trigger::Followers;
use crate::unique;

/// Writes that wait for an object, a turn or the store; a further one is refused.
pub const MAX_WRITES: usize = 16_384;

/// How often a write is tried again because the store knew better.
const MAX_RUNS: u32 = 100;

/// A change of one object that somebody outside asks for. It is answered with
/// [`Effect::Written`].
#[derive(Clone, Debug)]
pub struct Write {
    /// Names the answer.
    pub request: RequestId,
    /// The object.
    pub key: ObjectKey,
    /// What is to become of it.
    pub edit: Edit,
    /// The version that it must have; `None`: whichever it has. A creation has none.
    pub version: Option<i64>,
    /// Who writes.
    pub by: Arc<str>,
}

/// What is to become of an object.
#[derive(Clone, Debug)]
pub enum Edit {
    /// It is created with these attributes; there must be none.
    Create(Map),
    /// Its attributes become these; what is left out gets its default.
    Replace(Map),
    /// Some attributes change, as by a JSON merge patch: a map changes what it names, null takes
    /// away.
    ///
    /// Source: RFC 7396.
    Merge(Map),
    /// It is deleted.
    Delete,
}

/// All writes that are under way.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pending: IdMap<Pending>,
    judged: BTreeMap<TransitionNumber, InstanceId>,
}

#[derive(Debug)]
struct Pending {
    write: Write,
    /// How often the store knew better.
    runs: u32,
    turn: Option<(Arc<[Arc<str>]>, FencingToken)>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// It goes on as soon as it can.
    Ready,
    /// It waits for its turn at the object.
    Queuing,
    /// The store is judging it; then the object is this, and these instances follow from it.
    Judged(Option<Arc<Object>>, Followers),
}

/// What became of an attempt.
enum Tried {
    /// It waits for the object, its turn, or the store.
    Waits,
    /// It is decided.
    Ends(Result<Option<Arc<Object>>, Failure>),
}

impl Writes {
    /// Returns whether this is the name of a write among those who wait.
    pub(crate) fn has(&self, id: InstanceId) -> bool {
        self.pending.contains_key(&id)
    }

    /// Returns whether a transition is that of a write.
    pub(crate) fn is_judged(&self, number: TransitionNumber) -> bool {
        self.judged.contains_key(&number)
    }
}

impl Engine {
    /// Returns whether the published definitions have an entity of this name.
    pub fn declares(&self, entity: &str) -> bool {
        self.declared(entity).is_ok()
    }

    /// Takes a write.
    pub(crate) fn write(&mut self, write: Write) {
        if self.writes.pending.len() >= MAX_WRITES {
            let message = format!("{MAX_WRITES} writes are under way already");
            let failure = Failure::new("write.limit", message);
            return self.tell_written(write.request, Err(failure));
        }
        let id = waiter(write.request);
        let pending = Pending { write, runs: 0, turn: None, stage: Stage::Ready };
        self.writes.pending.insert(id, pending);
        self.go_on_writing(id);
    }

    /// Goes on with a write that waited for its object.
    pub(crate) fn go_on_writing(&mut self, id: InstanceId) {
        let Some(mut pending) = self.writes.pending.remove(&id) else { return };
        match self.try_write(id, &mut pending) {
            Ok(Tried::Waits) => drop(self.writes.pending.insert(id, pending)),
            Ok(Tried::Ends(result)) => self.end_write(pending, result),
            Err(failure) => self.end_write(pending, Err(failure)),
        }
    }

    /// Goes on with a write whose turn at its object has come.
    pub(crate) fn turn_to_write(&mut self, grant: Grant) {
        let Grant { owner, keys, token } = grant;
        if let Some(pending) = self.writes.pending.get_mut(&owner) {
            pending.turn = Some((keys, token));
            pending.stage = Stage::Ready;
            self.go_on_writing(owner);
        }
    }

    /// Ends a write whose object cannot be read.
    pub(crate) fn fail_write(&mut self, id: InstanceId, failure: Failure) {
        if let Some(pending) = self.writes.pending.remove(&id) {
            self.end_write(pending, Err(failure));
        }
    }

    /// Takes the store's answer to a write that it judged.
    pub(crate) fn write_judged(&mut self, number: TransitionNumber, outcome: Outcome) {
        self.world.cache.unclaim(number);
        let Some(id) = self.writes.judged.remove(&number) else { return };
        let Some(pending) = self.writes.pending.get_mut(&id) else { return };
        let Stage::Judged(object, followers) = std::mem::replace(&mut pending.stage, Stage::Ready)
        else {
            return;
        };
        let key = pending.write.key.clone();
        let result = match outcome {
            Outcome::Committed => {
                show(vec![(key, object.clone())], number, &mut self.world);
                followers.live(&mut self.world);
                Ok(object)
            }
            Outcome::Refused(Refusal::Conflict { .. } | Refusal::Fenced { .. })
                if pending.runs < MAX_RUNS =>
            {
                // The next attempt finds the object as it is.
                pending.runs += 1;
                self.world.cache.forget(&key);
                return self.go_on_writing(id);
            }
            Outcome::Refused(Refusal::Unique { key, unique, other }) => {
                Err(unique_refused(&key, &unique, &other))
            }
            Outcome::Refused(refusal) => {
                Err(Failure::new("data.conflict", format!("{refusal}, again and again")))
            }
        };
        if let Some(pending) = self.writes.pending.remove(&id) {
            self.end_write(pending, result);
        }
    }

    fn end_write(&mut self, pending: Pending, result: Result<Option<Arc<Object>>, Failure>) {
        if let Some((keys, token)) = pending.turn {
            let (_, granted) = self.world.turns.release(&keys, token, self.world.now);
            self.world.turns_granted.extend(granted);
        }
        self.tell_written(pending.write.request, result);
    }

    /// A failure may tell of a version that is not durable yet: it waits as a success does.
    fn tell_written(&mut self, request: RequestId, result: Result<Option<Arc<Object>>, Failure>) {
        self.world.outbox.when_durable(Effect::Written { request, result });
    }

    fn try_write(&mut self, id: InstanceId, pending: &mut Pending) -> Result<Tried, Failure> {
        if !matches!(pending.stage, Stage::Ready) {
            return Ok(Tried::Waits);
        }
        let key = &pending.write.key;
        check_id(&key.entity, &key.id)?;
        let entity = self.declared(&key.entity)?;
        if pending.turn.is_none() && self.is_contended(key) && !self.take_turn_to_write(id, pending)
        {
            return Ok(Tried::Waits);
        }
        let key = &pending.write.key;
        let present = match self.world.cache.get(key) {
            Known::Unknown => {
                self.world.load(key, Reader { instance: id, activity: 0 });
                return Ok(Tried::Waits);
            }
            Known::Absent => None,
            Known::Present(object) => Some(object),
        };
        self.check_version(&pending.write, present.as_deref())?;
        let next = edit::edited(&entity, &pending.write, present.as_deref(), self.world.now)?;
        Ok(self.order_write(id, pending, &entity, present, next))
    }

    fn declared(&self, name: &str) -> Result<Arc<Entity>, Failure> {
        let published = self.published.as_ref();
        let entity = published.and_then(|published| published.definitions.entities.get(name));
        entity
            .cloned()
            .ok_or_else(|| Failure::new("data.not_found", format!("there is no entity `{name}`")))
    }

    fn check_version(&self, write: &Write, present: Option<&Object>) -> Result<(), Failure> {
        let is_other = |(expected, present): (i64, &Object)| expected != present.version;
        match write.version.zip(present) {
            Some((expected, present))
                if is_other((expected, present))
                    && !self.world.planted.is(Bug::WrittenVersionIgnored) =>
            {
                Err(conflict(&write.key, expected, Some(present)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns whether somebody has a turn at an object, or waits for one.
    fn is_contended(&self, key: &ObjectKey) -> bool {
        let turns = &self.world.turns;
        let key = name(key);
        !turns.is_idle() && (!turns.holds(&key).is_empty() || turns.queue_length(&key) > 0)
    }

    /// Asks for a turn at the object; returns whether the write has it. Otherwise it waits for it.
    fn take_turn_to_write(&mut self, id: InstanceId, pending: &mut Pending) -> bool {
        let wish = Wish {
            owner: id,
            keys: [name(&pending.write.key)].into(),
            mode: LockMode::Exclusive,
            priority: 0,
            lineage: Arc::default(),
        };
        let now = self.world.now;
        match self.world.turns.request(&wish, now) {
            Answer::Granted(Grant { keys, token, .. }) => {
                pending.turn = Some((keys, token));
                true
            }
            Answer::Held(_) => true,
            Answer::Busy => {
                let (_, granted) = self.world.turns.wait(wish, now);
                self.world.turns_granted.extend(granted);
                pending.stage = Stage::Queuing;
                false
            }
        }
    }

    fn order_write(
        &mut self,
        id: InstanceId,
        pending: &mut Pending,
        entity: &Entity,
        present: Option<Arc<Object>>,
        next: Option<Object>,
    ) -> Tried {
        let key = pending.write.key.clone();
        let unique = match &next {
            Some(object) => unique::changed(entity, present.as_deref(), object),
            None => (!entity.unique.is_empty()).then(Vec::new),
        };
        let is_claimed = self.world.cache.is_claimed(&key);
        let is_open = unique.as_ref().is_some_and(|keys| !keys.is_empty()) || is_claimed;
        let judge = if is_open { Judge::Store } else { Judge::Core };
        if is_open && pending.turn.is_none() {
            // Whoever comes meanwhile waits, in place of being refused.
            self.take_turn_to_write(id, pending);
        }
        let number = self.world.outbox.order(None, judge).number;
        let object = next.map(|object| Arc::new(Object { stamp: number, ..object }));
        let change = object.clone().map_or(Change::Delete, Change::Put);
        let expected =
            present.as_ref().map_or(Expected::Absent, |object| Expected::Stamp(object.stamp));
        let write = ObjectWrite { key: key.clone(), expected, change, unique };
        let by = Arc::clone(&pending.write.by);
        let followers = self.order_from_outside(&by, write, present.as_ref(), number);
        if judge == Judge::Core {
            show(vec![(key, object.clone())], number, &mut self.world);
            followers.live(&mut self.world);
            return Tried::Ends(Ok(object));
        }
        self.world.cache.claim(number, vec![key]);
        self.writes.judged.insert(number, id);
        pending.stage = Stage::Judged(object, followers);
        Tried::Waits
    }
}

/// Returns the name of a write among those who wait for objects and turns. Instances have drawn
/// identities, which are far greater.
fn waiter(request: RequestId) -> InstanceId {
    InstanceId(Uuid::from_u128(u128::from(request)))
}
