//! The `project:` document.

use crate::fields::{Fields, Keys, entries};
use crate::name::NameKind;
use crate::payload::literal;
use crate::report::Report;
use crate::values::{checked_name, description, list, name, text};
use crate::workflow::Project;
use crate::yaml::node::Node;

const PROJECT: Keys = Keys {
    what: "a project",
    known: &["project", "description", "config", "allowed_hosts", "allowed_programs"],
    later: &["defaults", "secrets"],
};

/// Reads a `project:` document.
pub(crate) fn project(report: &mut Report<'_>, node: &Node) -> Option<Project> {
    let fields = Fields::read(report, node, PROJECT)?;
    description(report, fields.value("description"));
    name(report, fields.value("project")?, "the name of a project", NameKind::Label);
    let mut project = Project::default();
    if let Some(node) = fields.value("config") {
        for field in entries(report, node, "`config`").unwrap_or_default() {
            let what = "a name in the configuration";
            let name = checked_name(report, field.key, field.key_span, what, NameKind::Identifier);
            let value = literal(report, field.value);
            project.config.extend(name.zip(value));
        }
    }
    project.allowed_hosts = texts(report, fields.value("allowed_hosts"), "`allowed_hosts`");
    project.allowed_programs =
        texts(report, fields.value("allowed_programs"), "`allowed_programs`");
    Some(project)
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
