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

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::{Expression, Template, Type, Value};

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

/// A kind of object.
#[derive(Debug)]
pub struct Entity {
    /// Its name.
    pub name: Arc<str>,
    /// Attributes in the order in which they are written.
    pub attributes: Vec<Attribute>,
    /// Lists of attribute names; no two objects may agree in all attributes of one list. Objects
    /// in which one of them is null are not compared.
    pub unique: Vec<Vec<Arc<str>>>,
    /// Where it was written.
    pub place: Place,
}

/// One attribute of an entity.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Type of its values.
    pub ty: Type,
    /// Whether it may be null or absent.
    pub optional: bool,
    /// Value at creation when none is given.
    pub default: Option<Value>,
    /// Least allowed value, for `int` and `double`.
    pub min: Option<Value>,
    /// Greatest allowed value, for `int` and `double`.
    pub max: Option<Value>,
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
    /// At least one.
    pub activities: Vec<Activity>,
    /// What an instance answers at its end; null if absent.
    pub output: Option<Payload>,
    /// Where it was written.
    pub place: Place,
}

/// One input of a workflow.
#[derive(Debug)]
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

/// Steps run under one lock and as one unit of work.
#[derive(Debug)]
pub struct Activity {
    /// Its name.
    pub name: Arc<str>,
    /// The activity is left out unless this is true.
    pub when: Option<Expression>,
    /// The lock it takes before its first step.
    pub exclusive_lock: Option<ExclusiveLock>,
    /// When the unit of work is committed.
    pub auto_commit: AutoCommit,
    /// What happens if an object that was read for update has changed since.
    pub on_conflict: OnConflict,
    /// At least one.
    pub steps: Vec<Step>,
    /// Where to go on, first match wins; the following activity if none matches.
    pub next: Vec<Next>,
    /// Handlers of errors, first match wins.
    pub catch: Vec<Catch>,
    /// Runs the activity again after an error.
    pub retry: Option<Retry>,
    /// Longest time from its first step to its end, waiting for the lock not included; then error
    /// `activity.timeout`.
    pub timeout: Option<Duration>,
    /// Where it was written.
    pub place: Place,
}

/// What lock an activity takes, and how.
#[derive(Debug)]
pub struct ExclusiveLock {
    /// The expression for the lock key; `None` locks the whole system.
    pub context: Option<Expression>,
    /// How far the key reaches.
    pub scope: LockScope,
    /// How long to wait; then error `lock.waiting_timeout`. Default 60 s.
    pub waiting_timeout: Duration,
    /// How long it may be held; then error `lock.lost`. Default 5 min.
    pub hold_timeout: Duration,
    /// What happens if it is not free.
    pub on_busy: OnBusy,
    /// Where it was written.
    pub place: Place,
}

/// How far a lock key reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockScope {
    /// The same key anywhere is the same lock.
    #[default]
    System,
    /// The same key in the same workflow is the same lock.
    Workflow,
    /// The same key in the same activity of the same workflow is the same lock.
    Activity,
}

/// What happens if a lock is not free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBusy {
    /// Wait for it.
    #[default]
    Wait,
    /// Error `lock.busy`.
    Fail,
    /// Leave the activity out.
    Skip,
}

/// When the unit of work is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoCommit {
    /// At the end of the activity, before its lock is released (`true`).
    #[default]
    Activity,
    /// After every step (`each_step`).
    EachStep,
    /// At a later commit or at the end of the workflow (`false`).
    Never,
}

/// What happens if an object that was read for update has changed since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Run the activity again on fresh data, as long as it has called nothing outside.
    #[default]
    Retry,
    /// Error `data.conflict`.
    Fail,
    /// Write anyway.
    Force,
}

/// Where to go on after an activity.
#[derive(Debug)]
pub struct Next {
    /// Taken only if true; always if absent.
    pub when: Option<Expression>,
    /// Where to.
    pub goto: Goto,
}

/// A place in a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goto {
    /// The activity with this index.
    Activity(usize),
    /// The end of the workflow.
    End,
}

/// A handler of errors of an activity.
///
/// When it is chosen, the uncommitted changes of the activity are gone and its lock is released.
#[derive(Debug)]
pub struct Catch {
    /// Patterns of error codes: a code, or a prefix followed by `*` (`timeslot.*`, `*`).
    pub errors: Vec<ErrorPattern>,
    /// What it does.
    pub handler: Handler,
    /// Where it was written.
    pub place: Place,
}

/// What a catch does.
#[derive(Debug)]
pub enum Handler {
    /// Goes on elsewhere.
    Goto(Goto),
    /// Runs steps, with the name `error` bound and a unit of work of their own that is committed
    /// at their end; then goes on behind the activity.
    Steps(Vec<Step>),
}

