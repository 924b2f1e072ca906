//! Locks that a workflow waits for, those of the workflows that it calls included.
//!
//! Invariants:
//!
//! * Keys are told in the names of the workflow that is asked about: what a called workflow knows as
//!   its input is what the caller gives it.

use std::sync::Arc;

use crate::workflow::{ChildMode, ExclusiveLock, OnBusy, Payload, Place, Workflow};

use super::call_graph::{Call, CallGraph};
use super::key::{Class, Key, Term};
use super::survey::{Owner, Survey};

/// Most locks that are kept for one workflow.
const MAX_TAKEN: usize = 64;
/// Most calls from a workflow down to the activity that takes a lock.
const MAX_CALLS: usize = 8;

/// A lock that a workflow, or one that it calls, waits for.
#[derive(Clone, Debug)]
pub(crate) struct Take<'w> {
    pub(crate) key: Key,
    /// Its class where the lock is written.
    class: Class,
    pub(crate) lock: &'w ExclusiveLock,
    /// The workflow in which the lock is written.
    pub(crate) workflow: &'w Arc<str>,
    /// The activity that takes it, or the workflow itself.
    pub(crate) owner: &'w Arc<str>,
    /// The calls that lead there, outermost first.
    pub(crate) calls: Vec<&'w Place>,
}

impl Take<'_> {
    /// The class as the asking workflow sees it, if that says more than where it is written.
    pub(crate) fn class(&self) -> Class {
        match self.key.class() {
            Some(class) if class.is_known() => class,
            Some(_) | None => self.class.clone(),
        }
    }
}

/// What all workflows take.
#[derive(Debug)]
pub(crate) struct Taken<'w> {
    /// By workflow: what it takes itself.
    own: Vec<Vec<(Owner, Take<'w>)>>,
    /// By workflow: what the workflows take that it runs, by the place of the call in its text.
    children: Vec<Vec<(Call<'w>, Vec<Take<'w>>)>>,
}

impl<'w> Taken<'w> {
    pub(crate) fn of_all(surveys: &[Survey<'w>], calls: &CallGraph<'w>) -> Self {
        let own: Vec<Vec<(Owner, Take<'w>)>> = surveys.iter().map(own).collect();
        let mut children = vec![Vec::new(); surveys.len()];
        let mut all: Vec<Vec<Take<'w>>> = vec![Vec::new(); surveys.len()];
        for number in calls.callees_first() {
            let Some(survey) = surveys.get(number) else { continue };
            let mut of_calls = Vec::new();
            for call in calls.of(number) {
                let (Some(child), Some(takes)) = (surveys.get(call.target), all.get(call.target))
                else {
                    continue;
                };
                let takes = takes.iter().filter(|take| take.calls.len() < MAX_CALLS);
                let takes: Vec<Take<'w>> =
                    takes.map(|take| through(take, survey, call, child.workflow)).collect();
                of_calls.push((*call, takes));
            }
            let mut whole: Vec<Take<'w>> = Vec::new();
            let of_itself = own.get(number).into_iter().flatten().map(|(_, take)| take);
            let waited = of_calls.iter().filter(|(call, _)| call.mode == ChildMode::Call);
            for take in of_itself.chain(waited.flat_map(|(_, takes)| takes)) {
                let known =
                    |other: &Take<'_>| other.key == take.key && other.lock.mode == take.lock.mode;
                if whole.len() < MAX_TAKEN && !whole.iter().any(known) {
                    whole.push(take.clone());
                }
            }
            if let (Some(all), Some(children)) = (all.get_mut(number), children.get_mut(number)) {
                *all = whole;
                *children = of_calls;
            }
        }
        Self { own, children }
    }

    /// Locks that a workflow takes itself and waits for.
    pub(crate) fn own(&self, workflow: usize) -> &[(Owner, Take<'w>)] {
        self.own.get(workflow).map_or(&[], Vec::as_slice)
    }

    /// Locks that the workflows wait for which a workflow runs, in the order of its text.
    pub(crate) fn children(
        &self,
        workflow: usize,
        mode: ChildMode,
    ) -> impl Iterator<Item = &(Call<'w>, Vec<Take<'w>>)> {
        let of_workflow = self.children.get(workflow).into_iter().flatten();
        of_workflow.filter(move |(call, _)| call.mode == mode)
    }
}

fn own<'w>(survey: &Survey<'w>) -> Vec<(Owner, Take<'w>)> {
    let mut out = Vec::new();
    for (owner, lock) in survey.owners() {
        if lock.on_busy != OnBusy::Wait {
            continue;
        }
        for key in survey.keys(owner) {
            let Some(class) = key.class() else { continue };
            let take = Take {
                key: key.clone(),
                class,
                lock,
                workflow: &survey.workflow.name,
                owner: survey.name_of(owner),
                calls: Vec::new(),
            };
            out.push((owner, take));
        }
    }
    out
}

/// A lock of a called workflow as the caller sees it.
fn through<'w>(
    take: &Take<'w>,
    caller: &Survey<'w>,
    call: &Call<'w>,
    child: &'w Workflow,
) -> Take<'w> {
    let key = take.key.seen_from(|term| match term {
        Term::Input { frame, path } if *frame == child.name => given(path, caller, call, child),
        Term::Input { .. } | Term::Constant(_) | Term::Fresh { .. } | Term::Text { .. } => {
            term.clone()
        }
    });
    let mut calls = Vec::with_capacity(take.calls.len() + 1);
    calls.push(&call.step.place);
    calls.extend(take.calls.iter().copied());
    Take { key, calls, ..take.clone() }
}

/// What an input of a called workflow comes to.
fn given(path: &str, caller: &Survey<'_>, call: &Call<'_>, child: &Workflow) -> Term {
    let unknown = || Term::Text {
        frame: Arc::clone(&child.name),
        text: format!("input.{path}"),
        fixed: false,
    };
    if let Some((_, payload)) = call.input.iter().find(|(name, _)| **name == *path) {
        return caller.names.payload(payload);
    }
    let default = child.input.iter().find(|input| *input.name == *path);
    match default.and_then(|input| input.default.clone()) {
        Some(value) => caller.names.payload(&Payload::Literal(value)),
        None => unknown(),
    }
}
