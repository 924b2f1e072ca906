//! One lock: who holds it, and all that wait for it, in order.

use std::fmt::Write as _;

use lockstep_core::Time;
use lockstep_core::explain::LockView;
use lockstep_core::lock::SYSTEM;
use lockstep_definition::LockMode;

use super::{context, table};
use crate::explain::mode;
use crate::moment::both;
use crate::shown::{line, quoted};

/// Returns the lock with its whole queue.
pub(super) fn human(lock: &LockView, system_is_held: bool, now: Time) -> String {
    let key = line(&lock.key);
    if lock.holders.is_empty() && lock.waiters.is_empty() {
        if system_is_held {
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
    let mut out = match context(lock) {
        Some(context) => {
            format!("The lock {key}, which the expression {} came to:\n", quoted(context))
        }
        None => format!("The lock {key}:\n"),
    };
    if lock.holders.is_empty() {
        out.push_str("  nobody holds it\n");
    }
    for holder in &lock.holders {
        let held = &holder.lock;
        let shared = if held.mode == LockMode::Shared { ", shared" } else { "" };
        let (since, until, token) = (both(now, held.since), both(now, held.until), held.token);
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
    let counted = match lock.waiters.len() {
        0 => "Nobody waits for it.".to_owned(),
        1 => "One waits for it:".to_owned(),
        count => format!("{count} wait for it, in this order:"),
    };
    writeln!(out, "{counted}").expect("a string takes every write");
    for (place, waiter) in (1..).zip(&lock.waiters) {
        let place: usize = place;
        let workflow = waiter.workflow.as_ref();
        let workflow = workflow.map_or_else(String::new, |name| format!(" of {}", quoted(name)));
        let priority = match waiter.priority {
            0 => String::new(),
            priority => format!(", priority {priority}"),
        };
        let (who, mode, since) = (waiter.who, mode(waiter.mode), both(now, waiter.since));
        writeln!(out, "{place:>4}. instance {who}{workflow}, {mode}{priority}, since {since}")
            .expect("a string takes every write");
    }
    out
}
