//! Locks that are not granted: the errors, with who is in the way.

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::ExclusiveLock;
use lockstep_expr::Value;

use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::names::map;
use crate::lock::key::shown;
use crate::lock::{Awaited, Hold, Wish};
use crate::world::World;

/// Returns the error of a wait for a lock that has taken too long.
pub(crate) fn waited_too_long(wish: &Wish, waited: Duration, world: &World) -> Failure {
    let obstacle = world.locks.in_the_way(wish);
    let (key, by) = (shown(&wish.keys), described("which", obstacle.as_ref(), wish, world));
    let message = format!("waited {waited:?} for the lock {key}, {by}");
    Failure::new("lock.waiting_timeout", message).with_details(details(wish, obstacle, world))
}

/// Refuses a wait for a lock for which as many wait as may.
pub(super) fn check_length(
    wish: &Wish,
    lock: &ExclusiveLock,
    world: &World,
) -> Result<(), Failure> {
    let Some(most) = lock.max_waiting else { return Ok(()) };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let full = wish.keys.iter().find(|key| world.locks.queue_length(key) >= most);
    let Some(key) = full else { return Ok(()) };
    let waiting = world.locks.queue_length(key);
    let message = format!("{waiting} wait for the lock {key} already, {most} may");
    let obstacle = world.locks.in_the_way(wish);
    Err(Failure::new("lock.queue_full", message).with_details(details(wish, obstacle, world)))
}

/// Returns the error of one who does not wait for a lock that is not free.
pub(crate) fn busy(wish: &Wish, world: &World) -> Failure {
    let obstacle = world.locks.in_the_way(wish);
    let (key, by) = (shown(&wish.keys), described("it", obstacle.as_ref(), wish, world));
    let message = format!("the lock {key} is not free: {by}");
    Failure::new("lock.busy", message).with_details(details(wish, obstacle, world))
}

/// Returns the error of a wait that would close a cycle.
pub(super) fn deadlock(wish: &Wish, cycle: &[(InstanceId, Awaited)]) -> Failure {
    let id = wish.owner;
    let waits = |(instance, awaited): &(InstanceId, Awaited)| match awaited {
        Awaited::Lock(key) => format!("{instance} waits for {key}"),
        Awaited::End(of) => format!("{instance} waits for the end of {of}"),
    };
    let path: Vec<String> = cycle.iter().map(waits).collect();
    let holds = match cycle.last() {
        Some((_, Awaited::Lock(_))) => format!(", which {id} holds"),
        Some((_, Awaited::End(_))) | None => String::new(),
    };
    let message = format!("{id} waits for {}, {}{holds}", shown(&wish.keys), path.join(", "));
    let instances = cycle.iter().map(|(instance, _)| Value::from(instance.to_string()));
    let cycle = std::iter::once(Value::from(id.to_string())).chain(instances).collect();
    Failure::new("lock.deadlock", message).with_details(map([
        ("key", Value::from(shown(&wish.keys))),
        ("cycle", Value::List(Arc::new(cycle))),
    ]))
}

/// Returns who keeps a wish from being granted, for people.
fn described(
    pronoun: &str,
    obstacle: Option<&(Arc<str>, Hold)>,
    wish: &Wish,
    world: &World,
) -> String {
    let Some((key, hold)) = obstacle else {
        let Some(first) = world.locks.first_before(wish) else {
            return format!("{pronoun} is free by now");
        };
        let (who, keys) = (world.holder(first.owner), shown(&first.keys));
        return format!("{pronoun} is kept for {who}, which asked for {keys} before");
    };
    let (who, since) = (world.holder(hold.owner), hold.since.timestamp());
    if let [wanted] = &*wish.keys
        && wanted == key
    {
        return format!("{pronoun} is held by {who} since {since}");
    }
    format!("its key {key} is held by {who} since {since}")
}

/// Returns who keeps a wish from being granted, for catch steps.
fn details(wish: &Wish, obstacle: Option<(Arc<str>, Hold)>, world: &World) -> Value {
    let of = |value: Option<Value>| value.unwrap_or(Value::Null);
    let obstacle = obstacle.as_ref();
    let first = if obstacle.is_none() { world.locks.first_before(wish) } else { None };
    let before = first.map(|first| Value::from(first.owner.to_string()));
    let holder = obstacle.map(|(_, hold)| Value::from(hold.owner.to_string()));
    let client = obstacle.and_then(|(_, hold)| world.clients.owner(hold.owner));
    let since = obstacle.map(|(_, hold)| Value::Timestamp(hold.since.timestamp()));
    map([
        ("key", Value::from(shown(&wish.keys))),
        ("held_key", of(obstacle.map(|(key, _)| Value::String(Arc::clone(key))))),
        ("holder", of(holder)),
        ("owner", of(client.map(Value::String))),
        ("held_since", of(since)),
        ("before", of(before)),
    ])
}
