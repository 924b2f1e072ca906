//! Locks that are waited for while another is held.

use crate::workflow::{ExclusiveLock, Place};

use super::super::key::{Class, Key, Likeness};
use super::super::survey::Survey;
use super::super::taken::{Take, Taken};

/// Most edges of one workflow.
const MAX_EDGES: usize = 1_000;

/// A lock that is held.
#[derive(Clone, Debug)]
pub(super) struct Holding<'w> {
    pub(super) key: Key,
    pub(super) class: Class,
    pub(super) lock: &'w ExclusiveLock,
}

/// A lock that is waited for while another is held.
#[derive(Clone, Debug)]
pub(super) struct Edge<'w> {
    pub(super) from: Class,
    pub(super) to: Class,
    pub(super) held: Holding<'w>,
    pub(super) taken: Take<'w>,
    /// The workflow that holds the first.
    pub(super) holder: &'w str,
    /// The activity in which the second is waited for, or called.
    pub(super) number: usize,
    /// Single locks that are held besides: of two ways with a common one, only one runs at a time.
    pub(super) gates: Vec<Class>,
}

impl<'w> Edge<'w> {
    /// Where the second lock is taken, as the holder sees it.
    pub(super) fn place(&self) -> &'w Place {
        self.taken.calls.first().copied().unwrap_or(&self.taken.lock.place)
    }
}

/// All edges, workflow by workflow.
pub(super) fn edges<'w>(surveys: &[Survey<'w>], taken: &Taken<'w>) -> Vec<Edge<'w>> {
    let mut out = Vec::new();
    for (number, survey) in surveys.iter().enumerate() {
        let mut of_workflow = Vec::new();
        for (activity, take) in taken.own(number) {
            let held = holding(survey, survey.held_before(*activity));
            add(survey, *activity, &held, take, false, &mut of_workflow);
        }
        for (call, takes) in taken.called(number) {
            let held = holding(survey, &survey.held_during(call.activity));
            for take in takes {
                add(survey, call.activity, &held, take, true, &mut of_workflow);
            }
        }
        out.append(&mut of_workflow);
    }
    out
}

fn holding<'w>(survey: &Survey<'w>, held: &[usize]) -> Vec<Holding<'w>> {
    let mut out = Vec::new();
    for number in held {
        let Some(lock) = survey.lock(*number) else { continue };
        let classed = survey.keys(*number).iter().filter_map(|key| Some((key, key.class()?)));
        out.extend(classed.map(|(key, class)| Holding { key: key.clone(), class, lock }));
    }
    out
}

fn add<'w>(
    survey: &Survey<'w>,
    number: usize,
    held: &[Holding<'w>],
    take: &Take<'w>,
    called: bool,
    out: &mut Vec<Edge<'w>>,
) {
    let to = take.class();
    // Under the lock of the whole system nobody else holds anything.
    if held.iter().any(|held| held.class.is_everything()) || out.len() >= MAX_EDGES {
        return;
    }
    for (index, holding) in held.iter().enumerate() {
        let same_lock = holding.key.likeness(&take.key) == Likeness::Same;
        // What is held already is not waited for; what a called workflow waits for because its
        // caller holds it is another finding.
        let excluded = (same_lock && !to.is_everything())
            || (holding.class == to && (called || holding.key.is_before(&take.key)));
        if excluded {
            continue;
        }
        let gates = held.iter().enumerate().filter(|(other, _)| *other != index);
        let gates = gates.map(|(_, held)| &held.class).filter(|class| class.is_single());
        out.push(Edge {
            from: holding.class.clone(),
            to: to.clone(),
            held: holding.clone(),
            taken: take.clone(),
            holder: &survey.workflow.name,
            number,
            gates: gates.cloned().collect(),
        });
    }
}
