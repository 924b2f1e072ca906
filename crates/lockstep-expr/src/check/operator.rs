//! Operators between values.

#![expect(clippy::wildcard_enum_match_arm, reason = "a type that is not named holds no others")]

use super::FindingKind;
use super::checker::Checker;
use super::message::{conversion, refusal};
use crate::expression::ast::{Chain, Kind, Node, Operator};
use crate::signature;
use crate::static_type::{MAX_DEPTH, StaticType};
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn binary(&mut self, operator: Operator, left: &Node, right: &Node) -> StaticType {
        let left_type = self.ty(left);
        let right_type = self.ty(right);
        self.operate(operator, (left, &left_type), (right, &right_type))
    }

    pub(super) fn chain(&mut self, chain: &Chain) -> StaticType {
        let mut ty = self.ty(&chain.first);
        let mut left = &chain.first;
        for (operator, right) in &chain.rest {
            let right_type = self.ty(right);
            ty = self.operate(*operator, (left, &ty), (right, &right_type));
            left = right;
        }
        ty
    }

    pub(super) fn negate(&mut self, operand: &Node) -> StaticType {
        let ty = self.ty(operand);
        let ty = self.not_null(&ty, operand, "and `-` needs a value");
        let overloads = signature::of("-x");
        if let Some(result) = self.first_result(overloads, std::slice::from_ref(&ty)) {
            return result;
        }
        let message = format!("`-` is not defined for {}", self.unifier.resolve(&ty));
        self.find(FindingKind::WrongType, operand.span, message, None)
    }

    fn operate(
        &mut self,
        operator: Operator,
        (left, left_type): (&Node, &StaticType),
        (right, right_type): (&Node, &StaticType),
    ) -> StaticType {
        match operator {
            Operator::Equal | Operator::NotEqual => {
                self.equate(operator, (left, left_type), (right, right_type));
                return StaticType::Bool;
            }
            Operator::In => {
                self.contained(left_type, (right, right_type));
                return StaticType::Bool;
            }
            Operator::Less
            | Operator::LessEqual
            | Operator::Greater
            | Operator::GreaterEqual
            | Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => {}
        }
        let symbol = operator.symbol();
        let types = [left_type.without_null(), right_type.without_null()];
        let overloads = signature::of(symbol);
        if let Some(result) = self.first_result(overloads, &types) {
            let because = format!("and `{symbol}` needs a value");
            self.not_null(left_type, left, &because);
            self.not_null(right_type, right, &because);
            return result;
        }
        // The left operand is the wrong one if no right one goes with it.
        let [left_type, _] = &types;
        let left_fits = self.fits(overloads, 0, left_type);
        let span = if left_fits { right.span } else { left.span };
        let [left, right] = types.map(|ty| self.unifier.resolve(&ty));
        let help = conversion(symbol, &left, &right);
        self.find(FindingKind::WrongType, span, refusal(symbol, &left, &right), help);
        // A comparison is a bool whatever it compares.
        match operator {
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                StaticType::Bool
            }
            Operator::Equal
            | Operator::NotEqual
            | Operator::In
            | Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => StaticType::Dyn,
        }
    }

    fn equate(
        &mut self,
        operator: Operator,
        (left, left_type): (&Node, &StaticType),
        (right, right_type): (&Node, &StaticType),
    ) {
        let is_null = |node: &Node| matches!(node.kind, Kind::Literal(Value::Null));
        let verdict = if operator == Operator::Equal { "false" } else { "true" };
        for (null, node, ty) in [(left, right, right_type), (right, left, left_type)] {
            if !is_null(null) || is_null(node) {
                continue;
            }
            let ty = self.unifier.resolve(ty);
            if !ty.may_be_null() && ty != StaticType::Dyn && !self.is_present(node) {
                let shown = self.excerpt(node.span);
                let message =
                    format!("`{shown}` ({ty}) is never null, so this is always {verdict}");
                self.find(FindingKind::NeverNull, node.span, message, None);
            }
            return;
        }
        if self.may_equal(&left_type.without_null(), &right_type.without_null(), 0) {
            return;
        }
        let [one, other] =
            [left_type, right_type].map(|ty| self.unifier.resolve(ty).without_null());
        let message = format!("{one} and {other} are never equal, so this is always {verdict}");
        let ids = [(left, &one), (right, &other)].into_iter().find(|(_, ty)| has_id(ty));
        let help = match ids {
            Some((node, _)) => Some(format!("compare its id: `{}.id`", self.excerpt(node.span))),
            None => conversion(operator.symbol(), &one, &other),
        };
        self.find(FindingKind::WrongType, right.span, message, help);
    }

    /// Returns whether values of the two types can be equal. Numbers are compared across types.
    fn may_equal(&mut self, left: &StaticType, right: &StaticType, depth: usize) -> bool {
        use StaticType::{Double, Int, List, Map, Null, Nullable, Optional, Uint};
        if depth > MAX_DEPTH || self.unifier.agree(left, right) {
            return true;
        }
        let (left, right) = (self.unifier.shallow(left), self.unifier.shallow(right));
        match (&left, &right) {
            (Int | Uint | Double, Int | Uint | Double) | (Null, Nullable(_)) => true,
            (Nullable(left), right) => self.may_equal(left, right, depth + 1),
            (left, Nullable(right)) => self.may_equal(left, right, depth + 1),
            // Two empty ones are equal, whatever they are of, but nobody means that.
            (List(left), List(right)) | (Optional(left), Optional(right)) => {
                self.may_equal(left, right, depth + 1)
            }
            (Map(left, from), Map(right, to)) => {
                self.may_equal(left, right, depth + 1) && self.may_equal(from, to, depth + 1)
            }
            _ => false,
        }
    }

    fn contained(&mut self, element: &StaticType, (node, whole): (&Node, &StaticType)) {
        use StaticType::{Dyn, List, Map, Parameter, Record};
        let before = self.found();
        let container = self.unifier.shallow(&whole.without_null());
        let of = match &container {
            List(of) => Some((**of).clone()),
            Map(key, _) => Some((**key).clone()),
            Record(shape) if shape.keyed => Some(StaticType::String),
            Dyn | Parameter(_) => None,
            other => {
                let other = self.unifier.resolve(other);
                let message = format!("`in` looks in a list or the keys of a map, not in {other}");
                let help = (other == StaticType::String)
                    .then(|| "look for a part of a text with `text.contains(part)`".to_owned());
                self.find(FindingKind::WrongType, node.span, message, help);
                None
            }
        };
        if let Some(of) = of
            && !self.may_equal(&element.without_null(), &of, 0)
        {
            let [element, container, of] =
                [element, &container, &of].map(|ty| self.unifier.resolve(ty));
            let message = format!("{element} is never in {container}");
            let help = conversion("in", &element, &of);
            self.find(FindingKind::WrongType, node.span, message, help);
        }
        self.not_null_unless_found(before, whole, (node, "and `in` looks in a list or map"));
    }
}

/// Returns whether values of the type have an id: references and objects.
fn has_id(ty: &StaticType) -> bool {
    match ty {
        StaticType::Reference(_) => true,
        StaticType::Record(shape) => shape.field("id").is_some(),
        _ => false,
    }
}
