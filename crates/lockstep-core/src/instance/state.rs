//! The durable form of an unfinished instance: all that is needed to take it up again.
//!
//! Invariants:
//!
//! * `restore(save(i))` goes on as `i` would have, but that an outside call in progress is made
//!   again under the same idempotency key.
//! * Text from a store never causes a panic; what cannot be read is an error of that instance.
//! * Held locks are told by their rows alone; the state only remembers under which tokens it lives,
//!   to see at a restart that one was lost.

use std::any::Any;
use std::sync::Arc;

use lockstep_expr::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Block, Held, Instance, Names, Phase, Position, Savepoint, Stage};
use crate::codec::{self, DecodeError, Exact};
use crate::failure::Failure;
use crate::id::Ticket;
use crate::object::{Object, ObjectKey};
use crate::time::Time;
use crate::transition::{Expected, InstanceRow, Judge, LockRow, LockWrite, Status};
use crate::unit_of_work::{Entry, Intent, UnitOfWork};
use crate::world::World;

/// Form of the texts that this program writes; it reads no other.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    form: u32,
    position: PositionState,
    names: Json,
    unit: Vec<EntryState>,
    activity_start: SavepointState,
    unit_start: SavepointState,
    tokens: Vec<(String, i64)>,
    entered_with: usize,
    backing_off: Option<i64>,
    waiting_since: Option<i64>,
    waited: i64,
    calls: u32,
    created: u32,
    call_attempts: u32,
    activity_attempts: u32,
    activity_until: Option<i64>,
    now: Option<i64>,
    error: Option<String>,
}

/// Activity, catch if in one, whether before the lock, step.
type PositionState = (usize, Option<usize>, bool, usize);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavepointState {
    position: PositionState,
    /// Absent if they are those of the state.
    names: Option<Json>,
    unit: Vec<EntryState>,
    calls: u32,
}

/// Entity and id, stamp if it is expected to be there, what was read, what is to become of it.
type EntryState = ((String, String), Option<i64>, Json, IntentState);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntentState {
    Check,
    Put { object: Json, fresh: bool },
    Delete,
}

impl Instance {
    /// Returns the instance's row.
    pub(crate) fn row(&self, status: Status, ticket: Ticket) -> InstanceRow {
        InstanceRow {
            id: self.id,
            workflow: Arc::clone(&self.workflow.name),
            definitions: Arc::clone(&self.published.id),
            input: self.input.clone(),
            started_by: Arc::clone(&self.started_by),
            started_at: self.started_at,
            ticket,
            status,
        }
    }

    /// Puts the row of the instance as it is, and the rows of its locks, into its last transition
    /// that is ordered and not taken; does nothing if there is none.
    pub(crate) fn save_row(&mut self, world: &mut World) {
        if world.outbox.last_of(self.id).is_none() {
            return;
        }
        if self.held.iter().any(|held| !held.row) && !world.outbox.is_last(self.id) {
            world.outbox.order(Some(self.id), Judge::Core);
        }
        let ticket = match &self.phase {
            Phase::Waiting { ticket, .. } => *ticket,
            Phase::Ready
            | Phase::Loading(_)
            | Phase::Querying(_)
            | Phase::Calling(_)
            | Phase::BackingOff(_)
            | Phase::Committing(_) => 0,
        };
        let row = self.row(Status::Running(self.save().into()), ticket);
        let id = self.id;
        let Some(transition) = world.outbox.last_of(id) else { return };
        transition.row = Some(row);
        self.hand_over_journal(&mut transition.journal);
        for held in self.held.iter_mut().filter(|held| !held.row) {
            held.row = true;
            transition.locks.push(LockWrite::Put(LockRow {
                key: Arc::clone(&held.key),
                token: held.token,
                instance: id,
                since: held.since,
                until: held.until,
            }));
        }
        world.outbox.unsaved.remove(&id);
    }

    fn save(&self) -> String {
        let backing_off = match &self.phase {
            Phase::BackingOff(until) => Some(until.0),
            Phase::Ready
            | Phase::Waiting { .. }
            | Phase::Loading(_)
            | Phase::Querying(_)
            | Phase::Calling(_)
            | Phase::Committing(_) => None,
        };
        let state = State {
            form: FORM,
            position: save_position(self.position),
            names: save_names(&self.names),
            unit: save_unit(&self.unit),
            activity_start: self.save_savepoint(&self.activity_start),
            unit_start: self.save_savepoint(&self.unit_start),
            tokens: self.held.iter().map(|held| (held.key.to_string(), held.token)).collect(),
            entered_with: self.entered_with,
            backing_off,
            waiting_since: self.waiting_since.map(|since| since.0),
            waited: self.waited,
            calls: self.calls,
            created: self.created,
            call_attempts: self.call_attempts,
            activity_attempts: self.activity_attempts,
            activity_until: self.activity_until.map(|until| until.0),
            now: self.now.map(|now| now.0),
            error: self.error.as_deref().map(codec::encode_failure),
        };
        serde_json::to_string(&state).expect("a state has no keys that JSON cannot write")
    }

    fn save_savepoint(&self, savepoint: &Savepoint) -> SavepointState {
        let same = Arc::ptr_eq(&savepoint.names.0, &self.names.0);
        SavepointState {
            position: save_position(savepoint.position),
            names: (!same).then(|| save_names(&savepoint.names)),
            unit: save_unit(&savepoint.unit),
            calls: savepoint.calls,
        }
    }

