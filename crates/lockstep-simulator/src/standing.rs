//! Standing waits: what instances wait for without a limit.
//!
//! Invariants:
//!
//! * A wait stands from its entry in the journal until it is over: what it was for came, its activity
//!   was interrupted, or its instance ended.

use std::collections::{BTreeMap, HashMap};

use lockstep_core::transition::Transition;
use lockstep_core::{Failure, Happening, InstanceId};

use crate::form::has_form;
use crate::recorder::Recorder;

/// What instances wait for.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The names of signals and the keys of locks, the oldest first.
    waits: BTreeMap<InstanceId, Vec<Awaited>>,
    /// Why the last signal of a name was dropped.
    dropped: HashMap<(InstanceId, String), String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Awaited {
    Signal(String),
    Lock(String),
}

impl Standing {
    /// Takes note of what a transition says of waits.
    pub(crate) fn transition(&mut self, transition: &Transition) {
        let Some(id) = transition.instance else { return };
        for entry in &transition.journal {
            self.entry(id, &entry.event);
        }
    }

    fn entry(&mut self, id: InstanceId, event: &Happening) {
        if let Happening::Waited { signal: Some(name), until: None, .. } = event {
            self.waits.entry(id).or_default().push(Awaited::Signal(name.clone()));
        } else if let Happening::LockWaited { key, .. } = event {
            self.waits.entry(id).or_default().push(Awaited::Lock(key.clone()));
        } else if let Happening::SignalTaken { name, .. } = event {
            self.over(id, &Awaited::Signal(name.clone()));
        } else if let Happening::SignalDropped { name, error, .. } = event {
            // The instance notes anew that it waits.
            self.over(id, &Awaited::Signal(name.clone()));
            self.dropped(id, name, error);
        } else if let Happening::LockGranted { key, .. } = event {
            self.over(id, &Awaited::Lock(key.clone()));
        } else if matches!(
            event,
            Happening::Caught { .. }
                | Happening::Retried { .. }
                | Happening::Finished
                | Happening::Failed { .. }
        ) {
            self.waits.remove(&id);
        }
    }

    fn over(&mut self, id: InstanceId, what: &Awaited) {
        let Some(waits) = self.waits.get_mut(&id) else { return };
        if let Some(index) = waits.iter().position(|awaited| awaited == what) {
            waits.remove(index);
        }
    }

    /// Takes note of a signal that was dropped.
    pub(crate) fn dropped(&mut self, id: InstanceId, name: &str, why: &str) {
        self.dropped.insert((id, name.to_owned()), why.to_owned());
    }

    /// Returns what is told of an instance that waits while nothing can come any more: what it, or
    /// one that it waits for, waits for.
    pub(crate) fn failure(&self, recorder: &Recorder, main: InstanceId) -> Failure {
        let mut told: Vec<String> = Vec::new();
        for (id, waits) in &self.waits {
            let workflow = recorder.workflow(Some(*id));
            for awaited in waits {
                let (what, dropped) = match awaited {
                    Awaited::Signal(name) => {
                        let kind = if has_form(workflow, name) { "form" } else { "signal" };
                        let dropped = self.dropped.get(&(*id, name.clone()));
                        (format!("the {kind} `{name}`"), dropped)
                    }
                    Awaited::Lock(key) => (format!("the lock {key}"), None),
                };
                let who = if *id == main {
                    String::new()
                } else {
                    format!("an instance of `{}` ", workflow.name)
                };
                let why = dropped.map_or_else(String::new, |why| {
                    format!(" (what came for it was dropped: {why})")
                });
                told.push(format!("{who}still waits for {what}{why}"));
            }
        }
        if told.is_empty() {
            told.push("still waits".to_owned());
        }
        let message = format!("{}; nothing that is simulated comes any more", told.join(", "));
        Failure::new("simulation.waits", message)
    }
}
