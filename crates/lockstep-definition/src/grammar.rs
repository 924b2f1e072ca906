//! The grammar of definitions as data: which keys stand where, what values they take, and what
//! people should know about them.
//!
//! The JSON Schema and the help of editors are made from it. The checker reads definitions on its
//! own, because it says more than that something is wrong; a test holds the two together.
//!
//! Invariants:
//!
//! * Every key that the checker knows is here, and no other.
//! * Every key says what it is for.
//!
//! Absent by design: reading or checking a text.

mod activity;
mod document;
mod lock;
mod step;
mod trigger;
mod wait;

pub(crate) use self::activity::STEPS;
#[cfg(test)]
use self::activity::{ACTIVITY, CATCH, NEXT, RETRY};
#[cfg(test)]
use self::document::{ATTRIBUTE, DEFAULTS, INPUT, INVARIANT};
pub(crate) use self::document::{DOCUMENT, DOCUMENTS};
#[cfg(test)]
use self::lock::{LOCK, WORKFLOW_LOCK};
pub(crate) use self::step::STEP;
#[cfg(test)]
use self::step::{CALL, EXEC, EXPECT, FIND, HTTP, LOAD, RAISE, TASK};
#[cfg(test)]
use self::trigger::{CHANGE, SCHEDULE, TRIGGER, WEBHOOK};
#[cfg(test)]
use self::wait::WAIT;

/// A kind of mapping.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// One word for it, unique.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys of which exactly one stands in the mapping; if empty, there is no such rule.
    pub(crate) one_of: &'static [Choosing],
}

impl Mapping {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key that decides which other keys may stand beside it.
#[derive(Debug)]
pub(crate) struct Choosing {
    pub(crate) key: &'static str,
    /// Keys that may stand beside it, besides those that always may.
    pub(crate) beside: &'static [&'static str],
    /// Keys that must stand beside it.
    pub(crate) needs: &'static [&'static str],
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What it is for, in one or two sentences.
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// What counts if it is absent, as JSON.
    pub(crate) default: Option<&'static str>,
}

impl Key {
    const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, doc, shape, required: false, default: None }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn default(self, json: &'static str) -> Self {
        Self { default: Some(json), ..self }
    }
}

/// What a value refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referent {
    Activity,
    Attribute,
    Bound,
    Entity,
    Secret,
    Workflow,
}

/// Which names the keys of a free mapping may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Letters, digits and `_`.
    Identifiers,
    /// Letters, digits, `_` and `-`.
    Labels,
    /// Any text.
    Texts,
    /// Attributes of the entity that the step is about.
    Attributes,
    /// Inputs of the workflow that the step is about.
    Inputs,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A text that is taken as it is.
    Text,
    /// A text of this form: a regular expression, and what it is called.
    Pattern(&'static str, &'static str),
    /// A name that is given here, as an identifier.
    Identifier,
    /// A name that is given here; it may hold `-`.
    Label,
    Bool,
    /// From the first number to the second, both allowed.
    Integer(u32, u32),
    /// From the first number to the second, both allowed.
    Number(u32, u32),
    Duration,
    /// One of these words, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// An expression, without `${ }`.
    Expression,
    /// Any value, with `${ }` in its texts.
    Payload,
    /// A text with at least one `${ }`.
    Template,
    /// A type: `int`, `list<string>`.
    Type,
    /// A value without `${ }`.
    Literal,
    ErrorCode,
    ErrorPattern,
    Refer(Referent),
    /// No value: the key alone.
    Nothing,
    /// Codes of warnings, each with a reason.
    Allow,
    Mapping(&'static Mapping),
    /// A mapping with names that the author gives.
    Map(Names, &'static Shape),
    /// Steps: stands for [`STEPS`], which refers to itself.
    Steps,
    /// At least so many entries.
    List(u32, &'static Shape),
    Either(&'static [Shape]),
}

/// `description`, which may stand almost everywhere.
const DESCRIPTION: Key = Key::new("description", Shape::Text, "What it is for, for people.");
/// `allow`, which may stand beside whatever findings point at.
const ALLOW: Key = Key::new(
    "allow",
    Shape::Allow,
    "Warnings that are not told about this part: `CODE: \"reason\"`. Errors cannot be silenced.",
);

#[cfg(test)]
mod tests;
