//! What is known of all files before workflows are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::{Span, Type};

use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::input::Signature;
use crate::project::Defaults;
use crate::report::Report;
use crate::workflow::{Attribute, Entity, Project};

/// Entities, the project, and what workflows ask for.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Names of all entities, those with errors included.
    pub(crate) names: BTreeSet<Arc<str>>,
    /// Entities that could be read, those with errors in single attributes included.
    pub(crate) entities: BTreeMap<Arc<str>, Arc<Entity>>,
    pub(crate) project: Option<Project>,
    pub(crate) defaults: Defaults,
    /// What workflows ask for, by the number of the document.
    pub(crate) signatures: BTreeMap<usize, Signature>,
    /// Documents of workflows by name.
    pub(crate) workflows: BTreeMap<Arc<str>, usize>,
    /// Whether a file or a part of it could not be read, so that what seems absent may be there.
    pub(crate) incomplete: bool,
}

impl Catalog {
    /// Tells the finding if no entity has this name.
    pub(crate) fn check_entity(&self, report: &mut Report<'_>, name: &str, span: Span) {
        if self.names.contains(name) || self.incomplete {
            return;
        }
        report.tell(|| {
            let names = || self.names.iter().map(|name| &**name);
            let help = if self.names.is_empty() {
                "define it with an `entity:` document, and check its file together with this one"
                    .to_owned()
            } else {
                format!(
                    "known: {}; files that belong together are checked together",
                    listed(names())
                )
            };
            let message = format!("no entity is called `{}`", shown(name));
            Finding::new(Code::UnknownEntity, span, message).mean(nearest(name, names()), help)
        });
    }
}

impl Catalog {
    /// What the workflow of this name asks for; a finding if there is none. `except` is a workflow
    /// that cannot be meant.
    pub(crate) fn signature(
        &self,
        report: &mut Report<'_>,
        name: &str,
        span: Span,
        except: Option<&str>,
    ) -> Option<&Signature> {
        let number = self.workflows.get(name);
        if number.is_none() && !self.incomplete {
            report.tell(|| {
                let names = || self.workflows.keys().map(|name| &**name);
                let help = format!(
                    "known: {}; files that belong together are checked together",
                    listed(names())
                );
                let message = format!("no workflow is called `{}`", shown(name));
                let meant = names().filter(|name| except != Some(*name));
                Finding::new(Code::UnknownWorkflow, span, message).mean(nearest(name, meant), help)
            });
        }
        self.signatures.get(number?)
    }

    /// Tells the finding if the configuration of the project has no such name.
    pub(crate) fn config_field(&self, name: &str, span: Span) -> Option<Finding> {
        let project = self.project.as_ref()?;
        if project.config.iter().any(|(known, _)| **known == *name) {
            return None;
        }
        let names = || project.config.iter().map(|(name, _)| &**name);
        let message = format!("the project's `config` has no `{}`", shown(name));
        let help = format!("add it to the `project:` document; it has {}", listed(names()));
        Some(Finding::new(Code::UnknownName, span, message).mean(nearest(name, names()), help))
    }

    /// Tells the finding if the project names no such secret.
    pub(crate) fn check_secret(&self, report: &mut Report<'_>, name: &str, span: Span) {
        let secrets = || self.project.iter().flat_map(|project| &project.secrets);
        if self.incomplete || secrets().any(|secret| **secret == *name) {
            return;
        }
        report.tell(|| {
            let help = if self.project.is_some() {
                format!("add it to `secrets` of the project; there are {}", listed(secrets()))
            } else {
                let name = shown(name);
                format!("name it in the `project:` document: `secrets: [{name}]`")
            };
            let message = format!("no secret is called `{}`", shown(name));
            Finding::new(Code::UnknownSecret, span, message)
                .mean(nearest(name, secrets().map(|secret| &**secret)), help)
        });
    }
}

/// The entity that a type names; a type names at most one.
pub(crate) fn named_entity(ty: &Type) -> Option<&Arc<str>> {
    match ty {
        Type::Reference(entity) | Type::Record(entity) => Some(entity),
        Type::List(of) | Type::Map(of) => named_entity(of),
        Type::Any
        | Type::Null
        | Type::Bool
        | Type::Int
        | Type::Uint
        | Type::Double
        | Type::String
        | Type::Bytes
        | Type::Timestamp
        | Type::Duration => None,
    }
}

/// The attribute of this name, or a finding.
pub(crate) fn attribute<'e>(
    report: &mut Report<'_>,
    entity: &'e Entity,
    name: &str,
    span: Span,
) -> Option<&'e Attribute> {
    let found = entity.attributes.iter().find(|attribute| *attribute.name == *name);
    if found.is_none() {
        report.tell(|| unknown_attribute(entity, name, span));
    }
    found
}

pub(crate) fn unknown_attribute(entity: &Entity, name: &str, span: Span) -> Finding {
    let names = || entity.attributes.iter().map(|attribute| &*attribute.name);
    let message = format!("`{}` has no attribute `{}`", entity.name, shown(name));
    let finding = Finding::new(Code::UnknownAttribute, span, message);
    if matches!(name, "id" | "metadata") {
        return finding.help(format!("`{name}` is set by the engine"));
    }
    finding.mean(nearest(name, names()), format!("it has {}", listed(names())))
}
