//! The durable form of an unfinished instance: all that is needed to take it up again.
//!
//! Invariants:
//!
//! * `restore(save(i))` goes on as `i` would have, but that an outside call in progress is made
//!   again under the same idempotency key.
//! * Text from a store never causes a panic; what cannot be read is an error of that instance.
//! * Held locks are told by their rows alone; the state only remembers under which tokens it lives,
//!   to see at a restart that one was lost.

mod pieces;
mod strand;
mod unit;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lockstep_expr::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::inbox::{Inbox, Letter};
use super::parts::{self, Parts};
use super::seldom::{Lineage, Seldom};
use super::{Held, Instance, Savepoint, Stage};
use crate::codec::{self, DecodeError};
use crate::event::Effect;
use crate::failure::Failure;
use crate::id::{InstanceId, Ticket};
use crate::lock::Wish;
use crate::planted::Bug;
use crate::time::Time;
use crate::transition::{Beginning, InstanceRow, Judge, LockRow, LockWrite, PartWrite, Status};
use crate::world::World;
use pieces::{Reading, Writing};
use strand::{FrameState, PositionState, StrandState};
use unit::EntryState;

/// Form of the texts that this program writes; it reads no other.
const FORM: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    form: u32,
    /// The present one first.
    strands: Vec<StrandState>,
    tables: Vec<Json>,
    unit: Vec<EntryState>,
    activity_start: SavepointState,
    unit_start: SavepointState,
    tokens: Vec<(String, i64)>,
    /// Whether it has not taken the lock of its workflow yet.
    #[serde(default, skip_serializing_if = "is_false")]
    before_lock: bool,
    entered_with: usize,
    waiting_since: Option<i64>,
    waited: i64,
    calls: u32,
    created: u32,
    activity_attempts: u32,
    activity_until: Option<i64>,
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seldom: Option<SeldomState>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavepointState {
    position: PositionState,
    names: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    frames: Vec<FrameState>,
    unit: Vec<EntryState>,
    calls: u32,
    #[serde(default)]
    taken: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeldomState {
    forked: u32,
    inbox: Vec<LetterState>,
    taken: Vec<LetterState>,
    /// Parent, whether it waits, instances above.
    lineage: Option<(String, bool, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given_back: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    chain: u32,
}

/// A state that was made.
struct Saved {
    state: String,
    input_part: Option<u32>,
    parts: Vec<PartWrite>,
}

/// Name, payload, who sent it.
type LetterState = (String, Json, String);

impl Instance {
    /// Returns the instance's row.
    pub(crate) fn row(&self, status: Status, ticket: Ticket) -> InstanceRow {
        InstanceRow {
            id: self.id,
            workflow: Arc::clone(&self.workflow.name),
            definitions: Arc::clone(&self.published.id),
            input: self.input.clone(),
            input_part: None,
            started_by: Arc::clone(&self.started_by),
            started_at: self.started_at,
            ticket,
            start_key: self.start_key.clone(),
            status,
            parts: Vec::new(),
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
        let ticket = self.strand.phase.ticket();
        let id = self.id;
        // What a transition writes that the store judges may not come to be.
        let last = world.outbox.last_of(id);
        let is_certain = last.is_some_and(|transition| transition.judge == Judge::Core);
        let wish = world.locks.wish_of(id);
        let Saved { state, input_part, parts } = self.save(wish, is_certain);
        let row = self.row(Status::Running(state.into()), ticket);
        let Some(transition) = world.outbox.last_of(id) else { return };
        transition.row = Some(InstanceRow { input_part, ..row });
        transition.parts.extend(parts);
        self.hand_over_journal(&mut transition.journal);
        let forgets = world.planted.is(Bug::LockRowsForgotten);
        for held in self.held.iter_mut().filter(|held| !held.row && !forgets) {
            held.row = true;
            transition.locks.extend(rows(id, held).map(LockWrite::Put));
        }
        if is_certain && !std::mem::replace(&mut self.accepted, true) {
            world.outbox.when_durable(Effect::Accepted { instance: id });
        }
        world.outbox.unsaved.remove(id);
    }

    /// Returns the instance as it begins in a transition that is not its own.
    pub(crate) fn beginning(&mut self) -> Beginning {
        // Parts belong to a transition of its own.
        let Saved { state, .. } = self.save(None, false);
        let mut journal = Vec::new();
        self.hand_over_journal(&mut journal);
        Beginning { row: self.row(Status::Running(state.into()), 0), journal }
    }

    fn save(&mut self, wish: Option<&Wish>, makes_parts: bool) -> Saved {
        let mut seldom = self.seldom.take();
        let mut none = Parts::default();
        let mut known = seldom.as_mut().map(|seldom| std::mem::take(&mut seldom.parts));
        let parts = known.as_mut().unwrap_or(&mut none);
        self.seldom = seldom;
        let mut to = Writing::new(parts, makes_parts);
        let input_part = to.input(&self.input);
        let mut state = State {
            form: FORM,
            strands: self.strands().map(|strand| strand::save(strand, wish, &mut to)).collect(),
            unit: unit::save_unit(&self.unit),
            activity_start: save_savepoint(&self.activity_start, &mut to),
            unit_start: save_savepoint(&self.unit_start, &mut to),
            tokens: self.held.iter().flat_map(tokens).collect(),
            before_lock: self.strand.position.stage == Stage::Begin,
            entered_with: self.entered_with,
            waiting_since: self.waiting_since.map(|since| since.0),
            waited: self.waited,
            calls: self.calls,
            created: self.created,
            activity_attempts: self.activity_attempts,
            activity_until: self.activity_until.map(|until| until.0),
            error: self.error.as_deref().map(codec::encode_failure),
            seldom: self.seldom.as_deref().map(|seldom| save_seldom(seldom, &mut to)),
            tables: Vec::new(),
        };
        let (tables, writes) = to.finish();
        state.tables = tables;
        if let Some(known) = known {
            self.seldom_mut().parts = known;
        } else if !none.is_empty() {
            self.seldom_mut().parts = none;
        }
        let state = serde_json::to_string(&state);
        let state = state.expect("a state has no keys that JSON cannot write");
        Saved { state, input_part, parts: writes }
    }

    /// Makes the instance what the text says, which names parts; `locks` are the rows of the locks
    /// that it holds. Returns what it wants if it waits for a lock.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the text cannot be read; the instance is of no use then.
    pub(crate) fn restore(
        &mut self,
        text: &str,
        parts: &[(u32, Arc<str>)],
        locks: Vec<LockRow>,
    ) -> Result<Option<Wish>, DecodeError> {
        let state: State =
            serde_json::from_str(text).map_err(|error| DecodeError::new(&error.to_string()))?;
        if state.form != FORM {
            return Err(DecodeError::new("it was written by another version of the program"));
        }
        let decoded = |(number, text): &(u32, Arc<str>)| Ok((*number, codec::decode(text)?));
        let parts: Result<BTreeMap<u32, Value>, DecodeError> = parts.iter().map(decoded).collect();
        let parts = parts?;
        let from = Reading::new(&state.tables, &parts)?;
        self.seldom = state.seldom.map(|seldom| restore_seldom(seldom, &from)).transpose()?;
        if let Some(input) = parts.get(&parts::INPUT) {
            self.input = input.clone();
        }
        for (number, value) in &parts {
            self.seldom_mut().parts.know(*number, value.clone());
        }
        let mut strands = state.strands.into_iter();
        let present = strands.next().ok_or_else(|| DecodeError::new("there is no strand"))?;
        let lineage = self.seldom.as_ref().and_then(|seldom| seldom.lineage.as_ref());
        let ancestors = lineage.map(|lineage| Arc::clone(&lineage.ancestors));
        let wish = strand::wish(&present, self.id, ancestors.unwrap_or_default());
        self.strand = strand::restore(present, &from)?;
        for parked in strands {
            self.seldom_mut().parked.push(strand::restore(parked, &from)?);
        }
        self.unit = unit::restore_unit(&state.unit)?;
        self.activity_start = Arc::new(restore_savepoint(state.activity_start, &from)?);
        self.unit_start = Arc::new(restore_savepoint(state.unit_start, &from)?);
        self.waiting_since = state.waiting_since.map(Time);
        self.waited = state.waited;
        self.calls = state.calls;
        self.created = state.created;
        self.activity_attempts = state.activity_attempts;
        self.activity_until = state.activity_until.map(Time);
        self.error =
            state.error.map(|text| codec::decode_failure(&text)).transpose()?.map(Arc::new);
        for (key, token) in &state.tokens {
            if !locks.iter().any(|row| *row.key == **key && row.token == *token) {
                let message = format!("the lock {key} was taken away while the engine was down");
                self.fail_with(Failure::new("lock.lost", message));
            }
        }
        self.accepted = true;
        self.entered_with = state.entered_with;
        self.held = restore_held(locks);
        if state.before_lock {
            self.strand.position.stage = Stage::Begin;
        }
        Ok(wish)
    }
}

fn save_savepoint(savepoint: &Savepoint, to: &mut Writing<'_>) -> SavepointState {
    SavepointState {
        position: strand::save_position(savepoint.position),
        names: to.names(&savepoint.names),
        frames: strand::save_frames(&savepoint.frames, to),
        unit: unit::save_unit(&savepoint.unit),
        calls: savepoint.calls,
        taken: savepoint.taken,
    }
}

fn restore_savepoint(state: SavepointState, from: &Reading<'_>) -> Result<Savepoint, DecodeError> {
    Ok(Savepoint {
        position: strand::restore_position(state.position),
        names: from.names(state.names)?,
        frames: strand::restore_frames(state.frames, from)?,
        unit: unit::restore_unit(&state.unit)?,
        calls: state.calls,
        taken: state.taken,
    })
}

fn save_seldom(seldom: &Seldom, to: &mut Writing<'_>) -> SeldomState {
    let mut letter = |letter: &Letter| {
        (letter.name.to_string(), to.value(&letter.payload), letter.by.to_string())
    };
    SeldomState {
        forked: seldom.forked,
        inbox: seldom.inbox.kept.iter().map(&mut letter).collect(),
        taken: seldom.inbox.taken.iter().map(&mut letter).collect(),
        lineage: seldom
            .lineage
            .as_ref()
            .map(|lineage| (lineage.parent.to_string(), lineage.awaited, lineage.depth)),
        ancestors: seldom
            .lineage
            .iter()
            .flat_map(|lineage| lineage.ancestors.iter().map(ToString::to_string))
            .collect(),
        given_back: seldom
            .given_back
            .as_ref()
            .map(|keys| keys.iter().map(ToString::to_string).collect()),
        chain: seldom.chain,
    }
}

fn restore_seldom(state: SeldomState, from: &Reading<'_>) -> Result<Box<Seldom>, DecodeError> {
    let letter = |(name, payload, by): LetterState| {
        Ok(Letter { name: name.into(), payload: from.value(&payload)?, by: by.into() })
    };
    let kept: Result<VecDeque<Letter>, DecodeError> = state.inbox.into_iter().map(letter).collect();
    let taken: Result<Vec<Letter>, DecodeError> = state.taken.into_iter().map(letter).collect();
    let ancestors = state.ancestors.iter().map(|ancestor| pieces::instance(ancestor));
    let ancestors: Result<Arc<[InstanceId]>, DecodeError> = ancestors.collect();
    let ancestors = ancestors?;
    let lineage = state.lineage.map(|(parent, awaited, depth)| {
        Ok(Lineage { parent: pieces::instance(&parent)?, awaited, depth, ancestors })
    });
    Ok(Box::new(Seldom {
        forked: state.forked,
        inbox: Inbox { kept: kept?, taken: taken?, arriving: Vec::new() },
        lineage: lineage.transpose()?,
        chain: state.chain,
        given_back: state.given_back.map(|keys| keys.into_iter().map(Into::into).collect()),
        turn: None,
        breaking: Vec::new(),
        late: None,
        parked: Vec::new(),
        parts: Parts::default(),
    }))
}

/// Returns the rows of a held lock.
fn rows(id: InstanceId, held: &Held) -> impl Iterator<Item = LockRow> {
    held.keys.iter().map(move |key| LockRow {
        key: Arc::clone(key),
        token: held.token,
        mode: held.mode,
        instance: id,
        since: held.since,
        until: held.until,
        origin: held.origin.clone(),
    })
}

fn tokens(held: &Held) -> impl Iterator<Item = (String, i64)> {
    held.keys.iter().map(|key| (key.to_string(), held.token))
}

/// Returns the locks that rows tell of, in the order in which they were taken: tokens grow.
fn restore_held(mut rows: Vec<LockRow>) -> Vec<Held> {
    rows.sort_by(|a, b| (a.token, &a.key).cmp(&(b.token, &b.key)));
    let of_one_token = rows.chunk_by(|a, b| a.token == b.token);
    of_one_token
        .filter_map(|rows| {
            let first = rows.first()?;
            Some(Held {
                keys: rows.iter().map(|row| Arc::clone(&row.key)).collect(),
                token: first.token,
                mode: first.mode,
                since: first.since,
                until: first.until,
                origin: first.origin.clone(),
                row: true,
                timer: None,
            })
        })
        .collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !*value
}
