//! A lock for programs.

use lockstep_core::Time;
use lockstep_core::explain::{LockHolder, LockView, LockWaiter};
use serde_json::{Value as Json, json};

use crate::explain::{held, mode};
use crate::look::client_of;
use crate::moment::exact;

/// Returns a lock in one line, with its first waiters or with all.
pub(super) fn line(lock: &LockView, now: Time, first: Option<usize>) -> String {
    let holders: Vec<Json> = lock.holders.iter().map(holder).collect();
    let shown = first.unwrap_or(lock.waiters.len());
    let waiters = lock.waiters.iter().take(shown);
    let waiters: Vec<Json> = (1..).zip(waiters).map(|(place, it)| waiter(place, it)).collect();
    let told = json!({
        "key": &*lock.key,
        "context": super::context(lock),
        "holders": holders,
        "waiting": lock.waiters.len(),
        "waiters": waiters,
        "as_of": exact(now),
    });
    format!("{told}\n")
}

fn holder(holder: &LockHolder) -> Json {
    let id = holder.who.to_string();
    let mut told = held(&holder.lock);
    if let Json::Object(fields) = &mut told {
        let (name, workflow) = match client_of(holder) {
            Some(_) => ("lock", Json::Null),
            None => ("instance", holder.workflow.as_deref().into()),
        };
        fields.shift_insert(0, "workflow".to_owned(), workflow);
        fields.shift_insert(0, name.to_owned(), id.into());
    }
    told
}

fn waiter(place: usize, waiter: &LockWaiter) -> Json {
    json!({
        "place": place,
        "instance": waiter.who.to_string(),
        "workflow": waiter.workflow.as_deref(),
        "context": waiter.context.as_deref(),
        "mode": mode(waiter.mode),
        "priority": waiter.priority,
        "ticket": waiter.ticket,
        "since": exact(waiter.since),
    })
}
