//! Whether a value of one type may stand where another is wanted.

use super::{MAX_DEPTH, Shape, StaticType};

/// Whether the values of a type may stand where another type is wanted. A later one is a worse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignability {
    /// Each of them.
    Yes,
    /// It can only be seen when the expression is evaluated.
    Unknown,
    /// Each of them but null.
    MayBeNull,
    /// None of them.
    No,
}

impl StaticType {
    /// Returns whether values of this type may stand where `target` is wanted. Exact, as
    /// [`Type::accepts`](crate::Type::accepts): a whole number is no `double`.
    ///
    /// An object may stand where a reference to its entity is wanted.
    pub fn assignable_to(&self, target: &Self) -> Assignability {
        assignable(self, target, 0)
    }
}

fn assignable(ty: &StaticType, target: &StaticType, depth: usize) -> Assignability {
    use Assignability::{MayBeNull, Unknown, Yes};
    use StaticType::{
        Dyn, List, Map, Null, Nullable, Opaque, Optional, Parameter, Record, Reference,
    };
    if depth > MAX_DEPTH {
        return Unknown;
    }
    let below = |ty: &StaticType, target: &StaticType| assignable(ty, target, depth + 1);
    match (ty, target) {
        (_, Dyn)
        | (Null, Null | Nullable(_))
        | (StaticType::Type(_), StaticType::Type(_))
        | (Reference(_), Reference(None)) => Yes,
        (Dyn | Parameter(_), _) | (_, Parameter(_)) | (Reference(None), Reference(Some(_))) => {
            Unknown
        }
        (Nullable(ty), Nullable(target))
        | (List(ty), List(target))
        | (Optional(ty), Optional(target)) => below(ty, target),
        (ty, Nullable(target)) => below(ty, target),
        (Nullable(ty), target) => below(ty, target).max(MayBeNull),
        (Map(key, value), Map(target_key, target_value)) => {
            below(key, target_key).max(below(value, target_value))
        }
        (Reference(Some(entity)), Reference(Some(target))) => yes_if(entity == target),
        (Record(shape), Reference(entity)) if !shape.keyed => {
            yes_if(entity.as_ref().is_none_or(|entity| *entity == shape.name))
        }
        (Record(shape), Record(target)) => yes_if(shape.name == target.name),
        (Record(shape), Map(key, value)) if shape.keyed => {
            below(&StaticType::String, key).max(fields(shape, value, depth))
        }
        (Map(..), Record(shape)) => {
            if shape.keyed {
                Unknown
            } else {
                Assignability::No
            }
        }
        (Opaque(name, parts), Opaque(target, targets)) if parts.len() == targets.len() => {
            let parts = parts.iter().zip(&**targets).map(|(ty, target)| below(ty, target));
            parts.fold(yes_if(name == target), Assignability::max)
        }
        (ty, target) => yes_if(ty == target),
    }
}

fn yes_if(holds: bool) -> Assignability {
    if holds { Assignability::Yes } else { Assignability::No }
}

/// Returns whether each field of a shape may stand where `target` is wanted.
fn fields(shape: &Shape, target: &StaticType, depth: usize) -> Assignability {
    let known = shape.fields.iter().map(|field| assignable(&field.ty, target, depth + 1));
    let other = if shape.open { Assignability::Unknown } else { Assignability::Yes };
    known.fold(other, Assignability::max)
}
