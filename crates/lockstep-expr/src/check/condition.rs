//! Conditions: `&&`, `||`, `!`, `?:`, and what is known behind them.

use super::FindingKind;
use super::checker::Checker;
use super::path::MAX_FACTS;
use crate::expression::ast::{Conditional, Node};
use crate::static_type::StaticType;

impl Checker<'_> {
    /// Checks a condition.
    pub(super) fn condition(&mut self, node: &Node) {
        let ty = self.ty(node);
        let ty = self.not_null(&ty, node, "which is neither true nor false");
        if !self.unifier.agree(&ty, &StaticType::Bool) {
            let message = format!("a condition is a bool, not {}", self.unifier.resolve(&ty));
            let help = "write what is true or false, such as a comparison: `value != \"\"`";
            self.find(FindingKind::WrongType, node.span, message, Some(help.to_owned()));
        }
    }

    /// Takes in what is so when `condition` has come to `truth`.
    pub(super) fn knowing(&mut self, condition: &Node, truth: bool) {
        let facts = self.reader.present_when(condition, truth);
        let room = MAX_FACTS.saturating_sub(self.present.len());
        self.present.extend(facts.into_iter().take(room));
    }

    /// Checks the operands of `&&` or `||`: each may rely on the ones before having come to `truth`.
    pub(super) fn decide(&mut self, operands: &[Node], truth: bool) -> StaticType {
        let known = self.present.len();
        for operand in operands {
            self.condition(operand);
            self.knowing(operand, truth);
        }
        self.present.truncate(known);
        StaticType::Bool
    }

    pub(super) fn conditional(&mut self, conditional: &Conditional) -> StaticType {
        let known = self.present.len();
        let mut whole: Option<StaticType> = None;
        for [condition, value] in &conditional.branches {
            self.condition(condition);
            let outside = self.present.len();
            self.knowing(condition, true);
            let ty = self.ty(value);
            self.present.truncate(outside);
            self.knowing(condition, false);
            whole = Some(self.branch(whole, ty, value));
        }
        let ty = self.ty(&conditional.otherwise);
        self.present.truncate(known);
        self.branch(whole, ty, &conditional.otherwise)
    }

    /// Joins the type of a branch with that of the branches before.
    fn branch(&mut self, before: Option<StaticType>, ty: StaticType, node: &Node) -> StaticType {
        let Some(before) = before else { return ty };
        let null = |ty: &StaticType| *ty == StaticType::Null;
        let (left, right) = (self.unifier.shallow(&before), self.unifier.shallow(&ty));
        let agree = null(&left)
            || null(&right)
            || self.unifier.agree(&left.without_null(), &right.without_null());
        if agree {
            return self.unifier.join(&left, &right);
        }
        let message = format!(
            "the other value of the condition is {}, this one is {}",
            self.unifier.resolve(&before),
            self.unifier.resolve(&ty)
        );
        let help = "make them one type, or write `dyn(...)` around one of them";
        self.find(FindingKind::WrongType, node.span, message, Some(help.to_owned()))
    }
}
