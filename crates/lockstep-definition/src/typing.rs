//! Checks names and types of workflows: which names are bound on every way, of which types, and
//! whether each value fits what it is for.
//!
//! A data-flow analysis over the activities of a workflow. The state behind an activity goes along
//! each way out of it; where ways meet, what holds on each of them stays. Loops are walked through
//! until nothing changes.
//!
//! Invariants:
//!
//! * *No false alarm*: where something could not be read, what seems absent may be there.
//! * *Bounded*: see [`MAX_CELLS`] and [`MAX_ROUNDS`]; beyond them names are taken as bound, to
//!   anything.
//! * *Deterministic*: the findings depend on the text alone.

mod convert;
mod expected;
mod inspection;
mod known;
mod name;
mod nested;
mod scope;
mod state;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::{Span, StaticType};

pub(crate) use self::expected::{Declared, Expected};
pub use self::inspection::{BoundName, Inspection};
pub(crate) use self::known::{Known, declared, declared_type, record};
pub(crate) use self::name::{WORKFLOW_FIELDS, no_attribute, no_field, no_input};
use self::state::{Binding, Cell, Lack, State};
use self::walk::Walk;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::Finding;
use crate::flow::{Flow, Op};
use crate::report::Report;

/// Most names, times ops that take a copy of what is known of them. A workflow with more is checked
/// without regard to which names are bound where.
const MAX_CELLS: usize = 1_000_000;
/// How often an activity is walked through because what is known before it has changed.
const MAX_ROUNDS: usize = 12;

/// A workflow and the file that it stands in.
pub(crate) struct Recorded {
    pub(crate) file: usize,
    pub(crate) flow: Flow,
}

/// What a walk needs to know.
struct Typing<'w> {
    flow: &'w Flow,
    known: &'w Known,
    catalog: &'w Catalog,
    names: &'w BTreeMap<Arc<str>, usize>,
    input: &'w StaticType,
    file: &'w str,
    inspected: bool,
}

/// Checks workflows together, each behind those whose output it uses. Returns what is to be known
/// about those in the file `inspected`.
pub(crate) fn check(
    reports: &mut [Report<'_>],
    catalog: &Catalog,
    recorded: &[Recorded],
    inspected: Option<usize>,
) -> Vec<Inspection> {
    let mut known = Known::new(catalog);
    let mut inspections = Vec::new();
    for number in in_order(recorded) {
        let Some(Recorded { file, flow }) = recorded.get(number) else { continue };
        let Some(report) = reports.get_mut(*file) else { continue };
        let inspection = (inspected == Some(*file)).then(Inspection::default);
        let (output, inspection) = one(report, catalog, &known, flow, inspection);
        if let Some(name) = &flow.workflow {
            let output = known::renamed(output, &format!("the output of `{name}`"));
            known.outputs.entry(Arc::clone(name)).or_insert(output);
        }
        inspections.extend(inspection);
    }
    inspections
}

/// The numbers of workflows, those that others call before the others; within a cycle in the order of
/// the text.
fn in_order(recorded: &[Recorded]) -> Vec<usize> {
    let by_name: BTreeMap<&str, usize> = recorded
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(number, recorded)| Some((recorded.flow.workflow.as_deref()?, number)))
        .collect();
    let mut order = Vec::with_capacity(recorded.len());
    let mut seen = vec![false; recorded.len()];
    let mut open: Vec<(usize, bool)> = (0..recorded.len()).rev().map(|n| (n, false)).collect();
    while let Some((number, done)) = open.pop() {
        if done {
            order.push(number);
            continue;
        }
        match seen.get_mut(number) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        open.push((number, true));
        let calls = recorded.get(number).map(|recorded| recorded.flow.calls.as_slice());
        for call in calls.unwrap_or_default().iter().rev() {
            open.extend(by_name.get(&**call).map(|called| (*called, false)));
        }
    }
    order
}

/// Checks one workflow; returns the type of its output.
fn one(
    report: &mut Report<'_>,
    catalog: &Catalog,
    known: &Known,
    flow: &Flow,
    mut inspection: Option<Inspection>,
) -> (StaticType, Option<Inspection>) {
    let mut names: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for bind in &flow.binds {
        let next = names.len();
        names.entry(Arc::clone(&bind.name)).or_insert(next);
    }
    let input = flow.inputs.as_ref().map_or(StaticType::Dyn, |inputs| declared("input", inputs));
    let typing = Typing {
        flow,
        known,
        catalog,
        names: &names,
        input: &input,
        file: &report.source.text,
        inspected: inspection.is_some(),
    };
    let mut walked = typing.walk_all();
    if let Some(inspection) = &mut inspection {
        typing.describe(inspection, &mut walked);
    }
    let before = report.errors();
    for finding in walked.findings.into_values().flatten() {
        report.add(finding);
    }
    if flow.complete && report.errors() == before {
        unused(report, flow);
    }
    let output = walked.outputs.into_values().flatten().reduce(|left, right| left.or(&right));
    (output.unwrap_or(StaticType::Dyn), inspection)
}

/// What walks through all activities have found, by activity.
#[derive(Default)]
struct Walked {
    findings: BTreeMap<usize, Vec<Finding>>,
    outputs: BTreeMap<usize, Vec<StaticType>>,
    seen: BTreeMap<usize, inspection::Seen>,
}

