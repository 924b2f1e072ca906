//! From what the core emits to what people are told.
//!
//! Two streams meet here: journal entries, which carry the time at which they were noted but arrive
//! with a later transition, and effects, which arrive at once. What an instance notes at one time
//! comes before the effect with which it begins to wait, and whatever it waits for takes time; so the
//! order is that of times, at equal times with entries first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::{Change, ObjectWrite, Outcome, Refusal, Transition};
use lockstep_core::{Entry, Happening, InstanceId, Object, ObjectKey, Time};
use lockstep_definition::{Definitions, Workflow};
use lockstep_expr::Value;

use crate::report::{Event, Happened, Write};

/// What was recorded so far.
#[derive(Debug)]
pub(crate) struct Recorder {
    definitions: Arc<Definitions>,
    workflow: Arc<Workflow>,
    /// The workflows of instances that others have started.
    children: HashMap<InstanceId, Arc<Workflow>>,
    notes: Vec<Note>,
    /// Signals that were sent and not taken yet: what they say, whether that is made up.
    signals: HashMap<(InstanceId, String), VecDeque<(Value, bool)>>,
    /// Objects as they were read or committed last.
    objects: HashMap<ObjectKey, Arc<Object>>,
}

#[derive(Debug)]
struct Note {
    at: Time,
    /// Entries of the journal before effects.
    is_effect: bool,
    instance: InstanceId,
    /// `None` if it is that in which the instance is.
    activity: Option<usize>,
    /// `None` for what only tells in which activity the instance is.
    what: Option<Happened>,
}

impl Recorder {
    pub(crate) fn new(definitions: Arc<Definitions>, workflow: Arc<Workflow>) -> Self {
        Self {
            definitions,
            workflow,
            children: HashMap::new(),
            notes: Vec::new(),
            signals: HashMap::new(),
            objects: HashMap::new(),
        }
    }

    /// Returns the workflow of an instance.
    pub(crate) fn workflow(&self, instance: Option<InstanceId>) -> &Arc<Workflow> {
        instance.and_then(|id| self.children.get(&id)).unwrap_or(&self.workflow)
    }

    /// Returns how much was recorded.
    pub(crate) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Returns the index of an activity of an instance, from 0.
    pub(crate) fn activity(&self, of: InstanceId, name: &str) -> Option<usize> {
        let activities = &self.workflow(Some(of)).activities;
        activities.iter().position(|activity| *activity.name == *name)
    }

    /// Takes note of an effect. `activity` is its index, if that is known; else the effect belongs to
    /// the activity in which the instance is.
    pub(crate) fn effect(
        &mut self,
        at: Time,
        instance: InstanceId,
        activity: Option<usize>,
        what: Happened,
    ) {
        // A call is given up because of what is noted at the same time, not as a wait that begins.
        let is_effect = !matches!(what, Happened::CallEnded);
        self.notes.push(Note { at, is_effect, instance, activity, what: Some(what) });
    }

    /// Takes note of a signal that is sent.
    pub(crate) fn sent(&mut self, to: InstanceId, name: &str, payload: Value, assumed: bool) {
        let sent = self.signals.entry((to, name.to_owned())).or_default();
        sent.push_back((payload, assumed));
    }

    fn taken(&mut self, by: InstanceId, name: &str) -> Option<Happened> {
        let sent = self.signals.get_mut(&(by, name.to_owned()))?;
        let (payload, assumed) = sent.pop_front()?;
        Some(Happened::Signalled { name: name.to_owned(), payload, assumed })
    }

    /// Takes note of an object as it was read.
    pub(crate) fn read(&mut self, object: &Arc<Object>) {
        self.objects.insert(object.key.clone(), Arc::clone(object));
    }

