//! A part of a file in lines and columns.
//!
//! Invariants:
//!
//! * Lines and columns count from 1, columns in characters (Unicode code points).
//! * The end is the place behind the last character, and never before the start.

use lockstep_definition::{Source, Span};

/// Longest text of a part of a file that is repeated in an answer, in bytes.
const MAX_SNIPPET: usize = 1_024;

/// A part of a file.
#[derive(Debug)]
pub(super) struct Region<'s> {
    /// Line and column of the first character.
    pub(super) start: (u32, u32),
    /// Line and column behind the last character.
    pub(super) end: (u32, u32),
    /// The text, if it is not too long.
    pub(super) text: Option<&'s str>,
}

impl<'s> Region<'s> {
    pub(super) fn of(path: &str, span: Span, sources: &'s [Source]) -> Self {
        let Some(source) = sources.iter().find(|source| *source.path == *path) else {
            return Self { start: (1, 1), end: (1, 1), text: None };
        };
        let text = source.text.get(span.start..span.end);
        Self {
            start: source.position(span.start),
            end: source.position(span.end.max(span.start)),
            text: text.filter(|text| text.len() <= MAX_SNIPPET),
        }
    }
}
