//! What has become of instances since the runner was started: numbers for people and for alarms.
//!
//! Invariants:
//!
//! * What a transition tells is counted when it is durable; one that is refused counts for nothing.
//! * However many workflows, errors and keys there are: at most [`MAX_NAMES`] names are told apart,
//!   and no name is that of an instance or of a lock key.
//!
//! Absent by design: decisions. Nothing depends on what is counted here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockstep_core::durations::Durations;
use lockstep_core::transition::{Outcome, Status, Transition};
use lockstep_core::{CallTarget, Happening, InstanceId};

/// Names of one kind (workflows, error codes) that are told apart; all further ones count as
/// [`OTHER`].
pub const MAX_NAMES: usize = 100;

/// What names are counted under of which there are too many. No workflow can have this name.
pub const OTHER: &str = "*";

/// Upper bounds of the buckets for numbers of transitions, both ends included.
pub const SIZE_BOUNDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// What has become of instances.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Instances by workflow, in the order in which they were first seen.
    pub workflows: Vec<(Arc<str>, WorkflowTally)>,
    /// Instances that failed, by the code of the error.
    pub errors: Vec<(Arc<str>, u64)>,
    /// How long those waited for their locks that were granted them; nothing, if it was free.
    pub lock_waits: Durations,
    /// Locks that were taken away from their holders, by a timeout or because somebody broke them.
    pub locks_lost: u64,
    /// Those of them that somebody broke.
    pub locks_broken: u64,
    /// Activities, or units of work, that began again behind an error.
    pub retries: u64,
    /// Transitions that the store refused: somebody else was first.
    pub refused: u64,
    /// Outside calls that came back.
    pub calls: CallTally,
    /// Transitions in a batch.
    pub batch_sizes: Sizes,
    /// How long the store took for a batch.
    pub commits: Durations,
    /// How much of that was the flush.
    pub flushes: Durations,
    /// Traces of instances that have ended.
    pub traces: TraceTally,
}

/// Traces of instances that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceTally {
    /// Those that the collector has taken.
    pub sent: u64,
    /// Those that it has not taken.
    pub failed: u64,
    /// Those that were not sent because too many waited for it.
    pub dropped: u64,
}

/// Instances of one workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkflowTally {
    /// Those that began.
    pub started: u64,
    /// Those that ended well.
    pub done: u64,
    /// Those that ended with an error.
    pub failed: u64,
    /// How long it was from beginning to end.
    pub took: Durations,
}

/// Outside calls by what they go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTally {
    /// HTTP requests.
    pub http: Results,
    /// Programs.
    pub exec: Results,
    /// Tasks of workers and functions.
    pub task: Results,
}

/// Outside calls of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Those that came back well.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that took too long.
    pub timeout: u64,
    /// Those that were not permitted.
    pub refused: u64,
    /// How long they took.
    pub took: Durations,
}

/// How many numbers are of which size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    counts: [u64; SIZE_BOUNDS.len()],
    larger: u64,
    sum: u64,
}

impl Sizes {
    fn add(&mut self, size: u64) {
        let bucket = SIZE_BOUNDS.partition_point(|bound| *bound < size);
        *self.counts.get_mut(bucket).unwrap_or(&mut self.larger) += 1;
        self.sum = self.sum.saturating_add(size);
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>().saturating_add(self.larger)
    }

    /// Returns the sum of all of them.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Returns the bounds, each with how many do not exceed it; all are [`count`](Self::count).
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut sum = 0;
        SIZE_BOUNDS.iter().zip(self.counts).map(move |(bound, count)| {
            sum += count;
            (*bound, sum)
        })
    }
}

/// What one transition says to be counted.
#[derive(Debug)]
enum Note {
    Started(Arc<str>),
    Done(Arc<str>, Duration),
    Failed(Arc<str>, Duration, Arc<str>),
    Granted(Duration),
    Lost,
    Broken,
    Retried,
}

impl Note {
    /// Returns what an entry of a journal says by itself.
    fn of(event: &Happening) -> Option<Self> {
        if let Happening::LockGranted { waited, .. } = event {
            let waited = u64::try_from(*waited).unwrap_or_default();
            return Some(Self::Granted(Duration::from_micros(waited)));
        }
        let is_lost = matches!(event, Happening::LockLost { .. });
        let is_broken = matches!(event, Happening::LockBroken { .. });
        let is_retried = matches!(event, Happening::Retried { .. });
        [(is_lost, Self::Lost), (is_broken, Self::Broken), (is_retried, Self::Retried)]
            .into_iter()
            .find_map(|(is, note)| is.then_some(note))
    }
}

/// What a batch says to be counted, by the places of its transitions.
#[derive(Debug)]
pub(crate) struct Notes {
    notes: Vec<(usize, Note)>,
    transitions: u64,
}

