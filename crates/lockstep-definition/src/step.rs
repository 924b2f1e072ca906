//! Steps: which operation one is, and what all have in common.
//!
//! Invariants:
//!
//! * A step has exactly one operation, and no key that the operation would ignore.

mod child;
mod control;
mod data;
mod nested;
mod outside;
mod secret;
mod wait;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::nested::Nesting;
use crate::allow::allow;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, shown};
use crate::fields::{Field, Fields, Keys, wrong_kind};
use crate::flow::{Block, Bound, Op};
use crate::part::Part;
use crate::reader::Reader;
use crate::values::{bound_name, description, length_of_time, list, text};
use crate::workflow::{Operation, Step};
use crate::yaml::node::{Node, Value};

/// An operation and the keys that may stand beside it.
struct Kind {
    key: &'static str,
    beside: &'static [&'static str],
    read: fn(&mut Reader<'_, '_>, Field<'_>, &Fields<'_>) -> Option<(Operation, Bound)>,
}

const KINDS: &[Kind] = &[
    Kind { key: "load", beside: &["as"], read: data::load },
    Kind { key: "find", beside: &["as"], read: data::find },
    Kind { key: "create", beside: &["as", "id", "set"], read: data::create },
    Kind { key: "update", beside: &["as", "set", "expect"], read: data::update },
    Kind { key: "delete", beside: &["expect"], read: data::delete },
    Kind { key: "set", beside: &[], read: control::set },
    Kind { key: "require", beside: &["else"], read: control::require },
    Kind { key: "raise", beside: &[], read: control::raise },
    Kind { key: "commit", beside: &[], read: control::commit },
    Kind { key: "log", beside: &[], read: control::log },
    Kind { key: "http", beside: &["as", "timeout", "retry"], read: outside::http },
    Kind { key: "exec", beside: &["as", "timeout", "retry"], read: outside::exec },
    Kind { key: "task", beside: &["as", "timeout", "retry"], read: outside::task },
    Kind { key: "wait", beside: &["as", "timeout"], read: wait::wait },
    Kind { key: "workflow", beside: &["as", "timeout"], read: child::workflow },
    Kind {
        key: "for_each",
        beside: &["item", "index", "max_parallel", "steps", "collect", "as"],
        read: nested::for_each,
    },
    Kind { key: "parallel", beside: &[], read: nested::parallel },
    Kind { key: "stop", beside: &[], read: control::stop },
];
/// Keys that may stand beside every operation.
const ALWAYS: &[&str] = &["when", "description", "allow"];
const STEP: Keys = Keys {
    what: "a step",
    known: &[
        "load",
        "find",
        "create",
        "update",
        "delete",
        "set",
        "require",
        "raise",
        "commit",
        "log",
        "http",
        "exec",
        "task",
        "wait",
        "workflow",
        "for_each",
        "parallel",
        "stop",
        "as",
        "when",
        "timeout",
        "retry",
        "id",
        "expect",
        "else",
        "item",
        "index",
        "max_parallel",
        "steps",
        "collect",
        "description",
        "allow",
    ],
};

/// Reads a list of steps, all of them, and at least one; `what` is what people call the list.
pub(crate) fn steps(reader: &mut Reader<'_, '_>, node: &Node, what: &str) -> Option<Vec<Step>> {
    let Some(nodes) = list(reader.report, node, what, false) else {
        reader.flow.lose_names();
        return None;
    };
    if nodes.is_empty() {
        reader.add(
            Finding::new(Code::InvalidValue, node.span, format!("{what} is empty"))
                .help("add a step, such as `- log: \"done\"`"),
        );
    }
    let steps: Vec<Option<Step>> = nodes.iter().map(|node| step(reader, node)).collect();
    steps.into_iter().collect()
}

