//! Activities: lock, steps, and where to go on.
//!
//! Invariants:
//!
//! * Parts are read in the order in which they would run.

use crate::allow::allow;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::fields::{Fields, Keys};
use crate::flow::Op;
use crate::lock::{Owner, lock};
use crate::name::NameKind;
use crate::part::Part;
use crate::reader::{Around, Reader};
use crate::step::{Nesting, steps};
use crate::values::{choice, description, error_patterns, length_of_time, name, text};
use crate::workflow::{Activity, AutoCommit, Catch, Goto, Handler, Next, OnConflict};
use crate::yaml::node::{Node, Value};

const ACTIVITY: Keys = Keys {
    what: "an activity",
    known: &[
        "activity",
        "description",
        "allow",
        "when",
        "exclusive_lock",
        "auto_commit",
        "on_conflict",
        "steps",
        "next",
        "catch",
        "retry",
        "timeout",
    ],
};
const NEXT: Keys = Keys { what: "an entry of `next`", known: &["when", "goto"] };
const CATCH: Keys = Keys { what: "an entry of `catch`", known: &["error", "goto", "steps"] };

const AUTO_COMMIT: &[(&str, AutoCommit)] = &[
    ("true", AutoCommit::Activity),
    ("each_step", AutoCommit::EachStep),
    ("false", AutoCommit::Never),
];
pub(crate) const ON_CONFLICT: &[(&str, OnConflict)] =
    &[("retry", OnConflict::Retry), ("fail", OnConflict::Fail), ("force", OnConflict::Force)];
/// Reads one activity.
pub(crate) fn activity(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Activity> {
    let Some(fields) = Fields::read(reader.report, node, ACTIVITY) else {
        reader.flow.lose_names();
        return None;
    };
    allow(reader.report, &fields, node, None);
    description(reader.report, fields.value("description"));
    let name = fields
        .required(reader.report, "activity", "activity: NAME")
        .and_then(|node| name(reader.report, node, "the name of an activity", NameKind::Label));
    if let Some(field) = fields.get("activity")
        && name.as_deref() == Some("end")
    {
        reader.add(
            Finding::new(Code::ReservedName, field.value.span, "`goto: end` ends the workflow")
                .help("give the activity another name"),
        );
    }
    let when = Part::read(fields.value("when"), |node| reader.expression(node, "when"));
    if when.is_written() {
        let condition = reader.flow.condition();
        reader.flow.push(Op::Unless(condition));
    }
    let exclusive_lock =
        Part::read(fields.get("exclusive_lock"), |field| lock(reader, field, Owner::Activity));
    let auto_commit = Part::read(fields.value("auto_commit"), |n| {
        choice(reader.report, n, "auto_commit", AUTO_COMMIT)
    });
    reader.around = Around {
        lock: reader.locked || exclusive_lock.is_written(),
        nesting: Nesting::new(matches!(auto_commit, Part::There(AutoCommit::EachStep))),
        ..Around::default()
    };
    let on_conflict = Part::read(fields.value("on_conflict"), |n| {
        choice(reader.report, n, "on_conflict", ON_CONFLICT)
    });
    let each_step = matches!(auto_commit, Part::There(AutoCommit::EachStep));
    reader.flow.push(Op::Steps(each_step));
    if !matches!(fields.value("steps").map(|node| &node.value), Some(Value::List(_))) {
        reader.flow.lose_names();
    }
    let steps = fields
        .required(reader.report, "steps", "steps: [...]")
        .and_then(|node| steps(reader, node, "`steps`"));
    let next = Part::read(fields.value("next"), |node| nexts(reader, node));
    reader.flow.push(Op::End);
    reader.around = Around { catch: true, lock: reader.locked, ..Around::default() };
    let catch = Part::read(fields.value("catch"), |node| catches(reader, node));
    reader.around = Around::default();
    let retry =
        Part::read(fields.get("retry"), |field| crate::retry::retry(reader.report, field.value));
    let timeout = Part::read(fields.value("timeout"), |node| {
        length_of_time(reader.report, node, "timeout", false)
    });
    // A part that is there but could not be read makes the activity absent; its finding is told.
    Some(Activity {
        name: name?,
        when: when.known().ok()?,
        exclusive_lock: exclusive_lock.known().ok()?,
        auto_commit: auto_commit.or_default()?,
        on_conflict: on_conflict.or(reader.catalog.defaults.on_conflict.unwrap_or_default())?,
        steps: steps?,
        next: next.or_default()?,
        catch: catch.or_default()?,
        retry: retry.known().ok()?,
        timeout: timeout.known().ok()?,
        place: reader.report.place(node.span),
    })
}

fn nexts(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Vec<Next>> {
    let nodes = one_or_list(node);
    let read: Vec<Option<Next>> = nodes.iter().map(|node| next(reader, node)).collect();
    read.into_iter().collect()
}

/// A mapping alone counts as a list of one.
fn one_or_list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Tagged(_) => std::slice::from_ref(node),
    }
}

