//! Rows as text, and back.
//!
//! Invariants:
//!
//! * What was written is read, kinds of numbers included: values are in the codec's exact form.
//! * Names of fields are stable: rows are kept for ever.
//!
//! Absent by design: panics on what is stored. A row that is not of this form is [`Corrupt`].

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use lockstep_core::codec::{self, Exact};
use lockstep_core::transition::{InstanceRow, LockRow, Origin, StartKey, Status};
use lockstep_core::{Entry, Failure, InstanceId, Object, ObjectKey, Time};
use lockstep_definition::{LockMode, Place};
use lockstep_expr::Value;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::error::Corrupt;
use crate::store::{State, StoredInstance};

const SERIALIZES: &str = "rows have no keys that JSON cannot write, and memory takes every byte";

/// Returns the number that stands for a state.
pub(crate) fn state_number(state: State) -> i64 {
    match state {
        State::Running => 0,
        State::Done => 1,
        State::Failed => 2,
    }
}

/// Returns the number that stands for a mode.
pub(crate) fn mode_number(mode: LockMode) -> i64 {
    match mode {
        LockMode::Exclusive => 0,
        LockMode::Shared => 1,
    }
}

#[derive(Serialize)]
struct InstanceOut<'a> {
    workflow: &'a str,
    definitions: &'a str,
    started_by: &'a str,
    started_at: i64,
    ticket: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_key: Option<(&'a str, &'a str)>,
    input: Exact<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_part: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Exact<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureOut<'a>>,
}

#[derive(Serialize)]
struct FailureOut<'a> {
    code: &'a str,
    message: &'a str,
    details: Exact<'a>,
    activity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<(&'a str, u32, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstanceIn<'a> {
    workflow: Cow<'a, str>,
    definitions: Cow<'a, str>,
    started_by: Cow<'a, str>,
    started_at: i64,
    ticket: u64,
    #[serde(borrow)]
    start_key: Option<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(borrow)]
    input: &'a RawValue,
    input_part: Option<u32>,
    ended_at: Option<i64>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    failure: Option<FailureIn<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureIn<'a> {
    code: Cow<'a, str>,
    message: String,
    #[serde(borrow)]
    details: &'a RawValue,
    activity: Cow<'a, str>,
    place: Option<(String, u32, u32)>,
}

/// Appends the body of an instance: all but its id and, while it runs, its state.
pub(crate) fn write_instance(to: &mut Vec<u8>, row: &InstanceRow) {
    let (ended_at, output, failure) = match &row.status {
        Status::Running(_) => (None, None, None),
        Status::Done { at, output } => (Some(at.0), Some(Exact(output)), None),
        Status::Failed { at, failure } => (Some(at.0), None, Some(failure_out(failure))),
    };
    let out = InstanceOut {
        workflow: &row.workflow,
        definitions: &row.definitions,
        started_by: &row.started_by,
        started_at: row.started_at.0,
        ticket: row.ticket,
        start_key: row.start_key.as_ref().map(|start| (&*start.key, &*start.request)),
        // A part holds it.
        input: Exact(if row.input_part.is_some() { &Value::Null } else { &row.input }),
        input_part: row.input_part,
        ended_at,
        output,
        failure,
    };
    serde_json::to_writer(to, &out).expect(SERIALIZES);
}

fn failure_out(failure: &Failure) -> FailureOut<'_> {
    FailureOut {
        code: &failure.code,
        message: &failure.message,
        details: Exact(&failure.details),
        activity: &failure.activity,
        place: failure.place.as_ref().map(|place| (&*place.file, place.line, place.column)),
    }
}

/// Appends what a batch adds to a journal.
pub(crate) fn write_entries(to: &mut Vec<u8>, entries: &[&Entry]) {
    serde_json::to_writer(to, entries).expect(SERIALIZES);
}

