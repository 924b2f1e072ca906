//! All locks, as a table.

use std::fmt::Write as _;

use lockstep_api::words::moment::{distance, length};
use lockstep_api::words::shown::{line, quoted, shortened};
use lockstep_api::{Holder, Lock, Waiter};
use lockstep_core::Time;

use crate::columns::aligned;

/// Waiters, and holders, of a lock that are told.
pub(super) const FIRST: usize = 3;

/// Longest key and longest expression on a terminal, in characters.
const MAX_SHOWN: usize = 40;

/// Returns the table.
pub(super) fn human(locks: &[Lock], now: Time, shortens: bool) -> String {
    if locks.is_empty() {
        return "No lock is held, and nobody waits for one.\n".to_owned();
    }
    let fitted = |text: &str| {
        let text = line(text);
        if shortens { shortened(&text, MAX_SHOWN) } else { text }
    };
    let heads = ["LOCK", "MODE", "HELD BY", "SINCE", "ENDS", "WAITING", "EXPRESSION"];
    let mut rows = vec![(heads.map(str::to_owned), String::new())];
    for lock in locks {
        let waiting = lock.waiting.to_string();
        let context = lock.context.as_deref().map_or_else(String::new, &fitted);
        let mut first = (fitted(&lock.key), waiting, context);
        if lock.holders.is_empty() {
            let (key, waiting, context) = std::mem::take(&mut first);
            let [none, since, ends] = ["nobody", "", ""].map(str::to_owned);
            rows.push(([key, String::new(), none, since, ends, waiting, context], String::new()));
        }
        for holder in lock.holders.iter().take(FIRST) {
            let (key, waiting, context) = std::mem::take(&mut first);
            let [who, since, ends] = cells(holder, now);
            let mode = holder.held.mode.as_str().to_owned();
            rows.push(([key, mode, who, since, ends, waiting, context], String::new()));
        }
        if let Some((_, below)) = rows.last_mut() {
            *below = rest(lock, now);
        }
    }
    aligned(&rows)
}

/// Who holds a lock, since when, and when that ends at the latest.
fn cells(holder: &Holder, now: Time) -> [String; 3] {
    let held = &holder.held;
    [who(holder), distance(now, held.since.0), distance(now, held.ends_at.0)]
}

/// Returns who holds a lock.
pub(super) fn who(holder: &Holder) -> String {
    let ids = (holder.instance.as_deref(), holder.lock.as_deref());
    named(ids, holder.workflow.as_deref(), holder.held.client.as_deref())
}

/// Returns who waits for a lock.
pub(super) fn waiter(waiter: &Waiter) -> String {
    let ids = (waiter.instance.as_deref(), waiter.lock.as_deref());
    named(ids, waiter.workflow.as_deref(), waiter.client.as_deref())
}

fn named(
    (instance, lock): (Option<&str>, Option<&str>),
    workflow: Option<&str>,
    client: Option<&str>,
) -> String {
    let id = instance.or(lock).unwrap_or_default();
    match (client, workflow) {
        (Some(client), _) => format!("client {} ({id})", quoted(client)),
        (None, Some(workflow)) => format!("instance {id} of {}", quoted(workflow)),
        (None, None) => format!("instance {id}"),
    }
}

/// Returns what a client holds a lock for, if it has told.
pub(super) fn note(holder: &Holder) -> Option<String> {
    holder.held.note.as_deref().map(line).filter(|note| !note.is_empty())
}

/// Returns what does not fit into the row of a lock.
fn rest(lock: &Lock, now: Time) -> String {
    let mut out = String::new();
    let mut add = |text: &str| {
        writeln!(out, "    {text}").expect("a string takes every write");
    };
    for note in lock.holders.iter().take(FIRST).filter_map(note) {
        add(&format!("note: {note}"));
    }
    let more = lock.holding.saturating_sub(FIRST);
    if more > 0 {
        add(&format!("held by {more} more"));
    }
    for it in lock.waiters.iter().take(FIRST) {
        add(&format!("{} has waited {}", waiter(it), length(now.since(it.since.0))));
    }
    let more = lock.waiting.saturating_sub(FIRST);
    if more > 0 {
        add(&format!("and {more} more"));
    }
    out
}
