//! From JSON to values.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MAX_DEPTH;
use crate::value::Value;
use crate::value::map::Map;

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct JsonError {
    /// Bytes of the text before the place.
    pub offset: usize,
    /// What is wrong: lower case, no full stop.
    pub message: &'static str,
}

/// Reads one JSON value. Whole numbers become `Int`, above its range `Uint`, others `Double`; of a
/// key that comes twice, the last value counts.
///
/// # Errors
///
/// [`JsonError`] if `text` is not exactly one JSON value, or nests deeper than 128 levels.
pub fn from_json(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, place: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.place < text.len() {
        return Err(reader.error("text after the end of the value"));
    }
    Ok(value)
}

/// Reads bytes from the text that [`to_json`](super::to_json) writes for them: base64 with its
/// padding. `None` for any other text.
pub fn bytes(text: &str) -> Option<Arc<[u8]>> {
    STANDARD.decode(text).ok().map(Arc::from)
}

struct Reader<'a> {
    text: &'a str,
    /// Bytes that were read; on a character boundary.
    place: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, message: &'static str) -> JsonError {
        JsonError { offset: self.place, message }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.place..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.place += 1;
        }
    }

    /// Passes over `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        if there {
            self.place += token.len();
        }
        there
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::from),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("null") => Ok(Value::Null),
            _ if self.take("true") => Ok(Value::Bool(true)),
            _ if self.take("false") => Ok(Value::Bool(false)),
            _ => Err(self.error("a value is missing")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.place += 1;
        let mut map = Map::new();
        self.skip_space();
        if self.take("}") {
            return Ok(map.into());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a key in quotes is missing"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.error("`:` is missing"));
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.skip_space();
            if self.take("}") {
                return Ok(map.into());
            }
            if !self.take(",") {
                return Err(self.error("`,` or `}` is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.place += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(items.into());
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(items.into());
            }
            if !self.take(",") {
                return Err(self.error("`,` or `]` is missing"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.place;
        self.take("-");
        let whole = self.digits();
        let leading_zero = whole > 1 && self.text.as_bytes().get(self.place - whole) == Some(&b'0');
        if whole == 0 || leading_zero {
            return Err(self.error("not a number"));
        }
        let mut is_whole = true;
        if self.take(".") {
            is_whole = false;
            if self.digits() == 0 {
                return Err(self.error("digits are missing"));
            }
        }
        if self.take("e") || self.take("E") {
            is_whole = false;
            if !self.take("-") {
                self.take("+");
            }
            if self.digits() == 0 {
                return Err(self.error("digits are missing"));
            }
        }
        let number = self.text.get(start..self.place).unwrap_or("");
        if is_whole {
            if let Ok(int) = number.parse() {
                return Ok(Value::Int(int));
            }
            if let Ok(uint) = number.parse() {
                return Ok(Value::Uint(uint));
            }
        }
        match number.parse::<f64>() {
            Ok(double) if double.is_finite() => Ok(Value::Double(double)),
            _ => Err(self.error("the number is out of range")),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.place;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.place += 1;
        }
        self.place - start
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.place += 1;
        let mut out = String::new();
        loop {
            let run = self
                .rest()
                .bytes()
                .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
                .count();
            out.push_str(self.rest().get(..run).unwrap_or(""));
            self.place += run;
            match self.peek() {
                Some(b'"') => {
                    self.place += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.error("a control character in a string")),
                None => return Err(self.error("the string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.place += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("an unknown escape")),
        };
        self.place += 1;
        Ok(escaped)
    }

    /// Reads `uXXXX`, or two of them that form one character.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.take("\\") {
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.error("half a character"));
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.error("half a character"))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        if !self.take("u") {
            return Err(self.error("half a character"));
        }
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("four hexadecimal digits are missing"))?;
        self.place += 4;
        Ok(code)
    }
}
