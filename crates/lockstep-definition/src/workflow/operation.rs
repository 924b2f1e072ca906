//! The checked form of steps.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Expression;

use super::{Input, Payload, Place, Retry};

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

impl Operation {
    /// Returns the lists of steps that stand within it, in the order of the text.
    pub fn inner(&self) -> Vec<&[Step]> {
        match self {
            Self::ForEach(each) => vec![&each.steps],
            Self::Parallel(branches) => branches.iter().map(|branch| &*branch.steps).collect(),
            Self::Load { .. }
            | Self::Find { .. }
            | Self::Create { .. }
            | Self::Update { .. }
            | Self::Delete { .. }
            | Self::Set(_)
            | Self::Require { .. }
            | Self::Raise(_)
            | Self::Commit
            | Self::Log(_)
            | Self::Http { .. }
            | Self::Exec { .. }
            | Self::Task { .. }
            | Self::Wait(_)
            | Self::Workflow { .. }
            | Self::Stop(_) => Vec::new(),
        }
    }
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
