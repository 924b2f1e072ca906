//! A map that keeps the order in which its keys came.
//!
//! Most maps have a handful of string keys, so these are kept in a plain vector and searched from
//! the front; larger ones get a hash index.
//!
//! Invariants:
//! - *Unique*: no two keys are equal. The int 1 and the uint 1 are one key.
//! - *Ordered*: iteration follows insertion; replacing a value keeps its place.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use super::Value;

/// Most entries that are searched one by one.
const FEW: usize = 12;

/// Key of a [`Map`].
#[derive(Clone, Debug)]
pub enum Key {
    /// A truth value.
    Bool(bool),
    /// A signed number; equal to the unsigned one of the same value.
    Int(i64),
    /// An unsigned number; equal to the signed one of the same value.
    Uint(u64),
    /// A text.
    String(Arc<str>),
}

impl Key {
    /// Returns the text of a string key, `None` for the others.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Returns the key that equals a value; `None` if a value of its kind cannot be one.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::Int(int) => Some(Self::Int(*int)),
            Value::Uint(uint) => Some(Self::Uint(*uint)),
            Value::String(text) => Some(Self::String(Arc::clone(text))),
            Value::Null
            | Value::Double(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Type(_)
            | Value::Optional(_)
            | Value::Ip(_)
            | Value::Cidr(_)
            | Value::Reference(_)
            | Value::Record(_) => None,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Uint(left), Self::Uint(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Int(int), Self::Uint(uint)) | (Self::Uint(uint), Self::Int(int)) => {
                u64::try_from(*int).is_ok_and(|int| int == *uint)
            }
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Bool(flag) => (0_u8, flag).hash(state),
            Self::Int(int) => match u64::try_from(*int) {
                Ok(uint) => (1_u8, uint).hash(state),
                Err(_) => (2_u8, int).hash(state),
            },
            Self::Uint(uint) => (1_u8, uint).hash(state),
            Self::String(text) => Text(text).hash(state),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Uint(uint) => write!(f, "{uint}u"),
            Self::String(text) => super::display::write_quoted(f, text),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Arc<str>> for Key {
    fn from(text: Arc<str>) -> Self {
        Self::String(text)
    }
}

impl From<&Arc<str>> for Key {
    fn from(text: &Arc<str>) -> Self {
        Self::String(Arc::clone(text))
    }
}

impl From<bool> for Key {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Key {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u64> for Key {
    fn from(uint: u64) -> Self {
        Self::Uint(uint)
    }
}

/// A string key that is only borrowed, to search without building a [`Key`].
struct Text<'a>(&'a str);

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (3_u8, self.0).hash(state);
    }
}

impl Equivalent<Key> for Text<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::String(text) if **text == *self.0)
    }
}

/// Keys with values, in the order of insertion.
#[derive(Clone)]
pub struct Map {
    entries: Entries,
}

#[derive(Clone)]
enum Entries {
    Few(Vec<(Key, Value)>),
    Many(Box<IndexMap<Key, Value>>),
}

impl Map {
    /// Returns a map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Entries::Few(Vec::new()) }
    }

    /// Returns a map without entries that has room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let entries = if capacity <= FEW {
            Entries::Few(Vec::with_capacity(capacity))
        } else {
            Entries::Many(Box::new(IndexMap::with_capacity(capacity)))
        };
        Self { entries }
    }

    /// Sets the value of a key and returns the one that it had before.
    pub fn insert(&mut self, key: impl Into<Key>, value: Value) -> Option<Value> {
        let key = key.into();
        match &mut self.entries {
            Entries::Many(entries) => entries.insert(key, value),
            Entries::Few(entries) => {
                if let Some((_, present)) = entries.iter_mut().find(|(present, _)| *present == key)
                {
                    return Some(std::mem::replace(present, value));
                }
                if entries.len() < FEW {
                    entries.push((key, value));
                } else {
                    let mut many: IndexMap<Key, Value> =
                        std::mem::take(entries).into_iter().collect();
                    many.insert(key, value);
                    self.entries = Entries::Many(Box::new(many));
                }
                None
            }
        }
    }

    /// Removes a string key and returns its value; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match &mut self.entries {
            Entries::Few(entries) => {
                let place =
                    entries.iter().position(|(present, _)| Text(key).equivalent(present))?;
                Some(entries.remove(place).1)
            }
            Entries::Many(entries) => entries.shift_remove(&Text(key)),
        }
    }

    /// Returns the value of a string key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.entries {
            Entries::Few(entries) => entries
                .iter()
                .find(|(present, _)| Text(key).equivalent(present))
                .map(|(_, value)| value),
            Entries::Many(entries) => entries.get(&Text(key)),
        }
    }

    /// Returns the value of a key.
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        match &self.entries {
            Entries::Few(entries) => {
                entries.iter().find(|(present, _)| present == key).map(|(_, value)| value)
            }
            Entries::Many(entries) => entries.get(key),
        }
    }

    /// Returns the entries in the order of insertion.
    pub fn iter(&self) -> Iter<'_> {
        match &self.entries {
            Entries::Few(entries) => Iter(Entry::Few(entries.iter())),
            Entries::Many(entries) => Iter(Entry::Many(entries.iter())),
        }
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Few(entries) => entries.len(),
            Entries::Many(entries) => entries.len(),
        }
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Into<Key>> FromIterator<(K, Value)> for Map {
    /// Collects entries; of equal keys, the last value counts.
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut map = Self::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Key, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Entries of a [`Map`] in the order of insertion.
pub struct Iter<'a>(Entry<'a>);

enum Entry<'a> {
    Few(std::slice::Iter<'a, (Key, Value)>),
    Many(indexmap::map::Iter<'a, Key, Value>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Key, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Entry::Few(entries) => entries.next().map(|(key, value)| (key, value)),
            Entry::Many(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Entry::Few(entries) => entries.size_hint(),
            Entry::Many(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}
