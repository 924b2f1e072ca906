//! Commit: a unit of work becomes a transition.
//!
//! Two kinds, told apart by who can judge them:
//!
//! * What the core can judge alone is *ordered*: visible to others and its locks free at once, long
//!   before the disk has answered. The store cannot refuse it, so nothing that others build on it
//!   has to be undone.
//! * What only the store can judge (unique constraints, an object that such a transition may be
//!   changing) stays invisible and keeps its locks until the store has answered. So nobody ever
//!   reads a value that does not come to be.
//!
//! Invariants:
//!
//! * Every object of the unit is, at the commit, as the unit read it; or the author wrote
//!   `on_conflict: force`, and then the version grows from what is there.
//! * A commit under locks that have rows names their tokens.
//! * A retry runs on fresh data or not at all: the same conflict twice is an error. It runs in its
//!   turn (see [`turn`]), so that it is not overtaken again and again.

mod conflict;
mod refresh;
pub(crate) mod turn;

use std::sync::Arc;

use lockstep_definition::OnConflict;

use crate::conformity;
use crate::failure::Failure;
use crate::id::TransitionNumber;
use crate::instance::frames::Frames;
use crate::instance::inbox::Letter;
use crate::instance::{Instance, Names, Phase, Savepoint};
use crate::journal::{Entry as JournalEntry, Happening};
use crate::object::{Object, ObjectKey};
use crate::planted::Bug;
use crate::time::Time;
use crate::transition::{Change, Judge, ObjectWrite, Outcome, Refusal, UniqueKey};
use crate::trigger::Followers;
use crate::unique;
use crate::unit_of_work::{Entry, Intent, UnitOfWork};
use crate::world::World;

/// An object as a commit left it; `None` if it was deleted.
type Written = (ObjectKey, Option<Arc<Object>>);

/// What became of a commit.
pub(crate) enum Committed {
    /// It is ordered, or there was nothing to commit.
    Done,
    /// It must wait for objects, or for the store's judgement.
    Wait,
    /// The unit of work is undone and is to be run again.
    Again,
}

/// A commit that the store judges, and how to undo it.
#[derive(Debug)]
pub(crate) struct Judged {
    unit: UnitOfWork,
    names: Names,
    frames: Frames,
    /// That of the activity and that of the unit.
    starts: (Arc<Savepoint>, Arc<Savepoint>),
    /// Signals that were taken in the unit.
    taken: Vec<Letter>,
    written: Vec<Written>,
    /// Instances that follow from it.
    followers: Followers,
    /// What its transition tells: it is not told by a refused one.
    journal: Vec<JournalEntry>,
}

impl Instance {
    /// Commits the unit of work.
    pub(crate) fn commit(
        &mut self,
        on_conflict: OnConflict,
        world: &mut World,
    ) -> Result<Committed, Failure> {
        if self.is_forked() {
            let message = "nothing can be committed while steps run at once";
            return Err(Failure::new("commit.parallel", message));
        }
        if self.unit.is_empty() {
            self.end_turn(world);
            return Ok(Committed::Done);
        }
        if let Some(failure) = self.ends_late(world) {
            return Err(*failure);
        }
        if self.awaits_turn(world) || self.awaits_objects(world) {
            return Ok(Committed::Wait);
        }
        if let Some(committed) = self.check_objects(on_conflict, world)? {
            return Ok(committed);
        }
        let writes = self.writes(world)?;
        let judge = judge(&writes, world);
        if judge == Judge::Store && !world.planted.is(Bug::NotSavedBeforeJudgement) {
            self.save_before_judgement(world);
        }
        let unit = std::mem::take(&mut self.unit);
        let (names, frames) = (self.strand.names.clone(), self.strand.frames.clone());
        let (number, written, mut followers) = self.order(writes, judge, &unit, world);
        self.refresh_names(&written);
        match judge {
            Judge::Core => {
                self.end_conflicts(world);
                show(written, number, world);
                followers.live(world);
                Ok(Committed::Done)
            }
            Judge::Store => {
                if !world.planted.is(Bug::ClaimForgotten) {
                    self.take_free_turn(&unit, world);
                    world.cache.claim(number, unit.iter().map(|(key, _)| key.clone()).collect());
                }
                if world.planted.is(Bug::VisibleBeforeJudgement) {
                    show(written.clone(), number, world);
                }
                if world.planted.is(Bug::FollowerBeforeJudgement) {
                    std::mem::take(&mut followers).live(world);
                }
                let starts = (Arc::clone(&self.activity_start), Arc::clone(&self.unit_start));
                let inbox = self.seldom.as_mut().map(|seldom| &mut seldom.inbox);
                let taken = inbox.map(|inbox| std::mem::take(&mut inbox.taken)).unwrap_or_default();
                self.mark();
                let journal = world.outbox.last_of(self.id).map(|last| told(&last.journal));
                let journal = journal.unwrap_or_default();
                self.save_row(world);
                let judged =
                    Judged { unit, names, frames, starts, taken, written, followers, journal };
                self.judged = Some(Box::new(judged));
                self.strand.phase = Phase::Committing;
                Ok(Committed::Wait)
            }
        }
    }

    /// Takes the store's answer to a commit that it judged.
    pub(crate) fn judged(&mut self, number: TransitionNumber, outcome: Outcome, world: &mut World) {
        world.cache.unclaim(number);
        let Some(judged) = self.judged.take() else { return };
        self.strand.phase = Phase::Ready;
        match outcome {
            Outcome::Committed => {
                if let Some(cancelled) = self.failed.take() {
                    self.seldom_mut().late = Some(cancelled);
                }
                self.end_conflicts(world);
                show(judged.written, number, world);
                judged.followers.live(world);
            }
            Outcome::Refused(refusal) => {
                self.unit = judged.unit;
                self.strand.names = judged.names;
                self.strand.frames = judged.frames;
                (self.activity_start, self.unit_start) = judged.starts;
                if let Some(seldom) = &mut self.seldom {
                    seldom.inbox.taken = judged.taken;
                }
                self.journal.splice(0..0, judged.journal);
                self.refused(refusal, world);
            }
        }
    }

