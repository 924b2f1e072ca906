//! A first look at a text: brackets, strings and comments, before the grammar sees it.
//!
//! The grammar's parser calls itself for each bracket, so nesting is bounded here, where it costs no
//! stack. It also finds the end of an expression that is embedded in a text.
//!
//! Invariants:
//! - *Same tokens*: strings and comments begin and end where the grammar says, as far as the grammar
//!   would read the text.
//! - *Linear*: each byte is looked at a bounded number of times.

use super::{MAX_NESTING, MAX_TEXT};
use crate::error::ParseError;
use crate::span::Span;

/// Checks the length of a text and its brackets.
///
/// # Errors
///
/// [`ParseError`] for a text over a limit, a string without end, a bracket without partner.
pub(crate) fn check(text: &str) -> Result<(), ParseError> {
    let end = Scan::new(text).run(false)?;
    debug_assert_eq!(end, text.len(), "a whole text is scanned to its end");
    Ok(())
}

/// Returns the place of the `}` that ends an expression at the beginning of `text`.
///
/// # Errors
///
/// As [`check`], and if there is no such `}`.
pub(crate) fn embedded_end(text: &str) -> Result<usize, ParseError> {
    Scan::new(text).run(true)
}

struct Scan<'a> {
    text: &'a str,
    place: usize,
    /// Where the word that ends at `place` began, to tell `r"..."` from `"..."`.
    word: usize,
    /// The brackets that are open, with their places.
    open: Vec<(u8, usize)>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, place: 0, word: 0, open: Vec::new() }
    }

    fn byte(&self, place: usize) -> Option<u8> {
        self.text.as_bytes().get(place).copied()
    }

    fn run(mut self, embedded: bool) -> Result<usize, ParseError> {
        while let Some(byte) = self.byte(self.place) {
            if self.place >= MAX_TEXT {
                return Err(too_long(self.text));
            }
            match byte {
                b'}' if embedded && self.open.is_empty() => return Ok(self.place),
                b'(' | b'[' | b'{' => self.open_bracket(byte)?,
                b')' | b']' | b'}' => self.close_bracket(byte)?,
                b'"' | b'\'' => self.string(byte)?,
                b'`' => self.quoted_field(),
                b'/' if self.byte(self.place + 1) == Some(b'/') => self.comment(),
                _ => {
                    self.place += 1;
                    if byte.is_ascii_alphanumeric() || byte == b'_' {
                        continue;
                    }
                }
            }
            self.word = self.place;
        }
        if let Some((bracket, place)) = self.open.pop() {
            let message = format!("`{}` is never closed", char::from(bracket));
            return Err(ParseError::new(Span::new(place, place + 1), message));
        }
        if embedded {
            let end = self.text.len();
            return Err(ParseError::new(Span::new(end, end), "`${` is never closed")
                .with_help("close it with `}`; write `$${` for the characters `${`"));
        }
        Ok(self.place)
    }

    fn open_bracket(&mut self, bracket: u8) -> Result<(), ParseError> {
        if self.open.len() >= MAX_NESTING {
            let span = Span::new(self.place, self.place + 1);
            return Err(ParseError::new(
                span,
                format!("brackets nest more than {MAX_NESTING} levels deep"),
            ));
        }
        self.open.push((bracket, self.place));
        self.place += 1;
        Ok(())
    }

    fn close_bracket(&mut self, bracket: u8) -> Result<(), ParseError> {
        let partner = match bracket {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let span = Span::new(self.place, self.place + 1);
        let shown = char::from(bracket);
        match self.open.pop() {
            Some((open, _)) if open == partner => {
                self.place += 1;
                Ok(())
            }
            Some((open, _)) => {
                let open = char::from(open);
                Err(ParseError::new(span, format!("`{shown}` cannot close `{open}`")))
            }
            None => Err(ParseError::new(span, format!("`{shown}` closes nothing"))),
        }
    }

    fn string(&mut self, quote: u8) -> Result<(), ParseError> {
        let start = self.word;
        let prefix = self.text.get(self.word..self.place).unwrap_or("");
        let raw = prefix.eq_ignore_ascii_case("r") || prefix.eq_ignore_ascii_case("br");
        let triple = (1..3).all(|ahead| self.byte(self.place + ahead) == Some(quote));
        let width = if triple { 3 } else { 1 };
        self.place += width;
        while let Some(byte) = self.byte(self.place) {
            if byte == b'\\' && !raw {
                self.place += 2;
            } else if !triple && matches!(byte, b'\n' | b'\r') {
                break;
            } else if byte == quote
                && (!triple || (1..3).all(|ahead| self.byte(self.place + ahead) == Some(quote)))
            {
                self.place += width;
                return Ok(());
            } else {
                self.place += 1;
            }
        }
        let start = if prefix.len() <= 2 { start } else { start + prefix.len() };
        Err(ParseError::new(
            Span::new(start, start + prefix.len().min(2) + width),
            "the string has no end",
        ))
    }

    fn quoted_field(&mut self) {
        self.place += 1;
        while let Some(byte) = self.byte(self.place) {
            self.place += 1;
            if byte == b'`' {
                return;
            }
        }
    }

    fn comment(&mut self) {
        while self.byte(self.place).is_some_and(|byte| byte != b'\n') {
            self.place += 1;
        }
    }
}

fn too_long(text: &str) -> ParseError {
    let message = format!("an expression has at most {MAX_TEXT} bytes");
    ParseError::new(Span::new(0, text.len()), message)
        .with_help("split it: compute parts with `set` first")
}
