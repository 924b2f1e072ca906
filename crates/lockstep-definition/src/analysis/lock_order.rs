//! Locks that are taken in different orders: a possible deadlock.
//!
//! An edge stands for "holds a lock of this class while it waits for one of that class". Locks are
//! held from one activity to the next where changes stay uncommitted, and over the call of another
//! workflow. A circle of edges is a deadlock if its ways run at the same time, unless one single
//! lock is held on all of them.
//!
//! Invariants:
//!
//! * A circle of two is found wherever there is one; of longer circles the shortest of each group.

mod cycle;
mod edge;

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;

use super::board::{Board, Told};
use super::key::Class;
use super::survey::Survey;
use super::taken::Taken;
use edge::{Edge, edges};

/// Most ways that are kept from one class to another.
const MAX_WAYS: usize = 4;
/// Most circles that are told.
const MAX_CIRCLES: usize = 50;

pub(crate) fn check(surveys: &[Survey<'_>], taken: &Taken<'_>, board: &mut Board<'_, '_>) {
    let mut graph: BTreeMap<(Class, Class), Vec<Edge<'_>>> = BTreeMap::new();
    let mut whole: Vec<Edge<'_>> = Vec::new();
    let mut alone: BTreeSet<(&str, usize)> = BTreeSet::new();
    for edge in edges(surveys, taken) {
        if edge.to.is_everything() {
            whole.push(edge);
        } else if edge.from == edge.to {
            // One of a kind while holding another: told once for each lock.
            if edge.gates.is_empty() && alone.insert((edge.holder, edge.number)) {
                board.tell(two_of_a_kind(&edge));
            }
        } else {
            let ways = graph.entry((edge.from.clone(), edge.to.clone())).or_default();
            ways.push(edge);
            ways.sort_by_key(|edge| edge.gates.len());
            ways.truncate(MAX_WAYS);
        }
    }
    for (first, second) in whole_system(&whole, &graph) {
        board.tell(circle(&[first, second]));
    }
    for ways in cycle::circles(&graph).into_iter().take(MAX_CIRCLES) {
        board.tell(circle(&ways));
    }
}

/// Two of one class at once.
fn two_of_a_kind(edge: &Edge<'_>) -> Told {
    let message = format!(
        "`{}` takes {} while it holds another: two instances with the same two in different order \
         wait for each other",
        edge.taken.workflow, edge.to
    );
    let held = format!("holds {} from here", edge.held.key.shown());
    Told::new(Code::LockOrder, &edge.taken.lock.place, message)
        .label(&edge.held.lock.place, held)
        .help(
            "take the two in an order that does not depend on their roles: the lesser id first \
             (`a < b ? a : b`), then the greater; or one lock that covers both",
        )
}

/// Waits for all locks while one is held, together with another that holds one and waits.
fn whole_system<'e, 'w>(
    whole: &'e [Edge<'w>],
    graph: &'e BTreeMap<(Class, Class), Vec<Edge<'w>>>,
) -> Vec<(&'e Edge<'w>, &'e Edge<'w>)> {
    let mut out = Vec::new();
    let mut told = BTreeSet::new();
    for edge in whole.iter().filter(|edge| edge.gates.is_empty()) {
        let others = whole.iter().chain(graph.values().flatten());
        let other = if edge.from.is_single() {
            others.filter(|other| other.gates.is_empty()).find(|other| other.from != edge.from)
        } else {
            Some(edge)
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
    let way =
        |edge: &Edge<'_>| format!("`{}` holds {} and takes {}", edge.holder, edge.from, edge.to);
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
        let held = &edge.held.lock.place;
        told = told.label(held, format!("`{}` holds {} from here", edge.holder, edge.from));
        for call in &edge.taken.calls {
            told = told.label(call, "calls another workflow while it holds the lock");
        }
        let taken = &edge.taken.lock.place;
        let then = format!("then takes {} here, held since {}", edge.to, at(held));
        told = told.label(taken, then);
    }
    told.help(
        "take the locks in the same order everywhere; or commit between the two activities \
         (`auto_commit: true`), so that the first lock is released before the second is taken; or \
         take one lock that covers both",
    )
}