#[derive(Serialize)]
struct ObjectOut<'a> {
    created_at: i64,
    created_by: &'a str,
    modified_at: i64,
    modified_by: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectIn<'a> {
    created_at: i64,
    created_by: Cow<'a, str>,
    modified_at: i64,
    modified_by: Cow<'a, str>,
    #[serde(borrow)]
    attributes: &'a RawValue,
}

/// Appends the body of an object: all but its key, version and stamp.
pub(crate) fn write_object(to: &mut Vec<u8>, object: &Object) {
    let out = ObjectOut {
        created_at: object.created_at.0,
        created_by: &object.created_by,
        modified_at: object.modified_at.0,
        modified_by: &object.modified_by,
    };
    serde_json::to_writer(&mut *to, &out).expect(SERIALIZES);
    // The attributes become the last field.
    to.pop();
    to.extend_from_slice(b",\"attributes\":");
    to.extend_from_slice(codec::encode_map(&object.attributes).as_bytes());
    to.push(b'}');
}

/// Reads an instance from the columns `id`, `state`, `body`, `running` and `parts`.
///
/// # Errors
///
/// [`Corrupt`] if not even its id can be read.
pub(crate) fn instance(row: &SqliteRow) -> Result<StoredInstance, Corrupt> {
    let id = instance_id(row, "id").map_err(|reason| corrupt("an instance", reason))?;
    let row = instance_row(row, id).map_err(|reason| corrupt(format!("instance {id}"), reason));
    Ok(StoredInstance { id, row })
}

fn instance_row(row: &SqliteRow, id: InstanceId) -> Result<InstanceRow, String> {
    let body: InstanceIn<'_> = parse(text(row, "body")?)?;
    let ended = body.ended_at.map(Time);
    let running: Option<&str> = row.try_get("running").map_err(shown)?;
    let status = match (integer(row, "state")?, running, ended, body.output, body.failure) {
        (0, Some(state), None, None, None) => Status::Running(state.into()),
        // An output that is null reads as if there were none.
        (1, None, Some(at), output, None) => {
            Status::Done { at, output: output.map_or(Ok(Value::Null), value)? }
        }
        (2, None, Some(at), None, Some(failure)) => {
            Status::Failed { at, failure: failure_in(failure)? }
        }
        (state, ..) => return Err(format!("its contents do not fit its state, {state}")),
    };
    let parts = match row.try_get::<Option<&str>, _>("parts").map_err(shown)? {
        Some(parts) => {
            let parts: Vec<(u32, String)> = parse(parts)?;
            parts.into_iter().map(|(number, text)| (number, Arc::from(text))).collect()
        }
        None => Vec::new(),
    };
    let input = match body.input_part {
        Some(number) => {
            let part = parts.iter().find(|(part, _)| *part == number);
            let (_, text) = part.ok_or("the part with its input is missing")?;
            codec::decode(text).map_err(shown)?
        }
        None => value(body.input)?,
    };
    Ok(InstanceRow {
        id,
        workflow: body.workflow.into(),
        definitions: body.definitions.into(),
        input,
        input_part: body.input_part,
        started_by: body.started_by.into(),
        started_at: Time(body.started_at),
        ticket: body.ticket,
        start_key: body
            .start_key
            .map(|(key, request)| Arc::new(StartKey { key: key.into(), request: request.into() })),
        status,
        parts,
    })
}

fn failure_in(failure: FailureIn<'_>) -> Result<Failure, String> {
    Ok(Failure {
        code: failure.code.into(),
        message: failure.message,
        details: value(failure.details)?,
        retryable: true,
        activity: failure.activity.into(),
        place: failure.place.map(|(file, line, column)| Place { file: file.into(), line, column }),
    })
}

/// Reads an object from the columns `version`, `stamp` and `body`.
///
/// # Errors
///
/// [`Corrupt`] if it cannot be read.
pub(crate) fn object(row: &SqliteRow, key: ObjectKey) -> Result<Arc<Object>, Corrupt> {
    match object_parts(row) {
        Ok((version, stamp, body, attributes)) => Ok(Arc::new(Object {
            key,
            version,
            stamp,
            created_at: Time(body.created_at),
            created_by: body.created_by.into(),
            modified_at: Time(body.modified_at),
            modified_by: body.modified_by.into(),
            attributes,
        })),
        Err(reason) => Err(corrupt(format!("object {key}"), reason)),
    }
}

