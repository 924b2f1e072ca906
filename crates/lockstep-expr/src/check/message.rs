//! Words of findings.

use crate::span::Span;
use crate::static_type::StaticType;

/// Longest part of an expression that a message repeats, in characters.
const MAX_SHOWN: usize = 40;

/// Returns a part of the text as a message repeats it: on one line, cut if it is long.
pub(super) fn excerpt(text: &str, span: Span) -> String {
    let part = text.get(span.start..span.end).unwrap_or("");
    let mut words = part.split_whitespace();
    let mut shown: String = words.next().unwrap_or("").chars().take(MAX_SHOWN + 1).collect();
    for word in words {
        if shown.chars().count() > MAX_SHOWN {
            break;
        }
        shown.push(' ');
        shown.extend(word.chars().take(MAX_SHOWN));
    }
    if shown.chars().count() > MAX_SHOWN {
        shown = shown.chars().take(MAX_SHOWN).collect();
        shown.push_str("...");
    }
    shown
}

/// Returns alternatives: `int, uint or double`.
pub(super) fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

/// Returns what an operator does not do with two types.
pub(super) fn refusal(symbol: &str, left: &StaticType, right: &StaticType) -> String {
    match symbol {
        "+" => format!("`+` does not add {left} and {right}"),
        "-" => format!("`-` does not take {right} from {left}"),
        "*" => format!("`*` does not multiply {left} and {right}"),
        "/" => format!("`/` does not divide {left} by {right}"),
        "%" => format!("`%` has no remainder of {left} by {right}"),
        _ => format!("`{symbol}` does not compare {left} and {right}"),
    }
}

/// Returns how to make two types one, if there is a function for it.
pub(super) fn conversion(left: &StaticType, right: &StaticType) -> Option<String> {
    use StaticType::{Bool, Double, Duration, Int, String, Timestamp, Uint};
    let function = match (left, right) {
        (String, Bool | Int | Uint | Double | Timestamp | Duration)
        | (Bool | Int | Uint | Double | Timestamp | Duration, String) => "string",
        (Double, Int | Uint) | (Int | Uint, Double) => "double",
        (Int, Uint) | (Uint, Int) => "int",
        _ => return None,
    };
    Some(format!("convert one: `{function}(...)`"))
}
