//! Mappings and lists without brackets, by their indentation.
//!
//! Invariants:
//!
//! * Each call reads on by at least one sign, or says that nothing is there.

use lockstep_expr::Span;

use super::{Entry, Kind, Node};

/// Deepest nesting; what is deeper is one scalar.
pub(super) const MAX_DEPTH: usize = 64;

/// A text and how far it has been read.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    /// Where lines begin.
    starts: Vec<usize>,
    /// How far, in bytes.
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(starts).collect();
        Self { text, starts, at: 0, depth: 0 }
    }
}

impl Scan<'_> {
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= at);
        line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or(0)
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= at);
        self.starts.get(line).map_or(self.text.len(), |next| next - 1)
    }

    pub(super) fn skip_line(&mut self) {
        self.at = (self.line_end(self.at) + 1).min(self.text.len());
    }

    /// Whether a blank or the end of the text is at this place.
    fn blank(&self, at: usize) -> bool {
        self.byte(at).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// Whether a document ends here.
    pub(super) fn border(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        (rest.starts_with("---") || rest.starts_with("..."))
            && self.blank(at + 3)
            && (at == 0 || self.byte(at - 1) == Some(b'\n'))
    }

    /// Goes to the next sign that is no blank and in no comment, and returns its column; `None` at
    /// the end of the document.
    pub(super) fn content(&mut self) -> Option<usize> {
        let mut start = self.line_start(self.at);
        loop {
            match self.byte(self.at)? {
                b'\n' => {
                    self.at += 1;
                    start = self.at;
                    if self.border(self.at) {
                        return None;
                    }
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                b'#' if self.at == start || self.blank(self.at - 1) => {
                    self.at = self.line_end(self.at);
                }
                _ if self.border(self.at) => return None,
                _ => return Some(self.at - start),
            }
        }
    }

    pub(super) fn dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && self.blank(self.at + 1)
    }

    pub(super) fn document(&mut self) -> Node {
        let mut node = self.node(0);
        // What follows at a lower column than the first line belongs to the mapping all the same.
        while self.content().is_some() {
            let before = self.at;
            let more = self.node(0);
            if let (Kind::Map { entries, .. }, Kind::Map { entries: others, .. }) =
                (&mut node.kind, more.kind)
            {
                entries.extend(others);
                node.span.end = more.span.end;
            }
            if self.at == before {
                self.skip_line();
            }
        }
        node
    }

    pub(super) fn empty(&self) -> Node {
        let column = self.at - self.line_start(self.at);
        Node { span: Span::new(self.at, self.at), column, kind: Kind::Empty }
    }

    /// The node that begins at the next sign, if its column is at least `least`.
    fn node(&mut self, least: usize) -> Node {
        let here = self.empty();
        let Some(column) = self.content().filter(|column| *column >= least) else { return here };
        if self.depth >= MAX_DEPTH {
            let span = Span::new(self.at, self.line_end(self.at));
            self.at = span.end;
            return Node { span, column, kind: Kind::Scalar { inner: span } };
        }
        self.depth += 1;
        let node = if self.dash() {
            self.list(column)
        } else if self.key().is_some() {
            self.map(column)
        } else {
            let node = self.inline(least);
            self.at = self.line_end(self.at);
            node
        };
        self.depth -= 1;
        node
    }

    fn list(&mut self, column: usize) -> Node {
        let start = self.at;
        let (mut items, mut end) = (Vec::new(), start);
        while self.content().is_some_and(|found| found >= column) {
            let before = self.at;
            if self.dash() {
                self.at += 1;
            } else if self.content() == Some(column) {
                break;
            }
            let item = self.node(column + 1);
            end = item.span.end.max(before + 1);
            items.push(item);
            if self.at == before {
                break;
            }
        }
        let kind = Kind::List { items, brackets: false };
        Node { span: Span::new(start, end), column, kind }
    }

    fn map(&mut self, column: usize) -> Node {
        let start = self.at;
        let mut entries: Vec<Entry> = Vec::new();
        let mut end = start;
        while let Some(found) = self.content().filter(|found| *found >= column) {
            if self.dash() {
                if found == column {
                    break;
                }
                // A list that nothing announces belongs to the key above.
                let list = self.list(found);
                end = list.span.end;
                if let Some(last) =
                    entries.last_mut().filter(|e| matches!(e.value.kind, Kind::Empty))
                {
                    last.value = list;
                }
                continue;
            }
            let entry = self.entry(found);
            end = entry.value.span.end.max(entry.key_span.end);
            entries.push(entry);
        }
        let kind = Kind::Map { entries, brackets: false };
        Node { span: Span::new(start, end), column, kind }
    }

    /// An entry of a mapping without brackets, up to the end of its last line.
    fn entry(&mut self, column: usize) -> Entry {
        let Some((key_span, colon)) = self.key() else {
            let line = self.line_end(self.at);
            let rest = self.text.get(self.at..line).unwrap_or_default();
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let key_span = Span::new(self.at, self.at + length);
            self.at = line;
            let key = self.unquoted(key_span);
            return Entry { key, key_span, complete: false, value: self.empty() };
        };
        self.at = colon + 1;
        let key = self.unquoted(key_span);
        let line = self.line_end(self.at);
        let here = self.empty();
        let value = match self.content() {
            // In the same line.
            Some(_) if self.at < line => {
                let value = self.inline(column + 1);
                self.at = self.line_end(self.at);
                value
            }
            Some(found) if found > column => self.node(column + 1),
            Some(found) if found == column && self.dash() => self.node(column),
            Some(_) | None => here,
        };
        Entry { key, key_span, complete: true, value }
    }

    /// The key that begins here, and the place of its `:`.
    pub(super) fn key(&self) -> Option<(Span, usize)> {
        let line = self.text.get(self.at..self.line_end(self.at))?;
        let first = line.chars().next()?;
        if matches!(first, '"' | '\'') {
            let length = line.get(1..)?.find(first)? + 2;
            let rest = line.get(length..)?;
            let colon = length + (rest.len() - rest.trim_start().len());
            let key = Span::new(self.at, self.at + length);
            return line.get(colon..)?.starts_with(':').then_some((key, self.at + colon));
        }
        if matches!(first, '{' | '[' | '}' | ']' | '|' | '>' | ',') {
            return None;
        }
        let colon =
            line.match_indices(':').map(|(at, _)| at).find(|at| self.blank(self.at + at + 1))?;
        let head = line.get(..colon)?;
        if head.contains(" #") {
            return None;
        }
        Some((Span::new(self.at, self.at + head.trim_end().len()), self.at + colon))
    }

    pub(super) fn unquoted(&self, span: Span) -> String {
        let text = self.text.get(span.start..span.end).unwrap_or_default();
        text.trim_matches(['"', '\'']).to_owned()
    }
}