type ObjectParts<'a> = (i64, i64, ObjectIn<'a>, lockstep_expr::Map);

fn object_parts(row: &SqliteRow) -> Result<ObjectParts<'_>, String> {
    let body: ObjectIn<'_> = parse(text(row, "body")?)?;
    let attributes = codec::decode_map(body.attributes.get()).map_err(shown)?;
    Ok((integer(row, "version")?, integer(row, "stamp")?, body, attributes))
}

/// Reads journal entries from the column `entries`.
///
/// # Errors
///
/// [`Corrupt`] if they cannot be read.
pub(crate) fn entries(row: &SqliteRow, id: InstanceId) -> Result<Vec<Entry>, Corrupt> {
    text(row, "entries")
        .and_then(parse)
        .map_err(|reason| corrupt(format!("the journal of instance {id}"), reason))
}

/// Reads a lock row.
///
/// # Errors
///
/// [`Corrupt`] if it cannot be read.
pub(crate) fn lock(row: &SqliteRow) -> Result<LockRow, Corrupt> {
    let key = text(row, "key").map_err(|reason| corrupt("a lock", reason))?;
    let parts = || {
        Ok::<_, String>(LockRow {
            key: key.into(),
            token: integer(row, "token")?,
            mode: mode(integer(row, "mode")?)?,
            instance: instance_id(row, "instance")?,
            since: Time(integer(row, "since")?),
            until: Time(integer(row, "until")?),
            origin: origin(row)?,
        })
    };
    parts().map_err(|reason| corrupt(format!("lock \"{key}\""), reason))
}

fn mode(number: i64) -> Result<LockMode, String> {
    match number {
        0 => Ok(LockMode::Exclusive),
        1 => Ok(LockMode::Shared),
        number => Err(format!("{number} is no mode")),
    }
}

fn origin(row: &SqliteRow) -> Result<Origin, String> {
    let activity: Option<i64> = row.try_get("activity").map_err(shown)?;
    let owner: Option<&str> = row.try_get("owner").map_err(shown)?;
    let note: Option<&str> = row.try_get("note").map_err(shown)?;
    let taker: Option<&str> = row.try_get("taker").map_err(shown)?;
    match (activity, owner, note, taker) {
        (None, None, None, None) => Ok(Origin::Workflow),
        (Some(activity), None, None, None) => {
            Ok(Origin::Activity(activity.try_into().map_err(shown)?))
        }
        (None, Some(owner), Some(note), taker) => {
            let taker = taker.map(Into::into);
            Ok(Origin::Client { owner: owner.into(), note: note.into(), taker })
        }
        (..) => Err("it says in two ways what took it".to_owned()),
    }
}

/// Reads a text.
///
/// # Errors
///
/// Why it cannot be read.
pub(crate) fn text<'a>(row: &'a SqliteRow, column: &str) -> Result<&'a str, String> {
    row.try_get(column).map_err(shown)
}

fn integer(row: &SqliteRow, column: &str) -> Result<i64, String> {
    row.try_get(column).map_err(shown)
}

pub(crate) fn instance_id(row: &SqliteRow, column: &str) -> Result<InstanceId, String> {
    let bytes: &[u8] = row.try_get(column).map_err(shown)?;
    Uuid::from_slice(bytes).map(InstanceId).map_err(shown)
}

fn value(raw: &RawValue) -> Result<Value, String> {
    codec::decode(raw.get()).map_err(shown)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(shown)
}

fn shown(error: impl Display) -> String {
    error.to_string()
}

/// Names a row that cannot be read.
pub(crate) fn corrupt(row: impl Into<String>, reason: impl Into<String>) -> Corrupt {
    Corrupt { row: row.into(), reason: reason.into() }
}
