//! The checked form of entities.

use std::sync::Arc;

use lockstep_expr::{Expression, Type, Value};

use super::Place;

/// A kind of object.
#[derive(Debug)]
pub struct Entity {
    /// Its name.
    pub name: Arc<str>,
    /// Attributes in the order in which they are written.
    pub attributes: Vec<Attribute>,
    /// Lists of attribute names; no two objects may agree in all attributes of one list. Objects
    /// in which one of them is null are not compared.
    pub unique: Vec<Vec<Arc<str>>>,
    /// Conditions that every committed object of it fulfils.
    pub invariants: Vec<Invariant>,
    /// Where it was written.
    pub place: Place,
}

/// A condition over the attributes of one object; a commit that would break it fails with
/// `data.invalid`.
#[derive(Debug)]
pub struct Invariant {
    /// The condition; attributes and `id` are in scope by their names.
    pub condition: Expression,
    /// What people read when it is broken.
    pub message: Option<String>,
    /// Where it was written.
    pub place: Place,
}

/// One attribute of an entity.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Type of its values.
    pub ty: Type,
    /// Whether it may be null or absent.
    pub optional: bool,
    /// Value at creation when none is given.
    pub default: Option<Value>,
    /// Least allowed value, for `int` and `double`.
    pub min: Option<Value>,
    /// Greatest allowed value, for `int` and `double`.
    pub max: Option<Value>,
}
