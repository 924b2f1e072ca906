//! A file with definitions, and lines and columns in it.
//!
//! Invariants:
//!
//! * Offsets are bytes from the beginning of the text; lines and columns count from 1; columns count
//!   characters, a byte order mark not among them.
//!
//! Absent by design: reading files. Whoever calls hands in the text.

use std::sync::Arc;

use lockstep_expr::Span;

use crate::workflow::Place;

/// What some editors write before the first character of a file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file that is to be checked.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path as people wrote it; it appears in diagnostics and is never opened.
    pub path: Arc<str>,
    /// Its whole text.
    pub text: Arc<str>,
    /// Where the file stops being UTF-8, in bytes of `text`.
    pub(crate) not_utf_8: Option<usize>,
}

impl Source {
    /// Makes a source from a path and a text.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into(), not_utf_8: None }
    }

    /// Makes a source from a path and what a file holds. Bytes that are not UTF-8 become U+FFFD in
    /// the text, and the first of them a finding of the checker.
    pub fn from_bytes(path: impl Into<Arc<str>>, bytes: &[u8]) -> Self {
        let not_utf_8 = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
        let text: Arc<str> = String::from_utf8_lossy(bytes).into();
        Self { path: path.into(), text, not_utf_8 }
    }

    /// Line and column, both from 1, of a byte offset; an offset behind the end counts as the end.
    /// Takes time in proportion to the text.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        Lines::new(&self.text).position(offset)
    }
}

/// The lines of one text.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(offset, _)| offset + 1));
        Self { text, starts }
    }

    /// Line and column of an offset. An offset behind the end counts as the end.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|i| self.starts.get(i)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = before.trim_start_matches(BYTE_ORDER_MARK).chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// Offset of a line and a column, both from 1; the end of the text if there is no such place.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(start) = line.checked_sub(1).and_then(|i| self.starts.get(i)).copied() else {
            return self.text.len();
        };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices()
            .nth(column.saturating_sub(1))
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    pub(crate) fn place(&self, path: &Arc<str>, span: Span) -> Place {
        let (line, column) = self.position(span.start);
        Place { file: Arc::clone(path), line, column }
    }
}
