//! Triggers: what a workflow is given by what starts it, and instances that follow from changes.
//!
//! An instance that follows from a change begins in the transition that makes the change: its row
//! stands there, so that it is durable with the change, or neither is. It lives from the moment on
//! at which the change is seen by others.
//!
//! Invariants:
//!
//! * A committed change has one instance for each trigger that it meets, whatever crashes.
//! * A trigger that fails (its condition, its input, too long a chain) does not hinder the change: the
//!   instance ends at once, with that error.
//! * A chain of changes that follow from one another ends: it has at most [`MAX_CHAIN`] of them.
//!
//! Absent by design: times and requests. A driver waits for those, and starts instances with the
//! [`input`] that a trigger makes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_definition::{ChangeKind, Definitions, Trigger, TriggerSource, Workflow};
use lockstep_expr::{Map, Scope, Value};

use crate::conformity;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::id::{InstanceId, TransitionNumber};
use crate::instance::names::{condition, map};
use crate::instance::{Instance, Published};
use crate::journal::Happening;
use crate::kin::Kin;
use crate::object::{Object, ObjectKey};
use crate::payload;
use crate::planted::Bug;
use crate::time::Time;
use crate::transition::{Beginning, Change, ObjectWrite, Status};
use crate::unit_of_work::UnitOfWork;
use crate::world::World;

/// Longest chain of changes each of which was made by an instance that followed from the one before.
pub const MAX_CHAIN: u32 = 8;

/// Tells the identities of instances that follow from changes from those of children and objects.
const FOLLOWERS: u64 = 1 << 63;

/// What has set off a trigger that a driver waits for.
#[derive(Clone, Debug)]
pub enum Cause {
    /// A time of a schedule has come.
    Schedule(Time),
    /// A request has come.
    Request {
        /// Its headers: a map of texts.
        headers: Value,
        /// Its body.
        body: Value,
    },
}

/// Returns the input that a trigger gives to the instance that it starts.
///
/// # Errors
///
/// That of the first expression that fails.
pub fn input(trigger: &Trigger, definitions: &Definitions, cause: Cause) -> Result<Value, Failure> {
    let cause = match cause {
        Cause::Schedule(time) => ("schedule", map([("time", Value::Timestamp(time.timestamp()))])),
        Cause::Request { headers, body } => {
            ("request", map([("headers", headers), ("body", body)]))
        }
    };
    given(trigger, &[cause, ("config", config(definitions))])
}

/// Returns the value of `config`.
pub(crate) fn config(definitions: &Definitions) -> Value {
    let mut config = Map::new();
    for (name, value) in &definitions.project.config {
        config.insert(Arc::clone(name), value.clone());
    }
    Value::Map(Arc::new(config))
}

fn given(trigger: &Trigger, scope: &[(&str, Value); 2]) -> Result<Value, Failure> {
    let mut given = Map::new();
    for (name, payload) in &trigger.input {
        given.insert(Arc::clone(name), payload::evaluate(payload, scope)?);
    }
    Ok(Value::Map(Arc::new(given)))
}

/// The triggers that changes meet, by entity: workflows, and which of their triggers.
#[derive(Debug, Default)]
pub(crate) struct ChangeTriggers(BTreeMap<Arc<str>, Vec<(Arc<Workflow>, usize)>>);

impl ChangeTriggers {
    pub(crate) fn of(definitions: &Definitions) -> Self {
        let mut found: BTreeMap<Arc<str>, Vec<(Arc<Workflow>, usize)>> = BTreeMap::new();
        for workflow in definitions.workflows.values() {
            for (index, trigger) in workflow.triggers.iter().enumerate() {
                if let TriggerSource::Change { entity, .. } = &trigger.source {
                    let of_entity = found.entry(Arc::clone(entity)).or_default();
                    of_entity.push((Arc::clone(workflow), index));
                }
            }
        }
        Self(found)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An object before and after a commit; `None` where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) key: ObjectKey,
    pub(crate) before: Option<Arc<Object>>,
    pub(crate) after: Option<Arc<Object>>,
}

impl Changed {
    /// Returns what a write changes of an object that was like this before.
    pub(crate) fn of(write: &ObjectWrite, before: Option<&Arc<Object>>) -> Option<Self> {
        let after = match &write.change {
            Change::Check => return None,
            Change::Delete => None,
            Change::Put(object) => Some(Arc::clone(object)),
        };
        Some(Self { key: write.key.clone(), before: before.cloned(), after })
    }

    fn kind(&self) -> ChangeKind {
        match (&self.before, &self.after) {
            (_, None) => ChangeKind::Delete,
            (None, Some(_)) => ChangeKind::Create,
            (Some(_), Some(_)) => ChangeKind::Update,
        }
    }

    /// Returns the value of `change`. The object of a deletion is the one that was deleted.
    fn value(&self) -> Value {
        let record = |object: &Arc<Object>| Value::Record(Arc::<Object>::clone(object));
        let object = self.after.as_ref().or(self.before.as_ref());
        map([
            ("kind", Value::from(self.kind().word())),
            ("object", object.map_or(Value::Null, record)),
            ("before", self.before.as_ref().map_or(Value::Null, record)),
        ])
    }
}

/// Who has made changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changer<'a> {
    /// The instance, if it was one.
    pub(crate) instance: Option<InstanceId>,
    /// Who it was, for people.
    pub(crate) by: &'a str,
    /// How many changes this one follows from.
    pub(crate) chain: u32,
}

/// Instances that follow from the changes of one transition.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    /// Those that live on, for [`Followers::live`] when the changes are seen by others.
    alive: Vec<Instance>,
    /// The rows with which all of them begin, for the transition.
    pub(crate) beginnings: Vec<Beginning>,
}