impl Typing<'_> {
    fn walk_all(&self) -> Walked {
        let flow = self.flow;
        let count = flow.sections.len();
        let mut walked = Walked::default();
        let copies = |op: &Op| !matches!(op, Op::Value(..) | Op::Hold(_) | Op::Target(_));
        let ops: usize = flow
            .sections
            .iter()
            .map(|section| 1 + section.ops.iter().filter(|op| copies(op)).count())
            .sum();
        let loose = ops.saturating_mul(self.names.len()) > MAX_CELLS;
        let mut entries: Vec<Option<(State, Lack)>> = vec![None; count];
        let mut rounds = vec![0_usize; count];
        let mut open = BTreeSet::new();
        if let (Some(first), Some(section), false) =
            (entries.first_mut(), flow.sections.first(), loose)
        {
            let way = "when the workflow begins it is not bound".into();
            *first = Some((State::new(self.names.len()), Lack { span: section.span, way }));
            open.insert(0);
        }
        while let Some(number) = open.pop_first() {
            let Some(round) = rounds.get_mut(number) else { continue };
            *round += 1;
            let state = match entries.get(number) {
                _ if *round > MAX_ROUNDS => continue,
                _ if *round == MAX_ROUNDS => self.anything(false),
                Some(Some((state, _))) => state.clone(),
                Some(None) | None => continue,
            };
            for exit in self.walk(number, state, &mut walked) {
                let to = exit.to;
                if exit.state.dead {
                    continue;
                }
                if entries.get_mut(to).is_some_and(|entry| meet(entry, exit)) {
                    open.insert(to);
                }
            }
        }
        for number in 0..count {
            if rounds.get(number) == Some(&0) {
                // Without cells each name is bound, to anything, and nothing is to be copied.
                let state = if loose { State::new(0) } else { self.anything(true) };
                drop(self.walk(number, state, &mut walked));
            }
        }
        walked
    }

    fn walk(&self, number: usize, state: State, walked: &mut Walked) -> Vec<walk::Exit> {
        let mut walk = Walk::new(self, number, state);
        walk.run();
        walked.findings.insert(number, walk.findings);
        walked.outputs.insert(number, walk.outputs);
        if let Some(seen) = walk.seen {
            walked.seen.insert(number, seen);
        }
        walk.exits
    }

    /// A moment of which nothing is known: each name may be bound to anything.
    fn anything(&self, dead: bool) -> State {
        let mut state = State::new(self.names.len());
        let cell = Cell { binding: Binding::Always, ty: StaticType::Dyn };
        state.cells.fill(cell);
        state.dead = dead;
        state
    }

    fn describe(&self, inspection: &mut Inspection, walked: &mut Walked) {
        for seen in std::mem::take(&mut walked.seen).into_values() {
            inspection.add(seen);
        }
        let spans = self.flow.sections.iter().map(|section| section.span);
        inspection.span = spans.reduce(Span::to).unwrap_or_default();
        inspection.input = Some(self.input.clone());
        inspection.built_in = vec![
            (Arc::from("input"), self.input.clone()),
            (Arc::from("config"), self.known.config.clone()),
            (Arc::from("workflow"), self.known.workflow.clone()),
            (Arc::from("now"), StaticType::Timestamp),
            (Arc::from("lock"), self.known.lock.clone()),
            (Arc::from("error"), self.known.error.clone()),
        ];
        let mut names: BTreeMap<Arc<str>, BoundName> = BTreeMap::new();
        for bind in &self.flow.binds {
            let name = Arc::clone(&bind.name);
            let entry = names.entry(Arc::clone(&name)).or_insert_with(|| BoundName {
                name,
                bindings: Vec::new(),
                uses: Vec::new(),
            });
            entry.bindings.push(bind.span);
        }
        for used in &self.flow.uses {
            let places = used.origin.places(self.file);
            for free in used.free_names() {
                if let Some(entry) = names.get_mut(free.name.as_str()) {
                    let start = free.span.start;
                    entry.uses.push(places.span(Span::new(start, start + free.name.len())));
                }
            }
        }
        inspection.names = names.into_values().collect();
    }
}

/// Another way leads to an entry. Returns whether what is known there has changed.
fn meet(entry: &mut Option<(State, Lack)>, exit: walk::Exit) -> bool {
    let Some((state, own)) = entry else {
        *entry = Some((exit.state, exit.lack));
        return true;
    };
    let before = state.clone();
    state.join(&exit.state, own, &exit.lack);
    *state != before
}

fn unused(report: &mut Report<'_>, flow: &Flow) {
    let mut used: BTreeSet<String> = flow.excused.iter().map(ToString::to_string).collect();
    for one in &flow.uses {
        used.extend(one.free_names().into_iter().map(|free| free.name));
    }
    let mut told = BTreeSet::new();
    for bind in &flow.binds {
        if !used.contains(&*bind.name) && !bind.name.starts_with('_') && told.insert(&bind.name) {
            let name = &bind.name;
            report.add(
                Finding::new(
                    Code::UnusedName,
                    bind.span,
                    format!("`{name}` is bound but never used"),
                )
                .help(format!("remove it, or call it `_{name}` if that is meant")),
            );
        }
    }
}
