//! Which types become a declared one, as attributes and inputs take them.
//!
//! Invariants:
//!
//! * What is certainly refused when it runs is [`Assignability::No`] here, and nothing else is.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is not named is not converted")]

use lockstep_expr::{Assignability, StaticType, Type};

/// How values of a type become what is declared.
pub(super) fn conversion(ty: &StaticType, declared: &Type) -> String {
    match (ty.without_null(), declared) {
        (StaticType::Null, _) => "write a value, or declare it as `optional: true`".to_owned(),
        (
            StaticType::Int
            | StaticType::Uint
            | StaticType::Double
            | StaticType::Bool
            | StaticType::Timestamp
            | StaticType::Duration,
            Type::String,
        ) => "write `\"${string(...)}\"`".to_owned(),
        (StaticType::String | StaticType::Double | StaticType::Uint, Type::Int) => {
            "write `\"${int(...)}\"`".to_owned()
        }
        (StaticType::String, Type::Double) => "write `\"${double(...)}\"`".to_owned(),
        (StaticType::Reference(_) | StaticType::Record(_), Type::String) => {
            "write its id: `.id`".to_owned()
        }
        _ => "write a value of the declared type, or change the declaration".to_owned(),
    }
}

/// Whether values of a type are taken, or converted, where a type is declared.
pub(super) fn converts(ty: &StaticType, declared: &Type, optional: bool) -> Assignability {
    use Assignability::{MayBeNull, No, Unknown, Yes};
    if matches!(declared, Type::Any) {
        return Yes;
    }
    match (ty, declared) {
        (StaticType::Null, _) => {
            if optional || matches!(declared, Type::Null) {
                Yes
            } else {
                No
            }
        }
        (StaticType::Nullable(of), declared) => {
            let inner = converts(of, declared, false);
            if optional || inner == No { inner } else { inner.max(MayBeNull) }
        }
        (StaticType::Int, Type::Double) => Yes,
        // What is plain data becomes what is declared, if it has the form.
        (StaticType::Dyn, _)
        | (StaticType::Int, Type::Uint)
        | (
            StaticType::String,
            Type::Timestamp | Type::Duration | Type::Bytes | Type::Reference(_),
        ) => Unknown,
        (StaticType::List(of), Type::List(declared)) => converts(of, declared, false),
        (StaticType::Map(key, of), Type::Map(declared)) => match &**key {
            StaticType::String | StaticType::Dyn => converts(of, declared, false),
            _ => No,
        },
        (StaticType::Record(shape), Type::Map(declared)) if shape.keyed => shape
            .fields
            .iter()
            .map(|field| converts(&field.ty, declared, false))
            .fold(if shape.open { Unknown } else { Yes }, Assignability::max),
        (ty, declared) => ty.assignable_to(&StaticType::from(declared)),
    }
}