    /// Makes the instance what the text says; `locks` are the rows of the locks that it holds.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the text cannot be read; the instance is of no use then.
    pub(crate) fn restore(&mut self, text: &str, locks: Vec<LockRow>) -> Result<(), DecodeError> {
        let state: State =
            serde_json::from_str(text).map_err(|error| DecodeError::new(&error.to_string()))?;
        if state.form != FORM {
            return Err(DecodeError::new("it was written by another version of the program"));
        }
        self.names = restore_names(&state.names)?;
        self.unit = restore_unit(&state.unit)?;
        self.position = restore_position(state.position);
        self.activity_start = Arc::new(self.restore_savepoint(&state.activity_start)?);
        self.unit_start = Arc::new(self.restore_savepoint(&state.unit_start)?);
        self.waiting_since = state.waiting_since.map(Time);
        self.waited = state.waited;
        self.calls = state.calls;
        self.created = state.created;
        self.call_attempts = state.call_attempts;
        self.activity_attempts = state.activity_attempts;
        self.activity_until = state.activity_until.map(Time);
        self.now = state.now.map(Time);
        self.error =
            state.error.map(|text| codec::decode_failure(&text)).transpose()?.map(Arc::new);
        self.phase = state.backing_off.map_or(Phase::Ready, |until| Phase::BackingOff(Time(until)));
        for (key, token) in &state.tokens {
            if !locks.iter().any(|row| *row.key == **key && row.token == *token) {
                let message = format!("the lock {key} was taken away while the engine was down");
                self.fail_with(Failure::new("lock.lost", message));
            }
        }
        self.entered_with = state.entered_with;
        self.held = locks.into_iter().map(restore_held).collect();
        // Tokens grow: their order is that in which the locks were taken.
        self.held.sort_by_key(|held| held.token);
        Ok(())
    }

    fn restore_savepoint(&self, state: &SavepointState) -> Result<Savepoint, DecodeError> {
        Ok(Savepoint {
            position: restore_position(state.position),
            names: match &state.names {
                Some(names) => restore_names(names)?,
                None => self.names.clone(),
            },
            unit: restore_unit(&state.unit)?,
            calls: state.calls,
        })
    }
}

fn restore_held(row: LockRow) -> Held {
    Held {
        key: row.key,
        token: row.token,
        since: row.since,
        until: row.until,
        row: true,
        timer: None,
    }
}

fn save_position(position: Position) -> PositionState {
    let catch = match position.block {
        Block::Steps => None,
        Block::Catch(index) => Some(index),
    };
    match position.stage {
        Stage::Enter(step) => (position.activity, catch, true, step),
        Stage::Step(step) => (position.activity, catch, false, step),
    }
}

fn restore_position((activity, catch, before, step): PositionState) -> Position {
    Position {
        activity,
        block: catch.map_or(Block::Steps, Block::Catch),
        stage: if before { Stage::Enter(step) } else { Stage::Step(step) },
    }
}

fn exact(value: &Value) -> Json {
    serde_json::to_value(Exact(value)).expect("values have no keys that JSON cannot write")
}

fn exact_object(object: &Arc<Object>) -> Json {
    exact(&Value::Record(Arc::<Object>::clone(object)))
}

fn save_names(names: &Names) -> Json {
    Json::Object(names.0.iter().map(|(name, value)| (name.to_string(), exact(value))).collect())
}

fn restore_names(json: &Json) -> Result<Names, DecodeError> {
    let Json::Object(map) = json else { return Err(DecodeError::new("names are not a map")) };
    let names: Result<Vec<(Arc<str>, Value)>, DecodeError> = map
        .iter()
        .map(|(name, value)| Ok((name.as_str().into(), codec::from_json(value, 0)?)))
        .collect();
    Ok(Names(Arc::new(names?)))
}

fn save_unit(unit: &UnitOfWork) -> Vec<EntryState> {
    unit.entries
        .iter()
        .map(|(key, entry)| {
            let stamp = match entry.expected {
                Expected::Absent => None,
                Expected::Stamp(stamp) => Some(stamp),
            };
            let intent = match &entry.intent {
                Intent::Check => IntentState::Check,
                Intent::Delete => IntentState::Delete,
                Intent::Put { object, fresh } => {
                    IntentState::Put { object: exact_object(object), fresh: *fresh }
                }
            };
            let base = entry.base.as_ref().map_or(Json::Null, exact_object);
            ((key.entity.to_string(), key.id.to_string()), stamp, base, intent)
        })
        .collect()
}

fn restore_unit(entries: &[EntryState]) -> Result<UnitOfWork, DecodeError> {
    let mut unit = UnitOfWork::default();
    for ((entity, id), stamp, base, intent) in entries {
        let key = ObjectKey { entity: entity.as_str().into(), id: id.as_str().into() };
        let entry = Entry {
            expected: stamp.map_or(Expected::Absent, Expected::Stamp),
            base: if base.is_null() { None } else { Some(restore_object(base)?) },
            intent: match intent {
                IntentState::Check => Intent::Check,
                IntentState::Delete => Intent::Delete,
                IntentState::Put { object, fresh } => {
                    Intent::Put { object: restore_object(object)?, fresh: *fresh }
                }
            },
        };
        unit.entries.insert(key, entry);
    }
    Ok(unit)
}

fn restore_object(json: &Json) -> Result<Arc<Object>, DecodeError> {
    let not_object = || DecodeError::new("not an object");
    let Value::Record(record) = codec::from_json(json, 0)? else { return Err(not_object()) };
    let any: Arc<dyn Any + Send + Sync> = record;
    any.downcast::<Object>().map_err(|_| not_object())
}
