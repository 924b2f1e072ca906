//! Exclusive locks of activities and of whole workflows.
//!
//! Invariants:
//!
//! * The lock of a workflow sees what there is before the first activity: `input`, `config`,
//!   `workflow`.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::{Expression, Span};

use crate::allow::allow;
use crate::code::Code;
use crate::diagnostic::{Finding, shown};
use crate::fields::{Field, Fields, Keys, wrong_kind};
use crate::flow::{Flow, Op};
use crate::part::Part;
use crate::reader::Reader;
use crate::report::Report;
use crate::setting::Setting;
use crate::values::{choice, integer, length_of_time};
use crate::workflow::{
    ExclusiveLock, LockMode, LockScope, MAX_PRIORITY, MAX_WAITING, OnBusy, WhileWaiting,
};
use crate::yaml::node::{Node, Value};

const LOCK: Keys = Keys {
    what: "an exclusive lock",
    known: &[
        "context",
        "scope",
        "mode",
        "waiting_timeout",
        "hold_timeout",
        "on_busy",
        "max_waiting",
        "priority",
        "while_waiting",
        "allow",
    ],
};

/// How long a lock is waited for unless it or the project says otherwise.
const WAITING_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a lock may be held unless it or the project says otherwise.
const HOLD_TIMEOUT: Duration = Duration::from_mins(5);

const SCOPE: &[(&str, LockScope)] = &[
    ("system", LockScope::System),
    ("workflow", LockScope::Workflow),
    ("activity", LockScope::Activity),
];
const MODE: &[(&str, LockMode)] =
    &[("exclusive", LockMode::Exclusive), ("shared", LockMode::Shared)];
const ON_BUSY: &[(&str, OnBusy)] =
    &[("wait", OnBusy::Wait), ("fail", OnBusy::Fail), ("skip", OnBusy::Skip)];
const WHILE_WAITING: &[(&str, WhileWaiting)] =
    &[("hold", WhileWaiting::Hold), ("release", WhileWaiting::Release)];

/// Who takes a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Activity,
    Workflow,
}

/// Reads the lock of a workflow, and what its expressions do with names.
pub(crate) fn of_workflow(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
) -> (Option<ExclusiveLock>, Flow) {
    let setting = Setting::workflow_lock(reader.flow.inputs.as_deref());
    let mut reader = Reader::new(reader.report, reader.catalog);
    reader.flow.enter(0, field.value.span);
    reader.around.setting = Some(Arc::new(setting));
    let lock = lock(&mut reader, field, Owner::Workflow);
    (lock, reader.flow)
}

/// Reads a lock.
pub(crate) fn lock(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    owner: Owner,
) -> Option<ExclusiveLock> {
    let empty = Node {
        value: Value::Map(Vec::new()),
        span: field.key_span,
        text_span: field.key_span,
        extent: field.key_span,
        style: field.value.style,
    };
    // `exclusive_lock:` and `exclusive_lock: true` have no keys.
    let node = match field.value.value {
        Value::Null | Value::Bool(true) => &empty,
        Value::Bool(false)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => field.value,
    };
    let fields = Fields::read(reader.report, node, LOCK)?;
    // What is told about the lock as a whole stands at its key.
    allow(reader.report, &fields, node, Some(field.key_span));
    let context = Part::read(fields.value("context"), |node| context(reader, node));
    let priority = Part::read(fields.value("priority"), |node| priority(reader, node));
    let report = &mut *reader.report;
    let scope = Part::read(fields.value("scope"), |node| scope(report, node, owner));
    let mode = Part::read(fields.value("mode"), |node| choice(report, node, "mode", MODE));
    // Within a workflow or an activity it is one lock beside others.
    if fields.get("context").is_none()
        && !matches!(scope, Part::There(LockScope::Workflow | LockScope::Activity))
    {
        report.add(without_context(field.key_span, matches!(mode, Part::There(LockMode::Shared))));
    }
    let waiting_timeout = Part::read(fields.value("waiting_timeout"), |node| {
        length_of_time(report, node, "waiting_timeout", true)
    });
    let hold_timeout = Part::read(fields.value("hold_timeout"), |node| {
        length_of_time(report, node, "hold_timeout", false)
    });
    let on_busy =
        Part::read(fields.value("on_busy"), |node| choice(report, node, "on_busy", ON_BUSY));
    let max_waiting = Part::read(fields.value("max_waiting"), |node| max_waiting(report, node));
    let while_waiting =
        Part::read(fields.value("while_waiting"), |node| while_waiting(report, node, owner));
    if let Part::There(OnBusy::Fail | OnBusy::Skip) = on_busy
        && let Some(field) = fields.get("max_waiting")
    {
        report.add(nobody_waits(field.key_span));
    }
    if let (Part::There(OnBusy::Skip), Some(field), Owner::Activity) =
        (&on_busy, fields.get("on_busy"), owner)
    {
        reader.flow.push(Op::MaySkip(field.key_span));
    }
    let defaults = &reader.catalog.defaults;
    Some(ExclusiveLock {
        context: context.known().ok()?,
        scope: scope.or_default()?,
        mode: mode.or_default()?,
        waiting_timeout: waiting_timeout.or(defaults.waiting_timeout.unwrap_or(WAITING_TIMEOUT))?,
        hold_timeout: hold_timeout.or(defaults.hold_timeout.unwrap_or(HOLD_TIMEOUT))?,
        on_busy: on_busy.or_default()?,
        max_waiting: max_waiting.known().ok()?,
        priority: priority.known().ok()?,
        while_waiting: while_waiting.known().ok()?,
        place: reader.report.place(field.key_span),
    })
}

