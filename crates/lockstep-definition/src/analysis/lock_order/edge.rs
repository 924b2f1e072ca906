//! Locks that are waited for while another is held.

use crate::workflow::{ChildMode, ExclusiveLock, LockMode, Place};

use super::super::key::{Class, Key, Likeness};
use super::super::survey::{Owner, Survey};
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

/// What a wait leads to: locks of a class that are held in a mode.
pub(super) type Held = (Class, LockMode);

/// What is found where a lock is waited for while another is held.
#[derive(Debug)]
pub(super) enum Wait<'w> {
    /// For another lock.
    Edge(Edge<'w>),
    /// For the others who hold the same lock shared, to have it alone.
    Upgrade(Edge<'w>),
}

/// A lock that is waited for while another is held.
#[derive(Clone, Debug)]
pub(super) struct Edge<'w> {
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
    /// What is held.
    pub(super) fn from(&self) -> Held {
        (self.held.class.clone(), self.held.lock.mode)
    }

    /// Whether the wait for the second lock is one for those who hold it in this mode.
    pub(super) fn waits_for(&self, mode: LockMode) -> bool {
        conflict(self.taken.lock.mode, mode)
    }

    /// Where the second lock is taken, as the holder sees it.
    pub(super) fn place(&self) -> &'w Place {
        self.taken.calls.first().copied().unwrap_or(&self.taken.lock.place)
    }
}

/// Whether two do not hold a key at the same time.
pub(crate) fn conflict(one: LockMode, other: LockMode) -> bool {
    (one, other) != (LockMode::Shared, LockMode::Shared)
}

/// All waits, workflow by workflow.
pub(super) fn waits<'w>(surveys: &[Survey<'w>], taken: &Taken<'w>) -> Vec<Wait<'w>> {
    let mut out = Vec::new();
    for (number, survey) in surveys.iter().enumerate() {
        let mut of_workflow = Vec::new();
        for (owner, take) in taken.own(number) {
            let Owner::Activity(activity) = *owner else { continue };
            let held = holding(survey, &survey.held_before(activity));
            add(survey, activity, &held, take, &mut of_workflow);
        }
        for (call, takes) in taken.children(number, ChildMode::Call) {
            let held = holding(survey, &survey.held_during(call.activity));
            for take in takes {
                add(survey, call.activity, &held, take, &mut of_workflow);
            }
        }
        out.append(&mut of_workflow);
    }
    out
}

fn holding<'w>(survey: &Survey<'w>, held: &[Owner]) -> Vec<Holding<'w>> {
    let mut out = Vec::new();
    for owner in held {
        let Some(lock) = survey.lock(*owner) else { continue };
        let classed = survey.keys(*owner).iter().filter_map(|key| Some((key, key.class()?)));
        out.extend(classed.map(|(key, class)| Holding { key: key.clone(), class, lock }));
    }
    out
}

/// Whether who holds one lock holds the other with it.
fn includes(held: &Key, taken: &Key) -> bool {
    if held.is_everything() || taken.is_everything() {
        return held.is_everything();
    }
    held.likeness(taken) == Likeness::Same
}

/// Adds the waits for one lock. Its keys are taken together, so none of them is held meanwhile.
fn add<'w>(
    survey: &Survey<'w>,
    number: usize,
    held: &[Holding<'w>],
    take: &Take<'w>,
    out: &mut Vec<Wait<'w>>,
) {
    let to = take.class();
    let same = |held: &Holding<'_>| includes(&held.key, &take.key);
    // What the instance, or one that waits for its end, holds already is not waited for.
    let mut covering = held.iter().filter(|held| same(held));
    let enough = |held: &Holding<'_>| {
        held.lock.mode == LockMode::Exclusive || take.lock.mode == LockMode::Shared
    };
    if covering.any(enough) || out.len() >= MAX_EDGES {
        return;
    }
    for (index, holding) in held.iter().enumerate() {
        if holding.class == to && holding.key.is_before(&take.key) {
            continue;
        }
        let others = held.iter().enumerate().filter(|(other, _)| *other != index);
        let alone = others
            .map(|(_, held)| held)
            .filter(|held| held.class.is_single() && held.lock.mode == LockMode::Exclusive);
        let edge = Edge {
            to: to.clone(),
            held: holding.clone(),
            taken: take.clone(),
            holder: &survey.workflow.name,
            number,
            gates: alone.map(|held| held.class.clone()).collect(),
        };
        out.push(if same(holding) { Wait::Upgrade(edge) } else { Wait::Edge(edge) });
    }
}