fn next(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Next> {
    let Some(fields) = Fields::read(reader.report, node, NEXT) else {
        reader.flow.lose_ways();
        return None;
    };
    let when = Part::read(fields.value("when"), |node| reader.expression(node, "when"));
    let condition = reader.flow.condition().filter(|_| when.is_written());
    let node = fields.required(reader.report, "goto", "goto: ACTIVITY");
    let goto = node.and_then(|node| goto(reader, node));
    if when.is_written() && condition.is_none() {
        reader.flow.lose_ways();
    }
    let span = node.map_or(fields.span, |node| node.span);
    reader.flow.push(Op::Next(condition, goto, span));
    Some(Next { when: when.known().ok()?, goto: goto? })
}

fn goto(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Goto> {
    let Some(name) = text(reader.report, node, "`goto` names an activity, or `end`") else {
        reader.flow.lose_ways();
        return None;
    };
    if name == "end" {
        return Some(Goto::End);
    }
    if let Some((number, _)) = reader.activities.get(name) {
        return Some(Goto::Activity(*number));
    }
    reader.flow.lose_ways();
    let activities = &reader.activities;
    reader.report.tell(|| {
        let names = || activities.keys().map(|name| &**name).chain(["end"]);
        let message = format!("no activity is called `{}`", shown(name));
        Finding::new(Code::UnknownActivity, node.span, message)
            .mean(nearest(name, names()), format!("known: {}", listed(names())))
    });
    None
}

fn catches(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Vec<Catch>> {
    let nodes = one_or_list(node);
    let read: Vec<Option<Catch>> = nodes.iter().map(|node| catch(reader, node)).collect();
    read.into_iter().collect()
}

fn catch(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Catch> {
    let Some(fields) = Fields::read(reader.report, node, CATCH) else {
        reader.flow.lose_ways();
        return None;
    };
    let errors = fields
        .required(reader.report, "error", "error: \"*\"")
        .map(|node| error_patterns(reader.report, node));
    reader.flow.push(Op::Catch);
    let handler = match (fields.get("goto"), fields.get("steps")) {
        (Some(field), None) => {
            let to = goto(reader, field.value);
            reader.flow.push(Op::CatchGoto(to, field.key_span));
            to.map(Handler::Goto)
        }
        (None, Some(field)) => {
            let steps = steps(reader, field.value, "`steps`");
            reader.flow.push(Op::CatchEnd(fields.span));
            steps.map(Handler::Steps)
        }
        (Some(_), Some(field)) => {
            reader.add(
                Finding::new(
                    Code::MisplacedKey,
                    field.key_span,
                    "an entry of `catch` has `goto` or `steps`, not both",
                )
                .help("after its steps the workflow goes on behind the activity"),
            );
            None
        }
        (None, None) => {
            reader.add(
                Finding::new(
                    Code::MissingKey,
                    fields.span,
                    "an entry of `catch` needs `goto` or `steps`",
                )
                .help("add `goto: ACTIVITY`, `goto: end` or `steps: [...]`"),
            );
            None
        }
    };
    Some(Catch { errors: errors?, handler: handler?, place: reader.report.place(node.span) })
}
