//! Paths: a name or a macro's variable, with the fields that follow it; and which of them are known
//! not to be null.
//!
//! Invariants: *bounded*: at most [`MAX_FACTS`] paths are known at one place, each at most
//! [`MAX_FIELDS`] long; more are forgotten.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named is no path and says nothing about one"
)]

use std::sync::Arc;

use crate::expression::ast::{Conditional, Field, Kind, Node, Operator};
use crate::value::Value;

/// Most paths that are known not to be null at one place.
pub(super) const MAX_FACTS: usize = 64;
/// Nodes and paths that are looked at for one check.
const MAX_LOOKED_AT: usize = 100_000;
/// Most fields of a path.
const MAX_FIELDS: usize = 16;

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Name(Arc<str>),
    Local(usize),
}

/// A value that a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) root: Root,
    pub(super) fields: Vec<Arc<str>>,
}

impl Path {
    /// Returns the path that an expression is, if it is one. `a["b"]` is `a.b`.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let mut fields = Vec::new();
        let mut node = node;
        let root = loop {
            if fields.len() > MAX_FIELDS {
                return None;
            }
            match &node.kind {
                Kind::Name(name) => break Root::Name(Arc::clone(&name.text)),
                Kind::Local(slot) => break Root::Local(*slot),
                Kind::Field(field) => {
                    fields.push(Arc::clone(&field.name));
                    node = &field.target;
                }
                Kind::Index(pair) => {
                    let [target, key] = pair.as_ref();
                    let Kind::Literal(Value::String(name)) = &key.kind else { return None };
                    fields.push(Arc::clone(name));
                    node = target;
                }
                _ => return None,
            }
        };
        fields.reverse();
        Some(Self { root, fields })
    }

    /// Returns whether knowing that `self` is not null tells that `other` is not.
    pub(super) fn tells_of(&self, other: &Self) -> bool {
        self.root == other.root && self.fields.starts_with(&other.fields)
    }
}

/// Paths that are not null if an expression came to a truth; `None` if it cannot come to it.
type Facts = Option<Vec<Path>>;

/// Reads off conditions which paths are not null.
pub(super) struct Reader {
    /// Nodes and paths that may still be looked at. When it is spent, nothing is known.
    budget: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { budget: MAX_LOOKED_AT }
    }

    /// Returns the paths that are not null when the expression has come to `truth`.
    pub(super) fn present_when(&mut self, node: &Node, truth: bool) -> Vec<Path> {
        self.facts(node, truth).unwrap_or_default()
    }

    fn pay(&mut self, price: usize) -> bool {
        self.budget = self.budget.saturating_sub(price);
        self.budget > 0
    }

    fn facts(&mut self, node: &Node, truth: bool) -> Facts {
        if !self.pay(1) {
            return Some(Vec::new());
        }
        match &node.kind {
            Kind::Literal(Value::Bool(flag)) if *flag != truth => None,
            Kind::Not(operand) => self.facts(operand, !truth),
            Kind::And(operands) if truth => self.all(operands, truth),
            Kind::Or(operands) if !truth => self.all(operands, truth),
            Kind::And(operands) | Kind::Or(operands) => {
                let mut whole = None;
                for operand in operands {
                    let facts = self.facts(operand, truth);
                    whole = self.either(whole, facts);
                }
                whole
            }
            Kind::Has(field) => Some(has(field, truth)),
            Kind::Binary(operator, pair) => Some(compared(*operator, pair, truth)),
            Kind::Conditional(conditional) => self.conditional(conditional, truth),
            _ => Some(Vec::new()),
        }
    }

    fn conditional(&mut self, conditional: &Conditional, truth: bool) -> Facts {
        let mut passed = Vec::new();
        let mut whole = None;
        for [condition, value] in &conditional.branches {
            let taken = self.facts(condition, true).zip(self.facts(value, truth));
            let taken = taken.map(|(condition, value)| {
                self.pay(passed.len());
                added(added(passed.clone(), condition), value)
            });
            whole = self.either(whole, taken);
            passed = added(passed, self.facts(condition, false).unwrap_or_default());
        }
        let otherwise = self.facts(&conditional.otherwise, truth);
        self.either(whole, otherwise.map(|facts| added(passed, facts)))
    }

    /// Returns what is known when all operands came to `truth`.
    fn all(&mut self, operands: &[Node], truth: bool) -> Facts {
        let mut known = Vec::new();
        for operand in operands {
            known = added(known, self.facts(operand, truth)?);
        }
        Some(known)
    }

    /// Returns what is known if one of two came about, and it is not known which.
    fn either(&mut self, left: Facts, right: Facts) -> Facts {
        match (left, right) {
            (None, one) | (one, None) => one,
            (Some(left), Some(right)) => {
                self.pay(left.len() * right.len());
                let in_both = |path: &Path| right.iter().any(|other| other.tells_of(path));
                Some(left.into_iter().filter(in_both).collect())
            }
        }
    }
}

fn has(field: &Field, truth: bool) -> Vec<Path> {
    let path = Path::of(&field.target).map(|mut path| {
        if truth {
            path.fields.push(Arc::clone(&field.name));
        }
        path
    });
    path.into_iter().collect()
}

fn compared(operator: Operator, pair: &[Node; 2], truth: bool) -> Vec<Path> {
    let [left, right] = pair;
    match operator {
        Operator::Equal | Operator::NotEqual => {
            let same = truth == (operator == Operator::Equal);
            let known = |path: &Node, other: &Node| match &other.kind {
                Kind::Literal(Value::Null) if same => None,
                Kind::Literal(Value::Null) => Path::of(path),
                Kind::Literal(_) if same => Path::of(path),
                _ => None,
            };
            known(left, right).or_else(|| known(right, left)).into_iter().collect()
        }
        // These have a value only if both operands are not null.
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            Path::of(left).into_iter().chain(Path::of(right)).collect()
        }
        _ => Vec::new(),
    }
}

fn added(mut known: Vec<Path>, more: Vec<Path>) -> Vec<Path> {
    known.extend(more);
    known.truncate(MAX_FACTS);
    known
}
