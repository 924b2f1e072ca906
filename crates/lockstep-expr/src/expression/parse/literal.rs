//! Literals: numbers, strings and bytes as they are written, to values.

use crate::error::ParseError;
use crate::span::Span;
use crate::value::Value;

/// Reads an integer literal; `negative` if a minus sign stands in front and belongs to it.
pub(super) fn integer(text: &str, span: Span, negative: bool) -> Result<Value, ParseError> {
    let (digits, unsigned) = match text.strip_suffix(['u', 'U']) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let magnitude = u128::from_str_radix(digits, radix).ok();
    let value = magnitude.and_then(|magnitude| {
        if unsigned {
            return u64::try_from(magnitude).ok().map(Value::Uint);
        }
        let signed = i128::try_from(magnitude).ok()?;
        i64::try_from(if negative { -signed } else { signed }).ok().map(Value::Int)
    });
    value.ok_or_else(|| {
        let kind = if unsigned { "a uint" } else { "an int" };
        ParseError::new(span, format!("the number does not fit {kind} of 64 bits"))
    })
}

/// Reads a floating-point literal; `negative` if a minus sign stands in front and belongs to it.
pub(super) fn double(text: &str, span: Span, negative: bool) -> Result<Value, ParseError> {
    match text.parse::<f64>() {
        Ok(double) if double.is_finite() => {
            Ok(Value::Double(if negative { -double } else { double }))
        }
        _ => Err(ParseError::new(span, "the number does not fit a double")),
    }
}

/// Reads a string or bytes literal with its prefix and quotes.
pub(super) fn text(literal: &str, span: Span) -> Result<Value, ParseError> {
    let prefix = literal.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, quoted) = literal.split_at_checked(prefix).unwrap_or(("", literal));
    let is_bytes = prefix.contains(['b', 'B']);
    let is_raw = prefix.contains(['r', 'R']);
    let width = if quoted.starts_with("\"\"\"") || quoted.starts_with("'''") { 3 } else { 1 };
    let body = quoted.get(width..quoted.len() - width).unwrap_or("");
    if is_raw {
        return Ok(if is_bytes { Value::Bytes(body.as_bytes().into()) } else { body.into() });
    }
    let start = span.start + prefix.len() + width;
    if is_bytes {
        Ok(Value::Bytes(unescape_bytes(body, start)?.into()))
    } else {
        Ok(unescape_string(body, start)?.into())
    }
}

fn unescape_string(body: &str, start: usize) -> Result<String, ParseError> {
    let mut out = String::with_capacity(body.len());
    let mut unescape = Unescape { body, place: 0, start };
    while let Some((plain, escape)) = unescape.next()? {
        out.push_str(plain);
        match escape {
            None => {}
            Some(Escape::Byte(byte)) => out.push(char::from(byte)),
            Some(Escape::Character(character)) => out.push(character),
        }
    }
    Ok(out)
}

fn unescape_bytes(body: &str, start: usize) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::with_capacity(body.len());
    let mut unescape = Unescape { body, place: 0, start };
    while let Some((plain, escape)) = unescape.next()? {
        out.extend_from_slice(plain.as_bytes());
        match escape {
            None => {}
            Some(Escape::Byte(byte)) => out.push(byte),
            Some(Escape::Character(_)) => {
                let end = start + unescape.place;
                let message = "bytes take `\\x` and octal escapes, not `\\u` and `\\U`";
                return Err(ParseError::new(Span::new(start, end), message));
            }
        }
    }
    Ok(out)
}

/// Bytes of two escapes `\u` in a row, without the first backslash.
const SURROGATES: usize = 11;

/// Returns the character beyond the first 65,536 that two escapes `\u` in a row stand for.
fn surrogates(after: &str) -> Option<char> {
    let (first, second) = after.get(..SURROGATES)?.strip_prefix('u')?.split_once("\\u")?;
    let unit = |digits: &str| {
        let plain = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| plain)
    };
    let units = [unit(first)?, unit(second)?];
    let mut characters = char::decode_utf16(units);
    let character = characters.next()?.ok()?;
    characters.next().is_none().then_some(character)
}

enum Escape {
    /// Below 256: in bytes, that byte; in strings, that character.
    Byte(u8),
    /// From `\u` or `\U`.
    Character(char),
}

struct Unescape<'a> {
    body: &'a str,
    place: usize,
    /// Place of the body in the expression.
    start: usize,
}

impl<'a> Unescape<'a> {
    /// Returns the characters up to the next escape, and that escape; `None` at the end.
    fn next(&mut self) -> Result<Option<(&'a str, Option<Escape>)>, ParseError> {
        let rest = self.body.get(self.place..).unwrap_or("");
        if rest.is_empty() {
            return Ok(None);
        }
        let Some((plain, after)) = rest.split_once('\\') else {
            self.place = self.body.len();
            return Ok(Some((rest, None)));
        };
        self.place += plain.len() + 1;
        let escape = self.escape(after)?;
        Ok(Some((plain, Some(escape))))
    }

    fn escape(&mut self, after: &str) -> Result<Escape, ParseError> {
        let letter = after.chars().next().unwrap_or('\\');
        let simple = match letter {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '\\' => b'\\',
            '?' => b'?',
            '"' => b'"',
            '\'' => b'\'',
            '`' => b'`',
            'x' | 'X' => return self.number(after, 1, 2, 16),
            'u' if let Some(character) = surrogates(after) => {
                self.place += SURROGATES;
                return Ok(Escape::Character(character));
            }
            'u' => return self.number(after, 1, 4, 16),
            'U' => return self.number(after, 1, 8, 16),
            '0'..='3' => return self.number(after, 0, 3, 8),
            other => {
                return Err(self.error(other.len_utf8(), format!("unknown escape `\\{other}`")));
            }
        };
        self.place += 1;
        Ok(Escape::Byte(simple))
    }

    /// Reads `digits` digits that follow `skip` letters.
    fn number(
        &mut self,
        after: &str,
        skip: usize,
        digits: usize,
        radix: u32,
    ) -> Result<Escape, ParseError> {
        let number = after
            .get(skip..skip + digits)
            .filter(|number| number.chars().all(|digit| digit.is_digit(radix)))
            .and_then(|number| u32::from_str_radix(number, radix).ok());
        let Some(number) = number else {
            let kind = if radix == 16 { "hexadecimal" } else { "octal" };
            return Err(self.error(skip.max(1), format!("the escape needs {digits} {kind} digits")));
        };
        let escape = if digits <= 3 {
            u8::try_from(number).ok().map(Escape::Byte)
        } else {
            char::from_u32(number).map(Escape::Character)
        };
        let Some(escape) = escape else {
            return Err(self.error(skip + digits, "the escape names no character".to_owned()));
        };
        self.place += skip + digits;
        Ok(escape)
    }

    /// Returns an error about the backslash in front of `place` and `len` bytes after it.
    fn error(&self, len: usize, message: String) -> ParseError {
        let place = self.start + self.place;
        ParseError::new(Span::new(place - 1, place + len), message)
            .with_help("write `\\\\` for a backslash, or put `r` in front of the string")
    }
}
