//! Entries of a journal, for people: a line each.

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_core::{Happening, Time};

use super::moment::{length, plain};
use super::shown::line;
use crate::journal::Entry;

/// Returns entries, each with its time and the time since the beginning.
pub fn lines(entries: &[Entry], began: Option<Time>) -> String {
    let mut out = String::new();
    for entry in entries {
        let at = entry.at.0;
        let since = began.map_or_else(String::new, |began| format!("+{}", length(at.since(began))));
        let activity = entry.activity.as_ref();
        let activity = activity.map_or_else(String::new, |name| format!("{name}: "));
        let told = line(&format!("{activity}{}", told(&entry.event.0)));
        writeln!(out, "{}  {since:>10}  {told}", plain(at)).expect("a string takes every write");
    }
    out
}

fn told(event: &Happening) -> String {
    match event {
        Happening::LockWaited { .. }
        | Happening::LockGranted { .. }
        | Happening::LockLost { .. }
        | Happening::LockReleased { .. }
        | Happening::LockBroken { .. }
        | Happening::ClientAsked { .. }
        | Happening::LockRenewed { .. } => of_a_lock(event),
        Happening::Started => "started".to_owned(),
        Happening::Traced { parent } => format!("goes on with the trace {parent}"),
        Happening::Skipped => "left out".to_owned(),
        Happening::Called { key, attempt } => {
            format!("calls outside, attempt {attempt}, idempotency key {key}")
        }
        Happening::Returned { error: None, .. } => "the call came back".to_owned(),
        Happening::Returned { error: Some(error), .. } => format!("the call failed with {error}"),
        Happening::Committed(objects) => committed(objects),
        Happening::Retried { error } => format!("begins again after {error}"),
        Happening::Caught { error } => format!("{error} is caught"),
        Happening::Logged(text) => format!("says: {text}"),
        Happening::Waited { signal, title, until } => {
            waited(signal.as_deref(), title.as_deref(), *until)
        }
        Happening::Signalled { name, by } => format!("the signal {name} came from {by}"),
        Happening::SignalTaken { name, by } => format!("takes the signal {name} of {by}"),
        Happening::SignalDropped { name, by, error } => {
            format!("drops the signal {name} of {by}: {error}")
        }
        Happening::ChildStarted { instance, workflow, awaited } => {
            let word = if *awaited { "calls" } else { "starts" };
            format!("{word} workflow {workflow}, instance {instance}")
        }
        Happening::ChildEnded { instance, error: None } => format!("instance {instance} is done"),
        Happening::ChildEnded { instance, error: Some(error) } => {
            format!("instance {instance} failed with {error}")
        }
        Happening::EachBegan { items } => format!("goes through {items} items"),
        Happening::ParallelBegan { branches } => {
            format!("goes on in branches: {}", branches.join(", "))
        }
        Happening::Recovered => "taken up again after a restart".to_owned(),
        Happening::Finished => "ended well".to_owned(),
        Happening::Failed { error, message } => format!("failed with {error}: {message}"),
    }
}

