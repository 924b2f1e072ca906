//! Words of findings.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type that is not named has no conversion and no shorter name"
)]

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
pub(super) fn conversion(symbol: &str, left: &StaticType, right: &StaticType) -> Option<String> {
    use StaticType::{Bool, Bytes, Double, Duration, Int, String, Timestamp, Uint};
    let compares = matches!(symbol, "<" | "<=" | ">" | ">=" | "==" | "!=");
    // Texts are joined and looked for, everything else is computed or put in order.
    let as_texts = matches!(symbol, "+" | "==" | "!=" | "in");
    let function = match (left, right) {
        (Timestamp | Duration, Int | Uint | Double) if matches!(symbol, "+" | "-") => {
            return Some("write a length of time: `duration('60s')`".to_owned());
        }
        (Duration, Int | Uint | Double) | (Int | Uint | Double, Duration) if compares => {
            return Some("compare it with a length of time: `duration('60s')`".to_owned());
        }
        (Timestamp, Int | Uint | Double) | (Int | Uint | Double, Timestamp) if compares => {
            return Some("convert one: `timestamp(...)` of seconds since 1970".to_owned());
        }
        (Bool, _) | (_, Bool) if matches!(symbol, "==" | "!=") => {
            return Some("a bool needs no comparison: write it alone, or `!` before it".to_owned());
        }
        (String, Bool | Int | Uint | Double | Timestamp | Duration | Bytes)
        | (Bool | Int | Uint | Double | Timestamp | Duration | Bytes, String)
            if as_texts =>
        {
            "string"
        }
        (String, Timestamp) | (Timestamp, String) => "timestamp",
        (String, Duration) | (Duration, String) => "duration",
        (Int | Uint, Double) | (Double, Int | Uint) if symbol == "%" => "int",
        (Double, Int | Uint | String) | (Int | Uint | String, Double) => "double",
        (Int, Uint | String) | (Uint | String, Int) => "int",
        (Uint, String) | (String, Uint) => "uint",
        _ => return None,
    };
    Some(format!("convert one: `{function}(...)`"))
}

/// Returns a type that a function takes: of any list, `list`.
pub(super) fn wanted(ty: &StaticType) -> String {
    let mut open = true;
    ty.for_each_part(&mut |part| open = open && matches!(part, StaticType::Parameter(_)));
    match ty {
        StaticType::List(_) if open => "list".to_owned(),
        StaticType::Map(..) if open => "map".to_owned(),
        StaticType::Optional(_) if open => "optional".to_owned(),
        other => other.to_string(),
    }
}
