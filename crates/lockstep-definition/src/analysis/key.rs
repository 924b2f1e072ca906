//! Lock keys as far as the text shows them, and whether two of them are the same.
//!
//! Invariants:
//!
//! * [`Likeness::Same`] and [`Likeness::Different`] are certain; all else is [`Likeness::Unknown`].

use std::fmt;
use std::sync::Arc;

use crate::workflow::{Activity, LockScope, Workflow};

use super::names::Names;
use super::text::{self, Choice};

/// Most keys of one lock that are looked at.
const MAX_KEYS: usize = 16;

/// What a value in a lock key comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// A value that is written.
    Constant(String),
    /// An input of a workflow, or a part of one.
    Input { frame: Arc<str>, path: String },
    /// A value that no other instance has.
    Fresh { frame: Arc<str>, text: String },
    /// Anything else; `fixed` if it has one value as long as an instance runs.
    Text { frame: Arc<str>, text: String, fixed: bool },
}

/// What a key locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The lock without a context.
    Everything,
    /// One value.
    One(Term),
    /// An object of an entity.
    Object { entity: Arc<str>, id: Term },
}

/// How far a key reaches: the workflow, the activity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Realm {
    System,
    Workflow(Arc<str>),
    Activity(Arc<str>, Arc<str>),
}

/// A lock key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) realm: Realm,
    pub(crate) what: What,
}

/// Whether two keys are the same lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Same,
    Unknown,
    Different,
}

/// Keys that may be the same lock have the same class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    realm: Realm,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Everything,
    Constant(String),
    Entity(Arc<str>),
    /// Texts with the same beginning.
    Prefix(String),
    /// Values of the same expression.
    Expression(String),
}

impl Class {
    /// Whether the class is one single lock.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.kind, Kind::Everything | Kind::Constant(_))
    }

    /// Whether it says more than how an expression is written.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Expression(_))
    }

    /// Whether it is the lock of the whole system.
    pub(crate) fn is_everything(&self) -> bool {
        self.kind == Kind::Everything && self.realm == Realm::System
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Everything if self.realm == Realm::System => {
                f.write_str("the lock of the whole system")
            }
            Kind::Everything => f.write_str("the lock without a context"),
            Kind::Constant(text) => write!(f, "`{}`", crate::diagnostic::shown(text)),
            Kind::Entity(entity) => write!(f, "a lock of `{entity}`"),
            Kind::Prefix(text) => write!(f, "a lock `{}...`", crate::diagnostic::shown(text)),
            Kind::Expression(text) => write!(f, "a lock `{}`", crate::diagnostic::shown(text)),
        }
    }
}

/// The keys that the lock of an activity, or else that of the workflow itself, takes at once; none
/// without a lock.
pub(crate) fn keys(
    workflow: &Workflow,
    activity: Option<&Activity>,
    names: &Names<'_>,
) -> Vec<Key> {
    let lock = activity.map_or(&workflow.exclusive_lock, |activity| &activity.exclusive_lock);
    let Some(lock) = lock else { return Vec::new() };
    let name = Arc::clone(&workflow.name);
    let realm = match (lock.scope, activity) {
        (LockScope::System, _) => Realm::System,
        (LockScope::Activity, Some(activity)) => Realm::Activity(name, Arc::clone(&activity.name)),
        (LockScope::Workflow | LockScope::Activity, _) => Realm::Workflow(name),
    };
    let key = |what| Key { realm: realm.clone(), what };
    let Some(context) = &lock.context else { return vec![key(What::Everything)] };
    let plain = text::plain(context.text());
    match text::items(&plain) {
        Some(items) => items.iter().take(MAX_KEYS).map(|item| key(names.locked(item))).collect(),
        None => vec![key(names.locked(&plain))],
    }
}

impl Key {
    /// The class; `None` if no other instance can come to this key.
    pub(crate) fn class(&self) -> Option<Class> {
        let kind = match &self.what {
            What::Everything => Kind::Everything,
            What::Object { id: Term::Fresh { .. }, .. } | What::One(Term::Fresh { .. }) => {
                return None;
            }
            What::Object { entity, id: Term::Constant(id) } => {
                Kind::Constant(format!("{entity}/{id}"))
            }
            What::Object { entity, .. } => Kind::Entity(Arc::clone(entity)),
            What::One(Term::Constant(text)) => Kind::Constant(text.clone()),
            What::One(Term::Input { path, .. }) => Kind::Expression(format!("input.{path}")),
            What::One(Term::Text { text, .. }) => match text::prefix(text) {
                Some(prefix) => Kind::Prefix(prefix.to_owned()),
                None => Kind::Expression(text.clone()),
            },
        };
        Some(Class { realm: self.realm.clone(), kind })
    }

