//! What is known where a condition held, and which conditions guard a name.
//!
//! Conditions are compared by their text: of `a == b` and `a != b` it is known that one is the
//! opposite of the other, of `a > 1` and `a > 2` nothing is.
//!
//! Invariants: *bounded*: at most [`MAX_FACTS`] facts are told of a condition or a name.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "nodes that are not named neither decide nor guard"
)]

use std::sync::Arc;

use super::ast::{Kind, Node, Operator};
use super::names;
use crate::span::Span;

/// Most facts that are told of one condition, and that guard one name.
const MAX_FACTS: usize = 32;

/// A condition and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// The text of the condition without blanks; `a != b` is told as `a==b` that does not hold.
    pub condition: Arc<str>,
    /// Whether it is true or false.
    pub holds: bool,
    /// The names that it depends on, sorted.
    pub names: Arc<[Arc<str>]>,
}

impl Fact {
    /// Returns whether both are about the same condition and only one can be true.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.holds != other.holds && self.condition == other.condition
    }
}

/// A name that is needed only under some conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Where the name stands in the text of the expression.
    pub span: Span,
    /// What holds where its value is needed.
    pub facts: Vec<Fact>,
}

/// Adds what is known when `node` came to `truth`.
pub(super) fn facts(node: &Node, text: &str, truth: bool, out: &mut Vec<Fact>) {
    if out.len() >= MAX_FACTS {
        return;
    }
    match &node.kind {
        Kind::Not(operand) => return facts(operand, text, !truth, out),
        Kind::And(items) if truth => items.iter().for_each(|item| facts(item, text, true, out)),
        Kind::Or(items) if !truth => items.iter().for_each(|item| facts(item, text, false, out)),
        _ => {}
    }
    let (condition, holds) = match &node.kind {
        Kind::Binary(Operator::NotEqual, sides) => (pair(sides, text, "=="), !truth),
        Kind::Binary(Operator::GreaterEqual, sides) => (pair(sides, text, "<"), !truth),
        Kind::Binary(Operator::Greater, sides) => (pair(sides, text, "<="), !truth),
        _ => (compact(text.get(node.span.start..node.span.end).unwrap_or_default()), truth),
    };
    let mut free = Vec::new();
    names::free_names(node, &mut free);
    let mut names: Vec<Arc<str>> = free.into_iter().map(|free| free.name.into()).collect();
    names.sort();
    names.dedup();
    out.push(Fact { condition: condition.into(), holds, names: names.into() });
}

fn pair(sides: &[Node; 2], text: &str, symbol: &str) -> String {
    let [left, right] = sides;
    let of = |node: &Node| compact(text.get(node.span.start..node.span.end).unwrap_or_default());
    format!("{}{symbol}{}", of(left), of(right))
}

/// Takes blanks out of a text of an expression, those between words and in quotes excepted.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quote, mut escaped, mut blank) = (None, false, false);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for c in text.chars() {
        match quote {
            Some(open) => {
                if !escaped && c == open {
                    quote = None;
                }
                escaped = !escaped && c == '\\';
            }
            None if c.is_whitespace() => {
                blank = true;
                continue;
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {}
        }
        if blank && is_word(c) && out.ends_with(is_word) {
            out.push(' ');
        }
        blank = false;
        out.push(c);
    }
    out
}

/// Adds the names below `node` that are needed only where something holds.
pub(super) fn guarded(node: &Node, text: &str, known: &[Fact], out: &mut Vec<Guarded>) {
    let with = |conditions: &mut dyn Iterator<Item = (&Node, bool)>| {
        let mut all = known.to_vec();
        conditions.for_each(|(condition, truth)| facts(condition, text, truth, &mut all));
        all
    };
    match &node.kind {
        Kind::Name(_) if !known.is_empty() => {
            out.push(Guarded { span: node.span, facts: known.to_vec() });
        }
        Kind::Conditional(conditional) => {
            for (number, [condition, value]) in conditional.branches.iter().enumerate() {
                let before = || conditional.branches.iter().take(number);
                let mut failed = before().map(|[condition, _]| (condition, false));
                guarded(condition, text, &with(&mut failed), out);
                let mut held = before()
                    .map(|[condition, _]| (condition, false))
                    .chain(std::iter::once((condition, true)));
                guarded(value, text, &with(&mut held), out);
            }
            let mut failed = conditional.branches.iter().map(|[condition, _]| (condition, false));
            guarded(&conditional.otherwise, text, &with(&mut failed), out);
        }
        // An operand that has no value does not matter where another one decides.
        Kind::And(items) | Kind::Or(items) => {
            let truth = matches!(node.kind, Kind::And(_));
            for (number, item) in items.iter().enumerate() {
                let others = items.iter().enumerate().filter(|(other, _)| *other != number);
                let mut others = others.map(|(_, other)| (other, truth)).take(MAX_FACTS);
                guarded(item, text, &with(&mut others), out);
            }
        }
        kind => kind.for_each_child(&mut |child| guarded(child, text, known, out)),
    }
}
