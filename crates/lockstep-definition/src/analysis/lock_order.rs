//! Locks that are taken in different orders: a possible deadlock.
//!
//! An edge stands for "holds a lock of this class in this mode while it waits for one of that class,
//! which another holds in that mode". Locks are held from one activity to the next where changes stay
//! uncommitted, over the call of another workflow, and that of the workflow itself to its end. A
//! circle of edges is a deadlock if its ways run at the same time, unless one single lock is held on
//! all of them. Who takes a lock shared does not wait for those who hold it shared, so there is no
//! edge to them.
//!
//! Invariants:
//!
//! * A circle of two is found wherever there is one; of longer circles the shortest of each group.

mod cycle;
mod edge;

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::workflow::LockMode;

use super::board::{Board, Told};
use super::key::Class;
use super::survey::Survey;
use super::taken::Taken;
use cycle::Graph;
pub(crate) use edge::conflict;
use edge::{Edge, Wait, waits};

/// Most ways that are kept from one class to another.
const MAX_WAYS: usize = 4;
/// Most circles that are told.
const MAX_CIRCLES: usize = 50;

pub(crate) fn check(surveys: &[Survey<'_>], taken: &Taken<'_>, board: &mut Board<'_, '_>) {
    let mut graph: Graph<'_> = BTreeMap::new();
    let mut whole: Vec<Edge<'_>> = Vec::new();
    let mut alone: BTreeSet<(&str, usize)> = BTreeSet::new();
    for wait in waits(surveys, taken) {
        match wait {
            // One of a kind while holding another, or the same: told once for each lock.
            Wait::Upgrade(edge) => {
                if edge.gates.is_empty() && alone.insert((edge.holder, edge.number)) {
                    board.tell(upgrade(&edge));
                }
            }
            Wait::Edge(edge) if edge.to.is_everything() => whole.push(edge),
            Wait::Edge(edge) if edge.held.class == edge.to => {
                if edge.gates.is_empty()
                    && edge.waits_for(edge.held.lock.mode)
                    && alone.insert((edge.holder, edge.number))
                {
                    board.tell(two_of_a_kind(&edge));
                }
            }
            Wait::Edge(edge) => {
                for mode in [LockMode::Exclusive, LockMode::Shared] {
                    if edge.waits_for(mode) {
                        let way = (edge.from(), (edge.to.clone(), mode));
                        let ways = graph.entry(way).or_default();
                        ways.push(edge.clone());
                        ways.sort_by_key(|edge| edge.gates.len());
                        ways.truncate(MAX_WAYS);
                    }
                }
            }
        }
    }
    for (first, second) in whole_system(&whole, &graph) {
        board.tell(circle(&[first, second]));
    }
    // Circles of the same locks in other modes are one.
    let mut told = BTreeSet::new();
    for ways in cycle::circles(&graph).into_iter().take(MAX_CIRCLES) {
        let classes: BTreeSet<&Class> = ways.iter().map(|edge| &edge.to).collect();
        if told.insert(classes) {
            board.tell(circle(&ways));
        }
    }
}

/// Two of one class at once.
fn two_of_a_kind(edge: &Edge<'_>) -> Told {
    let message = if edge.taken.calls.is_empty() {
        format!(
            "`{}` takes {} while it holds another: two instances with the same two in different \
             order wait for each other",
            edge.holder, edge.to
        )
    } else {
        format!(
            "`{}` takes {} while `{}` holds another: two instances of `{}` with the same two in \
             different order wait for each other",
            edge.taken.workflow, edge.to, edge.holder, edge.holder
        )
    };
    let held = format!("holds {} from here", edge.held.key.shown());
    let told = Told::new(Code::LockOrder, edge.place(), message).label(&edge.held.lock.place, held);
    with_calls(told, edge, "takes the other here").help(
        "take the two together, in one list (`context: '[a, b]'`); or the lesser id first \
         (`a < b ? a : b`), then the greater; or one lock that covers both",
    )
}

/// The same lock, which is held shared, alone.
fn upgrade(edge: &Edge<'_>) -> Told {
    let message = format!(
        "`{}` takes {} alone while `{}` holds it shared: two instances that hold it shared wait for \
         each other",
        edge.taken.workflow,
        edge.taken.key.shown(),
        edge.holder
    );
    let told = Told::new(Code::LockOrder, edge.place(), message)
        .label(&edge.held.lock.place, "it is held shared from here");
    with_calls(told, edge, "it is taken alone here").help(
        "leave `mode: shared` out where the lock is taken first; or commit before the second, so \
         that the first is released",
    )
}

/// Adds the ways down to the workflow that takes the second lock.
fn with_calls(mut told: Told, edge: &Edge<'_>, taken: &str) -> Told {
    let Some((_, calls)) = edge.taken.calls.split_first() else { return told };
    for call in calls {
        told = told.label(call, "called from here");
    }
    told.label(&edge.taken.lock.place, taken)
}

/// Waits for all locks while one is held, together with another that holds one and waits.
fn whole_system<'e, 'w>(
    whole: &'e [Edge<'w>],
    graph: &'e Graph<'w>,
) -> Vec<(&'e Edge<'w>, &'e Edge<'w>)> {
    let mut out = Vec::new();
    let mut told = BTreeSet::new();
    for edge in whole.iter().filter(|edge| edge.gates.is_empty()) {
        // The other is in the way, and stands behind in the order of those who wait.
        let mut others = whole.iter().chain(graph.values().flatten()).filter(|other| {
            edge.waits_for(other.held.lock.mode) && other.waits_for(edge.taken.lock.mode)
        });
        let other = if edge.held.class.is_single() {
            others.filter(|other| other.gates.is_empty()).find(|o| o.held.class != edge.held.class)
        } else {
            others.find(|other| std::ptr::eq(*other, edge))
        };
        if let Some(other) = other.filter(|_| told.insert(edge.taken.workflow)) {
            out.push((edge, other));
        }
    }
    out
}

