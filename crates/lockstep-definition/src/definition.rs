//! The `workflow:` document.
//!
//! Invariants:
//!
//! * Parts are read in the order in which they would run: names are bound in that order.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::activity::activity;
use crate::allow::allow;
use crate::analysis::walk;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Fields, Keys};
use crate::flow::Flow;
use crate::given::Callee;
use crate::input::Signature;
use crate::lock;
use crate::name::NameKind;
use crate::part::Part;
use crate::payload::payload;
use crate::reader::Reader;
use crate::report::Report;
use crate::trigger::triggers;
use crate::values::{description, list, name};
use crate::workflow::{Activity, Goto, Operation, Wait, Workflow};
use crate::yaml::node::{Node, Value as YamlValue};

pub(crate) const WORKFLOW: Keys = Keys {
    what: "a workflow",
    known: &[
        "workflow",
        "description",
        "allow",
        "on",
        "input",
        "exclusive_lock",
        "activities",
        "output",
    ],
};

/// Reads the `workflow:` document of this number, whose inputs are in the catalog, and what it and
/// its triggers do with names and values.
pub(crate) fn workflow(
    report: &mut Report<'_>,
    node: &Node,
    number: usize,
    catalog: &Catalog,
) -> (Option<Workflow>, Vec<Flow>) {
    let before = report.errors();
    let mut reader = Reader::new(report, catalog);
    let mut flows = Vec::new();
    let workflow = read(&mut reader, node, number, &mut flows);
    let Reader { mut flow, report, .. } = reader;
    flow.complete = report.errors() == before && flow.inputs.is_some();
    if let Some(workflow) = workflow.as_ref().filter(|_| flow.complete) {
        unreachable(report, &workflow.activities, &flow);
    }
    flows.push(flow);
    (workflow, flows)
}

fn read(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    number: usize,
    flows: &mut Vec<Flow>,
) -> Option<Workflow> {
    let report = &mut *reader.report;
    let fields = Fields::read(report, node, WORKFLOW)?;
    allow(report, &fields, node, None);
    let head = fields.get("workflow")?;
    let description = description(report, fields.value("description"));
    let name = name(report, head.value, "the name of a workflow", NameKind::Label);
    let place = report.place(head.key_span);
    let signature = reader.catalog.signatures.get(&number);
    let input = signature.and_then(|signature| signature.inputs.clone());
    reader.flow.workflow.clone_from(&name);
    reader.flow.inputs = signature.and_then(Signature::declared);
    let triggers = fields.value("on").map(|node| {
        let callee = Callee {
            name: name.as_deref().unwrap_or("it"),
            span: node.span,
            inputs: input.as_deref(),
        };
        let (triggers, flow) = triggers(reader.report, node, callee, reader.catalog);
        flows.push(flow);
        triggers
    });
    let exclusive_lock = Part::read(fields.get("exclusive_lock"), |field| {
        let (lock, flow) = lock::of_workflow(reader, field);
        flows.push(flow);
        lock
    });
    reader.locked = exclusive_lock.is_written();
    let example = "activities: [{ activity: NAME, steps: [...] }]";
    let nodes = fields
        .required(reader.report, "activities", example)
        .and_then(|node| list(reader.report, node, "`activities`", false))
        .unwrap_or_default();
    if let Some(field) = fields.get("activities")
        && matches!(&field.value.value, YamlValue::List(items) if items.is_empty())
    {
        reader.add(
            Finding::new(Code::InvalidValue, field.value.span, "a workflow has activities")
                .help("add at least one: `- activity: NAME`, with `steps`"),
        );
    }
    name_activities(reader, nodes);
    let mut activities = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        reader.flow.enter(number, node.span);
        activities.extend(activity(reader, node));
    }
    let end = fields.get("output").map_or(head.key_span, |field| field.key_span);
    reader.flow.enter(nodes.len(), end);
    let output = fields.value("output").map(|node| payload(reader, node));
    let output = match output {
        Some(read) => Some(read?),
        None => None,
    };
    let triggers = triggers.unwrap_or_default();
    let (name, input) = (name?, input?);
    let signals = waited_for(&activities);
    Some(Workflow {
        name,
        description,
        input,
        exclusive_lock: exclusive_lock.known().ok()?,
        activities,
        output,
        triggers,
        signals,
        place,
    })
}

