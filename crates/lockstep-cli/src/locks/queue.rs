//! One lock: who holds it, and all that wait for it, in order.

use std::fmt::Write as _;

use lockstep_api::words::moment::both;
use lockstep_api::words::shown::{line, quoted};
use lockstep_api::{Lock, Mode};
use lockstep_core::lock::SYSTEM;

use super::table;

/// Returns the lock with its whole queue.
pub(super) fn human(lock: &Lock) -> String {
    let now = lock.as_of.0;
    let key = line(&lock.key);
    if lock.holding == 0 && lock.waiting == 0 {
        if lock.system_is_held {
            return format!(
                "Nobody holds the lock {key} itself, but the lock of the whole system is held, \
                 which keeps it, too: `lockstep locks '{SYSTEM}'`.\n"
            );
        }
        return format!(
            "The lock {key} is free: nobody holds it, and nobody waits for it.\n\
             `lockstep locks` tells the keys of those that are not.\n"
        );
    }
    let mut out = match &lock.context {
        Some(context) => {
            format!("The lock {key}, which the expression {} came to:\n", quoted(context))
        }
        None => format!("The lock {key}:\n"),
    };
    if lock.holders.is_empty() {
        out.push_str("  nobody holds it\n");
    }
    for holder in &lock.holders {
        let held = &holder.held;
        let shared = if held.mode == Mode::Shared { ", shared" } else { "" };
        let (since, until, token) =
            (both(now, held.since.0), both(now, held.ends_at.0), held.token);
        let who = table::who(holder);
        writeln!(
            out,
            "  held by {who}{shared}\n    since {since}, token {token}, at the latest until {until}"
        )
        .expect("a string takes every write");
        if let Some(note) = table::note(holder) {
            writeln!(out, "    note: {note}").expect("a string takes every write");
        }
    }
    more(&mut out, lock.holding, lock.holders.len());
    let counted = match lock.waiting {
        0 => "Nobody waits for it.".to_owned(),
        1 => "One waits for it:".to_owned(),
        count => format!("{count} wait for it, in this order:"),
    };
    writeln!(out, "{counted}").expect("a string takes every write");
    for waiter in &lock.waiters {
        let (place, who) = (waiter.place, table::waiter(waiter));
        let priority = match waiter.priority {
            0 => String::new(),
            priority => format!(", priority {priority}"),
        };
        let (mode, since) = (waiter.mode.as_str(), both(now, waiter.since.0));
        writeln!(out, "{place:>4}. {who}, {mode}{priority}, since {since}")
            .expect("a string takes every write");
    }
    more(&mut out, lock.waiting, lock.waiters.len());
    out
}

/// Says how many there are beside those who are told.
fn more(out: &mut String, all: usize, told: usize) {
    if all > told {
        let more = all.saturating_sub(told);
        writeln!(out, "  and {more} more").expect("a string takes every write");
    }
}
