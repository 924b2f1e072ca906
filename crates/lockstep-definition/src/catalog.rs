//! What is known of all files before workflows are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::{Span, Type};

use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::report::Report;
use crate::workflow::{Attribute, Entity, Project};

/// Entities and the project.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Names of all entities, those with errors included.
    pub(crate) names: BTreeSet<Arc<str>>,
    /// Entities that could be read, those with errors in single attributes included.
    pub(crate) entities: BTreeMap<Arc<str>, Arc<Entity>>,
    pub(crate) project: Option<Project>,
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
