//! The form of an expression's text: enough of it to compare two of them.
//!
//! The expressions have been parsed before, so brackets and quotes are known to fit.
//!
//! Invariants:
//!
//! * Two texts that become the same have the same meaning under the same names.

/// Returns a text without the spaces that mean nothing.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quotes = Quotes::default();
    let mut spaces = false;
    for sign in text.chars() {
        if quotes.outside() && sign.is_whitespace() {
            spaces = true;
            continue;
        }
        // Between two words a space means something: `a in b`.
        if spaces && is_word(sign) && out.ends_with(is_word) {
            out.push(' ');
        }
        spaces = false;
        quotes.pass(sign);
        out.push(sign);
    }
    while let Some(inner) = within(&out, '(', ')') {
        out = inner.to_owned();
    }
    out
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Whether a place is within a quoted text.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    fn outside(&self) -> bool {
        self.open.is_none()
    }

    fn pass(&mut self, sign: char) {
        match self.open {
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if sign == '\\' => self.escaped = true,
            Some(open) if sign == open => self.open = None,
            None if matches!(sign, '"' | '\'') => self.open = Some(sign),
            Some(_) | None => {}
        }
    }
}

/// Byte offsets of the signs that stand outside of quotes and brackets.
fn outermost(text: &str, wanted: &[char]) -> Vec<usize> {
    let mut quotes = Quotes::default();
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (at, sign) in text.char_indices() {
        if quotes.outside() {
            match sign {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ if depth == 0 && wanted.contains(&sign) => found.push(at),
                _ => {}
            }
        }
        quotes.pass(sign);
    }
    found
}

/// Returns what stands between two brackets that hold the whole text.
fn within(text: &str, open: char, close: char) -> Option<&str> {
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let mut quotes = Quotes::default();
    let mut depth = 0_usize;
    for sign in inner.chars() {
        if quotes.outside() {
            match sign {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        quotes.pass(sign);
    }
    Some(inner)
}

/// The parts of a text between commas.
fn parts(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for at in outermost(text, &[',']) {
        out.extend(text.get(start..at));
        start = at + 1;
    }
    out.extend(text.get(start..));
    out
}

/// Returns the characters of a text that is one quoted text without escapes.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\'])).then_some(inner)
}

/// Returns the quoted text at the beginning, if more is added to it: `"order-" + input.order`.
pub(crate) fn prefix(text: &str) -> Option<&str> {
    let at = *outermost(text, &['+']).first()?;
    quoted(text.get(..at)?)
}

/// Returns the items of a list that is written out.
pub(crate) fn items(text: &str) -> Option<Vec<&str>> {
    within(text, '[', ']').map(parts)
}

/// Returns entity and id of `ref("Entity", id)`.
pub(crate) fn reference(text: &str) -> Option<(&str, &str)> {
    let arguments = within(text.strip_prefix("ref")?, '(', ')')?;
    match parts(arguments).as_slice() {
        [entity, id] => Some((quoted(entity)?, id)),
        _ => None,
    }
}

/// Returns the entity of the references that a list is made of: `ids.map(id, ref("Entity", id))`.
pub(crate) fn references(text: &str) -> Option<&str> {
    let (_, arguments) = text.rsplit_once(".map(")?;
    match parts(arguments.strip_suffix(')')?).as_slice() {
        [_, item] => reference(item).map(|(entity, _)| entity),
        _ => None,
    }
}

/// Whether a text is names with dots only.
pub(crate) fn is_path(text: &str) -> bool {
    text.split('.').all(|word| {
        word.chars().all(is_word) && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
    })
}

/// The lesser and the greater of two values, as an expression chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Lesser,
    Greater,
}

/// Returns which of two values `a < b ? a : b` chooses, and the two in the order of their texts.
pub(crate) fn choice(text: &str) -> Option<(Choice, &str, &str)> {
    let at = *outermost(text, &['?']).first()?;
    let (condition, rest) = (text.get(..at)?, text.get(at + 1..)?);
    let condition = within(condition, '(', ')').unwrap_or(condition);
    let colon = *outermost(rest, &[':']).first()?;
    let (then, otherwise) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    let sign = *outermost(condition, &['<', '>']).first()?;
    let (left, right) = (condition.get(..sign)?, condition.get(sign + 1..)?);
    let right = right.strip_prefix('=').unwrap_or(right);
    let less = condition.get(sign..)?.starts_with('<');
    let first = if (then, otherwise) == (left, right) {
        true
    } else if (then, otherwise) == (right, left) {
        false
    } else {
        return None;
    };
    let chosen = if less == first { Choice::Lesser } else { Choice::Greater };
    Some(if left <= right { (chosen, left, right) } else { (chosen, right, left) })
}
