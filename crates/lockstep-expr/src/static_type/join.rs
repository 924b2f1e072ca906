//! The narrowest type that holds the values of two types.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_DEPTH, Shape, ShapeField, StaticType};

/// Most fields that are known of records that came together.
const MAX_FIELDS: usize = 1_000;

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

/// Returns the fields that one of them has: of one that only one has it is seen when it runs whether
/// it is there.
fn merged(left: &Shape, right: &Shape, depth: usize) -> Shape {
    let of_right: BTreeMap<&str, &ShapeField> =
        right.fields.iter().map(|field| (&*field.name, field)).collect();
    let in_left: BTreeSet<&str> = left.fields.iter().map(|field| &*field.name).collect();
    let mut fields: Vec<ShapeField> = Vec::with_capacity(left.fields.len());
    for field in &left.fields {
        let ty = match of_right.get(&*field.name) {
            Some(other) => or(&field.ty, &other.ty, depth + 1),
            None => StaticType::Dyn,
        };
        fields.push(ShapeField { ty, ..field.clone() });
    }
    let other = right.fields.iter().filter(|field| !in_left.contains(&*field.name));
    fields.extend(other.map(|field| ShapeField { ty: StaticType::Dyn, ..field.clone() }));
    let open = left.open || right.open || fields.len() > MAX_FIELDS;
    fields.truncate(MAX_FIELDS);
    let name = std::sync::Arc::clone(&left.name);
    Shape { name, fields, open, keyed: true }
}
