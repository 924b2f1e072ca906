//! What to do about a literal that is not of the declared type.

#![expect(clippy::wildcard_enum_match_arm, reason = "literals of the other types have no remedy")]

use lockstep_expr::{Type, is_name};

use crate::diagnostic::Finding;
use crate::name::BUILT_IN;

/// Words that other readers of YAML take for truth values.
const BOOLS: &[(&str, &str)] = &[
    ("yes", "true"),
    ("on", "true"),
    ("y", "true"),
    ("no", "false"),
    ("off", "false"),
    ("n", "false"),
    ("true", "true"),
    ("false", "false"),
];

/// Adds what to do to the finding about a literal in this text of a file.
pub(crate) fn remedied(finding: Finding, ty: &Type, text: &str) -> Finding {
    let written = text.get(finding.span.start..finding.span.end).unwrap_or_default();
    let plain = written.trim_matches(['"', '\'']);
    if let Some((first, rest)) = plain.split_once('.')
        && BUILT_IN.contains(&first)
        && rest.split('.').all(is_name)
    {
        return finding.help("an expression stands in `${ }`").suggest(format!("\"${{{plain}}}\""));
    }
    match ty {
        Type::Bool => {
            let word = BOOLS.iter().find(|(word, _)| plain.eq_ignore_ascii_case(word));
            if let Some((_, meant)) = word {
                return finding.help(format!("write `{meant}`, without quotes")).suggest(*meant);
            }
        }
        Type::String if is_word(written) => {
            return finding.help("put it into quotes").suggest(format!("\"{written}\""));
        }
        Type::Int | Type::Double => {
            let digits = plain.replace(['_', ' '], "");
            let number = digits.trim_start_matches('0');
            let number = if number.is_empty() { "0" } else { number };
            if number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() < 19 {
                let octal = number.len() < digits.len() && number != "0";
                let other =
                    if octal { format!(", or `0o{number}` if it is octal") } else { String::new() };
                return finding
                    .help(format!("write the number as `{number}`{other}"))
                    .suggest(number);
            }
        }
        _ => {}
    }
    finding.help("write a value of the declared type, or change the type")
}

/// Whether a text of a file is one number or word.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}
