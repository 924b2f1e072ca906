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
    /// Conditions that every committed object of it fulfils.
    pub invariants: Vec<Invariant>,
    /// Where it was written.
    pub place: Place,
}

/// A condition over the attributes of one object; a commit that would break it fails with
/// `data.invalid`.
#[derive(Debug)]
pub struct Invariant {
    /// The condition; attributes and `id` are in scope by their names.
    pub condition: Expression,
    /// What people read when it is broken.
    pub message: Option<String>,
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
    /// What starts it besides a request.
    pub triggers: Vec<Trigger>,
    /// Where it was written.
    pub place: Place,
}

/// Something that starts a workflow.
#[derive(Debug)]
pub struct Trigger {
    /// What it is.
    pub source: TriggerSource,
    /// The input of the instance.
    pub input: Vec<(Arc<str>, Payload)>,
    /// Where it was written.
    pub place: Place,
}

/// What a trigger listens to.
#[derive(Debug)]
pub enum TriggerSource {
    /// Times; `schedule.time` is in scope of the input.
    Schedule {
        /// Five fields (minute, hour, day of month, month, day of week), or six with seconds first.
        cron: Arc<str>,
        /// Name of the time zone in the IANA database. Default `UTC`.
        time_zone: Arc<str>,
        /// What happens to times that passed while nothing ran.
        missed: Missed,
    },
    /// Committed changes of objects; `change` {kind, object, before} is in scope of the condition
    /// and of the input.
    Change {
        /// The entity.
        entity: Arc<str>,
        /// Which changes; all if empty.
        kinds: Vec<ChangeKind>,
        /// Only changes for which it is true.
        when: Option<Expression>,
    },
    /// HTTP requests with a signature; `request` {headers, body} is in scope of the input.
    Webhook {
        /// Last part of the path.
        name: Arc<str>,
        /// Name of the secret with which requests are signed.
        secret: Arc<str>,
    },
}

/// What happens to scheduled times that passed while nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// One instance for all of them.
    #[default]
    Once,
    /// Nothing.
    Skip,
    /// One instance for each.
    All,
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Create,
    /// It was updated.
    Update,
    /// It was deleted.
    Delete,
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
    /// What a `wait` step does with the lock; `None` if the activity has none.
    pub while_waiting: Option<WhileWaiting>,
    /// Where it was written.
    pub place: Place,
}

/// What a `wait` step does with the lock of its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileWaiting {
    /// Keeps it; its hold timeout goes on.
    Hold,
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
    /// Longest duration of one attempt of an outside call (default 30 s), of a wait, or of a
    /// workflow that is called (no limit by default).
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
    /// Gives work to a worker outside, or to a function of the embedding program. Its result is
    /// what the worker answers.
    Task {
        /// What kind of work (`type`): workers ask for it by this name.
        kind: Arc<str>,
        /// What the worker is given; null if absent.
        input: Option<Payload>,
    },
    /// Waits. The result is a signal's payload, a form's answers (a map), or null.
    Wait(Wait),
    /// Runs another workflow.
    Workflow {
        /// Its name.
        name: Arc<str>,
        /// Its input.
        input: Vec<(Arc<str>, Payload)>,
        /// Whether to wait for it.
        mode: ChildMode,
    },
    /// Runs steps for each item of a list. The result is the list of what `collect` gave, in the
    /// order of the items; null without `collect`. Names bound inside are gone behind it.
    ForEach(Box<ForEach>),
    /// Runs lists of steps side by side, until all are done. Names bound inside are visible behind
    /// it. If one fails, the others are stopped.
    Parallel(Vec<Branch>),
    /// Commits, releases all locks and ends the instance well, with this output; null if absent.
    Stop(Option<Payload>),
}

/// What a `wait` step waits for.
#[derive(Debug)]
pub enum Wait {
    /// A signal of this name; one that came before is taken, the oldest first.
    Signal(Arc<str>),
    /// A length of time: a duration, or its text.
    For(Payload),
    /// A moment; goes on at once if it has passed.
    Until(Expression),
    /// A person's answers.
    Form(Form),
}

/// Questions to a person. The answers arrive as a signal with the form's name.
#[derive(Debug)]
pub struct Form {
    /// Its name.
    pub name: Arc<str>,
    /// What people read above it.
    pub title: Option<Payload>,
    /// What is asked; answers are checked against it.
    pub fields: Vec<Input>,
}

/// How a workflow runs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildMode {
    /// Waits for its end; the result is its output, its failure is the error `workflow.failed`.
    Call,
    /// Goes on at once; the result is `{ instance_id }`.
    Start,
}

/// Steps that are run for each item of a list.
#[derive(Debug)]
pub struct ForEach {
    /// The list.
    pub items: Payload,
    /// The name that an item is bound to. Default `item`.
    pub item: Arc<str>,
    /// The name that its place in the list, from 0, is bound to.
    pub index: Option<Arc<str>>,
    /// How many items at once; 1 to 100, default 1.
    pub max_parallel: u32,
    /// At least one.
    pub steps: Vec<Step>,
    /// Evaluated behind the steps of each item.
    pub collect: Option<Payload>,
}

/// One of the lists of steps that run side by side.
#[derive(Debug)]
pub struct Branch {
    /// Its name, unique among them.
    pub name: Arc<str>,
    /// At least one.
    pub steps: Vec<Step>,
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
