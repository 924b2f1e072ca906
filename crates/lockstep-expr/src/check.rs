//! The static check: the type of an expression, and what is wrong with it, before it is evaluated.
//!
//! Invariants:
//! - *One mistake, one finding*: an expression with a mistake in it has the type `dyn`, so that
//!   nothing follows from it.
//! - *No false alarm*: where a type is `dyn` nothing is found.
//! - *Bounded*: the depth of calls follows the tree, which is shallow, and the types, which are too;
//!   unification has a budget, and what lies beyond it is `dyn`.
//!
//! Absent by design: values. Whether a list has a third element is seen when it runs.

mod binding;
mod call;
mod checker;
mod condition;
#[cfg(test)]
mod conformance;
mod field;
#[cfg(test)]
mod hostile;
mod message;
mod operator;
mod path;
#[cfg(test)]
mod soundness;
mod template;
#[cfg(test)]
mod tests;
mod unify;

use std::fmt;
use std::sync::Arc;

use crate::expression::ast::Node;
use crate::signature::Signature;
use crate::span::Span;
use crate::static_type::StaticType;

pub(crate) use template::check_template;

/// Checks an expression.
pub(crate) fn check(root: &Node, text: &str, scope: &dyn TypeScope) -> Typing {
    let mut checker = checker::Checker::new(text, scope);
    let ty = checker.ty(root);
    checker.finish(&ty)
}

/// Returns the paths of names that are known not to be null when the expression came to `truth`.
pub(crate) fn present_when(root: &Node, truth: bool) -> Vec<Vec<String>> {
    checker::present_when(root, truth)
}

/// The names that an expression may use, with their types.
pub trait TypeScope {
    /// Returns the type of `name`, or `None` if no such name is bound.
    fn type_of(&self, name: &str) -> Option<StaticType>;

    /// Returns the type of a name that is written with a dot in front (`.name`), which asks for the
    /// outermost one.
    fn type_of_absolute(&self, name: &str) -> Option<StaticType> {
        self.type_of(name)
    }

    /// Returns the names that are bound, for suggestions.
    fn names(&self) -> Vec<Arc<str>>;

    /// Returns whether names may hold dots (`a.b` bound as one name).
    fn has_dotted_names(&self) -> bool {
        false
    }

    /// Returns whether a value is known not to be null, although its type has null: an earlier
    /// condition has seen to it. `path` is a name and the fields that follow it.
    fn is_known_present(&self, path: &[&str]) -> bool {
        let _ = path;
        false
    }

    /// Returns whether it is worth the time to look for what a misspelt name may mean.
    fn wants_suggestions(&self) -> bool {
        true
    }

    /// Returns the signatures of a function that the host adds to those of the language.
    fn functions(&self, name: &str) -> Vec<Signature> {
        let _ = name;
        Vec::new()
    }
}

/// What a check has found out about an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// The type of the value; `dyn` if the expression cannot have one.
    pub ty: StaticType,
    /// What is wrong, in the order of the text.
    pub findings: Vec<TypeFinding>,
    /// The type of each part that has one, in no order; the smallest place around a byte is the part
    /// that is there.
    pub types: Vec<(Span, StaticType)>,
}

impl Typing {
    /// Returns whether evaluating the expression must fail, or come to what its author cannot mean.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| !finding.kind.is_warning())
    }

    /// Returns the part at a byte of the text, and its type.
    pub fn at(&self, byte: usize) -> Option<&(Span, StaticType)> {
        let around = self.types.iter().filter(|(span, _)| (span.start..span.end).contains(&byte));
        around.min_by_key(|(span, _)| span.end - span.start)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFinding {
    /// The token that it is about: the field's name, the wrong operand, the unknown name. In bytes
    /// of the expression's text; of a template's, in bytes of the template.
    pub span: Span,
    /// What kind of mistake.
    pub kind: FindingKind,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// A name is not bound.
    UnknownName,
    /// A record has no such field.
    UnknownField,
    /// There is no such function.
    UnknownFunction,
    /// A function or operator is not defined for values of such types.
    WrongType,
    /// A call has too many or too few arguments.
    WrongArguments,
    /// A value that may be null is used as if it were not.
    MayBeNull,
    /// A value that is never null is compared with null.
    NeverNull,
}

impl FindingKind {
    /// Returns whether the expression may still do what its author means.
    pub fn is_warning(self) -> bool {
        matches!(self, Self::MayBeNull | Self::NeverNull)
    }
}

impl fmt::Display for TypeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