fn context(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Expression> {
    if let Value::List(_) = node.value {
        let finding = wrong_kind(node, "`context` holds an expression");
        let written = reader.report.source.text.get(node.span.start..node.span.end);
        let one_line = written.filter(|text| text.starts_with('[') && !text.contains(['\n', '\'']));
        reader.add(match one_line {
            Some(text) => finding
                .help(format!("put the list into quotes: `context: '{}'`", shown(text)))
                .suggest(format!("'{text}'")),
            None => finding.help("write the list as one expression: `context: '[a, b]'`"),
        });
        return None;
    }
    let expression = reader.expression(node, "context")?;
    if crate::analysis::plain(expression.text()) == "[]" {
        reader.add(
            Finding::new(Code::TypeMismatch, node.span, "the context of a lock is an empty list")
                .help("write what the activity works on into the list"),
        );
        return None;
    }
    Some(expression)
}

fn priority(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Expression> {
    let expression = reader.expression(node, "priority")?;
    // Of anything but a number as it is written the value is known only when it runs.
    if let Ok(value) = expression.text().trim().parse::<i64>()
        && !(-MAX_PRIORITY..=MAX_PRIORITY).contains(&value)
    {
        let message =
            format!("`priority` is {value}, but it is from -{MAX_PRIORITY} to {MAX_PRIORITY}");
        reader.add(
            Finding::new(Code::InvalidValue, node.span, message)
                .help(format!("write a number from -{MAX_PRIORITY} to {MAX_PRIORITY}")),
        );
        return None;
    }
    Some(expression)
}

fn scope(report: &mut Report<'_>, node: &Node, owner: Owner) -> Option<LockScope> {
    let scope = choice(report, node, "scope", SCOPE)?;
    if owner == Owner::Workflow && scope == LockScope::Activity {
        report.add(
            Finding::new(Code::InvalidValue, node.span, "a workflow's lock is of no activity")
                .help("write `workflow`, or give the lock to an activity")
                .suggest("workflow"),
        );
        return None;
    }
    Some(scope)
}

fn max_waiting(report: &mut Report<'_>, node: &Node) -> Option<u32> {
    if let Value::Int(0) = node.value {
        report.add(
            Finding::new(Code::InvalidValue, node.span, "`max_waiting` is 0: nobody could wait")
                .help("write `on_busy: fail` instead, so that nobody waits"),
        );
        return None;
    }
    integer(report, node, "max_waiting", 1, MAX_WAITING)
}

fn while_waiting(report: &mut Report<'_>, node: &Node, owner: Owner) -> Option<WhileWaiting> {
    let written = choice(report, node, "while_waiting", WHILE_WAITING)?;
    if owner == Owner::Workflow && written == WhileWaiting::Release {
        report.add(
            Finding::new(
                Code::InvalidValue,
                node.span,
                "a workflow's lock is kept to the end: it is not given back during a wait",
            )
            .help("write `hold`, or give the lock to the activity that waits")
            .suggest("hold"),
        );
        return None;
    }
    Some(written)
}

fn without_context(span: Span, shared: bool) -> Finding {
    let message = if shared {
        "this lock has no context: while it is held, nobody in the system gets an exclusive one"
    } else {
        "this lock has no context: it excludes every other exclusive lock in the system"
    };
    Finding::new(Code::LockWithoutContext, span, message).help(
        "while one instance holds it, every other activity with a lock waits, in all workflows, and \
         it waits for all of them; write `context:` with what the activity works on, such as \
         `ref(\"Order\", input.order)`, or a fixed text to run one activity alone",
    )
}

fn nobody_waits(span: Span) -> Finding {
    Finding::new(
        Code::MaxWaitingWithoutWait,
        span,
        "`max_waiting` has no effect: with this `on_busy` nobody waits for the lock",
    )
    .help("remove it, or write `on_busy: wait`")
}

#[cfg(test)]
mod tests;
