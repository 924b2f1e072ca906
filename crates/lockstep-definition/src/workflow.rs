//! The checked form of definitions: what the core executes.
//!
//! Plain data. A value of these types exists only if the checker found no error in its text, so
//! names are resolved, durations parsed and expressions compiled.
//!
//! Invariants:
//!
//! * Every `goto` and every entity named here exists in the same [`Definitions`].
//! * Activity names are unique within a workflow, attribute names within an entity.
//!
//! Absent by design: anything about execution (state, locks, stores), and serde: the text of the
//! definitions is the only durable form.

mod activity;
mod entity;
mod lock;
mod operation;
mod trigger;

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Template, Type, Value};

pub use self::activity::*;
pub use self::entity::*;
pub use self::lock::*;
pub use self::operation::*;
pub use self::trigger::*;

/// Entities and workflows that were checked together, and the project they belong to.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Entities by name.
    pub entities: BTreeMap<Arc<str>, Arc<Entity>>,
    /// Workflows by name.
    pub workflows: BTreeMap<Arc<str>, Arc<Workflow>>,
    /// What the `project:` document says, or its defaults.
    pub project: Project,
}

/// Configuration shared by all definitions.
#[derive(Debug, Default)]
pub struct Project {
    /// The value of `config` in expressions: a map with string keys.
    pub config: Vec<(Arc<str>, Value)>,
    /// Hosts, with or without port (`calendar.example:8080`), that `http` steps may call although
    /// they resolve to a loopback, link-local or private address.
    pub allowed_hosts: Vec<String>,
    /// Programs that `exec` steps may start.
    pub allowed_programs: Vec<String>,
    /// Names of secrets that headers of `http` steps and environments of `exec` steps may hold as
    /// `${secret.NAME}`. Their values are no part of any definition.
    pub secrets: Vec<Arc<str>>,
}

/// Where in its file something was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path of the file as it was given.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A workflow: activities in order.
#[derive(Debug)]
pub struct Workflow {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<String>,
    /// Inputs in the order in which they are written.
    pub input: Vec<Input>,
    /// The lock that is taken before the first activity and kept to the end.
    pub exclusive_lock: Option<ExclusiveLock>,
    /// At least one.
    pub activities: Vec<Activity>,
    /// What an instance answers at its end; null if absent.
    pub output: Option<Payload>,
    /// What starts it besides a request.
    pub triggers: Vec<Trigger>,
    /// Names of the signals and forms that its steps wait for, sorted, each once.
    pub signals: Vec<Arc<str>>,
    /// Where it was written.
    pub place: Place,
}

/// One input of a workflow, or one field of a form.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: Arc<str>,
    /// Type of its value.
    pub ty: Type,
    /// Whether it may be left out; it is null then.
    pub optional: bool,
    /// Its value when it is left out.
    pub default: Option<Value>,
}

/// A tree of literals and templates that evaluates to a value.
#[derive(Debug)]
pub enum Payload {
    /// A value without expressions.
    Literal(Value),
    /// A text with expressions.
    Template(Template),
    /// A list with at least one part that is not literal.
    List(Vec<Payload>),
    /// A map with at least one part that is not literal.
    Map(Vec<(Arc<str>, Payload)>),
}