impl Followers {
    /// Makes the instances that follow from the changes of the transition with this number.
    pub(crate) fn of(
        changes: &[Changed],
        changer: Changer<'_>,
        number: TransitionNumber,
        published: &Arc<Published>,
        world: &World,
    ) -> Self {
        let mut followers = Self::default();
        for change in changes {
            let triggers = published.change_triggers.0.get(&change.key.entity);
            for (workflow, index) in triggers.into_iter().flatten() {
                let Some(trigger) = workflow.triggers.get(*index) else { continue };
                let input = match followed(change, trigger, changer.chain, published) {
                    Ok(None) => continue,
                    Ok(Some(given)) => conformity::input(workflow, &given),
                    Err(failure) => Err(failure),
                };
                followers.add(change, (changer, number), (published, workflow), input, world);
            }
        }
        followers
    }

    fn add(
        &mut self,
        change: &Changed,
        (changer, number): (Changer<'_>, TransitionNumber),
        (published, workflow): (&Arc<Published>, &Arc<Workflow>),
        input: Result<Value, Failure>,
        world: &World,
    ) {
        let now = world.now;
        let base = changer.instance.unwrap_or(InstanceId(uuid::Uuid::nil()));
        let base = InstanceId(base.derive(number.unsigned_abs() | FOLLOWERS, now));
        let place = u64::try_from(self.beginnings.len()).unwrap_or(u64::MAX);
        let id = InstanceId(base.derive(place, now));
        let by = format!("{} of {} by {}", change.kind().word(), change.key, changer.by);
        let (input, failure) = match input {
            Ok(input) => (input, None),
            Err(failure) => (Value::Map(Arc::default()), Some(failure)),
        };
        let mut instance =
            Instance::new(id, Arc::clone(published), Arc::clone(workflow), input, by.into(), now);
        instance.seldom_mut().chain = changer.chain.saturating_add(1);
        instance.note(now, Happening::Started);
        let Some(failure) = failure else {
            if world.planted.is(Bug::FollowerApart) {
                return self.alive.push(instance);
            }
            self.beginnings.push(instance.beginning());
            self.alive.push(instance);
            return;
        };
        let (error, message) = (failure.code.to_string(), failure.message.clone());
        instance.note(now, Happening::Failed { error, message });
        let row = instance.row(Status::Failed { at: now, failure }, 0);
        let mut journal = Vec::new();
        instance.hand_over_journal(&mut journal);
        self.beginnings.push(Beginning { row, journal });
    }

    /// Lets those live on that have not ended: the changes are seen by others from here on.
    pub(crate) fn live(self, world: &mut World) {
        world.kin.extend(self.alive.into_iter().map(|instance| Kin::Born(Box::new(instance))));
    }
}

impl Engine {
    /// Puts a write from outside into its transition, the one that was ordered last, and makes the
    /// instances that follow from it; `before` is the object that it replaces.
    pub(crate) fn order_from_outside(
        &mut self,
        by: &str,
        write: ObjectWrite,
        before: Option<&Arc<Object>>,
        number: TransitionNumber,
    ) -> Followers {
        let mut followers = Followers::default();
        let published = self.published.as_ref().and_then(|own| self.world.triggers(own));
        if let Some(published) = published {
            let changes: Vec<Changed> = Changed::of(&write, before).into_iter().collect();
            let changer = Changer { instance: None, by, chain: 0 };
            followers = Followers::of(&changes, changer, number, published, &self.world);
        }
        if let Some(transition) = self.world.outbox.pending.last_mut() {
            transition.objects.push(write);
            transition.starts = std::mem::take(&mut followers.beginnings);
        }
        followers
    }
}

impl Instance {
    /// Makes, and tells of, the instances that follow from what a transition of the instance writes.
    pub(crate) fn followers(
        &mut self,
        writes: &[ObjectWrite],
        number: TransitionNumber,
        unit: &UnitOfWork,
        world: &World,
    ) -> Followers {
        let Some(published) = world.triggers(&self.published) else { return Followers::default() };
        let changed = |write: &ObjectWrite| {
            let before = unit.get(&write.key).and_then(|entry| entry.base.as_ref());
            Changed::of(write, before)
        };
        let changes: Vec<Changed> = writes.iter().filter_map(changed).collect();
        let chain = self.seldom.as_ref().map_or(0, |seldom| seldom.chain);
        let by = format!("instance {}", self.id);
        let changer = Changer { instance: Some(self.id), by: &by, chain };
        let followers = Followers::of(&changes, changer, number, published, world);
        for Beginning { row, .. } in &followers.beginnings {
            self.note(
                world.now,
                Happening::ChildStarted {
                    instance: row.id.to_string(),
                    workflow: row.workflow.to_string(),
                    awaited: false,
                },
            );
        }
        followers
    }
}

/// Returns what a trigger gives to the instance that follows from a change, if one does.
fn followed(
    change: &Changed,
    trigger: &Trigger,
    chain: u32,
    published: &Published,
) -> Result<Option<Value>, Failure> {
    let TriggerSource::Change { kinds, when, .. } = &trigger.source else { return Ok(None) };
    if !kinds.is_empty() && !kinds.contains(&change.kind()) {
        return Ok(None);
    }
    let scope = [("change", change.value()), ("config", published.config.clone())];
    let scope_of_condition: &dyn Scope = &scope;
    if let Some(when) = when
        && !condition(when, scope_of_condition)?
    {
        return Ok(None);
    }
    if chain >= MAX_CHAIN {
        let message = format!(
            "{} was changed by an instance that had followed from a change itself, and so on: such \
             a chain has at most {MAX_CHAIN} changes; let `when` end it",
            change.key
        );
        return Err(Failure::new("trigger.chain", message));
    }
    given(trigger, &scope).map(Some)
}
