//! Ranks of the operators, and the fold from a flat list to a tree.
//!
//! Invariants: *flat*: operators of one rank that follow each other become one node.

use super::{Builder, Parsed, Rule};
use crate::expression::ast::{Chain, Kind, Node, Operator};

/// From the tightest to the loosest. Operators of one rank are applied from the left.
const RANKS: [&[(Rule, Joint)]; 5] = [
    &[
        (Rule::multiply, Joint::Operator(Operator::Multiply)),
        (Rule::divide, Joint::Operator(Operator::Divide)),
        (Rule::modulo, Joint::Operator(Operator::Modulo)),
    ],
    &[
        (Rule::add, Joint::Operator(Operator::Add)),
        (Rule::subtract, Joint::Operator(Operator::Subtract)),
    ],
    &[
        (Rule::less, Joint::Operator(Operator::Less)),
        (Rule::less_equal, Joint::Operator(Operator::LessEqual)),
        (Rule::greater, Joint::Operator(Operator::Greater)),
        (Rule::greater_equal, Joint::Operator(Operator::GreaterEqual)),
        (Rule::equal, Joint::Operator(Operator::Equal)),
        (Rule::not_equal, Joint::Operator(Operator::NotEqual)),
        (Rule::contained, Joint::Operator(Operator::In)),
    ],
    &[(Rule::and, Joint::And)],
    &[(Rule::or, Joint::Or)],
];

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Joint {
    Operator(Operator),
    And,
    Or,
}

/// The operands that wait for their operators, by rank.
pub(super) struct Fold {
    waiting: [Vec<(Node, Joint)>; RANKS.len()],
}

impl Fold {
    pub(super) fn new() -> Self {
        Self { waiting: std::array::from_fn(|_| Vec::new()) }
    }

    /// Takes an operand and the operator behind it.
    pub(super) fn push(&mut self, builder: &Builder<'_>, operand: Node, rule: Rule) -> Parsed<()> {
        let mut operand = operand;
        for (waiting, rank) in self.waiting.iter_mut().zip(RANKS) {
            let joint = rank.iter().find(|(ranked, _)| *ranked == rule);
            if let Some((_, joint)) = joint {
                waiting.push((operand, *joint));
                return Ok(());
            }
            operand = join(builder, std::mem::take(waiting), operand)?;
        }
        unreachable!("the ranks list every operator of the grammar")
    }

    /// Takes the last operand and returns the whole.
    pub(super) fn finish(self, builder: &Builder<'_>, operand: Node) -> Parsed {
        let mut operand = operand;
        for waiting in self.waiting {
            operand = join(builder, waiting, operand)?;
        }
        Ok(operand)
    }
}

fn join(builder: &Builder<'_>, waiting: Vec<(Node, Joint)>, last: Node) -> Parsed {
    let Some((first, joint)) = waiting.first() else { return Ok(last) };
    let (joint, span) = (*joint, first.span.to(last.span));
    let kind = match joint {
        Joint::And => Kind::And(operands(waiting, last)),
        Joint::Or => Kind::Or(operands(waiting, last)),
        Joint::Operator(operator) if waiting.len() == 1 => {
            let left = operands(waiting, last);
            let pair = Box::<[Node; 2]>::try_from(left).expect("one operator has two operands");
            Kind::Binary(operator, pair)
        }
        Joint::Operator(_) => Kind::Chain(Box::new(chain(waiting, last))),
    };
    builder.node(kind, span)
}

fn operands(waiting: Vec<(Node, Joint)>, last: Node) -> Box<[Node]> {
    waiting.into_iter().map(|(operand, _)| operand).chain([last]).collect()
}

fn chain(waiting: Vec<(Node, Joint)>, last: Node) -> Chain {
    let mut operators = Vec::with_capacity(waiting.len());
    let mut operands = Vec::with_capacity(waiting.len() + 1);
    for (operand, joint) in waiting {
        operands.push(operand);
        if let Joint::Operator(operator) = joint {
            operators.push(operator);
        }
    }
    operands.push(last);
    let mut operands = operands.into_iter();
    let first = operands.next().expect("a chain has a first operand");
    Chain { first, rest: operators.into_iter().zip(operands).collect() }
}
