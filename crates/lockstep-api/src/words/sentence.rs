//! An explanation in one or two sentences, for where there is no room for more.

use lockstep_core::Time;

use super::explanation::{capital, doing, few, holder, task_ends};
use super::moment::{both, length};
use super::shown::{line, quoted, text};
use crate::explanation::{Awaits, ClientHeld, ClientWaiting, Ended, LockWait, Running};

/// What there is to say of a client's lock that is not held any more.
pub(crate) const ENDED_CLIENT: &str = "It was the lock of a client, and is not held any more.";

/// Returns what an unfinished instance does.
pub(crate) fn running(running: &Running) -> String {
    let (it, now) = (&running.it, running.as_of.0);
    let lock = it.doing.iter().find_map(|doing| {
        let Awaits::Lock(wait) = &doing.what else { return None };
        Some(wait)
    });
    let told = match (lock, it.doing.as_slice()) {
        (Some(wait), _) => format!("It {}", lock_wait(wait, now)),
        (None, [only]) => {
            let rest =
                if let Awaits::Task(task) = &only.what { task_ends(task, now) } else { Vec::new() };
            let first = format!("It {}.", doing(&only.what, now));
            std::iter::once(first).chain(rest).collect::<Vec<String>>().join(" ")
        }
        (None, several) => format!("It does {} things at once.", several.len()),
    };
    text(&told)
}

/// Returns what keeps a wait for a lock, and what ends it.
fn lock_wait(wait: &LockWait, now: Time) -> String {
    let since = both(now, wait.since.0);
    let mut obstacles = wait.obstacles.iter();
    let first = obstacles.next().map(|obstacle| match obstacle.since {
        Some(since) => format!("which {} holds since {}", holder(obstacle), both(now, since.0)),
        None => format!("for which {} goes first", holder(obstacle)),
    });
    let more = match obstacles.len() {
        0 => String::new(),
        1 => " and one more keeps it".to_owned(),
        count => format!(" and {count} more keep it"),
    };
    let first = first.map_or_else(String::new, |first| format!(", {first}{more}"));
    let ahead = match wait.ahead {
        0 => "nobody stands before it".to_owned(),
        1 => "one stands before it".to_owned(),
        ahead => format!("{ahead} stand before it"),
    };
    let holds = wait.obstacles.iter().filter_map(|obstacle| obstacle.ends_at).max();
    let held = holds.map_or_else(String::new, |until| {
        format!("The lock is held until {} at the latest; the", both(now, until.0))
    });
    let its_own = if held.is_empty() { "The" } else { held.as_str() };
    format!(
        "waits for the lock {} since {since}{first}; {ahead}. {its_own} wait ends at {} with the \
         error `lock.waiting_timeout`.",
        few(&wait.keys),
        both(now, wait.waiting_timeout_at.0),
    )
}

/// Returns why an instance cannot go on.
pub(crate) fn refused(workflow: &str, why: &str) -> String {
    format!("It is unfinished, of workflow {}, and cannot go on: {}.", quoted(workflow), line(why))
}

/// Returns how an instance ended.
pub(crate) fn ended(it: &Ended) -> String {
    let (at, took) = (it.ended_at.0, length(it.ended_at.0.since(it.started_at.0)));
    let at = both(it.as_of.0, at);
    match &it.error {
        None => format!("It ended well at {at}, after {took}."),
        Some(error) => {
            let (code, message) = (line(&error.code), line(&error.message));
            format!("It failed with `{code}` at {at}, after {took}: {message}.")
        }
    }
}

/// Returns since when a client holds its lock, and until when.
pub(crate) fn held(it: &ClientHeld) -> String {
    let (now, held) = (it.as_of.0, &it.held);
    let owner = quoted(held.client.as_deref().unwrap_or_default());
    let (since, until) = (both(now, held.since.0), both(now, held.ends_at.0));
    let keys = line(&few(&held.keys));
    format!("Client {owner} holds {keys} since {since}; unless it renews, that ends at {until}.")
}

/// Returns what a client waits for.
pub(crate) fn waiting(it: &ClientWaiting) -> String {
    let told = format!("client {} {}", quoted(&it.client), lock_wait(&it.wait, it.as_of.0));
    text(&capital(&told))
}
