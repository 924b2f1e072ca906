//! `on`: what starts a workflow besides a request.

use std::sync::Arc;

use lockstep_expr::Span;

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::{Finding, listed};
use crate::fields::{Fields, Keys, wrong_kind};
use crate::flow::Flow;
use crate::given::{Callee, given};
use crate::name::NameKind;
use crate::part::Part;
use crate::reader::Reader;
use crate::report::Report;
use crate::schedule::schedule;
use crate::setting::Setting;
use crate::values::{choice, description, list, name, text};
use crate::workflow::{ChangeKind, Trigger, TriggerSource};
use crate::yaml::node::{Node, Value};

const TRIGGER: Keys = Keys {
    what: "an entry of `on`",
    known: &["schedule", "change", "webhook", "input", "description"],
};
const CHANGE: Keys = Keys { what: "`change`", known: &["entity", "kinds", "when"] };
const WEBHOOK: Keys = Keys { what: "`webhook`", known: &["name", "secret"] };
const SOURCES: &[&str] = &["schedule", "change", "webhook"];
const CHANGE_KINDS: &[(&str, ChangeKind)] = &[
    ("create", ChangeKind::Create),
    ("update", ChangeKind::Update),
    ("delete", ChangeKind::Delete),
];
/// Most entries of `on`.
const MAX_TRIGGERS: usize = 100;

/// Reads `on` of the workflow that is started.
pub(crate) fn triggers(
    report: &mut Report<'_>,
    node: &Node,
    callee: Callee<'_>,
    catalog: &Catalog,
) -> (Vec<Trigger>, Flow) {
    if matches!(node.value, Value::Map(_)) {
        let finding = wrong_kind(node, "`on` is a list");
        report.add(finding.help("write each entry behind a dash: `- schedule: { cron: \"...\" }`"));
        return (Vec::new(), Flow::default());
    }
    let nodes = list(report, node, "`on`", false).unwrap_or_default();
    if let Some(node) = nodes.get(MAX_TRIGGERS) {
        let message = format!("`on` has at most {MAX_TRIGGERS} entries");
        report.add(
            Finding::new(Code::InvalidValue, node.span, message)
                .help("put several times into one cron pattern: `0 8,12,18 * * *`"),
        );
    }
    let mut reader = Reader::new(report, catalog);
    reader.flow.enter(0, node.span);
    let triggers = nodes
        .iter()
        .take(MAX_TRIGGERS)
        .filter_map(|node| trigger(&mut reader, node, callee))
        .collect();
    (triggers, reader.flow)
}

fn trigger(reader: &mut Reader<'_, '_>, node: &Node, callee: Callee<'_>) -> Option<Trigger> {
    let errors = reader.report.errors();
    let fields = Fields::read(reader.report, node, TRIGGER)?;
    description(reader.report, fields.value("description"));
    let mut written: Vec<_> = SOURCES.iter().filter_map(|key| fields.get(key)).collect();
    written.sort_by_key(|field| field.key_span);
    let (first, second) = (written.first().copied(), written.get(1));
    let Some(first) = first else {
        // A misspelt source has been told as an unknown key.
        if reader.report.errors() == errors {
            reader.add(
                Finding::new(
                    Code::MissingKey,
                    node.span,
                    "an entry of `on` says what it listens to",
                )
                .help(format!("add one of {}", listed(SOURCES))),
            );
        }
        return None;
    };
    if let Some(second) = second {
        reader.add(
            Finding::new(
                Code::MisplacedKey,
                second.key_span,
                "an entry of `on` listens to one thing",
            )
            .label(first.key_span, "the first")
            .help("make two entries: begin the second with a dash of its own"),
        );
    }
    let (source, setting) = match first.key {
        "schedule" => (schedule(reader.report, first.value), Setting::schedule()),
        "change" => change(reader, first.value),
        _ => (webhook(reader, first.value), Setting::webhook()),
    };
    reader.around.setting = Some(Arc::new(setting));
    let callee = Callee { span: first.key_span, ..callee };
    let input = given(reader, fields.value("input"), callee);
    reader.around.setting = None;
    Some(Trigger { source: source?, input: input?, place: reader.report.place(node.span) })
}

fn change(reader: &mut Reader<'_, '_>, node: &Node) -> (Option<TriggerSource>, Setting) {
    let Some(fields) = Fields::read(reader.report, node, CHANGE) else {
        return (None, Setting::change(None, true));
    };
    let entity = fields
        .required(reader.report, "entity", "entity: NAME")
        .and_then(|node| reader.entity(node));
    let known = entity.as_ref().and_then(|name| reader.catalog.entities.get(name)).cloned();
    let kinds = Part::read(fields.value("kinds"), |node| kinds(reader.report, node));
    let creation = match &kinds {
        Part::There(kinds) => kinds.contains(&ChangeKind::Create),
        Part::Absent | Part::Broken => true,
    };
    reader.around.setting = Some(Arc::new(Setting::change(known.clone(), creation)));
    let when = Part::read(fields.value("when"), |node| reader.expression(node, "when"));
    reader.around.setting = None;
    let source = entity.zip(kinds.or_default()).zip(when.known().ok());
    let source =
        source.map(|((entity, kinds), when)| TriggerSource::Change { entity, kinds, when });
    (source, Setting::change(known, creation))
}

fn kinds(report: &mut Report<'_>, node: &Node) -> Option<Vec<ChangeKind>> {
    let nodes = list(report, node, "`kinds`", true)?;
    if nodes.is_empty() {
        report.add(
            Finding::new(Code::InvalidValue, node.span, "`kinds` is empty: nothing would follow")
                .help("leave it out for all changes, or name some of `create`, `update`, `delete`"),
        );
        return None;
    }
    let kinds: Vec<Option<ChangeKind>> =
        nodes.iter().map(|node| choice(report, node, "kinds", CHANGE_KINDS)).collect();
    kinds.into_iter().collect()
}

fn webhook(reader: &mut Reader<'_, '_>, node: &Node) -> Option<TriggerSource> {
    let fields = Fields::read(reader.report, node, WEBHOOK)?;
    let what = "the name of a webhook";
    let name = fields
        .required(reader.report, "name", "name: payment")
        .and_then(|node| name(reader.report, node, what, NameKind::Label));
    let secret = fields.required(reader.report, "secret", "secret: NAME").and_then(|node| {
        let secret = text(reader.report, node, "`secret` is the name of a secret")?;
        if secret.contains("${") {
            reader.add(
                Finding::new(Code::InvalidValue, node.span, "`secret` is the name of a secret")
                    .help("write the name alone: `secret: payment_key`"),
            );
            return None;
        }
        reader.catalog.check_secret(reader.report, secret, node.span);
        Some(Arc::from(secret))
    });
    Some(TriggerSource::Webhook { name: name?, secret: secret? })
}

/// The names of the webhooks of a workflow, with their places.
pub(crate) fn webhooks(workflow: &Node) -> Vec<(&str, Span)> {
    let Some((_, on)) = workflow.entry("on") else { return Vec::new() };
    let Value::List(entries) = &on.value else { return Vec::new() };
    entries
        .iter()
        .filter_map(|entry| entry.entry("webhook")?.1.entry("name"))
        .filter_map(|(_, name)| Some((name.as_text()?, name.span)))
        .collect()
}
