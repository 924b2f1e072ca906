//! Definitions: what is published, and what the checker finds.

use std::sync::Arc;

use lockstep_definition::{Attribute, ChangeKind, Diagnostic, Missed, Severity, TriggerSource};
use lockstep_expr::Type;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;
use crate::plain::Plain;

/// What is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Definitions {
    /// The identity of all texts together, which instances run on; not there if nothing is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Where they come from.
    pub origin: Origin,
    /// The texts, by name.
    pub sources: Vec<String>,
    /// The workflows, by name.
    pub workflows: Vec<Workflow>,
    /// The entities, by name.
    pub entities: Vec<Entity>,
    /// Why the last text that came is not published; empty if it is.
    pub pending_errors: Vec<Finding>,
}

/// Where definitions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Files that the daemon watches.
    Folder,
    /// The API.
    Api,
}

/// A workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The name of its text.
    pub source: String,
    /// Line of the text, from 1.
    pub line: u32,
    /// Its inputs, as they are written.
    pub input: Vec<Field>,
    /// Its activities, as they are written.
    pub activities: Vec<String>,
    /// What starts it besides a request.
    pub triggers: Vec<Trigger>,
}

/// An input of a workflow, or an attribute of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type, as it is written: `string`, `list(int)`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Its value when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub default: Option<Plain>,
}

/// What starts a workflow besides a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// The clock.
    Schedule {
        /// When.
        cron: String,
        /// Where it is that time.
        time_zone: String,
        /// What becomes of missed times: `once`, `skip` or `all`.
        missed: String,
    },
    /// A change of an object.
    Change {
        /// Of which entity.
        entity: String,
        /// `create`, `update`, `delete`.
        kinds: Vec<String>,
    },
    /// A request of another system.
    Webhook {
        /// Its name.
        name: String,
    },
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// The name of its text.
    pub source: String,
    /// Line of the text, from 1.
    pub line: u32,
    /// Its attributes, as they are written.
    pub attributes: Vec<Field>,
    /// Attributes that no two objects may share, together.
    pub unique: Vec<Vec<String>>,
}

/// What the checker found, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What kind of finding it is; `lockstep explain CODE` says more.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// The name of the text.
    pub file: String,
    /// Line, from 1; 0 if it is about no place.
    pub line: u32,
    /// Column in characters, from 1; 0 if it is about no place.
    pub column: u32,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A text, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefinitionSource {
    /// Its name.
    pub name: String,
    /// The text.
    pub text: String,
    /// Its workflows, with pictures.
    pub workflows: Vec<Picture>,
    /// Its entities.
    pub entities: Vec<String>,
}

/// A picture of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Picture {
    /// The name of the workflow.
    pub workflow: String,
    /// The picture as an SVG document; the box of an activity has its name as `data-activity`.
    pub svg: String,
}

/// What a publication is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Publication {
    /// The identity of all texts together.
    pub id: String,
    /// Since when they are published.
    pub since: Moment,
    /// What the checker warns of.
    pub warnings: Vec<Finding>,
}

impl From<&lockstep_definition::Workflow> for Workflow {
    fn from(workflow: &lockstep_definition::Workflow) -> Self {
        Self {
            name: workflow.name.to_string(),
            description: workflow.description.clone(),
            source: workflow.place.file.to_string(),
            line: workflow.place.line,
            input: workflow.input.iter().map(Field::from).collect(),
            activities: workflow.activities.iter().map(|one| one.name.to_string()).collect(),
            triggers: workflow.triggers.iter().map(|one| (&one.source).into()).collect(),
        }
    }
}

impl From<&TriggerSource> for Trigger {
    fn from(source: &TriggerSource) -> Self {
        match source {
            TriggerSource::Schedule { cron, time_zone, missed } => Self::Schedule {
                cron: cron.to_string(),
                time_zone: time_zone.to_string(),
                missed: match missed {
                    Missed::Once => "once",
                    Missed::Skip => "skip",
                    Missed::All => "all",
                }
                .to_owned(),
            },
            TriggerSource::Change { entity, kinds, .. } => Self::Change {
                entity: entity.to_string(),
                kinds: kinds.iter().map(|kind| word(*kind).to_owned()).collect(),
            },
            TriggerSource::Webhook { name, .. } => Self::Webhook { name: name.to_string() },
        }
    }
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
    }
}

impl From<&lockstep_definition::Entity> for Entity {
    fn from(entity: &lockstep_definition::Entity) -> Self {
        let field =
            |one: &Attribute| Field::of(&one.name, &one.ty, one.optional, one.default.as_ref());
        let names = |names: &Vec<Arc<str>>| names.iter().map(ToString::to_string).collect();
        Self {
            name: entity.name.to_string(),
            source: entity.place.file.to_string(),
            line: entity.place.line,
            attributes: entity.attributes.iter().map(field).collect(),
            unique: entity.unique.iter().map(names).collect(),
        }
    }
}

impl From<&lockstep_definition::Input> for Field {
    fn from(input: &lockstep_definition::Input) -> Self {
        Self::of(&input.name, &input.ty, input.optional, input.default.as_ref())
    }
}

impl Field {
    fn of(name: &str, ty: &Type, optional: bool, default: Option<&lockstep_expr::Value>) -> Self {
        let (name, ty) = (name.to_owned(), ty.to_string());
        Self { name, ty, optional, default: default.map(Plain::from) }
    }
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code.as_str().to_owned(),
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            }
            .to_owned(),
            message: diagnostic.message.clone(),
            file: diagnostic.source.to_string(),
            line: diagnostic.line,
            column: diagnostic.column,
            help: diagnostic.help.clone(),
        }
    }
}