    fn end_conflicts(&mut self, world: &mut World) {
        self.conflicts = 0;
        self.last_conflict = None;
        self.end_turn(world);
    }

    fn refused(&mut self, refusal: Refusal, world: &mut World) {
        match refusal {
            // The commit runs again and finds the conflict, with the fresh object at hand.
            Refusal::Conflict { key, .. } => world.cache.forget(&key),
            Refusal::Unique { key, unique, other } => {
                self.fail_with(unique_refused(&key, &unique, &other));
            }
            Refusal::Fenced { key, .. } => {
                let message = format!("the lock {key} went to another holder before the commit");
                self.fail_with(Failure::new("lock.lost", message));
            }
        }
    }

    /// Saves what must be durable whatever the store's judgement will be: the state before the
    /// commit if something of the instance is ordered already, and the locks that it works under.
    fn save_before_judgement(&mut self, world: &mut World) {
        if self.held.iter().any(|held| !held.row) {
            self.flush(world);
        }
        self.save_row(world);
    }

    /// Returns what the unit writes, with the objects as they are to be but for their stamps.
    fn writes(&self, world: &World) -> Result<Vec<ObjectWrite>, Failure> {
        let mut writes = Vec::with_capacity(self.unit.len());
        for (key, entry) in self.unit.iter() {
            let mut unique = None;
            let change = match &entry.intent {
                Intent::Check => Change::Check,
                Intent::Delete => {
                    unique = self.has_unique_keys(key).then(Vec::new);
                    Change::Delete
                }
                Intent::Put { object, .. } => {
                    let declared = self.entity(&key.entity)?;
                    conformity::invariants(&declared, key, &object.attributes)?;
                    unique = unique::changed(&declared, entry.base.as_deref(), object);
                    Change::Put(Arc::new(successor(entry, object, world.now)))
                }
            };
            let expected = entry.expected;
            writes.push(ObjectWrite { key: key.clone(), expected, change, unique });
        }
        Ok(writes)
    }

    fn has_unique_keys(&self, key: &ObjectKey) -> bool {
        self.published
            .definitions
            .entities
            .get(&key.entity)
            .is_some_and(|entity| !entity.unique.is_empty())
    }

    fn order(
        &mut self,
        mut writes: Vec<ObjectWrite>,
        judge: Judge,
        unit: &UnitOfWork,
        world: &mut World,
    ) -> (TransitionNumber, Vec<Written>, Followers) {
        let now = world.now;
        let transition = world.outbox.order(Some(self.id), judge);
        let number = transition.number;
        let mut written = Vec::with_capacity(writes.len());
        let mut told = Vec::with_capacity(writes.len());
        for write in &mut writes {
            match &mut write.change {
                Change::Check => {}
                Change::Delete => {
                    told.push((write.key.to_string(), 0));
                    written.push((write.key.clone(), None));
                }
                Change::Put(object) => {
                    Arc::make_mut(object).stamp = number;
                    told.push((write.key.to_string(), object.version));
                    written.push((write.key.clone(), Some(Arc::clone(object))));
                }
            }
        }
        self.note(now, Happening::Committed(told));
        let mut followers = self.followers(&writes, number, unit, world);
        let transition = world.outbox.last_of(self.id).expect("it was just ordered");
        transition.objects = writes;
        transition.starts = std::mem::take(&mut followers.beginnings);
        self.hand_over_journal(&mut transition.journal);
        transition.fences = self
            .held
            .iter()
            .filter(|held| held.row)
            .flat_map(|held| held.keys.iter().map(|key| (Arc::clone(key), held.token)))
            .collect();
        (number, written, followers)
    }
}

/// Returns the error of whoever wanted to write what another object has.
pub(crate) fn unique_refused(key: &ObjectKey, unique: &UniqueKey, other: &str) -> Failure {
    let message = format!(
        "{key} has the same {} as {}/{other}: {}",
        unique.constraint, key.entity, unique.values
    );
    Failure::new("data.unique", message)
}

/// Lets others see what was committed.
pub(crate) fn show(written: Vec<Written>, number: TransitionNumber, world: &mut World) {
    for (key, object) in written {
        let waiting = world.changed(key, object, number);
        world.runnable.extend(waiting);
    }
}

/// Returns what a transition tells besides its commit.
fn told(journal: &[JournalEntry]) -> Vec<JournalEntry> {
    let besides = |entry: &&JournalEntry| {
        !matches!(entry.event, Happening::Committed(_) | Happening::ChildStarted { .. })
    };
    journal.iter().filter(besides).cloned().collect()
}

/// Returns the state of an object that a commit at `now` makes, but for its stamp.
fn successor(entry: &Entry, object: &Object, now: Time) -> Object {
    let mut successor = object.clone();
    successor.modified_at = now;
    if let Some(base) = &entry.base {
        successor.version = base.version.saturating_add(1);
        successor.created_at = base.created_at;
        successor.created_by = Arc::clone(&base.created_by);
    } else {
        successor.version = 1;
        successor.created_at = now;
    }
    successor
}

fn judge(writes: &[ObjectWrite], world: &World) -> Judge {
    let only_the_store_knows = |write: &ObjectWrite| {
        write.unique.as_ref().is_some_and(|keys| !keys.is_empty())
            || world.cache.is_claimed(&write.key)
    };
    if writes.iter().any(only_the_store_knows) { Judge::Store } else { Judge::Core }
}
