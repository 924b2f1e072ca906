//! From what the core emits to what people are told.
//!
//! Two streams meet here: journal entries, which carry the time at which they were noted but arrive
//! with a later transition, and effects, which arrive at once. What an instance notes at one time
//! comes before the effect with which it begins to wait, and whatever it waits for takes time; so the
//! order is that of times, at equal times with entries first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::{Change, ObjectWrite, Outcome, Refusal, Transition};
use lockstep_core::{Entry, Happening, InstanceId, Object, ObjectKey, Time};
use lockstep_definition::{Activity, Workflow};
use lockstep_expr::Value;

use crate::report::{Event, Happened, Write};

/// What was recorded so far.
#[derive(Debug)]
pub(crate) struct Recorder {
    workflow: Arc<Workflow>,
    notes: Vec<Note>,
    /// Objects as they were read or committed last.
    objects: HashMap<ObjectKey, Arc<Object>>,
}

#[derive(Debug)]
struct Note {
    at: Time,
    /// Entries of the journal before effects.
    is_effect: bool,
    /// `None` for a read, which may be for several.
    instance: Option<InstanceId>,
    /// `None` if it is not known.
    activity: Option<usize>,
    /// `None` for what only tells in which activity the instance is.
    what: Option<Happened>,
}

impl Recorder {
    pub(crate) fn new(workflow: Arc<Workflow>) -> Self {
        Self { workflow, notes: Vec::new(), objects: HashMap::new() }
    }

    /// Returns how much was recorded.
    pub(crate) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Takes note of an effect. `activity` is its name, if that is known.
    pub(crate) fn effect(
        &mut self,
        at: Time,
        instance: Option<InstanceId>,
        activity: Option<&str>,
        what: Happened,
    ) {
        let activities = &self.workflow.activities;
        let activity = activity
            .and_then(|name| activities.iter().position(|activity| *activity.name == *name));
        // A call is given up because of what is noted at the same time, not as a wait that begins.
        let is_effect = !matches!(what, Happened::CallEnded);
        self.notes.push(Note { at, is_effect, instance, activity, what: Some(what) });
    }

    /// Takes note of an object as it was read.
    pub(crate) fn read(&mut self, object: &Arc<Object>) {
        self.objects.insert(object.key.clone(), Arc::clone(object));
    }

    /// Takes note of a batch and what became of it.
    pub(crate) fn batch(&mut self, at: Time, batch: &[Transition], outcomes: &[Outcome]) {
        for (transition, outcome) in batch.iter().zip(outcomes) {
            let instance = transition.instance;
            if instance.is_none() {
                continue;
            }
            match outcome {
                Outcome::Committed => {
                    let writes: Vec<Write> =
                        transition.objects.iter().filter_map(|write| self.write(write)).collect();
                    for entry in &transition.journal {
                        self.entry(instance, entry, &writes);
                    }
                }
                Outcome::Refused(refusal) => {
                    let activity = transition.journal.last().map(position);
                    let what = Some(Happened::Refused(refused(refusal)));
                    self.notes.push(Note { at, is_effect: true, instance, activity, what });
                }
            }
        }
    }

    fn write(&mut self, write: &ObjectWrite) -> Option<Write> {
        let key = write.key.clone();
        let base = self.objects.get(&key).map(Arc::clone);
        let before = base.as_ref().map(|base| base.version);
        match &write.change {
            Change::Check => None,
            Change::Put(object) => {
                self.objects.insert(key.clone(), Arc::clone(object));
                let changed = changed(base.as_deref(), Some(object));
                Some(Write { key, before, after: Some(object.version), changed })
            }
            Change::Delete => {
                self.objects.remove(&key);
                Some(Write { key, before, after: None, changed: changed(base.as_deref(), None) })
            }
        }
    }

    fn entry(&mut self, instance: Option<InstanceId>, entry: &Entry, writes: &[Write]) {
        let context = || {
            let activity = self.workflow.activities.get(position(entry));
            activity.and_then(lock_context)
        };
        let what = match &entry.event {
            Happening::LockWaited { key, .. } => {
                Some(Happened::LockWaited { context: context(), key: key.clone() })
            }
            Happening::LockGranted { key, token, waited } => Some(Happened::LockGranted {
                context: context(),
                key: key.clone(),
                token: *token,
                waited: Duration::from_micros(u64::try_from(*waited).unwrap_or(0)),
            }),
            Happening::LockLost { key, .. } => Some(Happened::LockLost { key: key.clone() }),
            Happening::Skipped => Some(Happened::Skipped),
            Happening::Committed(_) => Some(Happened::Committed(writes.to_vec())),
            Happening::Retried { error } => Some(Happened::Retried { error: error.clone() }),
            Happening::Caught { error } => Some(Happened::Caught { error: error.clone() }),
            Happening::Logged(text) => Some(Happened::Logged(text.clone())),
            // Calls are told with their answers; the beginning and the end stand in the report.
            Happening::Started
            | Happening::Called { .. }
            | Happening::Returned { .. }
            | Happening::Recovered
            | Happening::Finished
            | Happening::Failed { .. } => None,
        };
        let activity = Some(position(entry));
        self.notes.push(Note { at: Time(entry.at), is_effect: false, instance, activity, what });
    }

    /// Returns what was recorded, in order.
    pub(crate) fn into_events(mut self) -> Vec<Event> {
        self.notes.sort_by_key(|note| (note.at, note.is_effect));
        // A read belongs to the activity of what was done next.
        let mut following = None;
        for note in self.notes.iter_mut().rev() {
            following = note.activity.or(following);
            note.activity = following;
        }
        let activities = &self.workflow.activities;
        self.notes
            .into_iter()
            .filter_map(|note| {
                let activity = note.activity.and_then(|number| activities.get(number));
                let activity = activity.map(|activity| Arc::clone(&activity.name));
                Some(Event { at: note.at, instance: note.instance, activity, what: note.what? })
            })
            .collect()
    }
}

fn position(entry: &Entry) -> usize {
    usize::try_from(entry.activity).unwrap_or(usize::MAX)
}

fn lock_context(activity: &Activity) -> Option<String> {
    let context = activity.exclusive_lock.as_ref()?.context.as_ref()?;
    Some(context.text().to_owned())
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Conflict { key, actual: Some(version) } => {
            format!("{key} has version {version} meanwhile")
        }
        Refusal::Conflict { key, actual: None } => format!("there is no {key} any more"),
        Refusal::Unique { key, unique, other } => {
            let (constraint, values) = (&unique.constraint, &unique.values);
            format!("{key} has the same {constraint} as {other}: {values}")
        }
        Refusal::Fenced { key, .. } => format!("the lock {key} went to another holder"),
    }
}

/// Attributes that two states of an object do not share.
fn changed(
    before: Option<&Object>,
    after: Option<&Object>,
) -> Vec<(Arc<str>, Option<Value>, Option<Value>)> {
    let value = |object: Option<&Object>, name: &str| {
        object.and_then(|object| object.attributes.get(name)).cloned()
    };
    let Some(named) = after.or(before) else { return Vec::new() };
    let names = named.attributes.iter().filter_map(|(name, _)| name.as_str());
    names
        .map(|name| (name.into(), value(before, name), value(after, name)))
        .filter(|(_, before, after)| before != after)
        .collect()
}
