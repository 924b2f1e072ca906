//! Values: what expressions compute with.
//!
//! Invariants:
//! - *Shared*: a clone copies at most 24 bytes and counts a reference; contents never change.
//! - *One equality*: `==` of the language and of Rust are the same. Numbers of different types are
//!   equal if they are the same number; values of other different types are unequal, never an error;
//!   NaN equals nothing.
//!
//! Absent by design: an order on all values (only some types are ordered), hashing.

pub(crate) mod display;
pub(crate) mod equality;
pub(crate) mod map;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::duration::Duration;
use crate::network::{Cidr, Ip};
use crate::timestamp::Timestamp;
use map::Map;

/// A value.
// The tag takes a whole word, which costs no space, so that a value is copied word by word. With a
// tag of one byte the copies overlap, and the processor waits for its own stores: half of the time
// of an evaluation.
#[derive(Debug)]
#[repr(u64)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// A text.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Values in order.
    List(Arc<Vec<Value>>),
    /// Keys with values.
    Map(Arc<Map>),
    /// A moment.
    Timestamp(Timestamp),
    /// A length of time.
    Duration(Duration),
    /// The name of a type, as `type()` gives it.
    Type(Arc<str>),
    /// A value that may be missing.
    Optional(Option<Arc<Value>>),
    /// An internet address.
    Ip(Ip),
    /// A range of internet addresses.
    Cidr(Arc<Cidr>),
    /// Names an object without being it.
    Reference(Arc<Reference>),
    /// An object of the host program.
    Record(Arc<dyn Record>),
}

/// Names one object of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The entity's name.
    pub entity: Arc<str>,
    /// The object's `id`, not empty.
    pub id: Arc<str>,
}

/// An object of the host program, as an expression sees it.
///
/// The host gets its own type back with `let any: &dyn Any = &**record;` and `downcast_ref`.
pub trait Record: Any + Debug + Send + Sync {
    /// Returns the name of the object's type, such as its entity.
    fn type_name(&self) -> &str;

    /// Returns the value of a field, `Null` if it is not set, or `None` if there is no such field.
    fn field(&self, name: &str) -> Option<Value>;

    /// Returns all fields in a fixed order.
    fn fields(&self) -> Vec<(Arc<str>, Value)>;
}

impl Value {
    /// Returns the name of the value's type in people's words; of a record, its own type's name.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional",
            Self::Ip(_) => "ip",
            Self::Cidr(_) => "cidr",
            Self::Reference(_) => "reference",
            Self::Record(record) => record.type_name(),
        }
    }

    /// Returns an optional that has `value`.
    pub fn some(value: Self) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// Copies a value of a type that `clone` does not copy in place.
    #[cold]
    #[inline(never)]
    fn clone_rare(&self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(Arc::clone(bytes)),
            Self::Timestamp(timestamp) => Self::Timestamp(*timestamp),
            Self::Duration(duration) => Self::Duration(*duration),
            Self::Type(name) => Self::Type(Arc::clone(name)),
            Self::Optional(inner) => Self::Optional(inner.clone()),
            Self::Ip(ip) => Self::Ip(*ip),
            Self::Cidr(cidr) => Self::Cidr(Arc::clone(cidr)),
            Self::Reference(reference) => Self::Reference(Arc::clone(reference)),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::String(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Record(_) => self.clone(),
        }
    }

    /// Returns the text of a string, or `None` for values of other types.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }
}

impl Clone for Value {
    // Only the frequent types are copied in place. With all of them this would not be inlined, the
    // copy would go through memory in words, and the reader of the double words would wait for them.
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Bool(flag) => Self::Bool(*flag),
            Self::Int(int) => Self::Int(*int),
            Self::Uint(uint) => Self::Uint(*uint),
            Self::Double(double) => Self::Double(*double),
            Self::String(text) => Self::String(Arc::clone(text)),
            Self::List(items) => Self::List(Arc::clone(items)),
            Self::Map(map) => Self::Map(Arc::clone(map)),
            Self::Record(record) => Self::Record(Arc::clone(record)),
            Self::Bytes(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Type(_)
            | Self::Optional(_)
            | Self::Ip(_)
            | Self::Cidr(_)
            | Self::Reference(_) => self.clone_rare(),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        equality::equal(self, other, &mut |_| Ok::<(), std::convert::Infallible>(()))
            .unwrap_or_else(|never| match never {})
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u64> for Value {
    fn from(uint: u64) -> Self {
        Self::Uint(uint)
    }
}

impl From<f64> for Value {
    fn from(double: f64) -> Self {
        Self::Double(double)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Self {
        Self::Timestamp(timestamp)
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

impl From<Ip> for Value {
    fn from(ip: Ip) -> Self {
        Self::Ip(ip)
    }
}

impl From<Cidr> for Value {
    fn from(cidr: Cidr) -> Self {
        Self::Cidr(Arc::new(cidr))
    }
}

impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        Self::Reference(Arc::new(reference))
    }
}

impl From<map::Key> for Value {
    fn from(key: map::Key) -> Self {
        match key {
            map::Key::Bool(flag) => Self::Bool(flag),
            map::Key::Int(int) => Self::Int(int),
            map::Key::Uint(uint) => Self::Uint(uint),
            map::Key::String(text) => Self::String(text),
        }
    }
}
