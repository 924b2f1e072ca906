//! All locks at one moment, as an engine shows them.
//!
//! Invariants:
//!
//! * What is held under one token has one holder, and whoever waits under one ticket has one place,
//!   whatever the number of keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::lock::{MAX_PRIORITY, SYSTEM};
use lockstep_core::{Engine, FencingToken, InstanceId, Ticket, Time};
use lockstep_definition::LockMode;

use crate::fault::law::Violation;

/// Tickets that a level of priority is worth.
const LEVEL: i128 = 1 << 20;

/// A hold of several keys under one token.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) who: InstanceId,
    pub(super) keys: Vec<Arc<str>>,
    pub(super) mode: LockMode,
    pub(super) until: Time,
}

/// One that waits.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) who: InstanceId,
    pub(super) keys: Vec<Arc<str>>,
    pub(super) mode: LockMode,
    pub(super) place: i128,
}

/// All locks at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) holds: BTreeMap<FencingToken, Hold>,
    pub(super) wishes: BTreeMap<Ticket, Wish>,
    /// For whose end each instance waits.
    pub(super) children: BTreeMap<InstanceId, Vec<InstanceId>>,
}

impl Snapshot {
    pub(super) fn of(engine: &Engine) -> Result<Self, Violation> {
        let mut seen = Self::default();
        for view in engine.locks() {
            if view.holders.is_empty() && view.waiters.is_empty() {
                let text = format!("{} is neither held nor waited for", view.key);
                return Violation::of("bounded-memory", text);
            }
            for holder in view.holders {
                let (who, until, mode) = (holder.who, holder.lock.until, holder.lock.mode);
                let hold = seen.holds.entry(holder.lock.token);
                let hold = hold.or_insert_with(|| Hold { who, keys: Vec::new(), mode, until });
                if hold.who != who {
                    let text = format!("{} is of {who} and {}", holder.lock.token, hold.who);
                    return Violation::of("token-used-twice", text);
                }
                hold.keys.push(Arc::clone(&view.key));
            }
            for waiter in view.waiters {
                let (who, mode) = (waiter.who, waiter.mode);
                let priority = waiter.priority.clamp(-MAX_PRIORITY, MAX_PRIORITY);
                let place = i128::from(waiter.ticket) - i128::from(priority) * LEVEL;
                let wish = seen.wishes.entry(waiter.ticket);
                let wish = wish.or_insert_with(|| Wish { who, keys: Vec::new(), mode, place });
                wish.keys.push(Arc::clone(&view.key));
            }
        }
        Ok(seen)
    }
}

pub(in crate::fault::law) fn meet<T: AsRef<str> + PartialEq>(one: &[T], other: &[T]) -> bool {
    wants_system(one) || wants_system(other) || one.iter().any(|key| other.contains(key))
}

pub(in crate::fault::law) fn both_shared(one: LockMode, other: LockMode) -> bool {
    one == LockMode::Shared && other == LockMode::Shared
}

pub(super) fn wants_system<T: AsRef<str>>(keys: &[T]) -> bool {
    keys.iter().any(|key| key.as_ref() == SYSTEM)
}