fn of_a_lock(event: &Happening) -> String {
    match event {
        Happening::LockWaited { key, holder: Some(holder) } => {
            format!("waits for the lock {key}, which {holder} holds")
        }
        Happening::LockWaited { key, holder: None } => format!("waits for the lock {key}"),
        Happening::LockGranted { key, token, waited: 0 } => {
            format!("got the lock {key}, token {token}")
        }
        Happening::LockGranted { key, token, waited } => {
            let waited = Duration::from_micros(u64::try_from(*waited).unwrap_or(0));
            format!("got the lock {key} after {}, token {token}", length(waited))
        }
        Happening::LockLost { key, token } => format!("lost the lock {key}, token {token}"),
        Happening::LockReleased { key } => format!("gave the lock {key} back"),
        Happening::LockBroken { key, by, reason } => {
            format!("the lock {key} was broken by {by}: {reason}")
        }
        Happening::ClientAsked { key, owner, note } if note.is_empty() => {
            format!("client {owner} asked for the lock {key}")
        }
        Happening::ClientAsked { key, owner, note } => {
            format!("client {owner} asked for the lock {key}: {note}")
        }
        Happening::LockRenewed { until } => format!("renewed until {}", plain(Time(*until))),
        Happening::Started
        | Happening::Traced { .. }
        | Happening::Skipped
        | Happening::Called { .. }
        | Happening::Returned { .. }
        | Happening::Committed(_)
        | Happening::Retried { .. }
        | Happening::Caught { .. }
        | Happening::Logged(_)
        | Happening::Waited { .. }
        | Happening::Signalled { .. }
        | Happening::SignalTaken { .. }
        | Happening::SignalDropped { .. }
        | Happening::ChildStarted { .. }
        | Happening::ChildEnded { .. }
        | Happening::EachBegan { .. }
        | Happening::ParallelBegan { .. }
        | Happening::Recovered
        | Happening::Finished
        | Happening::Failed { .. } => String::new(),
    }
}

fn committed(objects: &[(String, i64)]) -> String {
    let objects: Vec<String> = objects
        .iter()
        .map(|(object, version)| match version {
            0 => format!("{object} deleted"),
            version => format!("{object} version {version}"),
        })
        .collect();
    if objects.is_empty() {
        "committed, without changes".to_owned()
    } else {
        format!("committed {}", objects.join(", "))
    }
}

fn waited(signal: Option<&str>, title: Option<&str>, until: Option<i64>) -> String {
    let what = match (signal, title) {
        (Some(name), Some(title)) => format!("waits for the form {name}: {title}"),
        (Some(name), None) => format!("waits for the signal {name}"),
        (None, _) => "waits".to_owned(),
    };
    match until {
        Some(until) => format!("{what}, until {}", plain(Time(until))),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::journal::HappeningForm;

    #[test]
    fn lines_tell_what_happened() {
        let key = || "Order/o1".to_owned();
        let events = [
            Happening::Started,
            Happening::Traced { parent: "4bf9-00f0".to_owned() },
            Happening::LockWaited { key: key(), holder: Some("another".to_owned()) },
            Happening::LockGranted { key: key(), token: 7, waited: 1_500_000 },
            Happening::Called { key: "k".to_owned(), attempt: 1 },
            Happening::LockLost { key: key(), token: 7 },
            Happening::LockBroken {
                key: key(),
                by: "ann".to_owned(),
                reason: "stuck\u{1b}[31m\nfor hours".to_owned(),
            },
            Happening::Committed(vec![(key(), 2), ("A/b".to_owned(), 0)]),
        ];
        let entries: Vec<Entry> = (0..)
            .zip(events)
            .map(|(index, event)| Entry {
                at: Time(index * 1_500_000).into(),
                activity: Some("ship".to_owned()),
                event: HappeningForm(event),
            })
            .collect();
        expect![[r#"
            1970-01-01T00:00:00Z       +0 ms  ship: started
            1970-01-01T00:00:01Z        +2 s  ship: goes on with the trace 4bf9-00f0
            1970-01-01T00:00:03Z        +3 s  ship: waits for the lock Order/o1, which another holds
            1970-01-01T00:00:04Z        +5 s  ship: got the lock Order/o1 after 2 s, token 7
            1970-01-01T00:00:06Z        +6 s  ship: calls outside, attempt 1, idempotency key k
            1970-01-01T00:00:07Z        +8 s  ship: lost the lock Order/o1, token 7
            1970-01-01T00:00:09Z        +9 s  ship: the lock Order/o1 was broken by ann: stuck�[31m for hours
            1970-01-01T00:00:10Z       +11 s  ship: committed Order/o1 version 2, A/b deleted
        "#]].assert_eq(&lines(&entries, Some(Time(0))));
    }
}
