//! Expressions outside of activities: the few names that they know.

use std::sync::Arc;

use lockstep_expr::Span;

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::flow::{check_fields, known_field};
use crate::name::{BUILT_IN, TYPES};
use crate::report::Report;
use crate::workflow::Entity;

/// Fields of the value `schedule` in the input of a trigger.
const SCHEDULE_FIELDS: &[&str] = &["time"];
/// Fields of the value `change` in the condition and the input of a trigger.
const CHANGE_FIELDS: &[&str] = &["kind", "object", "before"];
/// Fields of the value `request` in the input of a trigger.
const REQUEST_FIELDS: &[&str] = &["headers", "body"];

/// Where an expression stands, and the names that it may use.
#[derive(Debug)]
pub(crate) struct Setting {
    /// "an invariant"
    what: &'static str,
    names: Vec<(Arc<str>, Shape)>,
}

/// What is known of a value.
#[derive(Debug)]
enum Shape {
    /// Nothing.
    Any,
    /// Its fields.
    Fields(Vec<Arc<str>>),
    /// A change of an object; of this entity, if it is known.
    Change(Option<Arc<Entity>>),
}

impl Setting {
    /// The condition of an entity: its attributes.
    pub(crate) fn invariant(entity: &Entity) -> Self {
        let names = entity.attributes.iter().map(|attribute| Arc::clone(&attribute.name));
        let names = names.chain([Arc::from("id")]).map(|name| (name, Shape::Any)).collect();
        Self { what: "an invariant", names }
    }

    /// The input of a schedule.
    pub(crate) fn schedule(catalog: &Catalog) -> Self {
        Self::trigger(catalog, "schedule", fields(SCHEDULE_FIELDS))
    }

    /// The condition and the input of what follows a change.
    pub(crate) fn change(catalog: &Catalog, entity: Option<Arc<Entity>>) -> Self {
        Self::trigger(catalog, "change", Shape::Change(entity))
    }

    /// The input of a webhook.
    pub(crate) fn webhook(catalog: &Catalog) -> Self {
        Self::trigger(catalog, "request", fields(REQUEST_FIELDS))
    }

    fn trigger(catalog: &Catalog, name: &str, shape: Shape) -> Self {
        let config = catalog.project.as_ref().map_or(Shape::Any, |project| {
            Shape::Fields(project.config.iter().map(|(name, _)| Arc::clone(name)).collect())
        });
        let names = vec![(Arc::from(name), shape), (Arc::from("config"), config)];
        Self { what: "a trigger", names }
    }

    /// Tells the finding if a name, or one of the fields that follow it, has no value.
    pub(crate) fn check(
        &self,
        report: &mut Report<'_>,
        name: &str,
        span: Span,
        path: &[(String, Span)],
    ) {
        let Some((_, shape)) = self.names.iter().find(|(known, _)| **known == *name) else {
            if !TYPES.contains(&name) {
                report.tell(|| self.unknown(name, span));
            }
            return;
        };
        let Some((field, at)) = path.first() else { return };
        match shape {
            Shape::Any => {}
            Shape::Fields(fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| &**field).collect();
                known_field(report, name, &fields, field, *at);
            }
            Shape::Change(entity) => {
                known_field(report, name, CHANGE_FIELDS, field, *at);
                let rest = path.get(1..).unwrap_or_default();
                if let Some(entity) = entity
                    && matches!(field.as_str(), "object" | "before")
                {
                    check_fields(report, entity, rest);
                }
            }
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Finding {
        let names = || self.names.iter().map(|(name, _)| &**name);
        let help = format!("{} knows {}", self.what, listed(names()));
        if BUILT_IN.contains(&name) {
            let message = format!("`{name}` has no value here");
            return Finding::new(Code::UnavailableName, span, message).help(help);
        }
        let message = format!("nothing is called `{}`", shown(name));
        Finding::new(Code::UnknownName, span, message).mean(nearest(name, names()), help)
    }
}

fn fields(names: &[&str]) -> Shape {
    Shape::Fields(names.iter().map(|name| Arc::from(*name)).collect())
}
