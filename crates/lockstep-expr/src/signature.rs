//! Signatures: which types a function takes, and what it gives.
//!
//! Invariants: *one table*: the checker knows a function of the language only from here.

use crate::static_type::StaticType;

/// One way to call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whether it is called on its first argument: `text.trim()`.
    pub method: bool,
    /// Types of the arguments. [`StaticType::Parameter`] stands for one type, the same in all places.
    pub parameters: Vec<StaticType>,
    /// The type of the result.
    pub result: StaticType,
}
