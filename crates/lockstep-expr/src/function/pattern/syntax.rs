//! From the syntax of patterns that the language defines, RE2's, to that of the library.
//!
//! They differ in that `\d`, `\w`, `\s` and `\b` are ASCII in RE2, that its classes hold no classes
//! and no set operators, and in `\Q...\E`, octal escapes and braces that count nothing.
//!
//! Source: the RE2 project's page "Syntax".

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// Names of classes in `[[:name:]]`.
const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Longest `3,5}` that counts, in characters; a longer one is beyond every count.
const MAX_COUNT: usize = 16;

/// Returns the pattern as the library reads it, or why it is none.
pub(super) fn translate(pattern: &str) -> Result<Cow<'_, str>, String> {
    if !pattern.contains(['\\', '[', '{']) {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut translation =
        Translation { rest: pattern.chars().peekable(), out: String::with_capacity(pattern.len()) };
    while let Some(character) = translation.rest.next() {
        match character {
            '\\' => translation.escape(false)?,
            '[' => translation.class()?,
            '{' if !translation.counts() => translation.literal('{'),
            other => translation.out.push(other),
        }
    }
    Ok(Cow::Owned(translation.out))
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translation<'_> {
    /// Writes a character that means itself.
    fn literal(&mut self, character: char) {
        self.number(u32::from(character));
    }

    fn number(&mut self, number: u32) {
        write!(self.out, "\\x{{{number:x}}}").expect("a string takes every write");
    }

    /// Returns whether the rest begins as a count does, after `{`: `3}`, `3,}` or `3,5}`.
    fn counts(&self) -> bool {
        let inner: String = self.rest.clone().take(MAX_COUNT).collect();
        let Some((inner, _)) = inner.split_once('}') else { return false };
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match inner.split_once(',') {
            Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
            None => is_number(inner),
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(letter) = self.rest.next() else {
            return Err("a backslash stands at the end".to_owned());
        };
        let set = match letter.to_ascii_lowercase() {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => "\\t\\n\\f\\r ",
            _ => "",
        };
        if !set.is_empty() {
            let sign = if letter.is_ascii_uppercase() { "^" } else { "" };
            write!(self.out, "[{sign}{set}]").expect("a string takes every write");
            return Ok(());
        }
        match letter {
            'b' | 'B' if !in_class => {
                write!(self.out, "(?-u:\\{letter})").expect("a string takes every write");
            }
            'Q' if !in_class => self.quoted(),
            'E' if !in_class => {}
            '0'..='7' => return self.octal(letter),
            punctuation if punctuation.is_ascii_punctuation() => self.literal(punctuation),
            other => {
                self.out.push('\\');
                self.out.push(other);
                // The braces of `\p{Greek}` and `\x{41}` count nothing.
                if matches!(other, 'p' | 'P' | 'x') && self.rest.peek() == Some(&'{') {
                    for next in self.rest.by_ref() {
                        self.out.push(next);
                        if next == '}' {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes characters as they are, up to `\E`.
    fn quoted(&mut self) {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(character);
        }
    }

    /// Reads up to three octal digits; one that is not 0 would name a group.
    fn octal(&mut self, first: char) -> Result<(), String> {
        let mut number = first.to_digit(8).unwrap_or(0);
        let mut digits = 1;
        while digits < 3
            && let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(8))
        {
            self.rest.next();
            number = number * 8 + digit;
            digits += 1;
        }
        if digits == 1 && first != '0' {
            return Err(format!("`\\{first}` would refer to a group, which patterns cannot"));
        }
        self.number(number);
        Ok(())
    }

    /// Reads a class up to its `]`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        while let Some(character) = self.rest.next() {
            match character {
                ']' if !is_first => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '[' if self.rest.peek() == Some(&':') => self.named_class()?,
                '-' if self.rest.peek() != Some(&'-') => self.out.push('-'),
                '[' | ']' | '&' | '~' | '-' | '^' => self.literal(character),
                other => self.out.push(other),
            }
            is_first = false;
        }
        Err("a class is never closed".to_owned())
    }

    /// Reads `:name:]` of a named class.
    fn named_class(&mut self) -> Result<(), String> {
        let name: String = self.rest.by_ref().skip(1).take_while(|next| *next != ']').collect();
        let known = name.strip_suffix(':').unwrap_or("");
        if !CLASSES.contains(&known.strip_prefix('^').unwrap_or(known)) {
            return Err(format!("`[:{known}:]` is no class"));
        }
        write!(self.out, "[:{known}:]").expect("a string takes every write");
        Ok(())
    }
}
