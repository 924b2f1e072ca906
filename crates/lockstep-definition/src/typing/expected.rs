//! What a value is for, and whether its type fits.
//!
//! Invariants:
//!
//! * The rules are those by which the value is taken when it runs; what can only be seen then is no
//!   finding.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is not named is not taken")]

use std::sync::Arc;

use lockstep_expr::{Assignability, Span, StaticType, Type};

use super::convert::{conversion, converts};
use crate::code::Code;
use crate::diagnostic::Finding;

/// What a value is for.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// Every value is taken.
    Any,
    /// A condition under this key.
    Condition(&'static str),
    /// The key of a lock.
    LockContext,
    /// A text, also a number or bool that is written as one; this is what it is, with an article.
    Text(&'static str),
    /// The address of an `http` step: a text.
    Url,
    /// The id of an object of this entity, if it is known which.
    Id(Option<Arc<str>>),
    /// The version of an object.
    Version,
    /// A declared attribute or input.
    Declared(Arc<Declared>),
    /// A list.
    List,
    /// A length of time.
    Length,
    /// A moment.
    Moment,
    /// A whole number; this is what it is, in quotes.
    Integer(&'static str),
}

/// A declared attribute or input.
#[derive(Debug)]
pub(crate) struct Declared {
    /// What people call it: `` `Order.total` ``.
    pub(crate) what: String,
    pub(crate) name: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) optional: bool,
}

impl Expected {
    /// What the value of a key that holds a bare expression is for.
    pub(crate) fn of_key(key: &str) -> Self {
        match key {
            "context" => Self::LockContext,
            "until" => Self::Moment,
            "priority" => Self::Integer("`priority`"),
            "when" => Self::Condition("`when`"),
            "require" => Self::Condition("`require`"),
            "where" => Self::Condition("`where`"),
            "check" | "invariants" => Self::Condition("an invariant"),
            _ => Self::Condition("it"),
        }
    }

    /// Whether lists and maps were refused when they were read.
    pub(super) fn is_scalar(&self) -> bool {
        matches!(self, Self::Id(_) | Self::Version | Self::Url | Self::List)
    }

    /// What the items of a list are for.
    pub(crate) fn item(&self) -> Self {
        match self {
            Self::Declared(declared) => match &declared.ty {
                Type::List(of) => Self::part(declared, of, "an item of "),
                _ => Self::Any,
            },
            _ => Self::Any,
        }
    }

    /// What the entries of a map are for.
    pub(crate) fn entry(&self) -> Self {
        match self {
            Self::Declared(declared) => match &declared.ty {
                Type::Map(of) => Self::part(declared, of, "an entry of "),
                _ => Self::Any,
            },
            _ => Self::Any,
        }
    }

    fn part(declared: &Declared, ty: &Type, which: &str) -> Self {
        let what = format!("{which}{}", declared.what);
        Self::Declared(Arc::new(Declared {
            what,
            name: Arc::default(),
            ty: ty.clone(),
            optional: false,
        }))
    }

    /// The finding for a value of this type, if it does not fit.
    pub(crate) fn check(&self, ty: &StaticType, span: Span) -> Option<Finding> {
        match self {
            Self::Any => None,
            Self::LockContext => lock_context(ty, span),
            Self::Declared(declared) => declared.check(ty, span),
            Self::Condition(_)
            | Self::Text(_)
            | Self::Url
            | Self::Id(_)
            | Self::Version
            | Self::List
            | Self::Length
            | Self::Moment
            | Self::Integer(_) => {
                if matches!(ty, StaticType::Dyn) || self.takes(&ty.without_null()) {
                    return ty.may_be_null().then(|| self.may_be_null(ty, span));
                }
                Some(self.mismatch(ty, span))
            }
        }
    }

    /// Whether values of a type, null apart, are taken.
    fn takes(&self, ty: &StaticType) -> bool {
        let is = |types: &[StaticType]| types.contains(ty);
        if matches!(ty, StaticType::Dyn) {
            return true;
        }
        match self {
            Self::Condition(_) => is(&[StaticType::Bool]),
            Self::Text(_) | Self::Url => is(&[
                StaticType::String,
                StaticType::Int,
                StaticType::Uint,
                StaticType::Double,
                StaticType::Bool,
            ]),
            Self::Id(entity) => match ty {
                StaticType::String | StaticType::Int | StaticType::Uint => true,
                StaticType::Reference(to) => same(to.as_ref(), entity.as_ref()),
                StaticType::Record(shape) => {
                    !shape.keyed && same(Some(&shape.name), entity.as_ref())
                }
                _ => false,
            },
            Self::Version | Self::Integer(_) => is(&[StaticType::Int]),
            Self::List => matches!(ty, StaticType::List(_)),
            Self::Length => is(&[StaticType::Duration, StaticType::String]),
            Self::Moment => is(&[StaticType::Timestamp]),
            Self::Any | Self::LockContext | Self::Declared(_) => true,
        }
    }

    /// What is wanted, and what to do about it.
    fn words(&self) -> (String, String) {
        let words = |what: &str, help: &str| (what.to_owned(), help.to_owned());
        match self {
            Self::Condition(key) => (
                format!("{key} is a condition"),
                "write what is true or false, such as a comparison".to_owned(),
            ),
            Self::Text(_) | Self::Url => (
                format!("{} is a text", if let Self::Text(what) = self { what } else { "a URL" }),
                "write it as a text: `\"${string(...)}\"`, or put it between other characters"
                    .to_owned(),
            ),
            Self::Id(Some(entity)) => (
                format!("the id of `{entity}` is a text or a reference to it"),
                "write the id, such as `\"${input.id}\"`".to_owned(),
            ),
            Self::Id(None) => words("an id is a text", "write the id, such as `\"${input.id}\"`"),
            Self::Version => words(
                "a version is an int",
                "write the version that was seen, such as `\"${input.version}\"`",
            ),
            Self::List => words("`for_each` takes a list", "write an expression that is a list"),
            Self::Length => {
                words("a length of time is a duration or its text", "write `5m`, or a duration")
            }
            Self::Moment => words(
                "`until` is a timestamp",
                "write a timestamp, such as `timestamp(\"2030-01-31T12:00:00Z\")`",
            ),
            Self::Integer(what) => (format!("{what} is an int"), "write an int".to_owned()),
            Self::Any | Self::LockContext | Self::Declared(_) => {
                words("a value stands here", "change the value")
            }
        }
    }

    fn mismatch(&self, ty: &StaticType, span: Span) -> Finding {
        let (wanted, help) = self.words();
        Finding::new(Code::TypeMismatch, span, format!("{wanted}, but this is {}", shown(ty)))
            .help(help)
    }

    fn may_be_null(&self, ty: &StaticType, span: Span) -> Finding {
        let (wanted, _) = self.words();
        if matches!(ty, StaticType::Null) {
            return self.mismatch(ty, span);
        }
        Finding::new(Code::MayBeNull, span, format!("{wanted}, but this may be null"))
            .help("say what holds without a value: `VALUE == null ? OTHER : VALUE`")
    }
}

/// A type in a message.
pub(crate) fn shown(ty: &StaticType) -> String {
    crate::diagnostic::shown(&ty.to_string())
}

/// Whether two entities, if both are known, are the same.
fn same(left: Option<&Arc<str>>, right: Option<&Arc<str>>) -> bool {
    left.zip(right).is_none_or(|(left, right)| left == right)
}

fn lock_context(ty: &StaticType, span: Span) -> Option<Finding> {
    let inner = ty.without_null();
    match &inner {
        StaticType::Null => Some(
            Finding::new(Code::TypeMismatch, span, "the context of a lock is null")
                .help("write what the activity works on, or remove `context`"),
        ),
        StaticType::List(of) => locked_item(of, ty, span),
        StaticType::Record(shape) if shape.keyed => Some(no_key(ty, span)),
        StaticType::Dyn
        | StaticType::String
        | StaticType::Int
        | StaticType::Uint
        | StaticType::Double
        | StaticType::Bool
        | StaticType::Reference(_)
        | StaticType::Record(_) => ty.may_be_null().then(|| null_context(span)),
        _ => Some(no_key(ty, span)),
    }
}

/// The finding for a list as a context, by the type of its items.
fn locked_item(of: &StaticType, list: &StaticType, span: Span) -> Option<Finding> {
    match of.without_null() {
        StaticType::Null => Some(
            Finding::new(Code::TypeMismatch, span, "an item of the context of a lock is null")
                .help("write what the activity works on, or remove the item"),
        ),
        // Keys of keys are none.
        StaticType::List(_) => Some(no_key(list, span)),
        item => match lock_context(&item, span) {
            Some(_) => Some(no_key(list, span)),
            None if of.may_be_null() => Some(
                Finding::new(
                    Code::LockContextMayBeNull,
                    span,
                    "an item of the context of this lock may be null",
                )
                .help(
                    "the activity would fail with `lock.context`; give the item a value for null \
                     (`VALUE == null ? OTHER : VALUE`), or leave it out: \
                     `LIST.filter(item, item != null)`",
                ),
            ),
            None => list.may_be_null().then(|| null_context(span)),
        },
    }
}

fn null_context(span: Span) -> Finding {
    Finding::new(Code::LockContextMayBeNull, span, "the context of this lock may be null").help(
        "the activity would fail with `lock.context`; leave it out with `when`, or give a value for \
         null: `VALUE == null ? OTHER : VALUE`",
    )
}

fn no_key(ty: &StaticType, span: Span) -> Finding {
    let message = format!("{} cannot be the context of a lock", shown(ty));
    Finding::new(Code::TypeMismatch, span, message)
        .help("it is a string, a number, a bool, `ref(...)`, an object, or a list of these")
}

impl Declared {
    fn check(&self, ty: &StaticType, span: Span) -> Option<Finding> {
        let what = &self.what;
        match converts(ty, &self.ty, self.optional) {
            Assignability::Yes | Assignability::Unknown => None,
            Assignability::MayBeNull => Some(
                Finding::new(
                    Code::MayBeNull,
                    span,
                    format!("{what} must not be null, but this may be null"),
                )
                .help("give a value for null: `VALUE == null ? OTHER : VALUE`"),
            ),
            Assignability::No => Some(
                Finding::new(
                    Code::TypeMismatch,
                    span,
                    format!("{what} is of type {}, but this is {}", self.ty, shown(ty)),
                )
                .help(conversion(ty, &self.ty)),
            ),
        }
    }
}
