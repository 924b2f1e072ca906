//! The values of a YAML document, each with its place.
//!
//! Invariants:
//!
//! * Nested at most [`super::MAX_DEPTH`] deep, with at most [`super::MAX_VALUES`] values in a file
//!   after aliases are put in.
//! * A mapping keeps its entries as they are written, duplicates too.
//! * A value without a place of its own has the place of what it stands in.
//!
//! Absent by design: meaning. Whether a key is known is for whoever reads the document.

use std::cell::Cell;
use std::fmt;

use lockstep_expr::Span;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::spans::{Index, Shape, Style};
use super::{MAX_DEPTH, MAX_VALUES};

/// What an error text begins with when [`MAX_VALUES`] is passed.
pub(super) const TOO_MANY_VALUES: &str = "too many values";
/// What an error text begins with when [`MAX_DEPTH`] is passed.
pub(super) const TOO_DEEP: &str = "too deep";

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// A scalar or an alias: the whole of it. A collection: its beginning.
    pub(crate) span: Span,
    /// Where its own text is: differs from `span` behind an alias.
    pub(crate) text_span: Span,
    /// From the beginning of its own text to the end of its last part.
    pub(crate) extent: Span,
    pub(crate) style: Style,
}

/// A value.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that does not fit 64 bits with sign.
    LargeInt,
    Double(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A value with a tag of this name.
    Tagged(String),
}

impl Node {
    /// The first entry of a mapping with this key: the key and the value.
    pub(crate) fn entry(&self, wanted: &str) -> Option<(&Self, &Self)> {
        let Value::Map(entries) = &self.value else { return None };
        let is_wanted = |key: &Self| matches!(&key.value, Value::Text(text) if text == wanted);
        entries.iter().find(|(key, _)| is_wanted(key)).map(|(key, value)| (key, value))
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::LargeInt
            | Value::Double(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Tagged(_) => None,
        }
    }
}

impl Value {
    /// What people call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::LargeInt => "an integer",
            Self::Double(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Tagged(_) => "a tagged value",
        }
    }
}

/// Reads one value, with its places from the index.
#[derive(Clone, Copy)]
pub(super) struct Seed<'i> {
    pub(super) index: &'i Index,
    /// Number of the value in the index, if it is there.
    pub(super) number: Option<usize>,
    /// Place of what the value stands in.
    pub(super) around: Span,
    pub(super) depth: usize,
    /// How many values may still be read.
    pub(super) left: &'i Cell<usize>,
}

impl<'i> Seed<'i> {
    fn child(&self, number: Option<usize>, around: Span) -> Self {
        Self { number, around, depth: self.depth + 1, ..*self }
    }

    fn span(&self) -> Span {
        let own = self.number.and_then(|number| self.index.node(number)).map(|node| node.span);
        match own {
            // An absent value (`key:`) has an empty place somewhere behind its key.
            Some(span) if span.end > span.start => span,
            Some(_) | None => self.around,
        }
    }

    fn node(&self, value: Value) -> Node {
        let span = self.span();
        let resolved = self.number.and_then(|number| self.index.resolve(number));
        let text_span = resolved.map_or(span, |node| node.span);
        let end = resolved.map_or(span.end, |node| node.end);
        let extent = Span::new(text_span.start, end.max(text_span.end));
        let style = resolved.map(|node| node.style).unwrap_or_default();
        Node { value, span, text_span, extent, style }
    }

    fn items(&self) -> Option<&'i [usize]> {
        match &self.index.resolve(self.number?)?.shape {
            Shape::List(items) => Some(items),
            Shape::Scalar | Shape::Map(_) | Shape::Alias(_) => None,
        }
    }

    fn entries(&self) -> Option<&'i [(usize, usize)]> {
        match &self.index.resolve(self.number?)?.shape {
            Shape::Map(entries) => Some(entries),
            Shape::Scalar | Shape::List(_) | Shape::Alias(_) => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.left.get();
        if left == 0 {
            return Err(D::Error::custom(format_args!("{TOO_MANY_VALUES}: over {MAX_VALUES}")));
        }
        self.left.set(left - 1);
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom(format_args!("{TOO_DEEP}: over {MAX_DEPTH}")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(self.node(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(self.node(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(self.node(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(self.node(Value::Int(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(self.node(i64::try_from(value).map_or(Value::LargeInt, Value::Int)))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Node, E> {
        Ok(self.node(Value::LargeInt))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Node, E> {
        Ok(self.node(Value::LargeInt))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(self.node(Value::Double(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(self.node(Value::Text(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        Ok(self.node(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let (numbers, around) = (self.items(), self.span());
        let mut items = Vec::new();
        loop {
            let number = numbers.and_then(|numbers| numbers.get(items.len())).copied();
            match access.next_element_seed(self.child(number, around))? {
                Some(item) => items.push(item),
                None => return Ok(self.node(Value::List(items))),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let (numbers, around) = (self.entries(), self.span());
        let mut entries = Vec::new();
        loop {
            let (key, value) =
                numbers.and_then(|numbers| numbers.get(entries.len())).copied().unzip();
            let Some(key) = access.next_key_seed(self.child(key, around))? else {
                return Ok(self.node(Value::Map(entries)));
            };
            let value = access.next_value_seed(self.child(value, key.span))?;
            entries.push((key, value));
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Node, A::Error> {
        let (tag, content) = access.variant::<String>()?;
        content.newtype_variant::<IgnoredAny>()?;
        Ok(self.node(Value::Tagged(tag)))
    }
}
