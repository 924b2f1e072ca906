//! The `project:` document.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Span;

use crate::activity::ON_CONFLICT;
use crate::allow::allow;
use crate::code::Code;
use crate::diagnostic::{Finding, shown};
use crate::fields::{Fields, Keys, at_most, entries};
use crate::name::NameKind;
use crate::payload::literal;
use crate::report::Report;
use crate::values::{checked_name, choice, description, length_of_time, list, name, text};
use crate::workflow::{OnConflict, Project};
use crate::yaml::node::Node;

/// Most values in `config`.
const MAX_CONFIG: usize = 1_000;

const PROJECT: Keys = Keys {
    what: "a project",
    known: &[
        "project",
        "description",
        "allow",
        "defaults",
        "config",
        "allowed_hosts",
        "allowed_programs",
        "secrets",
    ],
};
const DEFAULTS: Keys = Keys {
    what: "`defaults`",
    known: &["waiting_timeout", "hold_timeout", "timeout", "on_conflict"],
};

/// What definitions get that do not say it themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defaults {
    /// How long an activity waits for its lock.
    pub(crate) waiting_timeout: Option<Duration>,
    /// How long an activity may hold its lock.
    pub(crate) hold_timeout: Option<Duration>,
    /// How long one attempt of an outside call may take.
    pub(crate) timeout: Option<Duration>,
    /// What happens if an object that was read for update has changed since.
    pub(crate) on_conflict: Option<OnConflict>,
}

/// Reads a `project:` document.
pub(crate) fn project(report: &mut Report<'_>, node: &Node) -> Option<(Project, Defaults)> {
    let fields = Fields::read(report, node, PROJECT)?;
    allow(report, &fields, node, None);
    description(report, fields.value("description"));
    name(report, fields.value("project")?, "the name of a project", NameKind::Label);
    let mut project = Project::default();
    let defaults = fields.value("defaults").and_then(|node| defaults(report, node));
    if let Some(node) = fields.value("config") {
        let fields = entries(report, node, "`config`").unwrap_or_default();
        for field in at_most(report, fields, MAX_CONFIG, "a project", "values in `config`") {
            let what = "a name in the configuration";
            let name = checked_name(report, field.key, field.key_span, what, NameKind::Identifier);
            let value = literal(report, field.value);
            project.config.extend(name.zip(value));
        }
    }
    project.allowed_hosts = texts(report, fields.value("allowed_hosts"), "`allowed_hosts`");
    project.allowed_programs =
        texts(report, fields.value("allowed_programs"), "`allowed_programs`");
    if let Some(node) = fields.value("secrets") {
        project.secrets = secrets(report, node);
    }
    Some((project, defaults.unwrap_or_default()))
}

fn defaults(report: &mut Report<'_>, node: &Node) -> Option<Defaults> {
    let fields = Fields::read(report, node, DEFAULTS)?;
    let mut time = |key: &str, zero: bool| {
        fields.value(key).and_then(|node| length_of_time(report, node, key, zero))
    };
    let waiting_timeout = time("waiting_timeout", true);
    let hold_timeout = time("hold_timeout", false);
    let timeout = time("timeout", false);
    let on_conflict = fields
        .value("on_conflict")
        .and_then(|node| choice(report, node, "on_conflict", ON_CONFLICT));
    Some(Defaults { waiting_timeout, hold_timeout, timeout, on_conflict })
}

/// The names of secrets, each once.
fn secrets(report: &mut Report<'_>, node: &Node) -> Vec<Arc<str>> {
    if matches!(node.value, crate::yaml::node::Value::Map(_)) {
        let finding = crate::fields::wrong_kind(node, "`secrets` is a list of names");
        report.add(finding.help(
            "write the names alone, `secrets: [api_key]`: values of secrets never stand in a file",
        ));
        return Vec::new();
    }
    let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    let mut out = Vec::new();
    for node in list(report, node, "`secrets`", false).unwrap_or_default() {
        let what = "the name of a secret";
        let Some(name) = name(report, node, what, NameKind::Identifier) else { continue };
        if let Some(first) = seen.get(&name) {
            let message = format!("the secret `{}` is named twice", shown(&name));
            report.add(
                Finding::new(Code::InvalidValue, node.span, message)
                    .label(*first, "first named here")
                    .help("remove one of the two"),
            );
            continue;
        }
        seen.insert(Arc::clone(&name), node.span);
        out.push(name);
    }
    out
}

fn texts(report: &mut Report<'_>, node: Option<&Node>, what: &str) -> Vec<String> {
    let Some(items) = node.and_then(|node| list(report, node, what, false)) else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| text(report, item, "each entry is a text").map(str::to_owned))
        .collect()
}
