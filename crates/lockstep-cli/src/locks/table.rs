//! All locks, as a table.

use std::fmt::Write as _;

use lockstep_core::Time;
use lockstep_core::explain::{LockHolder, LockView};

use super::context;
use crate::explain::mode;
use crate::look::client_of;
use crate::moment::{distance, length};
use crate::shown::{line, quoted, shortened};

/// Waiters, and holders, of a lock that are told.
pub(super) const FIRST: usize = 3;

/// Longest key and longest expression on a terminal, in characters.
const MAX_SHOWN: usize = 40;

/// Returns the table.
pub(super) fn human(locks: &[LockView], now: Time, shortens: bool) -> String {
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
        let waiting = lock.waiters.len().to_string();
        let context = context(lock).map_or_else(String::new, &fitted);
        let mut first = (fitted(&lock.key), waiting, context);
        if lock.holders.is_empty() {
            let (key, waiting, context) = std::mem::take(&mut first);
            let [none, since, ends] = ["nobody", "", ""].map(str::to_owned);
            rows.push(([key, String::new(), none, since, ends, waiting, context], String::new()));
        }
        for holder in lock.holders.iter().take(FIRST) {
            let (key, waiting, context) = std::mem::take(&mut first);
            let [who, since, ends] = cells(holder, now);
            let mode = mode(holder.lock.mode).to_owned();
            rows.push(([key, mode, who, since, ends, waiting, context], String::new()));
        }
        if let Some((_, below)) = rows.last_mut() {
            *below = rest(lock, now);
        }
    }
    aligned(&rows)
}

/// Who holds a lock, since when, and when that ends at the latest.
fn cells(holder: &LockHolder, now: Time) -> [String; 3] {
    let lock = &holder.lock;
    [who(holder), distance(now, lock.since), distance(now, lock.until)]
}

/// Returns who holds a lock.
pub(super) fn who(holder: &LockHolder) -> String {
    let id = holder.who;
    match (client_of(holder), &holder.workflow) {
        (Some((owner, _)), _) => format!("client {} ({id})", quoted(owner)),
        (None, Some(workflow)) => format!("instance {id} of {}", quoted(workflow)),
        (None, None) => format!("instance {id}"),
    }
}

/// Returns what a client holds a lock for, if it has told.
pub(super) fn note(holder: &LockHolder) -> Option<String> {
    client_of(holder).map(|(_, note)| line(note)).filter(|note| !note.is_empty())
}

/// Returns what does not fit into the row of a lock.
fn rest(lock: &LockView, now: Time) -> String {
    let mut out = String::new();
    let mut add = |text: &str| {
        writeln!(out, "    {text}").expect("a string takes every write");
    };
    for note in lock.holders.iter().take(FIRST).filter_map(note) {
        add(&format!("note: {note}"));
    }
    let more = lock.holders.len().saturating_sub(FIRST);
    if more > 0 {
        add(&format!("held by {more} more"));
    }
    for waiter in lock.waiters.iter().take(FIRST) {
        let workflow = waiter.workflow.as_ref();
        let workflow = workflow.map_or_else(String::new, |name| format!(" of {}", quoted(name)));
        let waited = length(now.since(waiter.since));
        add(&format!("instance {}{workflow} has waited {waited}", waiter.who));
    }
    let more = lock.waiters.len().saturating_sub(FIRST);
    if more > 0 {
        add(&format!("and {more} more"));
    }
    out
}

/// Returns rows with columns of one width, each followed by what stands below it.
fn aligned<const N: usize>(rows: &[([String; N], String)]) -> String {
    let mut widths = [0; N];
    for (cells, _) in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for (cells, below) in rows {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<String>>().join("  ");
        writeln!(out, "{}", line.trim_end()).expect("a string takes every write");
        out.push_str(below);
    }
    out
}
