//! Values that begin in the middle of a line: texts, and what stands in brackets.
//!
//! Invariants:
//!
//! * What is never closed ends with its line, or where a line begins too far to the left.

use lockstep_expr::Span;

use super::scan::{MAX_DEPTH, Scan};
use super::{Entry, Kind, Node};

impl Scan<'_> {
    /// A value that begins in the middle of a line. Lines below belong to it from column `least` on.
    pub(super) fn inline(&mut self, least: usize) -> Node {
        while let Some(b'&' | b'!') = self.byte(self.at) {
            let rest = self.text.get(self.at..self.line_end(self.at)).unwrap_or_default();
            let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
            self.at += word;
            let rest = rest.get(word..).unwrap_or_default();
            self.at += rest.len() - rest.trim_start().len();
        }
        match self.byte(self.at) {
            Some(b'|' | b'>') => self.block(least),
            Some(b'"' | b'\'') => self.quoted(least),
            Some(b'{' | b'[') => self.brackets(least),
            Some(_) | None => self.plain(least),
        }
    }

    fn scalar(&self, span: Span, inner: Span) -> Node {
        let column = span.start - self.line_start(span.start);
        Node { span, column, kind: Kind::Scalar { inner } }
    }

    /// A text behind `|` or `>`.
    fn block(&mut self, least: usize) -> Node {
        let start = self.at;
        self.skip_line();
        let first = self.at;
        let mut end = self.at;
        while self.at < self.text.len() && !self.border(self.at) {
            let line = self.text.get(self.at..self.line_end(self.at)).unwrap_or_default();
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent < line.len() {
                if indent < least {
                    break;
                }
                end = self.at + line.len();
            }
            self.skip_line();
        }
        self.at = end.max(first.saturating_sub(1)).min(self.text.len());
        self.scalar(Span::new(start, end.max(start)), Span::new(first, end.max(first)))
    }

    /// A text in quotes; without the closing one, the rest of its line.
    fn quoted(&mut self, least: usize) -> Node {
        let start = self.at;
        let quote = self.byte(start);
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                Some(b'\\') if quote == Some(b'"') => at += 2,
                Some(b'\'') if quote == Some(b'\'') && self.byte(at + 1) == Some(b'\'') => at += 2,
                found if found.is_some() && found == quote => break,
                Some(b'\n') if self.goes_on(at + 1, least) => at += 1,
                Some(b'\n') | None => {
                    let end = self.line_end(start + 1);
                    self.at = end;
                    return self.scalar(Span::new(start, end), Span::new(start + 1, end));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        self.scalar(Span::new(start, at + 1), Span::new(start + 1, at))
    }

    /// Whether the line at this place is blank or begins at column `least` or later.
    fn goes_on(&self, at: usize, least: usize) -> bool {
        let line = self.text.get(at..self.line_end(at)).unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        (indent == line.len() && at < self.text.len()) || (indent >= least && indent < line.len())
    }

    /// A text without quotes, with the lines below that belong to it.
    fn plain(&mut self, least: usize) -> Node {
        let start = self.at;
        let mut end = self.plain_line();
        loop {
            self.at = end;
            let line = self.line_end(end);
            match self.content() {
                Some(column)
                    if self.at > line
                        && column >= least
                        && !self.dash()
                        && self.key().is_none()
                        && self.byte(line.saturating_sub(1)) != Some(b'#') =>
                {
                    end = self.plain_line();
                }
                Some(_) | None => break,
            }
        }
        self.at = end;
        self.scalar(Span::new(start, end), Span::new(start, end))
    }

    /// The end of the text of this line, comments not included.
    fn plain_line(&self) -> usize {
        let line = self.text.get(self.at..self.line_end(self.at)).unwrap_or_default();
        let text = line.find(" #").and_then(|at| line.get(..at)).unwrap_or(line);
        self.at + text.trim_end().len()
    }

    /// A list or mapping in brackets; without the closing one, up to the first line that begins
    /// before column `least`.
    fn brackets(&mut self, least: usize) -> Node {
        let start = self.at;
        let column = start - self.line_start(start);
        let is_map = self.byte(start) == Some(b'{');
        self.at += 1;
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        let mut end = self.at;
        while self.more(least) {
            let before = self.at;
            match self.byte(self.at) {
                Some(b'}' | b']') => {
                    self.at += 1;
                    end = self.at;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) if is_map => entries.push(self.pair(least)),
                Some(_) => items.push(self.within(least)),
                None => break,
            }
            if self.at == before {
                self.at += 1;
                // Never within a character.
                while !self.text.is_char_boundary(self.at) {
                    self.at += 1;
                }
            }
            end = self.at;
        }
        let last = end.checked_sub(1).filter(|last| *last > start).and_then(|last| self.byte(last));
        if !matches!(last, Some(b'}' | b']')) {
            // Never closed: the rest of the line is within.
            end = self.line_end(end);
        }
        self.at = end;
        let kind = if is_map {
            Kind::Map { entries, brackets: true }
        } else {
            Kind::List { items, brackets: true }
        };
        Node { span: Span::new(start, end), column, kind }
    }

    /// Goes to the next sign within brackets; false if the brackets end without being closed.
    fn more(&mut self, least: usize) -> bool {
        let line = self.line_start(self.at);
        match self.content() {
            Some(column) => {
                let below = self.line_start(self.at) > line;
                !below || column >= least || matches!(self.byte(self.at), Some(b'}' | b']'))
            }
            None => false,
        }
    }

    fn pair(&mut self, least: usize) -> Entry {
        let start = self.at;
        let key_node = self.within(least);
        let key_span = Span::new(start, key_node.span.end);
        let key = self.unquoted(key_span);
        let after = self.at;
        if self.more(least) && self.byte(self.at) == Some(b':') {
            self.at += 1;
            let here = self.empty();
            let value =
                if self.more(least) && !matches!(self.byte(self.at), Some(b',' | b'}' | b']')) {
                    self.within(least)
                } else {
                    here
                };
            return Entry { key, key_span, complete: true, value };
        }
        self.at = after;
        Entry { key, key_span, complete: false, value: self.empty() }
    }

    /// A value within brackets.
    fn within(&mut self, least: usize) -> Node {
        match self.byte(self.at) {
            Some(b'{' | b'[') if self.depth < MAX_DEPTH => {
                self.depth += 1;
                let node = self.brackets(least);
                self.depth -= 1;
                node
            }
            Some(b'"' | b'\'') => self.quoted(least),
            Some(_) | None => {
                let start = self.at;
                let line = self.text.get(start..self.line_end(start)).unwrap_or_default();
                let ends = |at: usize, c: char| match c {
                    ',' | '{' | '}' | '[' | ']' => true,
                    ':' => {
                        let next = line.as_bytes().get(at + 1);
                        next.is_none_or(|b| b.is_ascii_whitespace() || b",}]".contains(b))
                    }
                    '#' => line.get(..at).is_some_and(|head| head.ends_with(' ')),
                    _ => false,
                };
                let length = line
                    .char_indices()
                    .find(|(at, c)| ends(*at, *c))
                    .map_or(line.len(), |(at, _)| at);
                let text = line.get(..length).unwrap_or_default().trim_end();
                self.at = start + text.len();
                let span = Span::new(start, self.at);
                self.scalar(span, span)
            }
        }
    }
}
