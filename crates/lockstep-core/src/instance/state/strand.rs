//! The durable form of strands.

use std::sync::Arc;

use lockstep_definition::LockMode;
use lockstep_expr::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::pieces::{self, Reading, Writing};
use crate::codec::{self, DecodeError};
use crate::id::{InstanceId, Ticket};
use crate::instance::collected::{Chunk, Collected};
use crate::instance::frames::{Each, Frame, Frames, Nested};
use crate::instance::strand::{Child, Join, Listening};
use crate::instance::{Arrived, Block, Phase, Position, Stage, Strand};
use crate::lock::Wish;
use crate::time::Time;

/// Activity, catch if in one, whether before the lock, step.
pub(super) type PositionState = (usize, Option<usize>, bool, usize);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StrandState {
    #[serde(default, skip_serializing_if = "is_first")]
    fork: (u32, u32),
    position: PositionState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    frames: Vec<FrameState>,
    names: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<PhaseState>,
    call: (u32, u32),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    now: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived: Option<ArrivedState>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_first(fork: &(u32, u32)) -> bool {
    *fork == (0, 0)
}

/// Step, and how its steps are run.
pub(super) type FrameState = (usize, NestedState);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NestedState {
    Forked(usize),
    Each { items: Json, at: usize, before: usize, collected: Option<Vec<ChunkState>> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChunkState {
    Full(Json),
    /// A list for each item: empty, or its value.
    Open(Vec<Vec<Json>>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhaseState {
    Waiting { ticket: Ticket, keys: Vec<String>, shared: bool, priority: i64 },
    BackingOff(i64),
    Sleeping(i64, bool),
    Listening(String, Option<i64>),
    Child(String, Option<i64>),
    Branches(usize),
    Items { items: Json, next: usize, running: usize, collected: Option<Vec<ChunkState>> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArrivedState {
    CallDone(Json),
    CallFailed(String),
    ChildDone(String, Json),
    ChildFailed(String, String),
    Woken(bool),
}

pub(super) fn save_position(position: Position) -> PositionState {
    let catch = match position.block {
        Block::Steps => None,
        Block::Catch(index) => Some(index),
    };
    match position.stage {
        // Told by the instance.
        Stage::Begin => (position.activity, catch, true, 0),
        Stage::Enter(step) => (position.activity, catch, true, step),
        Stage::Step(step) => (position.activity, catch, false, step),
    }
}

pub(super) fn restore_position((activity, catch, before, step): PositionState) -> Position {
    Position {
        activity,
        block: catch.map_or(Block::Steps, Block::Catch),
        stage: if before { Stage::Enter(step) } else { Stage::Step(step) },
    }
}

/// Returns the durable form of a strand; `wish` is what it wants if it waits for a lock.
pub(super) fn save(strand: &Strand, wish: Option<&Wish>, to: &mut Writing<'_>) -> StrandState {
    StrandState {
        fork: (strand.number, strand.forked_by),
        position: save_position(strand.position),
        frames: save_frames(&strand.frames, to),
        names: to.names(&strand.names),
        phase: save_phase(&strand.phase, wish, to),
        call: (strand.call, strand.call_attempts),
        now: strand.now.map(|now| now.0),
        arrived: strand.arrived.as_deref().and_then(|arrived| save_arrived(arrived, to)),
    }
}

pub(super) fn restore(state: StrandState, from: &Reading<'_>) -> Result<Strand, DecodeError> {
    let (position, frames) = (restore_position(state.position), state.frames);
    let names = from.names(state.names)?;
    let new = Strand::new(position, restore_frames(frames, from)?, names);
    Ok(Strand {
        number: state.fork.0,
        forked_by: state.fork.1,
        phase: state.phase.map_or(Ok(Phase::Ready), |phase| restore_phase(phase, from))?,
        call: state.call.0,
        call_attempts: state.call.1,
        now: state.now.map(Time),
        arrived: state.arrived.map(|arrived| restore_arrived(arrived, from)).transpose()?,
        ..new
    })
}

pub(super) fn save_frames(frames: &Frames, to: &mut Writing<'_>) -> Vec<FrameState> {
    let frame = |frame: &Frame| {
        let nested = match &frame.nested {
            Nested::Forked(which) => NestedState::Forked(*which),
            Nested::Each(each) => NestedState::Each {
                items: to.value(&Value::List(Arc::clone(&each.items))),
                at: each.at,
                before: to.names(&each.before),
                collected: save_collected(each.collected.as_ref(), to),
            },
        };
        (frame.step, nested)
    };
    frames.as_slice().iter().map(frame).collect()
}

pub(super) fn restore_frames(
    frames: Vec<FrameState>,
    from: &Reading<'_>,
) -> Result<Frames, DecodeError> {
    let frame = |(step, nested)| {
        let nested = match nested {
            NestedState::Forked(which) => Nested::Forked(which),
            NestedState::Each { items, at, before, collected } => Nested::Each(Each {
                items: restore_items(&items, from)?,
                at,
                before: from.names(before)?,
                collected: restore_collected(collected, from)?,
            }),
        };
        Ok(Frame { step, nested })
    };
    let frames: Result<Vec<Frame>, DecodeError> = frames.into_iter().map(frame).collect();
    Ok(Frames::from_vec(frames?))
}

fn restore_items(items: &Json, from: &Reading<'_>) -> Result<Arc<Vec<Value>>, DecodeError> {
    let Value::List(items) = from.value(items)? else {
        return Err(DecodeError::new("items are not a list"));
    };
    Ok(items)
}

fn save_collected(collected: Option<&Collected>, to: &mut Writing<'_>) -> Option<Vec<ChunkState>> {
    let chunk = |chunk: &Chunk| match chunk {
        Chunk::Full(values) => ChunkState::Full(to.lasting(values)),
        Chunk::Open(values) => {
            let value = |value: &Option<Value>| value.iter().map(|v| to.value(v)).collect();
            ChunkState::Open(values.iter().map(value).collect())
        }
    };
    Some(collected?.chunks.iter().map(chunk).collect())
}

fn restore_collected(
    collected: Option<Vec<ChunkState>>,
    from: &Reading<'_>,
) -> Result<Option<Collected>, DecodeError> {
    let Some(chunks) = collected else { return Ok(None) };
    let value = |value: Vec<Json>| value.first().map(|value| from.value(value)).transpose();
    let chunk = |chunk| {
        Ok(match chunk {
            ChunkState::Full(values) => Chunk::Full(from.value(&values)?),
            ChunkState::Open(values) => {
                Chunk::Open(values.into_iter().map(value).collect::<Result<_, _>>()?)
            }
        })
    };
    let chunks: Result<Vec<Chunk>, DecodeError> = chunks.into_iter().map(chunk).collect();
    Ok(Some(Collected { chunks: chunks? }))
}

/// Returns what of a phase outlives a restart; a strand in any other one is ready to run its step
/// again.
fn save_phase(phase: &Phase, wish: Option<&Wish>, to: &mut Writing<'_>) -> Option<PhaseState> {
    match phase {
        Phase::Ready
        | Phase::Loading(_)
        | Phase::Querying(_)
        | Phase::Calling(_)
        | Phase::Queuing
        | Phase::Committing => None,
        Phase::Waiting(ticket) => wish.map(|wish| PhaseState::Waiting {
            ticket: *ticket,
            keys: wish.keys.iter().map(ToString::to_string).collect(),
            shared: wish.mode == LockMode::Shared,
            priority: wish.priority,
        }),
        Phase::BackingOff(until) => Some(PhaseState::BackingOff(until.0)),
        Phase::Sleeping { until, overdue } => Some(PhaseState::Sleeping(until.0, *overdue)),
        Phase::Listening(to) => {
            Some(PhaseState::Listening(to.name.to_string(), to.until.map(|until| until.0)))
        }
        Phase::Child(child) => {
            Some(PhaseState::Child(child.id.to_string(), child.until.map(|until| until.0)))
        }
        Phase::Joining(join) => Some(match &**join {
            Join::Branches { left } => PhaseState::Branches(*left),
            Join::Items { items, next, running, collected } => PhaseState::Items {
                items: to.value(&Value::List(Arc::clone(items))),
                next: *next,
                running: *running,
                collected: save_collected(collected.as_ref(), to),
            },
        }),
    }
}

/// Returns what a strand of this owner wants that waits for a lock.
pub(super) fn wish(
    state: &StrandState,
    owner: InstanceId,
    lineage: Arc<[InstanceId]>,
) -> Option<Wish> {
    let Some(PhaseState::Waiting { keys, shared, priority, .. }) = &state.phase else {
        return None;
    };
    let keys = keys.iter().map(|key| key.as_str().into()).collect();
    let mode = if *shared { LockMode::Shared } else { LockMode::Exclusive };
    Some(Wish { owner, keys, mode, priority: *priority, lineage })
}

fn restore_phase(phase: PhaseState, from: &Reading<'_>) -> Result<Phase, DecodeError> {
    Ok(match phase {
        PhaseState::Waiting { ticket, .. } => Phase::Waiting(ticket),
        PhaseState::BackingOff(until) => Phase::BackingOff(Time(until)),
        PhaseState::Sleeping(until, overdue) => Phase::Sleeping { until: Time(until), overdue },
        PhaseState::Listening(name, until) => {
            let (name, until) = (name.into(), until.map(Time));
            Phase::Listening(Box::new(Listening { name, until }))
        }
        PhaseState::Child(id, until) => {
            let (id, until) = (pieces::instance(&id)?, until.map(Time));
            Phase::Child(Box::new(Child { id, until }))
        }
        PhaseState::Branches(left) => Phase::Joining(Box::new(Join::Branches { left })),
        PhaseState::Items { items, next, running, collected } => {
            let items = restore_items(&items, from)?;
            let collected = restore_collected(collected, from)?;
            Phase::Joining(Box::new(Join::Items { items, next, running, collected }))
        }
    })
}

fn save_arrived(arrived: &Arrived, to: &mut Writing<'_>) -> Option<ArrivedState> {
    match arrived {
        Arrived::Call(Ok(result)) => Some(ArrivedState::CallDone(to.value(result))),
        Arrived::Call(Err(failure)) => {
            Some(ArrivedState::CallFailed(codec::encode_failure(failure)))
        }
        // They are asked for again.
        Arrived::Objects(_) => None,
        Arrived::Child(id, Ok(output)) => {
            Some(ArrivedState::ChildDone(id.to_string(), to.value(output)))
        }
        Arrived::Child(id, Err(failure)) => {
            Some(ArrivedState::ChildFailed(id.to_string(), codec::encode_failure(failure)))
        }
        Arrived::Woken { overdue } => Some(ArrivedState::Woken(*overdue)),
    }
}

fn restore_arrived(state: ArrivedState, from: &Reading<'_>) -> Result<Box<Arrived>, DecodeError> {
    Ok(Box::new(match state {
        ArrivedState::CallDone(result) => Arrived::Call(Ok(from.value(&result)?)),
        ArrivedState::CallFailed(failure) => Arrived::Call(Err(codec::decode_failure(&failure)?)),
        ArrivedState::ChildDone(id, output) => {
            Arrived::Child(pieces::instance(&id)?, Ok(from.value(&output)?))
        }
        ArrivedState::ChildFailed(id, failure) => {
            Arrived::Child(pieces::instance(&id)?, Err(codec::decode_failure(&failure)?))
        }
        ArrivedState::Woken(overdue) => Arrived::Woken { overdue },
    }))
}
