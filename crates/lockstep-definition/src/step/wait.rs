//! `wait`: for a signal, a length of time, a moment, or a person.

use std::sync::Arc;

use lockstep_expr::{Duration, Expression, Timestamp, Value};

use crate::code::Code;
use crate::diagnostic::{Finding, listed, shown};
use crate::fields::{Field, Fields, Keys, wrong_kind};
use crate::flow::Bound;
use crate::input::{FORM, signature};
use crate::name::NameKind;
use crate::part::Part;
use crate::payload::payload_for;
use crate::reader::Reader;
use crate::typing::{self, Expected};
use crate::values::{length_of_time, name};
use crate::workflow::{Form, Operation, Payload, Wait};
use crate::yaml::node::{Node, Value as YamlValue};

const WAIT: Keys =
    Keys { what: "`wait`", known: &["signal", "for", "until", "form", "title", "fields"] };
/// What a wait can wait for.
const KINDS: &[&str] = &["signal", "for", "until", "form"];

type Read = Option<(Operation, Bound)>;

pub(super) fn wait(reader: &mut Reader<'_, '_>, field: Field<'_>, beside: &Fields<'_>) -> Read {
    if let YamlValue::Text(_) | YamlValue::Int(_) = &field.value.value {
        let finding = wrong_kind(field.value, "`wait` is a mapping");
        reader.add(finding.help("write `wait: { for: 5m }`, or `{ signal: NAME }`"));
        return None;
    }
    let errors = reader.report.errors();
    let fields = Fields::read(reader.report, field.value, WAIT)?;
    let mut written: Vec<Field<'_>> = KINDS.iter().filter_map(|key| fields.get(key)).collect();
    written.sort_by_key(|field| field.key_span);
    let Some(first) = written.first().copied() else {
        // A misspelt kind has been told as an unknown key.
        if reader.report.errors() == errors {
            let message = "`wait` does not say what it waits for";
            reader.add(
                Finding::new(Code::MissingKey, field.key_span, message)
                    .help(format!("add one of {}", listed(KINDS))),
            );
        }
        return None;
    };
    if let Some(second) = written.get(1) {
        reader.add(
            Finding::new(Code::MisplacedKey, second.key_span, "a `wait` waits for one thing")
                .label(first.key_span, "the first")
                .help(
                    "make two steps; to wait no longer than a time, write `timeout:` beside `wait`",
                ),
        );
    }
    misplaced(reader, &fields, beside, first.key);
    let (wait, bound) = match first.key {
        "signal" => {
            let name = name(reader.report, first.value, "the name of a signal", NameKind::Label);
            (Wait::Signal(name?), Bound::Unknown)
        }
        "for" => (Wait::For(length(reader, first.value)?), Bound::Unknown),
        "until" => (Wait::Until(moment(reader, first.value)?), Bound::Unknown),
        _ => {
            let (form, answers) = form(reader, first.value, &fields);
            (Wait::Form(form?), answers)
        }
    };
    Some((Operation::Wait(wait), bound))
}

/// Tells keys that have no effect on this kind of wait.
fn misplaced(reader: &mut Reader<'_, '_>, fields: &Fields<'_>, beside: &Fields<'_>, kind: &str) {
    let inner = ["title", "fields"].iter().filter(|_| kind != "form");
    for field in inner.filter_map(|key| fields.get(key)) {
        let message = format!("`{}` has no meaning beside `{kind}`", field.key);
        reader.add(
            Finding::new(Code::MisplacedKey, field.key_span, message)
                .help("it belongs to a `form`: `wait: { form: NAME, title: ..., fields: {...} }`"),
        );
    }
    let timed = matches!(kind, "for" | "until");
    for field in ["as", "timeout"].iter().filter_map(|key| beside.get(key).filter(|_| timed)) {
        let help = if field.key == "as" {
            "a wait for a time has no result that a name could be bound to"
        } else {
            "the wait ends by itself"
        };
        let message = format!("`{}` has no meaning beside `wait: {{ {kind} }}`", field.key);
        reader.add(Finding::new(Code::MisplacedKey, field.key_span, message).help(help));
    }
}

/// A length of time: a duration as it is written, or an expression.
fn length(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    if node.as_text().is_some_and(|text| text.contains("${")) {
        return payload_for(reader, node, Expected::Length);
    }
    if let Some(text) = node.as_text().filter(|text| text.starts_with("input.")) {
        let message = format!("`{}` is not a duration", shown(text));
        let finding = Finding::new(Code::InvalidDuration, node.span, message);
        reader.add(
            finding.help("an expression stands in `${ }`").suggest(format!("\"${{{text}}}\"")),
        );
        return None;
    }
    length_of_time(reader.report, node, "for", false)?;
    let duration = Duration::parse(node.as_text()?.trim()).ok()?;
    Some(Payload::Literal(Value::Duration(duration)))
}

fn moment(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Expression> {
    if let Some(text) = node.as_text()
        && Timestamp::parse(text.trim()).is_ok()
    {
        let expression = format!("timestamp(\"{}\")", shown(text.trim()));
        reader.add(
            Finding::new(Code::TypeMismatch, node.span, "`until` holds an expression")
                .help(format!("write `until: {expression}`"))
                .suggest(expression),
        );
        return None;
    }
    reader.expression(node, "until")
}

/// Reads a form, and what its answers are.
fn form(reader: &mut Reader<'_, '_>, node: &Node, fields: &Fields<'_>) -> (Option<Form>, Bound) {
    let name: Option<Arc<str>> = name(reader.report, node, "the name of a form", NameKind::Label);
    let title = Part::read(fields.value("title"), |node| {
        payload_for(reader, node, Expected::Text("a title"))
    });
    let asked = signature(reader.report, fields.value("fields"), reader.catalog, FORM);
    let answers = asked.declared().map_or(Bound::Unknown, |declared| {
        Bound::Typed(typing::declared("the answers to a form", &declared))
    });
    let form = name.zip(title.known().ok()).zip(asked.inputs);
    (form.map(|((name, title), fields)| Form { name, title, fields }), answers)
}
