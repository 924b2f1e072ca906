//! A text as a tree of mappings, lists and scalars, for every text: also for one that is being typed
//! and is no YAML yet.
//!
//! It follows indentation, quotes and brackets as YAML does where the text is YAML. Elsewhere it
//! guesses: a word without `:` is a key whose rest is still to come, a quote or bracket that is never
//! closed ends where the indentation says that something else begins.
//!
//! Invariants:
//!
//! * *Total*: every text has an outline, in time proportional to its length.
//! * *Shallow*: at most [`MAX_DEPTH`] levels.
//! * *Local*: a mistake in one document leaves the others as they are.
//!
//! Absent by design: values, aliases, tags, errors. The checker's reader decides what a text means.

use lockstep_expr::Span;

/// Deepest nesting; what is deeper is one scalar.
const MAX_DEPTH: usize = 64;

/// A mapping, list or scalar.
#[derive(Debug)]
pub(super) struct Node {
    /// From its first sign to the last one.
    pub(super) span: Span,
    /// Column of its first sign in its line, from 0, in bytes.
    pub(super) column: usize,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing is written.
    Empty,
    /// A text, without its quotes.
    Scalar {
        inner: Span,
    },
    List {
        items: Vec<Node>,
        brackets: bool,
    },
    Map {
        entries: Vec<Entry>,
        brackets: bool,
    },
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The key without quotes.
    pub(super) key: String,
    pub(super) key_span: Span,
    /// Whether the `:` is there.
    pub(super) complete: bool,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map { entries, .. } => entries,
            Kind::Empty | Kind::Scalar { .. } | Kind::List { .. } => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            Kind::Empty | Kind::Scalar { .. } | Kind::Map { .. } => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The place of a scalar's text.
    pub(super) fn scalar(&self) -> Option<Span> {
        match self.kind {
            Kind::Scalar { inner } => Some(inner),
            Kind::Empty | Kind::List { .. } | Kind::Map { .. } => None,
        }
    }

    /// The text of a scalar, as it is written.
    pub(super) fn text<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.scalar().and_then(|span| text.get(span.start..span.end))
    }
}

/// One document, from behind the `---` before it to the one behind it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) span: Span,
    pub(super) node: Node,
}

/// The documents of a text; at least one.
pub(super) fn outline(text: &str) -> Vec<Document> {
    let starts = text.match_indices('\n').map(|(at, _)| at + 1);
    let starts = std::iter::once(0).chain(starts).collect();
    let mut scan = Scan { text, starts, at: 0, depth: 0 };
    let mut documents = Vec::new();
    let mut start = 0;
    loop {
        let node = scan.document();
        let end = scan.at;
        documents.push(Document { span: Span::new(start, end), node });
        if end >= text.len() {
            return documents;
        }
        // The scan stands at `---` or `...`.
        scan.skip_line();
        start = scan.at;
    }
}

struct Scan<'t> {
    text: &'t str,
    /// Where lines begin.
    starts: Vec<usize>,
    at: usize,
    depth: usize,
}

impl Scan<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn line_start(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= at);
        line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or(0)
    }

    fn line_end(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= at);
        self.starts.get(line).map_or(self.text.len(), |next| next - 1)
    }

    fn skip_line(&mut self) {
        self.at = (self.line_end(self.at) + 1).min(self.text.len());
    }

    /// Whether a blank or the end of the text is at this place.
    fn blank(&self, at: usize) -> bool {
        self.byte(at).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// Whether a document ends here.
    fn border(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        (rest.starts_with("---") || rest.starts_with("..."))
            && self.blank(at + 3)
            && (at == 0 || self.byte(at - 1) == Some(b'\n'))
    }

    /// Goes to the next sign that is no blank and in no comment, and returns its column; `None` at
    /// the end of the document.
    fn content(&mut self) -> Option<usize> {
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

    fn dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && self.blank(self.at + 1)
    }

    fn document(&mut self) -> Node {
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

    fn empty(&self) -> Node {
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
    fn key(&self) -> Option<(Span, usize)> {
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

    fn unquoted(&self, span: Span) -> String {
        let text = self.text.get(span.start..span.end).unwrap_or_default();
        text.trim_matches(['"', '\'']).to_owned()
    }

    /// A value that begins in the middle of a line. Lines below belong to it from column `least` on.
    fn inline(&mut self, least: usize) -> Node {
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

#[cfg(test)]
mod tests;
