//! From an offset in a scalar's value to an offset in the file.
//!
//! A scalar's value differs from its text: quotes and escapes are gone, lines are folded, indentation
//! is stripped. The two are walked side by side.
//!
//! Invariants:
//!
//! * If text and value do not fit together, the answer is the whole scalar, never a wrong place.

use lockstep_expr::Span;

use super::node::Node;
use super::spans::Style;

/// Where the characters of one text value stand in the file.
#[derive(Debug)]
pub(crate) struct Places {
    whole: Span,
    /// For each byte of the value, and for its end, the offset in the file.
    offsets: Option<Vec<usize>>,
}

impl Places {
    /// The places of the text value `value` of `node`.
    pub(crate) fn new(file: &str, node: &Node, value: &str) -> Self {
        Self::at(file, node.text_span, node.style, value)
    }

    /// The places of the text value `value` that stands at `span`.
    pub(crate) fn at(file: &str, span: Span, style: Style, value: &str) -> Self {
        Self { whole: span, offsets: offsets(file, span, style, value) }
    }

    /// The part of the file that some bytes of the value stand in.
    pub(crate) fn span(&self, part: Span) -> Span {
        let Some(map) = &self.offsets else { return self.whole };
        match (map.get(part.start), map.get(part.end.max(part.start))) {
            (Some(&first), Some(&behind)) if part.end > part.start => {
                // The last character may be followed by a fold or an escape: end behind it alone.
                Span::new(first, behind.max(first + 1))
            }
            (Some(&first), _) => Span::new(first, first),
            (None, _) => self.whole,
        }
    }
}

/// For each byte of the value, and for its end, the offset in the file.
fn offsets(file: &str, span: Span, style: Style, value: &str) -> Option<Vec<usize>> {
    let text = file.get(span.start..span.end)?;
    let mut map = match style {
        Style::Plain => flow(text, value, Escapes::None)?,
        Style::Single => {
            let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
            shifted(flow(inner, value, Escapes::Single)?, 1)
        }
        Style::Double => {
            let inner = text.strip_prefix('"')?.strip_suffix('"')?;
            shifted(flow(inner, value, Escapes::Double)?, 1)
        }
        Style::Literal | Style::Folded => {
            // The span begins behind the indentation of the first line.
            let line = file.get(..span.start)?.rfind('\n')? + 1;
            let map = block(file.get(line..span.end)?, value)?;
            return (map.len() == value.len() + 1).then(|| shifted(map, line));
        }
    };
    for offset in &mut map {
        *offset += span.start;
    }
    (map.len() == value.len() + 1).then_some(map)
}

fn shifted(mut map: Vec<usize>, by: usize) -> Vec<usize> {
    for offset in &mut map {
        *offset += by;
    }
    map
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Single,
    Double,
}

/// Plain and quoted scalars: a run of blanks with a line break is one space, or the breaks but one.
fn flow(text: &str, value: &str, escapes: Escapes) -> Option<Vec<usize>> {
    let mut map = Vec::with_capacity(value.len() + 1);
    let mut at = 0;
    let mut rest = value.chars();
    while at < text.len() {
        let left = text.get(at..)?;
        let blank = left.len() - left.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let breaks = left.get(..blank)?.matches('\n').count();
        if breaks > 0 {
            for _ in 0..breaks.saturating_sub(1).max(1) {
                let c = rest.next()?;
                if c != ' ' && c != '\n' {
                    return None;
                }
                map.push(at);
            }
            at += blank;
            continue;
        }
        if blank > 0 {
            for (i, sign) in left.get(..blank)?.char_indices() {
                if rest.next()? != sign {
                    return None;
                }
                map.push(at + i);
            }
            at += blank;
            continue;
        }
        let (length, produced) = unit(left, escapes)?;
        if let Some(c) = produced {
            if rest.next()? != c {
                return None;
            }
            map.extend(std::iter::repeat_n(at, c.len_utf8()));
            if length == c.len_utf8() {
                // Not an escape: each byte has its own place.
                let first = map.len() - length;
                map.iter_mut().skip(first).enumerate().for_each(|(i, offset)| *offset = at + i);
            }
        }
        at += length;
    }
    map.push(at);
    rest.next().is_none().then_some(map)
}

/// How many bytes of the text make the next character of the value, and which.
fn unit(text: &str, escapes: Escapes) -> Option<(usize, Option<char>)> {
    let first = text.chars().next()?;
    match (escapes, first) {
        (Escapes::Single, '\'') => text.starts_with("''").then_some((2, Some('\''))),
        (Escapes::Double, '\\') => escape(text),
        _ => Some((first.len_utf8(), Some(first))),
    }
}

fn escape(text: &str) -> Option<(usize, Option<char>)> {
    let letter = text.chars().nth(1)?;
    let simple = match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '/' | '\\' => letter,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return hex(text, 2),
        'u' => return hex(text, 4),
        'U' => return hex(text, 8),
        '\n' | '\r' => {
            // The line goes on; its break and the indentation of the next are not part of the value.
            let rest = text.get(1..)?;
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            return Some((1 + blank, None));
        }
        _ => return None,
    };
    Some((1 + letter.len_utf8(), Some(simple)))
}

fn hex(text: &str, digits: usize) -> Option<(usize, Option<char>)> {
    let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
    Some((2 + digits, Some(char::from_u32(code)?)))
}

/// Block scalars: lines without their indentation, joined by breaks or, if folded, by spaces.
fn block(body: &str, value: &str) -> Option<Vec<usize>> {
    let indent = indentation(body, value)?;
    let mut map = Vec::with_capacity(value.len() + 1);
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let stripped = content.len() - content.len().min(indent).min(leading_spaces(content));
        let content = content.get(content.len() - stripped..)?;
        let start = at + line.trim_end_matches(['\n', '\r']).len() - content.len();
        if !content.trim_matches([' ', '\t']).is_empty() {
            // What joins the lines before stands at the beginning of this one.
            let joint = value.get(map.len()..)?;
            let skipped = (0..=joint.len()).find(|n| {
                joint.get(*n..).is_some_and(|rest| rest.starts_with(content))
                    || !joint.as_bytes().get(*n).is_some_and(|b| matches!(b, b' ' | b'\n'))
            })?;
            if !joint.get(skipped..)?.starts_with(content) {
                return None;
            }
            let end = map.last().map_or(start, |last| last + 1);
            map.extend(std::iter::repeat_n(end, skipped));
            map.extend(start..start + content.len());
        }
        at += line.len();
    }
    let end = map.last().map_or(0, |last| last + 1);
    let missing = (value.len() + 1).checked_sub(map.len())?;
    map.extend(std::iter::repeat_n(end, missing));
    Some(map)
}

fn leading_spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How many spaces were stripped from each line.
fn indentation(body: &str, value: &str) -> Option<usize> {
    let blank = |line: &&str| !line.trim().is_empty();
    let written = leading_spaces(body.lines().find(blank)?);
    let kept = leading_spaces(value.lines().find(blank)?);
    written.checked_sub(kept)
}
