//! The narrowest type that holds the values of two types.

use super::{MAX_DEPTH, StaticType};

impl StaticType {
    /// Returns the narrowest type that holds the values of both: of `int` and `null`, `int or null`;
    /// of types that have nothing in common, `dyn`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        or(self, other, 0)
    }
}

fn or(left: &StaticType, right: &StaticType, depth: usize) -> StaticType {
    use StaticType::{Dyn, List, Map, Nullable, Optional, Record, Reference};
    if left == right {
        return left.clone();
    }
    if depth > MAX_DEPTH {
        return Dyn;
    }
    let below = |left: &StaticType, right: &StaticType| or(left, right, depth + 1);
    match (left, right) {
        (StaticType::Null, other) | (other, StaticType::Null) => other.clone().nullable(),
        (Nullable(left), Nullable(right)) => below(left, right).nullable(),
        (Nullable(of), other) | (other, Nullable(of)) => below(of, other).nullable(),
        (List(left), List(right)) => below(left, right).list(),
        (Optional(left), Optional(right)) => below(left, right).optional(),
        (Map(left, from), Map(right, to)) => StaticType::map(below(left, right), below(from, to)),
        (StaticType::Type(_), StaticType::Type(_)) => Dyn.type_of(),
        (Reference(_), Reference(_)) => Reference(None),
        (Record(left), Record(right)) if left.name == right.name => {
            Record(std::sync::Arc::clone(if left.open { left } else { right }))
        }
        _ => Dyn,
    }
}