impl Notes {
    /// Reads a batch that is about to be written.
    pub(crate) fn of(batch: &[Transition]) -> Self {
        let mut notes = Vec::with_capacity(batch.len().saturating_mul(3));
        // Those that have begun, and whose workflow a later transition tells.
        let mut begun: HashSet<InstanceId> = HashSet::new();
        for (place, transition) in batch.iter().enumerate() {
            for start in &transition.starts {
                notes.push((place, Note::Started(Arc::clone(&start.row.workflow))));
                if let Status::Failed { failure, .. } = &start.row.status {
                    let code = Arc::clone(&failure.code);
                    let name = Arc::clone(&start.row.workflow);
                    notes.push((place, Note::Failed(name, Duration::ZERO, code)));
                }
            }
            let mut has_begun = false;
            for entry in &transition.journal {
                has_begun |= entry.event == Happening::Started;
                notes.extend(Note::of(&entry.event).map(|note| (place, note)));
            }
            let Some(row) = &transition.row else {
                begun.extend(transition.instance.filter(|_| has_begun));
                continue;
            };
            let name = || Arc::clone(&row.workflow);
            if has_begun || (!begun.is_empty() && begun.remove(&row.id)) {
                notes.push((place, Note::Started(name())));
            }
            match &row.status {
                Status::Running(_) => {}
                Status::Done { at, .. } => {
                    notes.push((place, Note::Done(name(), at.since(row.started_at))));
                }
                Status::Failed { at, failure } => {
                    let (took, code) = (at.since(row.started_at), Arc::clone(&failure.code));
                    notes.push((place, Note::Failed(name(), took, code)));
                }
            }
        }
        Self { notes, transitions: u64::try_from(batch.len()).unwrap_or(u64::MAX) }
    }
}

/// How long a commit took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) commit: Duration,
    pub(crate) flush: Duration,
}

/// A tally that several write to.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Tally>);

impl Tallies {
    fn with<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        // What is counted stays readable whatever has happened to one who counted.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn read(&self) -> Tally {
        self.with(|tally| tally.clone())
    }

    /// Counts what a batch has said, now that the store has answered.
    pub(crate) fn landed(&self, notes: Notes, outcomes: &[Outcome], spent: Spent) {
        self.with(|tally| {
            tally.batch_sizes.add(notes.transitions);
            tally.commits.add(spent.commit);
            tally.flushes.add(spent.flush);
            let refused = |outcome: &&Outcome| **outcome != Outcome::Committed;
            let refused = outcomes.iter().filter(refused).count();
            tally.refused += u64::try_from(refused).unwrap_or(u64::MAX);
            for (place, note) in notes.notes {
                if refused == 0 || outcomes.get(place) == Some(&Outcome::Committed) {
                    tally.take(note);
                }
            }
        });
    }

    /// Counts traces.
    pub(crate) fn traces(&self, change: impl FnOnce(&mut TraceTally)) {
        self.with(|tally| change(&mut tally.traces));
    }

    /// Counts an outside call that came back after `took`.
    pub(crate) fn called(&self, target: Kind, error: Option<&str>, took: Duration) {
        self.with(|tally| {
            let results = match target {
                Kind::Http => &mut tally.calls.http,
                Kind::Exec => &mut tally.calls.exec,
                Kind::Task => &mut tally.calls.task,
            };
            *match error.map(|code| code.rsplit('.').next().unwrap_or(code)) {
                None => &mut results.done,
                Some("timeout") => &mut results.timeout,
                Some("refused") => &mut results.refused,
                Some(_) => &mut results.failed,
            } += 1;
            results.took.add(took);
        });
    }
}

/// What an outside call goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Http,
    Exec,
    Task,
}

impl Kind {
    pub(crate) fn of(target: &CallTarget) -> Self {
        match target {
            CallTarget::Http { .. } => Self::Http,
            CallTarget::Exec { .. } => Self::Exec,
            CallTarget::Task { .. } => Self::Task,
        }
    }
}

impl Tally {
    fn take(&mut self, note: Note) {
        match note {
            Note::Started(workflow) => named(&mut self.workflows, workflow).started += 1,
            Note::Done(workflow, took) => {
                let workflow = named(&mut self.workflows, workflow);
                workflow.done += 1;
                workflow.took.add(took);
            }
            Note::Failed(workflow, took, code) => {
                let workflow = named(&mut self.workflows, workflow);
                workflow.failed += 1;
                workflow.took.add(took);
                *named(&mut self.errors, code) += 1;
            }
            Note::Granted(waited) => self.lock_waits.add(waited),
            Note::Lost => self.locks_lost += 1,
            Note::Broken => self.locks_broken += 1,
            Note::Retried => self.retries += 1,
        }
    }
}

/// Returns what is counted under a name.
fn named<T: Default>(all: &mut Vec<(Arc<str>, T)>, name: Arc<str>) -> &mut T {
    let place = place_of(all, &name).unwrap_or_else(|| {
        let name = if all.len() < MAX_NAMES { name } else { OTHER.into() };
        place_of(all, &name).unwrap_or_else(|| {
            all.push((name, T::default()));
            all.len() - 1
        })
    });
    &mut all.get_mut(place).expect("it was just found, or added").1
}

fn place_of<T>(all: &[(Arc<str>, T)], name: &str) -> Option<usize> {
    all.iter().position(|(known, _)| **known == *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_count_as_one() {
        let mut all: Vec<(Arc<str>, u64)> = Vec::new();
        for number in 0..MAX_NAMES + 50 {
            *named(&mut all, format!("w{number}").into()) += 1;
        }
        *named(&mut all, "w0".into()) += 1;
        assert_eq!(all.len(), MAX_NAMES + 1);
        assert_eq!((&*all[0].0, all[0].1), ("w0", 2));
        assert_eq!((&*all[MAX_NAMES].0, all[MAX_NAMES].1), (OTHER, 50));
    }

    #[test]
    fn a_call_counts_by_the_end_of_its_code() {
        let tallies = Tallies::default();
        let codes = [None, Some("http.timeout"), Some("http.refused"), Some("http.status")];
        for code in codes {
            tallies.called(Kind::Http, code, Duration::from_millis(3));
        }
        let http = tallies.read().calls.http;
        assert_eq!((http.done, http.timeout, http.refused, http.failed), (1, 1, 1, 1));
        assert_eq!(http.took.count(), 4);
    }
}
