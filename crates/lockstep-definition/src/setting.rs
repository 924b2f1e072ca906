//! Expressions outside of activities: the few names that they know.

use std::sync::Arc;

use lockstep_expr::{Span, StaticType};

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::flow::DeclaredInput;
use crate::name::{BUILT_IN, TYPES};
use crate::typing::{
    Known, WORKFLOW_FIELDS, declared, declared_type, no_attribute, no_field, no_input, record,
};
use crate::workflow::Entity;

/// Fields of the value `change` in the condition and the input of a trigger.
const CHANGE_FIELDS: &[&str] = &["kind", "object", "before"];

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
    /// Its type.
    Typed(StaticType),
    /// The configuration of the project.
    Config,
    /// The inputs of the workflow: what `input` is.
    Input(StaticType),
    /// The workflow and its instance.
    Workflow,
    /// Its fields.
    Fields(Vec<(Arc<str>, StaticType)>),
    /// A change of an object of this entity, if it is known; whether it may be its creation.
    Change(Option<Arc<Entity>>, bool),
}

impl Setting {
    /// The condition of an entity: its attributes.
    pub(crate) fn invariant(entity: &Entity) -> Self {
        let names = entity.attributes.iter().map(|attribute| {
            let ty = declared_type(&attribute.ty, attribute.optional);
            (Arc::clone(&attribute.name), Shape::Typed(ty))
        });
        let id = (Arc::from("id"), Shape::Typed(StaticType::String));
        Self { what: "an invariant", names: names.chain([id]).collect() }
    }

    /// The input of a schedule.
    pub(crate) fn schedule() -> Self {
        let fields = vec![(Arc::from("time"), StaticType::Timestamp)];
        Self::trigger("schedule", Shape::Fields(fields))
    }

    /// The condition and the input of what follows a change, which may be a creation.
    pub(crate) fn change(entity: Option<Arc<Entity>>, creation: bool) -> Self {
        Self::trigger("change", Shape::Change(entity, creation))
    }

    /// The input of a webhook.
    pub(crate) fn webhook() -> Self {
        let headers = StaticType::map(StaticType::String, StaticType::String);
        let fields = vec![(Arc::from("headers"), headers), (Arc::from("body"), StaticType::Dyn)];
        Self::trigger("request", Shape::Fields(fields))
    }

    /// The lock of a workflow with these inputs, if they could be read.
    pub(crate) fn workflow_lock(inputs: Option<&[DeclaredInput]>) -> Self {
        let input = inputs.map_or(StaticType::Dyn, |inputs| declared("input", inputs));
        let names = vec![
            (Arc::from("input"), Shape::Input(input)),
            (Arc::from("config"), Shape::Config),
            (Arc::from("workflow"), Shape::Workflow),
        ];
        Self { what: "the lock of a workflow", names }
    }

    fn trigger(name: &str, shape: Shape) -> Self {
        let names = vec![(Arc::from(name), shape), (Arc::from("config"), Shape::Config)];
        Self { what: "a trigger", names }
    }

    /// The finding if a name, or one of the fields that follow it, has no value.
    pub(crate) fn check(
        &self,
        catalog: &Catalog,
        name: &str,
        span: Span,
        path: &[(&str, Span)],
    ) -> Option<Finding> {
        let Some((_, shape)) = self.names.iter().find(|(known, _)| **known == *name) else {
            return (!TYPES.contains(&name)).then(|| self.unknown(name, span));
        };
        let first = path.first().copied();
        match shape {
            Shape::Typed(_) => None,
            Shape::Config => catalog.config_field(first?.0, first?.1),
            Shape::Input(input) => {
                let fields = &input.shape()?.fields;
                let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
                no_input(&names, first?)
            }
            Shape::Workflow => no_field(name, WORKFLOW_FIELDS, first),
            Shape::Fields(fields) => {
                let fields: Vec<&str> = fields.iter().map(|(field, _)| &**field).collect();
                no_field(name, &fields, first)
            }
            Shape::Change(entity, _) => no_field(name, CHANGE_FIELDS, first).or_else(|| {
                let rest = path.get(1..).unwrap_or_default();
                let entity = entity.as_ref().filter(|_| {
                    first.is_some_and(|(field, _)| matches!(field, "object" | "before"))
                })?;
                no_attribute(entity, rest)
            }),
        }
    }

    /// The type of a name.
    pub(crate) fn type_of(&self, name: &str, known: &Known) -> Option<StaticType> {
        let (_, shape) = self.names.iter().find(|(known, _)| **known == *name)?;
        Some(match shape {
            Shape::Typed(ty) | Shape::Input(ty) => ty.clone(),
            Shape::Workflow => known.workflow.clone(),
            Shape::Config => known.config.clone(),
            Shape::Fields(fields) => record(
                name,
                fields.iter().map(|(name, ty)| (Arc::clone(name), ty.clone(), None)),
                true,
            ),
            Shape::Change(entity, creation) => {
                let object = entity.as_ref().map_or(StaticType::Dyn, |entity| known.object(entity));
                let before = if *creation { object.clone().nullable() } else { object.clone() };
                let fields = [
                    (Arc::from("kind"), StaticType::String, None),
                    (Arc::from("object"), object, None),
                    (Arc::from("before"), before, None),
                ];
                record(name, fields.into_iter(), true)
            }
        })
    }

    /// The names that there are.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.names.iter().map(|(name, _)| Arc::clone(name)).collect()
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
