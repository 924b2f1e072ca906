//! Signatures: which types a function takes, and what it gives.
//!
//! Invariants: *one table*: the checker knows a function or operator of the language only from
//! [`table`].
//!
//! Absent by design: macros, which the checker knows by what they do; the entity of what `ref` gives.

mod read;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

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

/// Every signature, by name.
static SIGNATURES: LazyLock<BTreeMap<&'static str, Vec<Signature>>> = LazyLock::new(|| {
    let mut signatures: BTreeMap<_, Vec<Signature>> = BTreeMap::new();
    let tables = [table::OPERATORS, table::FUNCTIONS, table::EXTENSIONS];
    for (name, texts) in tables.into_iter().flatten() {
        let read =
            texts.iter().map(|text| read::signature(text).expect("the table is well-formed"));
        signatures.entry(*name).or_default().extend(read);
    }
    signatures
});

/// Returns the signatures of a function of the language; none if there is no such function.
pub(crate) fn of(name: &str) -> &'static [Signature] {
    SIGNATURES.get(name).map_or(&[], Vec::as_slice)
}

/// Returns the names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.keys().copied().filter(|name| name.starts_with(|first: char| first.is_alphabetic()))
}

/// Returns every function of the language but macros: its name and the ways to call it, by name.
pub fn signatures() -> impl Iterator<Item = (&'static str, &'static [Signature])> {
    names().map(|name| (name, of(name)))
}

impl fmt::Display for Signature {
    /// Writes the signature without the function's name: `string.(int) -> string`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameters = self.parameters.iter();
        if self.method
            && let Some(target) = parameters.next()
        {
            write!(f, "{target}.")?;
        }
        let parameters: Vec<String> = parameters.map(ToString::to_string).collect();
        write!(f, "({}) -> {}", parameters.join(", "), self.result)
    }
}
