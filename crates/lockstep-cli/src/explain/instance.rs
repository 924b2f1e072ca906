//! `lockstep explain INSTANCE`: one that is unfinished, one that has ended, or a client's lock.

use std::sync::Arc;

use lockstep_core::explain::LockHolder;
use lockstep_core::transition::{InstanceRow, Status};
use lockstep_core::{Entry, InstanceId, Time};
use serde_json::{Value as Json, json};

use super::facts::Facts;
use super::{program, words};
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::failure_report::{self, value};
use crate::journal::{self, Activities};
use crate::look::{Look, Prefix, client_of};
use crate::moment::{both, exact, length};
use crate::shown::{line, quoted};
use crate::survey::Survey;

/// Entries of the journal that are told of what has ended.
const LAST_ENTRIES: usize = 5;

/// Returns the explanation.
pub(super) async fn explain(
    mut look: Look,
    wanted: &Prefix,
    format: Format,
) -> Result<String, CommandError> {
    let id = look.find(wanted).await?;
    let stored = look.snapshot.instance(id).await?;
    if let Some(stored) = stored {
        let row = stored.row.map_err(|corrupt| {
            CommandError::failed_with(
                format!("instance {id} cannot be read: {corrupt}"),
                "all others are not concerned; `lockstep journal` may tell what it did",
            )
        })?;
        return match row.status {
            Status::Running(_) => running(&mut look, &row, format).await,
            Status::Done { .. } | Status::Failed { .. } => ended(&mut look, &row, format).await,
        };
    }
    let locks = look.survey().await?.locks();
    let holder = locks.into_iter().flat_map(|lock| lock.holders).find(|holder| holder.who == id);
    if let Some(holder) = holder {
        return Ok(client(&holder, look.now, format));
    }
    let entries = look.snapshot.journal(id).await?;
    if entries.is_empty() {
        return Err(look.absent(wanted));
    }
    Ok(ended_client(id, &entries, format))
}

async fn running(
    look: &mut Look,
    row: &InstanceRow,
    format: Format,
) -> Result<String, CommandError> {
    Ok(match (Facts::of(look, row).await?, format) {
        (Ok(facts), Format::Human) => words::human(&facts),
        (Ok(facts), Format::Json) => format!("{}\n", program::running(&facts)),
        (Err(survey), _) => {
            let why = survey.refusal(row.id).unwrap_or("it cannot be taken up");
            refused(row, why, &survey, format)
        }
    })
}

/// One that is unfinished, and that no engine can take up.
fn refused(row: &InstanceRow, why: &str, survey: &Survey, format: Format) -> String {
    let (id, now) = (row.id, survey.taken_at());
    match format {
        Format::Human => format!(
            "Instance {id} of workflow {} is unfinished, and cannot go on: {}.\n\
             {} started it at {}; it stays as it is.\n{}",
            quoted(&row.workflow),
            line(why),
            quoted(&row.started_by),
            both(now, row.started_at),
            words::as_of(now),
        ),
        Format::Json => {
            let told = json!({
                "instance": id.to_string(),
                "workflow": &*row.workflow,
                "status": "refused",
                "started_at": exact(row.started_at),
                "started_by": &*row.started_by,
                "why": why,
                "as_of": exact(now),
            });
            format!("{told}\n")
        }
    }
}

async fn ended(look: &mut Look, row: &InstanceRow, format: Format) -> Result<String, CommandError> {
    let entries = look.snapshot.journal(row.id).await?;
    let first = entries.len().saturating_sub(LAST_ENTRIES);
    let last = entries.get(first..).unwrap_or_default();
    let definitions = Survey::definitions(&mut look.snapshot, &row.definitions).await?;
    let activities = Activities::of(definitions.as_deref(), &row.workflow);
    Ok(match format {
        Format::Human => ended_words(row, last, first, &activities, look.now),
        Format::Json => format!("{}\n", ended_json(row, last, &activities)),
    })
}

fn ended_words(
    row: &InstanceRow,
    last: &[Entry],
    left_out: usize,
    activities: &Activities,
    now: Time,
) -> String {
    let (id, workflow) = (row.id, quoted(&row.workflow));
    let (at, word, said) = match &row.status {
        Status::Done { at, output } => {
            (*at, "ended well", format!("Its output: {}\n", line(&value(output).to_string())))
        }
        Status::Failed { at, failure } => (*at, "failed", failure_report::human(failure)),
        Status::Running(_) => (now, "goes on", String::new()),
    };
    let took = length(at.since(row.started_at));
    let journal = journal::lines(last, activities, Some(row.started_at));
    let more = match left_out {
        0 => String::new(),
        count => format!(" ({count} before them: `lockstep journal {id}`)"),
    };
    format!(
        "Instance {id} of workflow {workflow} {word} at {}, after {took}; {} started it.\n{said}\
         The last entries of its journal{more}:\n{journal}",
        both(now, at),
        quoted(&row.started_by),
    )
}

fn ended_json(row: &InstanceRow, last: &[Entry], activities: &Activities) -> Json {
    let (status, at, output, error) = match &row.status {
        Status::Done { at, output } => ("done", Some(*at), value(output), Json::Null),
        Status::Failed { at, failure } => {
            ("failed", Some(*at), Json::Null, failure_report::json(failure))
        }
        Status::Running(_) => ("running", None, Json::Null, Json::Null),
    };
    let last: Vec<Json> = last.iter().map(|entry| journal::json(entry, activities)).collect();
    json!({
        "instance": row.id.to_string(),
        "workflow": &*row.workflow,
        "status": status,
        "started_at": exact(row.started_at),
        "started_by": &*row.started_by,
        "ended_at": at.map(exact),
        "output": output,
        "error": error,
        "last_entries": last,
    })
}

/// A lock that a client holds.
fn client(holder: &LockHolder, now: Time, format: Format) -> String {
    let (id, lock) = (holder.who, &holder.lock);
    let nobody: Arc<str> = "".into();
    let (owner, note) = client_of(holder).unwrap_or((&nobody, &nobody));
    match format {
        Format::Human => {
            let note = match &**note {
                "" => String::new(),
                note => format!(", with the note {}", quoted(note)),
            };
            format!(
                "{id} is the lock of client {} on {}{note}.\nIt is held since {}, under the token {}; \
                 unless it is renewed it ends at {}.\n{}",
                quoted(owner),
                lock.keys.join(", "),
                both(now, lock.since),
                lock.token,
                both(now, lock.until),
                words::as_of(now),
            )
        }
        Format::Json => {
            let mut told = program::held(lock);
            if let Json::Object(fields) = &mut told {
                fields.shift_insert(0, "status".to_owned(), "held".into());
                fields.shift_insert(0, "lock".to_owned(), id.to_string().into());
                fields.insert("as_of".to_owned(), exact(now).into());
            }
            format!("{told}\n")
        }
    }
}

/// A lock that a client held.
fn ended_client(id: InstanceId, entries: &[Entry], format: Format) -> String {
    let none = Activities::default();
    match format {
        Format::Human => {
            let lines = journal::lines(entries, &none, entries.first().map(|entry| Time(entry.at)));
            format!("{id} was the lock of a client; it is not held any more. Its journal:\n{lines}")
        }
        Format::Json => {
            let entries: Vec<Json> =
                entries.iter().map(|entry| journal::json(entry, &none)).collect();
            let told = json!({ "lock": id.to_string(), "status": "ended", "entries": entries });
            format!("{told}\n")
        }
    }
}
