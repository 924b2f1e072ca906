//! Where an expression's names get their values.
//!
//! Absent by design: types of names (the checker's), changes of names.

use crate::value::Value;
use crate::value::map::Map;

/// Names that an expression may use, with their values.
pub trait Scope {
    /// Returns the value of `name`, or `None` if no such name is bound.
    fn lookup(&self, name: &str) -> Option<Value>;

    /// Returns the value of a name that is written with a dot in front (`.name`), which asks for the
    /// outermost one.
    fn lookup_absolute(&self, name: &str) -> Option<Value> {
        self.lookup(name)
    }

    /// Returns whether names may hold dots (`a.b` bound as one name).
    ///
    /// If so, the longest dotted name that is bound wins over a field of a shorter one, which costs
    /// one lookup for each dot.
    fn has_dotted_names(&self) -> bool {
        false
    }
}

/// The scope without names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

impl Scope for Empty {
    fn lookup(&self, _name: &str) -> Option<Value> {
        None
    }
}

impl<N: AsRef<str>> Scope for [(N, Value)] {
    /// Returns the value of the last pair of that name.
    fn lookup(&self, name: &str) -> Option<Value> {
        self.iter().rev().find(|(bound, _)| bound.as_ref() == name).map(|(_, value)| value.clone())
    }
}

impl<N: AsRef<str>, const COUNT: usize> Scope for [(N, Value); COUNT] {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.as_slice().lookup(name)
    }
}

impl<N: AsRef<str>> Scope for Vec<(N, Value)> {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.as_slice().lookup(name)
    }
}

impl Scope for Map {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.get(name).cloned()
    }
}