/// Returns the names of the signals and forms that steps wait for.
fn waited_for(activities: &[Activity]) -> Vec<Arc<str>> {
    let lists = activities.iter().flat_map(|activity| {
        let handled = activity.catch.iter().map(|catch| walk::handled(&catch.handler));
        std::iter::once(&*activity.steps).chain(handled)
    });
    let name = |walked: walk::Walked<'_>| {
        let Operation::Wait(wait) = &walked.step.operation else { return None };
        match wait {
            Wait::Signal(name) => Some(Arc::clone(name)),
            Wait::Form(form) => Some(Arc::clone(&form.name)),
            Wait::For(_) | Wait::Until(_) => None,
        }
    };
    let names: BTreeSet<Arc<str>> = lists.flat_map(walk::all).filter_map(name).collect();
    names.into_iter().collect()
}

/// Fills in the names of activities before any is read, for `goto`.
fn name_activities(reader: &mut Reader<'_, '_>, nodes: &[Node]) {
    for (number, node) in nodes.iter().enumerate() {
        let YamlValue::Map(pairs) = &node.value else { continue };
        let name = pairs.iter().find_map(|(key, value)| match (&key.value, &value.value) {
            (YamlValue::Text(key), YamlValue::Text(name)) if key == "activity" => {
                Some((name.as_str(), value.span))
            }
            _ => None,
        });
        let Some((name, span)) = name else { continue };
        match reader.activities.get(name).copied() {
            Some((_, first)) => reader.add(
                Finding::new(
                    Code::DuplicateActivity,
                    span,
                    format!("two activities are called `{}`", crate::diagnostic::shown(name)),
                )
                .label(first, "first named here")
                .help("give each activity of a workflow its own name"),
            ),
            None => drop(reader.activities.insert(Arc::from(name), (number, span))),
        }
    }
}

/// Tells activities that nothing leads to: the one before always goes elsewhere, and no `goto` names
/// them.
fn unreachable(report: &mut Report<'_>, activities: &[Activity], flow: &Flow) {
    let mut reached = vec![false; activities.len()];
    let mut open = vec![0];
    while let Some(number) = open.pop() {
        let Some(activity) = activities.get(number) else { continue };
        match reached.get_mut(number) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        let always =
            activity.when.is_none() && activity.next.iter().any(|next| next.when.is_none());
        let may_skip = activity
            .exclusive_lock
            .as_ref()
            .is_some_and(|lock| lock.on_busy == crate::workflow::OnBusy::Skip);
        let mut targets: Vec<Goto> = activity.next.iter().map(|next| next.goto).collect();
        targets.extend(activity.catch.iter().map(|catch| match &catch.handler {
            crate::workflow::Handler::Goto(goto) => *goto,
            crate::workflow::Handler::Steps(_) => Goto::Activity(number + 1),
        }));
        if !always || may_skip {
            targets.push(Goto::Activity(number + 1));
        }
        open.extend(targets.into_iter().filter_map(|goto| match goto {
            Goto::Activity(target) => Some(target),
            Goto::End => None,
        }));
    }
    for ((activity, section), _) in
        activities.iter().zip(&flow.sections).zip(reached).filter(|(_, reached)| !reached)
    {
        report.add(
            Finding::new(
                Code::UnreachableActivity,
                section.span,
                format!("nothing leads to the activity `{}`", activity.name),
            )
            .help("add a `goto` that names it, or remove it"),
        );
    }
}
