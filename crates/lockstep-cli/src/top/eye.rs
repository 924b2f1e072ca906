//! The eye: looks at an engine, at a daemon or by its store.
//!
//! Invariants:
//!
//! * A look at a daemon costs three bounded answers: an overview, a page of locks, a page of failed
//!   instances.

use std::collections::VecDeque;

use lockstep_api::{Counts, Instance, Lock, Overview, Page};
use lockstep_core::Time;
use lockstep_core::explain::{LockOrder, LockPage};
use lockstep_store::{InstanceFilter, State};

use super::sample::{Sample, between};
use crate::command_error::CommandError;
use crate::instance::form;
use crate::look::Look;
use crate::request::{Request, path, with_query};
use crate::session::Session;
use crate::target::Target;

/// Locks, and failed instances, that are looked at.
const MOST: u32 = 50;

/// Stretches of time that are remembered of a store.
const STRETCHES: usize = 60;

/// Looks at an engine.
#[derive(Debug)]
pub(super) enum Eye {
    /// A daemon, and its address.
    Daemon(Session, String),
    /// A store, and what was seen of it.
    File(String, Seen),
}

/// What was seen of a store.
#[derive(Debug, Default)]
pub(super) struct Seen {
    last: Option<(Time, Counts)>,
    ended: VecDeque<u64>,
}

impl Eye {
    pub(super) fn new(target: Target) -> Self {
        match target {
            Target::Daemon(client) => {
                let address = client.address().to_owned();
                Self::Daemon(Session::Daemon(client), address)
            }
            Target::File(url) => Self::File(url, Seen::default()),
        }
    }

    /// Returns what is looked at.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::Daemon(_, place) | Self::File(place, _) => place,
        }
    }

    /// Looks.
    pub(super) async fn look(&mut self) -> Result<Sample, CommandError> {
        match self {
            Self::Daemon(session, _) => ask(session).await,
            Self::File(url, seen) => read(Look::at(url.clone()).await?, seen).await,
        }
    }
}

async fn ask(session: &Session) -> Result<Sample, CommandError> {
    let limit = ("limit", Some(MOST.to_string()));
    let locks = [("order", Some("waiting".to_owned())), limit.clone()];
    let failures = [("state", Some("failed".to_owned())), limit];
    let overview: Overview = session.form(Request::get(path(&["overview"]))).await?;
    let locks = Request::get(with_query(path(&["locks"]), &locks));
    let locks: Page<Lock> = session.form(locks).await?;
    let failures = Request::get(with_query(path(&["instances"]), &failures));
    let failures: Page<Instance> = session.form(failures).await?;
    Ok(Sample::of(overview, locks.items, failures.items))
}

async fn read(mut look: Look, seen: &mut Seen) -> Result<Sample, CommandError> {
    let (survey, now) = (look.survey().await?, look.now);
    let limit = usize::try_from(MOST).unwrap_or(usize::MAX);
    let page = LockPage { order: LockOrder::Waiting, limit, first: 1, ..LockPage::default() };
    let (locks, load) = (survey.locks(&page), survey.load());
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let failed = InstanceFilter { state: Some(State::Failed), ..InstanceFilter::default() };
    let failed = look.snapshot.instances(&failed, MOST).await?.instances;
    let counts = look.snapshot.counts().await?;
    let counts = Counts { running: counts.running, done: counts.done, failed: counts.failed };
    let pace = seen.last.replace((now, counts)).and_then(|last| between(last, (now, counts)));
    if let Some((_, ended)) = pace {
        seen.ended.push_back(ended);
        if seen.ended.len() > STRETCHES {
            seen.ended.pop_front();
        }
    }
    Ok(Sample {
        at: now,
        up_since: None,
        instances: counts,
        holding: number(load.holders),
        waiting: number(load.waiters),
        calls: None,
        pace: pace.map(|(pace, _)| pace),
        ended: seen.ended.iter().copied().collect(),
        locks: locks.iter().map(|lock| Lock::of(lock, now)).collect(),
        // One that cannot be read is told by `lockstep list`.
        failures: failed.into_iter().filter_map(|stored| form(stored).ok()).collect(),
    })
}
