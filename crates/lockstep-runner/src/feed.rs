//! The feed: what has become durable, told at once to whoever listens: journal entries, each with
//! the number of the transition that carried it.
//!
//! Invariants:
//!
//! * What is told is durable, and told in the order of commits.
//! * A listener misses nothing, or is told that it has missed something ([`News::Lost`]): from the
//!   moment on at which [`Feed::listen`] has returned.
//! * Memory does not grow with slow listeners: the last [`MAX_KEPT`] entries are kept for all of
//!   them together, and who falls behind these loses its place.
//! * As long as nobody listens, nothing is copied.
//!
//! So whoever wants to follow the state listens first, then reads the state, then goes by the feed;
//! told that it has lost its place, it reads the state again.
//!
//! Absent by design: what is not journaled. A lock that its activity gives back at its end leaves no
//! entry; the end of the holder, or the next grant, tells.

mod log;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::transition::{Beginning, InstanceRow, Outcome, Transition};
use lockstep_core::{Entry, Happening, InstanceId, Time, TransitionNumber};
use lockstep_definition::Definitions;
use tokio::sync::watch;

use crate::clock::Clock;

/// Most who listen at once.
pub const MAX_LISTENERS: usize = 256;

/// Entries that are kept for those who are slow or come again; a larger batch is kept alone.
const MAX_KEPT: usize = 65_536;

/// How long entries are kept behind the last listener, so that one whose connection broke can go on.
const GRACE: Duration = Duration::from_secs(30);

/// Definitions whose names of activities are known; of more, those that came first are forgotten.
const MAX_DEFINITIONS: usize = 32;

/// Something that happened, and is durable.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The transition that carried it.
    pub number: TransitionNumber,
    /// To whom: an instance, or a client's lock.
    pub instance: InstanceId,
    /// The workflow of the instance; `None` for a client's lock.
    pub workflow: Option<Arc<str>>,
    /// The activity in which it happened, if the instance was in one.
    pub activity: Option<Arc<str>>,
    /// What.
    pub entry: Entry,
}

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum News {
    /// What happened, in order.
    Happened(Heard),
    /// Something happened and cannot be told any more: the listener was too slow, or began to
    /// listen while it was on its way.
    Lost,
}

/// What happened at once.
#[derive(Clone, Debug)]
pub struct Heard {
    batch: Arc<[Happened]>,
    after: TransitionNumber,
}

impl Heard {
    /// Returns what happened, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Happened> {
        self.batch.iter().filter(|happened| happened.number > self.after)
    }
}

/// Names of activities by definitions.
type Names = VecDeque<(Arc<str>, Arc<Definitions>)>;

/// The feed of a runner.
#[derive(Debug)]
pub struct Feed {
    clock: Clock,
    listeners: AtomicUsize,
    kept: Mutex<Kept>,
    names: Mutex<Names>,
    /// Grows with what is kept; gone when the feed has ended.
    grown: Mutex<Option<watch::Sender<u64>>>,
}

/// What is kept, batch by batch.
#[derive(Debug)]
struct Kept {
    batches: VecDeque<Arc<[Happened]>>,
    entries: usize,
    /// Number of the first batch that is kept, or that would be; greater than [`NOWHERE`].
    first: u64,
    /// All that is durable behind this transition is kept; `None`: nothing is known to be.
    behind: Option<TransitionNumber>,
    /// The last transition that is durable.
    last: TransitionNumber,
    /// Until when it is kept although nobody listens.
    until: Time,
}

/// The place of a listener that has lost it.
const NOWHERE: u64 = 0;

impl Default for Kept {
    fn default() -> Self {
        Self {
            batches: VecDeque::new(),
            entries: 0,
            first: NOWHERE + 1,
            behind: None,
            last: TransitionNumber::MIN,
            until: Time::default(),
        }
    }
}