/// A pattern of error codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorPattern {
    /// This code.
    Exact(Arc<str>),
    /// Every code that begins with this.
    Prefix(Arc<str>),
}

impl ErrorPattern {
    /// Returns whether `code` fits the pattern.
    pub fn matches(&self, code: &str) -> bool {
        match self {
            Self::Exact(exact) => code == &**exact,
            Self::Prefix(prefix) => code.starts_with(&**prefix),
        }
    }
}

/// When and how often something that failed is tried again.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub max_attempts: u32,
    /// Pause before the second attempt. Default 1 s.
    pub backoff: Duration,
    /// By how much the pause grows with each attempt; at least 1. Default 2.
    pub factor: f64,
    /// Longest pause. Default 60 s.
    pub max_backoff: Duration,
    /// Errors that are tried again; all if empty.
    pub on: Vec<ErrorPattern>,
}

/// One operation of an activity.
#[derive(Debug)]
pub struct Step {
    /// What it does.
    pub operation: Operation,
    /// The name that its result is bound to (`as`).
    pub bind: Option<Arc<str>>,
    /// The step is left out unless this is true.
    pub when: Option<Expression>,
    /// Longest duration of one attempt of an outside call. Default 30 s.
    pub timeout: Option<Duration>,
    /// Tries an outside call again.
    pub retry: Option<Retry>,
    /// Where it was written.
    pub place: Place,
}

/// What a step does.
#[derive(Debug)]
pub enum Operation {
    /// Reads one object; error `data.not_found` if there is none, null if `optional`.
    Load {
        /// Kind of object.
        entity: Arc<str>,
        /// Its id: a string, or a reference to this entity.
        id: Payload,
        /// Whether a commit checks its version although it is not written (`for: update`).
        for_update: bool,
        /// Whether a missing object is null instead of an error.
        optional: bool,
    },
    /// Reads the objects of an entity for which `filter` is true, as a list.
    Find {
        /// Kind of object.
        entity: Arc<str>,
        /// The `where` expression; the name `object` is the candidate. All if absent.
        filter: Option<Expression>,
        /// Attribute to sort by; by id if absent.
        order_by: Option<Arc<str>>,
        /// Whether the order is reversed (`descending: true`).
        descending: bool,
        /// How many objects at most; 1 to 10,000, default 1,000.
        limit: u32,
    },
    /// Makes an object; its result is the object.
    Create {
        /// Kind of object.
        entity: Arc<str>,
        /// Its id; a UUID v7 if absent.
        id: Option<Payload>,
        /// Values of attributes.
        set: Vec<(Arc<str>, Payload)>,
    },
    /// Changes attributes of the object bound to `name`, which is bound to the changed object from
    /// there on.
    Update {
        /// A bound name.
        name: Arc<str>,
        /// New values of attributes.
        set: Vec<(Arc<str>, Payload)>,
        /// The version that the object must have (`expect: { version }`), else `data.conflict`.
        expect: Option<Payload>,
    },
    /// Deletes the object bound to `name`.
    Delete {
        /// A bound name.
        name: Arc<str>,
        /// The version that the object must have (`expect: { version }`), else `data.conflict`.
        expect: Option<Payload>,
    },
    /// Binds names to values.
    Set(Vec<(Arc<str>, Payload)>),
    /// Fails with an error unless the condition is true.
    Require {
        /// The condition.
        condition: Expression,
        /// The error; code `require.failed` if the author gives none.
        otherwise: Raise,
    },
    /// Fails with an error.
    Raise(Raise),
    /// Commits the unit of work.
    Commit,
    /// Writes a message to the journal.
    Log(Payload),
    /// Calls an HTTP server. Its result is `{ status, headers, body }`.
    Http {
        /// Upper case.
        method: Arc<str>,
        /// Absolute URL.
        url: Payload,
        /// Header names and values.
        headers: Vec<(Arc<str>, Payload)>,
        /// Sent as JSON if present.
        body: Option<Payload>,
    },
    /// Runs a program in a process group of its own. Its result is `{ exit_code, output }`.
    Exec {
        /// Name or path of the program.
        program: Arc<str>,
        /// Its arguments.
        args: Vec<Payload>,
        /// Sent to its standard input as JSON if present.
        input: Option<Payload>,
        /// Environment variables added to a minimal environment.
        env: Vec<(Arc<str>, Payload)>,
    },
}

/// An error that an author defined.
#[derive(Debug)]
pub struct Raise {
    /// Its code: words with dots.
    pub code: Arc<str>,
    /// What people read.
    pub message: Option<Payload>,
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