/// Reads one step.
fn step(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Step> {
    if let Value::Text(word) = &node.value {
        return word_alone(reader, node, word);
    }
    let errors = reader.report.errors();
    let Some(fields) = Fields::read(reader.report, node, STEP) else {
        reader.flow.lose_names();
        return None;
    };
    let Some(kind) = kind(reader, &fields, node, reader.report.errors() > errors) else {
        // The name is bound all the same, so that its uses are not told as mistakes.
        if let Some(node) = fields.value("as") {
            bind(reader, node, Bound::Unknown);
        }
        return None;
    };
    allow(reader.report, &fields, node, None);
    misplaced(reader, &fields, kind);
    description(reader.report, fields.value("description"));
    let when = Part::read(fields.value("when"), |node| reader.expression(node, "when"));
    if when.is_written() {
        let condition = reader.flow.condition();
        reader.flow.push(Op::Open(Block::When(condition)));
    }
    let operation = fields.get(kind.key).and_then(|field| (kind.read)(reader, field, &fields));
    let report = &mut *reader.report;
    let timeout =
        Part::read(fields.value("timeout"), |node| length_of_time(report, node, "timeout", false));
    let retry = Part::read(fields.value("retry"), |node| crate::retry::retry(report, node));
    let bound = operation.as_ref().map_or(Bound::Unknown, |(_, bound)| bound.clone());
    let bind = Part::read(fields.value("as"), |node| bind(reader, node, bound));
    if when.is_written() {
        reader.flow.push(Op::Close);
    }
    let operation = operation?.0;
    Some(Step {
        bind: bind.known().ok()?,
        when: when.known().ok()?,
        timeout: timeout.known().ok()?.or_else(|| longest_call(reader, &operation)),
        operation,
        retry: retry.known().ok()?,
        place: reader.report.place(node.span),
    })
}

/// How long an outside call may take, if the project says so.
fn longest_call(reader: &Reader<'_, '_>, operation: &Operation) -> Option<Duration> {
    let calls = matches!(
        operation,
        Operation::Http { .. } | Operation::Exec { .. } | Operation::Task { .. }
    );
    reader.catalog.defaults.timeout.filter(|_| calls)
}

/// Binds the name that `as` holds.
fn bind(reader: &mut Reader<'_, '_>, node: &Node, bound: Bound) -> Option<Arc<str>> {
    let name = text(reader.report, node, "`as` holds a name")
        .and_then(|name| bound_name(reader.report, name, node.span));
    match &name {
        Some(name) => reader.flow.bind(name, node.span, bound),
        None => reader.flow.lose_names(),
    }
    name
}

/// A step without `:`: only `commit` and `stop` need nothing more.
fn word_alone(reader: &mut Reader<'_, '_>, node: &Node, word: &str) -> Option<Step> {
    let alone = match word {
        "commit" => Some(Operation::Commit),
        "stop" => Some(Operation::Stop(None)),
        _ => None,
    };
    if let Some(operation) = alone {
        if matches!(operation, Operation::Commit) {
            reader.flow.push(Op::Commit);
            control::commits(reader, node.span);
        } else {
            reader.flow.push(Op::Stop(false));
        }
        let place = reader.report.place(node.span);
        let (bind, when, timeout, retry) = (None, None, None, None);
        return Some(Step { operation, bind, when, timeout, retry, place });
    }
    let finding = wrong_kind(node, "a step is a mapping");
    let finding = if KINDS.iter().any(|kind| kind.key == word) {
        finding.help(format!("write `{word}:` and what it needs"))
    } else {
        finding.help(format!("begin it with one of {}", listed(operations())))
    };
    reader.add(finding);
    None
}

fn operations() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.key)
}

/// The one operation of a step.
fn kind(
    reader: &mut Reader<'_, '_>,
    fields: &Fields<'_>,
    node: &Node,
    explained: bool,
) -> Option<&'static Kind> {
    let sets = fields.get("update").is_some() || fields.get("create").is_some();
    let mut found: Vec<(&'static Kind, Field<'_>)> = KINDS
        .iter()
        .filter(|kind| !(sets && kind.key == "set"))
        .filter_map(|kind| Some((kind, fields.get(kind.key)?)))
        .collect();
    found.sort_by_key(|(_, field)| field.key_span);
    match found.as_slice() {
        [(kind, _)] => Some(kind),
        [] => {
            // A misspelt operation has been told as an unknown key.
            if !explained {
                let finding =
                    Finding::new(Code::MissingOperation, node.span, "the step does nothing");
                reader.add(finding.help(format!("add one of {}", listed(operations()))));
            }
            None
        }
        [(_, first), (_, second), ..] => {
            let message = format!(
                "a step does one thing, but this has {}",
                listed(found.iter().map(|(kind, _)| kind.key))
            );
            reader.add(
                Finding::new(Code::SeveralOperations, second.key_span, message)
                    .label(first.key_span, "the first operation")
                    .help("make two steps: begin the second with a dash of its own"),
            );
            None
        }
    }
}

/// Tells keys that have no effect on the operation.
fn misplaced(reader: &mut Reader<'_, '_>, fields: &Fields<'_>, kind: &Kind) {
    for key in STEP.known {
        let fits = *key == kind.key || kind.beside.contains(key) || ALWAYS.contains(key);
        let Some(field) = fields.get(key).filter(|_| !fits) else { continue };
        let help = match (*key, kind.beside) {
            ("timeout", _) => "it is for outside calls (`http`, `exec`, `task`), `wait` and \
                               `workflow`; an activity can have it too"
                .to_owned(),
            ("retry", _) => "it is for outside calls (`http`, `exec`, `task`); an activity can \
                             have it too"
                .to_owned(),
            ("as", _) => format!("`{}` has no result that a name could be bound to", kind.key),
            (_, []) => format!("`{}` takes {}", kind.key, listed(ALWAYS)),
            (_, beside) => format!("`{}` takes {}", kind.key, listed(beside.iter().chain(ALWAYS))),
        };
        let message = format!("`{}` has no meaning beside `{}`", shown(key), kind.key);
        reader.add(Finding::new(Code::MisplacedKey, field.key_span, message).help(help));
    }
}