impl Kept {
    fn next(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.batches.len()).unwrap_or(u64::MAX))
    }

    /// Forgets all; who listens has lost its place.
    fn forget(&mut self) {
        self.first = self.next().saturating_add(1);
        (self.batches, self.entries, self.behind) = (VecDeque::new(), 0, None);
    }

    fn keep(&mut self, batch: Arc<[Happened]>) {
        self.entries += batch.len();
        self.batches.push_back(batch);
        while self.entries > MAX_KEPT
            && self.batches.len() > 1
            && let Some(oldest) = self.batches.pop_front()
        {
            self.entries -= oldest.len();
            self.first += 1;
            self.behind = oldest.last().map(|last| last.number).or(self.behind);
        }
    }
}

/// What a batch will tell when it is durable.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Of everything if somebody listens, else of what is logged.
    told: Vec<(usize, Happened)>,
    is_heard: bool,
    first: Option<TransitionNumber>,
    last: Option<TransitionNumber>,
}

impl Feed {
    pub(crate) fn new(clock: Clock) -> Self {
        let (grown, _) = watch::channel(0);
        Self {
            clock,
            listeners: AtomicUsize::new(0),
            kept: Mutex::default(),
            names: Mutex::default(),
            grown: Mutex::new(Some(grown)),
        }
    }

