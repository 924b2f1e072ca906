//! What to tell people about a text that the grammar refuses.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use crate::error::ParseError;
use crate::span::Span;

/// What people write who know other languages, and what it is called here.
const HABITS: [(&str, &str); 8] = [
    ("=", "write `==` to compare"),
    ("and", "write `&&`"),
    ("or", "write `||`"),
    ("&", "write `&&`"),
    ("|", "write `||` for `or`; a function is called with a dot: `text.upperAscii()`"),
    ("if", "a condition is written as `condition ? value : other`"),
    ("is", "write `==` to compare"),
    (";", "an expression is one value: nothing is assigned, nothing follows"),
];

/// Returns the error in people's words.
pub(super) fn explain(text: &str, error: &Error<Rule>) -> ParseError {
    let start = match error.location {
        InputLocation::Pos(place) | InputLocation::Span((place, _)) => place,
    };
    if let ErrorVariant::CustomError { .. } = error.variant {
        // The parser's own guard: the thread's stack was nearly used up before it was called.
        let message = "the expression nests too deeply for the stack of this thread";
        return ParseError::new(Span::new(0, text.len()), message);
    }
    let rest = text.get(start..).unwrap_or("");
    let skipped = rest.len() - rest.trim_start().len();
    let start = start + skipped;
    let token = token(rest.trim_start());
    let place = Span::new(start, start + token.len());
    let message = if is_reserved(token) && wants_operand(error) {
        format!("`{token}` is a reserved word")
    } else {
        match (wants_field(error), wants_operand(error), token) {
            (true, _, "") => "a field's name is missing".to_owned(),
            (true, _, _) => format!("expected a field's name, found `{token}`"),
            (_, true, "") => "a value is missing".to_owned(),
            (_, true, _) => format!("expected a value, found `{token}`"),
            // Brackets are balanced, so where one may not close, or the text not end, only this
            // can be wanting.
            (_, _, "" | ")" | "]" | "}") => "`:` and a value are missing".to_owned(),
            _ => format!("expected an operator or the end, found `{token}`"),
        }
    };
    let error = ParseError::new(place, message);
    match help(text, start, token) {
        Some(help) => error.with_help(help),
        None => error,
    }
}

fn positives(error: &Error<Rule>) -> &[Rule] {
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    }
}

fn wants_operand(error: &Error<Rule>) -> bool {
    positives(error).iter().any(|rule| {
        matches!(
            rule,
            Rule::expression | Rule::chain | Rule::operand | Rule::name | Rule::text | Rule::global
        )
    })
}

fn wants_field(error: &Error<Rule>) -> bool {
    positives(error).contains(&Rule::field)
}

fn is_reserved(token: &str) -> bool {
    use pest::Parser as _;
    !token.is_empty() && (token == "in" || super::Grammar::parse(Rule::reserved, token).is_ok())
}

/// Returns the word, or the one character, at the beginning.
fn token(rest: &str) -> &str {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let word = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    let len = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    rest.get(..len.min(rest.len())).unwrap_or("")
}

fn help(text: &str, start: usize, token: &str) -> Option<&'static str> {
    if token == "=" && text.get(start..).is_some_and(|rest| rest.starts_with("=>")) {
        return Some("a macro takes a name and a value: `list.map(e, e + 1)`");
    }
    if let Some((_, help)) = HABITS.iter().find(|(habit, _)| *habit == token) {
        return Some(help);
    }
    let before = text.get(..start).unwrap_or("").trim_end();
    let word_before = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    match token {
        _ if word_before == Some("not") => Some("write `!`"),
        "" | ")" | "]" | "}" if before.contains('?') => {
            Some("a condition is written as `condition ? value : other`")
        }
        "}" => Some("a map is written as `{\"key\": value}`"),
        "{" if before.ends_with(|last: char| last.is_ascii_alphanumeric()) => {
            Some("messages are not part of the language: write a map, `{\"name\": value}`")
        }
        "?" if before.ends_with('?') => Some("write `value == null ? other : value`"),
        "*" if before.ends_with('[') => Some("write `list.map(e, e.field)`"),
        "`" => Some("a text stands in `'` or `\"`"),
        "$" => Some("this is an expression already: leave out `${` and `}`"),
        _ => None,
    }
}
