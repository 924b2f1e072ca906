//! Standing waits: the signals and forms that instances wait for without a limit.
//!
//! Invariants:
//!
//! * A wait stands from its entry in the journal until it is over: what it was for came, its activity
//!   was interrupted, or its instance ended.
//!
//! Absent by design: locks, which are held no longer than their hold timeout, and calls, which are
//! always answered.

use std::collections::{BTreeMap, HashMap};

use lockstep_core::transition::Transition;
use lockstep_core::{Failure, Happening, InstanceId};

use crate::form::has_form;
use crate::recorder::Recorder;

/// Most waits that are told of.
const MAX_TOLD: usize = 10;

/// What instances wait for.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The names of signals and forms, the oldest first.
    waits: BTreeMap<InstanceId, Vec<String>>,
    /// Why the last signal of a name was dropped.
    dropped: HashMap<(InstanceId, String), String>,
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
            self.waits.entry(id).or_default().push(name.clone());
        } else if let Happening::SignalTaken { name, .. } = event {
            self.over(id, name);
        } else if let Happening::SignalDropped { name, error, .. } = event {
            // The instance notes anew that it waits.
            self.over(id, name);
            self.dropped(id, name, error);
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

    fn over(&mut self, id: InstanceId, name: &str) {
        let Some(waits) = self.waits.get_mut(&id) else { return };
        if let Some(index) = waits.iter().position(|awaited| awaited == name) {
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
            for name in waits {
                let kind = if has_form(workflow, name) { "form" } else { "signal" };
                let dropped = self.dropped.get(&(*id, name.clone()));
                let who = if *id == main {
                    String::new()
                } else {
                    format!("an instance of `{}` ", workflow.name)
                };
                let why = dropped.map_or_else(String::new, |why| {
                    format!(" (what came for it was dropped: {why})")
                });
                told.push(format!("{who}still waits for the {kind} `{name}`{why}"));
            }
        }
        if told.is_empty() {
            told.push("still waits".to_owned());
        }
        let more = told.len().saturating_sub(MAX_TOLD);
        told.truncate(MAX_TOLD);
        if more > 0 {
            told.push(format!("and so do {more} more"));
        }
        let message = format!("{}; nothing that is simulated comes any more", told.join(", "));
        Failure::new("simulation.waits", message)
    }
}
