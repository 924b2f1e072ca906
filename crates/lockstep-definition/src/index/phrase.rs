//! The expression around an offset, and the names before it.
//!
//! Invariants:
//!
//! * It works on signs alone, so the expression may be unfinished.

use lockstep_expr::Span;

use super::place::{Place, Spot};
use crate::grammar::Shape;

/// The text of an expression, and a path of names in it: `slot.metadata.ver`.
#[derive(Debug)]
pub(super) struct Phrase<'t> {
    /// Names before the last one, from left to right; what they are fields of comes first.
    pub(super) path: Vec<&'t str>,
    /// The whole path up to the last dot, as it is written; empty without a dot.
    pub(super) target: &'t str,
    /// The name that the offset touches.
    pub(super) word: Span,
}

/// The expression that an offset is in, if it is in one.
pub(super) fn phrase<'t>(text: &'t str, place: &Place<'_>, offset: usize) -> Option<Phrase<'t>> {
    if place.spot != Spot::Value {
        return None;
    }
    let bare = place.shapes.iter().any(|shape| matches!(shape, Shape::Expression));
    let span = if bare { place.word } else { embedded(text, place.word, offset)? };
    let before = text.get(span.start..offset)?;
    // Within a text of the expression there are no names.
    if quoted(before) {
        return None;
    }
    let start = word_start(before) + span.start;
    let after = text.get(offset..span.end).unwrap_or_default();
    let length = after.find(|c: char| !is_name(c)).unwrap_or(after.len());
    let word = Span::new(start, offset + length);
    let head = text.get(span.start..start)?;
    let target = head.strip_suffix('.').map_or("", target);
    let path = target.split('.').filter(|_| !target.is_empty()).collect();
    Some(Phrase { path, target, word })
}

/// The inside of the `${ }` around an offset; without `}` it ends with the text.
fn embedded(text: &str, word: Span, offset: usize) -> Option<Span> {
    let before = text.get(word.start..offset)?;
    let open = before.rfind("${")? + 2;
    if before.get(open..)?.contains('}') && !quoted(before.get(open..)?) {
        return None;
    }
    let after = text.get(offset..word.end).unwrap_or_default();
    let length = after.find('}').unwrap_or(after.len());
    Some(Span::new(word.start + open, offset + length))
}

/// Whether a text of the expression is open at the end of this piece.
fn quoted(piece: &str) -> bool {
    let mut open = None;
    let mut escaped = false;
    for c in piece.chars() {
        match open {
            // Quotes may be escaped twice, for YAML too: they count all the same.
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some(quote) if c == quote && !escaped => open = None,
            Some(_) | None => {}
        }
        escaped = c == '\\' && !escaped && open.is_some();
    }
    open.is_some()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn word_start(before: &str) -> usize {
    before.trim_end_matches(is_name).len()
}

/// The names with dots at the end of a piece: `slot.metadata` of `1 + slot.metadata`.
fn target(piece: &str) -> &str {
    let start = piece.trim_end_matches(|c: char| is_name(c) || c == '.').len();
    piece.get(start..).unwrap_or_default().trim_matches('.')
}

/// The text in quotes that an offset is in, with its place.
pub(super) fn string(text: &str, span: Span, offset: usize) -> Option<Span> {
    let before = text.get(span.start..offset)?;
    let start = before.rfind(['"', '\''])? + 1 + span.start;
    let length = text.get(start..span.end)?.find(['"', '\'', '\\'])?;
    (start + length >= offset).then(|| Span::new(start, start + length))
}