/// A circle of ways, each of which begins with what the one before waits for.
fn circle(ways: &[&Edge<'_>]) -> Told {
    let Some((first, others)) = ways.split_first() else {
        unreachable!("a circle has at least one way")
    };
    let held = |edge: &Edge<'_>| in_mode(&edge.held.class, edge.held.lock.mode);
    let taken = |edge: &Edge<'_>| in_mode(&edge.to, edge.taken.lock.mode);
    let way = |edge: &Edge<'_>| {
        format!("`{}` holds {} and takes {}", edge.holder, held(edge), taken(edge))
    };
    let mut message = way(first);
    for edge in others {
        if edge.place() == first.place() {
            message.push_str(", and so does another instance of it");
        } else {
            message.push_str(", ");
            message.push_str(&way(edge));
        }
    }
    message.push_str(": they may wait for each other");
    let mut told = Told::new(Code::LockOrder, first.place(), message);
    for edge in ways {
        let at = |place: &crate::workflow::Place| format!("{}:{}", place.file, place.line);
        let from = &edge.held.lock.place;
        told = told.label(from, format!("`{}` holds {} from here", edge.holder, held(edge)));
        for call in &edge.taken.calls {
            told = told.label(call, "calls another workflow while it holds the lock");
        }
        let then = format!("then takes {} here, held since {}", taken(edge), at(from));
        told = told.label(&edge.taken.lock.place, then);
    }
    told.help(
        "take the locks in the same order everywhere; or commit between the two activities \
         (`auto_commit: true`), so that the first lock is released before the second is taken; or \
         take one lock that covers both",
    )
}

/// A lock and how it is held.
fn in_mode(class: &Class, mode: LockMode) -> String {
    match mode {
        LockMode::Exclusive => class.to_string(),
        LockMode::Shared => format!("{class} (shared)"),
    }
}
