//! Circles in the graph of locks that are waited for while others are held.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::groups::groups;
use super::edge::{Edge, Held};

/// Most classes from which the shortest circle of a group is searched.
const MAX_STARTS: usize = 8;

pub(super) type Graph<'w> = BTreeMap<(Held, Held), Vec<Edge<'w>>>;

/// Returns circles: every one of two, and the shortest of each group that has none of two.
pub(super) fn circles<'e, 'w>(graph: &'e Graph<'w>) -> Vec<Vec<&'e Edge<'w>>> {
    let mut names: Vec<&Held> = graph.keys().flat_map(|(from, to)| [from, to]).collect();
    names.sort_unstable();
    names.dedup();
    let number: BTreeMap<&Held, usize> =
        names.iter().enumerate().map(|(number, class)| (*class, number)).collect();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (from, to) in graph.keys() {
        if let (Some(from), Some(to)) = (number.get(from), number.get(to))
            && let Some(next) = next.get_mut(*from)
        {
            next.push(*to);
        }
    }
    let edge = |from: usize, to: usize| -> Option<&'e Vec<Edge<'w>>> {
        let (from, to) = (names.get(from)?, names.get(to)?);
        graph.get(&((*from).clone(), (*to).clone()))
    };
    let mut out = Vec::new();
    for group in groups(&next).into_iter().filter(|group| group.len() > 1) {
        let pairs = pairs(&group, &next);
        let rings = if pairs.is_empty() { shortest(&group, &next) } else { pairs };
        for ring in rings {
            let ways: Option<Vec<&Vec<Edge<'w>>>> = ring
                .iter()
                .zip(ring.iter().cycle().skip(1))
                .map(|(from, to)| edge(*from, *to))
                .collect();
            out.extend(ways.and_then(|ways| together(&ways)));
        }
    }
    out
}

/// One way of each edge so that no single lock is held on all of them.
fn together<'e, 'w>(ways: &[&'e Vec<Edge<'w>>]) -> Option<Vec<&'e Edge<'w>>> {
    if let [first, second] = ways {
        let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
        let mut free = pairs.filter(|(a, b)| !a.gates.iter().any(|gate| b.gates.contains(gate)));
        return free.next().map(|(a, b)| vec![a, b]);
    }
    let ring: Vec<&Edge<'_>> = ways.iter().filter_map(|ways| ways.first()).collect();
    let (first, others) = ring.split_first()?;
    let common = |gate| others.iter().all(|edge| edge.gates.contains(gate));
    (!first.gates.iter().any(common)).then_some(ring)
}

fn pairs(group: &[usize], next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let edges: BTreeSet<(usize, usize)> = group
        .iter()
        .flat_map(|from| next.get(*from).into_iter().flatten().map(|to| (*from, *to)))
        .collect();
    edges
        .iter()
        .filter(|(from, to)| from < to && edges.contains(&(*to, *from)))
        .map(|(from, to)| vec![*from, *to])
        .collect()
}

/// The shortest circle through one of the first classes of a group.
fn shortest(group: &[usize], next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let inside: BTreeSet<usize> = group.iter().copied().collect();
    let rings = inside.iter().take(MAX_STARTS).filter_map(|start| ring(*start, &inside, next));
    rings.min_by_key(Vec::len).into_iter().collect()
}

/// The shortest way from a class back to itself.
fn ring(start: usize, inside: &BTreeSet<usize>, next: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for to in next.get(at).into_iter().flatten().filter(|to| inside.contains(to)) {
            if *to == start {
                let mut way = vec![at];
                let mut back = at;
                while back != start {
                    back = *before.get(&back)?;
                    way.push(back);
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(to) {
                before.insert(*to, at);
                open.push_back(*to);
            }
        }
    }
    None
}
