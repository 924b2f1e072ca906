//! What does not go on: an instance that has ended or cannot be taken up, a client's lock.

use super::{Source, as_of};
use crate::explanation::{ClientEnded, ClientHeld, Ended, Refused};
use crate::words::moment::{both, length};
use crate::words::shown::{line, quoted};
use crate::words::{failure, journal};

/// One that is unfinished, and that no engine can take up.
pub(super) fn refused(it: &Refused, source: Source) -> String {
    let now = it.as_of.0;
    format!(
        "Instance {} of workflow {} is unfinished, and cannot go on: {}.\n\
         {} started it at {}; it stays as it is.\n{}",
        it.instance,
        quoted(&it.workflow),
        line(&it.why),
        quoted(&it.started_by),
        both(now, it.started_at.0),
        as_of(now, source),
    )
}

pub(super) fn ended(it: &Ended, word: &str) -> String {
    let (id, workflow, at) = (&it.instance, quoted(&it.workflow), it.ended_at.0);
    let said = if let Some(error) = &it.error {
        failure::human(error)
    } else {
        let output = it.output.as_ref().map_or("null", |output| output.text());
        format!("Its output: {}\n", line(output))
    };
    let took = length(at.since(it.started_at.0));
    let lines = journal::lines(&it.last_entries, Some(it.started_at.0));
    let more = match it.earlier_entries {
        0 => String::new(),
        count => format!(" ({count} before them: `lockstep journal {id}`)"),
    };
    format!(
        "Instance {id} of workflow {workflow} {word} at {}, after {took}; {} started it.\n{said}\
         The last entries of its journal{more}:\n{lines}",
        both(it.as_of.0, at),
        quoted(&it.started_by),
    )
}

/// A lock that a client holds.
pub(super) fn client(it: &ClientHeld, source: Source) -> String {
    let (now, held) = (it.as_of.0, &it.held);
    let note = match held.note.as_deref() {
        None | Some("") => String::new(),
        Some(note) => format!(", with the note {}", quoted(note)),
    };
    format!(
        "{} is the lock of client {} on {}{note}.\nIt is held since {}, under the token {}; \
         unless it is renewed it ends at {}.\n{}",
        it.lock,
        quoted(held.client.as_deref().unwrap_or_default()),
        line(&held.keys.join(", ")),
        both(now, held.since.0),
        held.token,
        both(now, held.ends_at.0),
        as_of(now, source),
    )
}

/// A lock that a client held.
pub(super) fn ended_client(it: &ClientEnded) -> String {
    let lines = journal::lines(&it.entries, it.entries.first().map(|entry| entry.at.0));
    let more = match it.earlier_entries {
        0 => String::new(),
        count => format!(" ({count} entries before these: `lockstep journal {}`)", it.lock),
    };
    let lock = &it.lock;
    format!("{lock} was the lock of a client; it is not held any more. Its journal{more}:\n{lines}")
}