    /// Compares two keys that one instance and its children come to.
    pub(crate) fn likeness(&self, other: &Self) -> Likeness {
        if self.is_everything() || other.is_everything() {
            return Likeness::Same;
        }
        if self.realm != other.realm {
            return Likeness::Different;
        }
        match (&self.what, &other.what) {
            (What::Everything, What::Everything) => Likeness::Same,
            (What::Everything, What::One(_) | What::Object { .. })
            | (What::One(_) | What::Object { .. }, What::Everything) => Likeness::Different,
            (What::One(a), What::One(b)) => a.likeness(b),
            (What::Object { entity, id }, What::Object { entity: of, id: other }) => {
                if entity == of { id.likeness(other) } else { Likeness::Different }
            }
            (What::One(value), What::Object { .. }) | (What::Object { .. }, What::One(value)) => {
                match value {
                    Term::Constant(_) => Likeness::Different,
                    Term::Input { .. } | Term::Fresh { .. } | Term::Text { .. } => {
                        Likeness::Unknown
                    }
                }
            }
        }
    }

    /// Whether it is the lock of the whole system.
    pub(crate) fn is_everything(&self) -> bool {
        self.what == What::Everything && self.realm == Realm::System
    }

    /// Whether two keys are chosen from the same two values so that the lesser comes first.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        let (Some(first), Some(second)) = (self.text(), other.text()) else { return false };
        match (text::choice(first), text::choice(second)) {
            (Some((a, low, high)), Some((b, other_low, other_high))) => {
                (a, b) == (Choice::Lesser, Choice::Greater)
                    && (low, high) == (other_low, other_high)
            }
            (Some(_) | None, _) => false,
        }
    }

    fn text(&self) -> Option<&str> {
        match &self.what {
            What::One(Term::Text { text, .. })
            | What::Object { id: Term::Text { text, .. }, .. } => Some(text),
            What::Everything | What::One(_) | What::Object { .. } => None,
        }
    }

    /// The same key with its values seen from elsewhere.
    pub(crate) fn seen_from(&self, change: impl Fn(&Term) -> Term) -> Self {
        let what = match &self.what {
            What::Everything => What::Everything,
            What::One(term) => What::One(change(term)),
            What::Object { entity, id } => {
                What::Object { entity: Arc::clone(entity), id: change(id) }
            }
        };
        Self { realm: self.realm.clone(), what }
    }

    /// How people read it, with an article.
    pub(crate) fn shown(&self) -> String {
        match &self.what {
            What::Everything if self.realm == Realm::System => {
                "the lock of the whole system".to_owned()
            }
            What::Everything => "the lock without a context".to_owned(),
            What::One(term) => format!("the lock `{term}`"),
            What::Object { entity, id } => format!("the lock `ref(\"{entity}\", {id})`"),
        }
    }
}

impl Term {
    fn likeness(&self, other: &Self) -> Likeness {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => {
                if a == b {
                    Likeness::Same
                } else {
                    Likeness::Different
                }
            }
            (Self::Input { frame: a, path }, Self::Input { frame: b, path: other })
                if a == b && path == other =>
            {
                Likeness::Same
            }
            (Self::Fresh { frame: a, text }, Self::Fresh { frame: b, text: other })
                if a == b && text == other =>
            {
                Likeness::Same
            }
            (
                Self::Text { frame: a, text, fixed },
                Self::Text { frame: b, text: other, fixed: too },
            ) if a == b && text == other && *fixed && *too => Likeness::Same,
            (Self::Fresh { .. }, Self::Constant(_) | Self::Input { .. })
            | (Self::Constant(_) | Self::Input { .. }, Self::Fresh { .. }) => Likeness::Different,
            (
                Self::Constant(_) | Self::Input { .. } | Self::Fresh { .. } | Self::Text { .. },
                _,
            ) => Likeness::Unknown,
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { path, .. } => write!(f, "input.{}", crate::diagnostic::shown(path)),
            Self::Constant(text) | Self::Fresh { text, .. } | Self::Text { text, .. } => {
                f.write_str(&crate::diagnostic::shown(text))
            }
        }
    }
}
