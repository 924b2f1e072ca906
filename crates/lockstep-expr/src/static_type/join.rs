//! The narrowest type that holds the values of two types.

use super::{MAX_DEPTH, Shape, ShapeField, StaticType};

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
        (Record(left), Record(right)) if left.keyed && right.keyed => {
            Record(std::sync::Arc::new(merged(left, right, depth)))
        }
        (Record(left), Record(right)) if left.name == right.name => {
            Record(std::sync::Arc::clone(if left.open { left } else { right }))
        }
        _ => Dyn,
    }
}

/// Returns the fields that both have; there may be others, which one of them has.
fn merged(left: &Shape, right: &Shape, depth: usize) -> Shape {
    let both = |field: &ShapeField| {
        let other = right.field(&field.name)?;
        Some(ShapeField { ty: or(&field.ty, &other.ty, depth + 1), ..field.clone() })
    };
    let fields: Vec<ShapeField> = left.fields.iter().filter_map(both).collect();
    let all = fields.len() == left.fields.len() && fields.len() == right.fields.len();
    let name = std::sync::Arc::clone(&left.name);
    Shape { name, fields, open: left.open || right.open || !all, keyed: true }
}