    /// Listens from here on; with `after`, from behind that transition on, if all since then is kept.
    /// `None` if [`MAX_LISTENERS`] listen already, or the feed has ended.
    ///
    /// The first news is [`News::Lost`] if `after` cannot be gone on from.
    pub fn listen(self: &Arc<Self>, after: Option<TransitionNumber>) -> Option<Listener> {
        let grown = lock(&self.grown).as_ref()?.subscribe();
        let kept = lock(&self.kept);
        if self.listeners.fetch_add(1, Ordering::Relaxed) >= MAX_LISTENERS {
            self.listeners.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let next = match after {
            None => kept.next(),
            Some(after) => {
                let is_kept = kept.behind.is_some_and(|behind| behind <= after);
                if is_kept && after <= kept.last { kept.first } else { NOWHERE }
            }
        };
        let after = after.unwrap_or(TransitionNumber::MIN);
        Some(Listener { feed: Arc::clone(self), grown, next, after })
    }

    /// Returns how many listen.
    pub fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// Ends the feed, for all who listen, at once.
    pub fn close(&self) {
        drop(lock(&self.grown).take());
    }

    /// Takes note of definitions, for the names of activities.
    pub(crate) fn learn(&self, id: &Arc<str>, definitions: &Arc<Definitions>) {
        let mut names = lock(&self.names);
        names.retain(|(known, _)| known != id);
        names.push_back((Arc::clone(id), Arc::clone(definitions)));
        if names.len() > MAX_DEFINITIONS {
            names.pop_front();
        }
    }

    /// Returns the name of an activity of an instance, if its definitions are known.
    pub(crate) fn activity(&self, row: &InstanceRow, entry: &Entry) -> Option<Arc<str>> {
        name(&lock(&self.names), row, entry)
    }

    /// Reads a batch that is about to be written.
    pub(crate) fn draft(&self, batch: &[Transition]) -> Draft {
        let is_heard = self.listeners() > 0 || {
            let kept = lock(&self.kept);
            kept.behind.is_some() && self.clock.now() < kept.until
        };
        Draft {
            told: self.told(batch, |event| is_heard || log::is_wanted(event)),
            is_heard,
            first: batch.first().map(|transition| transition.number),
            last: batch.last().map(|transition| transition.number),
        }
    }

    fn told(
        &self,
        batch: &[Transition],
        wants: impl Fn(&Happening) -> bool,
    ) -> Vec<(usize, Happened)> {
        let mut entries = batch.iter().flat_map(|transition| {
            let begun = transition.starts.iter().flat_map(|start| &start.journal);
            transition.journal.iter().chain(begun)
        });
        if !entries.any(|entry| wants(&entry.event)) {
            return Vec::new();
        }
        let rows: HashMap<InstanceId, &InstanceRow> = batch
            .iter()
            .filter_map(|transition| transition.row.as_ref())
            .map(|row| (row.id, row))
            .collect();
        let names = lock(&self.names);
        let mut told = Vec::new();
        for (place, transition) in batch.iter().enumerate() {
            let number = transition.number;
            let of = |instance, row: Option<&InstanceRow>, entry: &Entry| Happened {
                number,
                instance,
                workflow: row.map(|row| Arc::clone(&row.workflow)),
                activity: row.and_then(|row| name(&names, row, entry)),
                entry: entry.clone(),
            };
            if let Some(instance) = transition.instance {
                let row = rows.get(&instance).copied();
                let wanted = transition.journal.iter().filter(|entry| wants(&entry.event));
                told.extend(wanted.map(|entry| (place, of(instance, row, entry))));
            }
            for Beginning { row, journal } in &transition.starts {
                let wanted = journal.iter().filter(|entry| wants(&entry.event));
                told.extend(wanted.map(|entry| (place, of(row.id, Some(row), entry))));
            }
        }
        told
    }

    /// Tells what a batch has drafted, now that the store has answered.
    pub(crate) fn landed(&self, draft: Draft, outcomes: &[Outcome]) {
        let is_committed = |place: usize| outcomes.get(place) == Some(&Outcome::Committed);
        let told = draft.told.into_iter().filter(|(place, _)| is_committed(*place));
        let batch: Arc<[Happened]> = told.map(|(_, happened)| happened).collect();
        batch.iter().for_each(log::tell);
        let next = {
            let mut kept = lock(&self.kept);
            kept.last = draft.last.unwrap_or(kept.last);
            if draft.is_heard {
                kept.behind = kept.behind.or(draft.first.map(|first| first.saturating_sub(1)));
                if batch.is_empty() {
                    return;
                }
                kept.keep(batch);
            } else if kept.behind.is_some() || self.listeners() > 0 {
                kept.forget();
            } else {
                return;
            }
            kept.next()
        };
        if let Some(grown) = &*lock(&self.grown) {
            grown.send_replace(next);
        }
    }
}

/// One who listens.
#[derive(Debug)]
pub struct Listener {
    feed: Arc<Feed>,
    grown: watch::Receiver<u64>,
    /// Number of the batch that it hears next.
    next: u64,
    after: TransitionNumber,
}

impl Listener {
    /// Waits for news; `None` when the feed has ended.
    ///
    /// One that is dropped while it waits has taken nothing.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            if self.grown.has_changed().is_err() {
                return None;
            }
            // Before the look: what comes behind it wakes.
            self.grown.borrow_and_update();
            if let Some(news) = self.look() {
                return Some(news);
            }
            // An error is the end, which is seen above.
            drop(self.grown.changed().await);
        }
    }

    fn look(&mut self) -> Option<News> {
        let kept = lock(&self.feed.kept);
        if self.next < kept.first {
            self.next = kept.next();
            return Some(News::Lost);
        }
        let place = usize::try_from(self.next.saturating_sub(kept.first)).ok()?;
        let batch = Arc::clone(kept.batches.get(place)?);
        self.next += 1;
        Some(News::Happened(Heard { batch, after: self.after }))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&self.feed.kept).until = self.feed.clock.now().after(GRACE);
        self.feed.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the name of the activity in which something happened.
fn name(names: &Names, row: &InstanceRow, entry: &Entry) -> Option<Arc<str>> {
    let (_, definitions) = names.iter().rev().find(|(id, _)| *id == row.definitions)?;
    let workflow = definitions.workflows.get(&row.workflow)?;
    let index = usize::try_from(entry.activity).ok()?;
    workflow.activities.get(index).map(|activity| Arc::clone(&activity.name))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is told stays true whatever has happened to one who told.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