    /// Takes note of a batch and what became of it.
    pub(crate) fn batch(&mut self, at: Time, batch: &[Transition], outcomes: &[Outcome]) {
        for (transition, outcome) in batch.iter().zip(outcomes) {
            let Some(instance) = transition.instance else { continue };
            for entry in &transition.journal {
                self.child(&entry.event);
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

    /// Takes note of the workflow of an instance that another one starts.
    fn child(&mut self, event: &Happening) {
        if let Happening::ChildStarted { instance, workflow, .. } = event
            && let Ok(id) = instance.parse()
            && let Some(workflow) = self.definitions.workflows.get(&**workflow)
        {
            self.children.insert(InstanceId(id), Arc::clone(workflow));
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

    /// Returns whether an instance was granted a lock already.
    fn has_lock(&self, instance: InstanceId) -> bool {
        self.notes.iter().any(|note| {
            note.instance == instance && matches!(note.what, Some(Happened::LockGranted { .. }))
        })
    }

    fn entry(&mut self, instance: InstanceId, entry: &Entry, writes: &[Write]) {
        let context = || {
            let workflow = self.workflow(Some(instance));
            // The first lock of an instance is that of its workflow.
            let of_workflow = workflow.exclusive_lock.as_ref().filter(|_| !self.has_lock(instance));
            let activity = workflow.activities.get(position(entry));
            let lock = of_workflow.or_else(|| activity?.exclusive_lock.as_ref());
            lock?.context.as_ref().map(|context| context.text().to_owned())
        };
        let what = if let Happening::LockWaited { key, .. } = &entry.event {
            Some(Happened::LockWaited { context: context(), key: key.clone() })
        } else if let Happening::LockGranted { key, token, waited } = &entry.event {
            Some(Happened::LockGranted {
                context: context(),
                key: key.clone(),
                token: *token,
                waited: Duration::from_micros(u64::try_from(*waited).unwrap_or(0)),
            })
        } else if let Happening::Committed(_) = &entry.event {
            Some(Happened::Committed(writes.to_vec()))
        } else if let Happening::SignalTaken { name, .. } = &entry.event {
            self.taken(instance, name)
        } else {
            told(entry.at, &entry.event)
        };
        let activity = Some(position(entry));
        self.notes.push(Note { at: Time(entry.at), is_effect: false, instance, activity, what });
    }

    /// Returns what was recorded, in order.
    pub(crate) fn into_events(mut self) -> Vec<Event> {
        self.notes.sort_by_key(|note| (note.at, note.is_effect));
        let mut entered: HashMap<InstanceId, usize> = HashMap::new();
        for note in &mut self.notes {
            note.activity = note.activity.or_else(|| entered.get(&note.instance).copied());
            if let Some(activity) = note.activity {
                entered.insert(note.instance, activity);
            }
        }
        let notes = std::mem::take(&mut self.notes);
        let told = notes.into_iter().filter_map(|note| {
            let Note { at, instance, activity, what, .. } = note;
            let activities = &self.workflow(Some(instance)).activities;
            let activity = activity.and_then(|number| activities.get(number));
            let activity = activity.map(|activity| Arc::clone(&activity.name));
            let child = self.children.get(&instance);
            let workflow = child.map(|workflow| Arc::clone(&workflow.name));
            Some(Event { at, instance, workflow, activity, what: what? })
        });
        told.collect()
    }
}

/// Returns what people are told of an entry that says all of it.
fn told(at: i64, event: &Happening) -> Option<Happened> {
    Some(match event {
        Happening::LockLost { key, .. } => Happened::LockLost { key: key.clone() },
        Happening::LockReleased { key } => Happened::LockReleased { key: key.clone() },
        Happening::Skipped => Happened::Skipped,
        Happening::Retried { error } => Happened::Retried { error: error.clone() },
        Happening::Caught { error } => Happened::Caught { error: error.clone() },
        Happening::Logged(text) => Happened::Logged(text.clone()),
        Happening::Waited { signal, title, until } => Happened::Waits {
            signal: signal.clone(),
            title: title.clone(),
            limit: until.map(|until| Time(until).since(Time(at))),
        },
        Happening::SignalDropped { name, error, .. } => {
            Happened::SignalDropped { name: name.clone(), error: error.clone() }
        }
        Happening::ChildStarted { workflow, awaited, .. } => {
            Happened::ChildStarted { workflow: workflow.clone(), awaited: *awaited }
        }
        Happening::ChildEnded { error, .. } => Happened::ChildEnded { error: error.clone() },
        Happening::EachBegan { items } => Happened::EachBegan { items: *items },
        Happening::ParallelBegan { branches } => {
            Happened::ParallelBegan { branches: branches.clone() }
        }
        // Calls and signals are told with what they say; the beginning and the end of the instance
        // stand in the report; no client takes part; the rest is told with more than the entry says.
        Happening::Started
        | Happening::Traced { .. }
        | Happening::LockWaited { .. }
        | Happening::LockGranted { .. }
        | Happening::Called { .. }
        | Happening::Returned { .. }
        | Happening::Committed(_)
        | Happening::Signalled { .. }
        | Happening::SignalTaken { .. }
        | Happening::LockBroken { .. }
        | Happening::ClientAsked { .. }
        | Happening::LockRenewed { .. }
        | Happening::Recovered
        | Happening::Finished
        | Happening::Failed { .. } => return None,
    })
}

fn position(entry: &Entry) -> usize {
    usize::try_from(entry.activity).unwrap_or(usize::MAX)
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
