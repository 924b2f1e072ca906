//! Why a text is not YAML, in words for its author.
//!
//! Invariants:
//!
//! * Every finding points at a place in the text and says what to do.

use granit_parser::ErrorKind;
use lockstep_expr::Span;

use super::node::{TOO_DEEP, TOO_MANY_VALUES};
use super::spans::Stop;
use super::{MAX_DEPTH, MAX_VALUES};
use crate::code::Code;
use crate::diagnostic::{Finding, shown};

/// How the parser of values says that a name is missing behind `*` or `&`.
const NO_NAME: &str = "did not find expected alphabetic or numeric character";

/// The finding for a text that the scanner of places refused.
pub(super) fn stopped(stop: &Stop, text: &str) -> Finding {
    match stop {
        Stop::Depth { at } => depth(one_char(text, *at)),
        Stop::Cycle { span } => Finding::new(
            Code::YamlAliases,
            *span,
            "an alias stands inside the value that it repeats",
        )
        .help("the value would have no end: write out what is meant"),
        Stop::Values { at } => values(one_char(text, *at)),
        Stop::Scan { at, kind } => scan(text, *at, kind),
    }
}

/// The finding for a text that the parser of values refused, with its message and place.
pub(super) fn refused(
    message: &str,
    at: Option<usize>,
    stop: Option<&Stop>,
    text: &str,
) -> Finding {
    let span = one_char(text, at.unwrap_or(0));
    if message.contains(TOO_MANY_VALUES) {
        return values(span);
    }
    if message.contains(TOO_DEEP) || message.starts_with("recursion limit") {
        return depth(span);
    }
    if message.starts_with("repetition limit") {
        return Finding::new(Code::YamlAliases, first_alias(text), "aliases repeat too much")
            .help("an alias that holds aliases grows with every level: write the values out");
    }
    if message.starts_with("unknown anchor") {
        return anchor(text, at.unwrap_or(0));
    }
    // The scanner of places names its reasons; the parser of values only has a text.
    if let Some(stop) = stop {
        return stopped(stop, text);
    }
    let cause = message.split_once(" at line ").map_or(message, |(cause, _)| cause);
    if cause == NO_NAME {
        return nameless(span);
    }
    if let Some(tab) = tab_before(text, span.start) {
        return tabs(tab);
    }
    Finding::new(Code::YamlSyntax, span, format!("this is not YAML: {}", shown(cause)))
        .help("look at the indentation, the quotes and the brackets here and in the line above")
}

fn nameless(span: Span) -> Finding {
    Finding::new(Code::YamlSyntax, span, "a `*` or `&` begins a name, and has none")
        .help("put a text that begins with `*` or `&` into quotes")
}

fn depth(span: Span) -> Finding {
    Finding::new(
        Code::YamlDepth,
        span,
        format!("lists and mappings are nested more than {MAX_DEPTH} deep"),
    )
    .help("no definition needs such depth: look for brackets that are never closed")
}

fn values(span: Span) -> Finding {
    Finding::new(
        Code::YamlValues,
        span,
        format!("the file holds more than {MAX_VALUES} values, those put in by aliases included"),
    )
    .help("split the file, and write out values that many aliases repeat")
}

fn anchor(text: &str, at: usize) -> Finding {
    let rest = text.get(at..).unwrap_or_default();
    let name: String = rest
        .chars()
        .skip(1)
        .take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}'))
        .collect();
    let span = Span::new(at, at + 1 + name.len());
    if !rest.starts_with('*') {
        return Finding::new(Code::YamlAnchor, one_char(text, at), "an alias has no anchor")
            .help("write `&name` before the value that `*name` repeats, further up");
    }
    Finding::new(Code::YamlAnchor, span, format!("no anchor is called `{}`", shown(&name))).help(
        format!(
            "write `&{0}` before the value that `*{0}` repeats, further up in the same document; \
             a text that begins with `*` needs quotes",
            shown(&name)
        ),
    )
}

fn tabs(at: usize) -> Finding {
    Finding::new(Code::YamlTab, Span::new(at, at + 1), "a tab stands where YAML allows only spaces")
        .help("indent with spaces; most editors can convert the file")
}

/// A tab in the indentation of the line of `at`, or of the line above.
fn tab_before(text: &str, at: usize) -> Option<usize> {
    let mut end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n);
    for _ in 0..2 {
        let head = text.get(..end)?;
        let start = head.rfind('\n').map_or(0, |n| n + 1);
        let line = head.get(start..)?;
        let indent = line.len() - line.trim_start().len();
        if let Some(tab) = line.get(..indent).and_then(|blank| blank.find('\t')) {
            return Some(start + tab);
        }
        end = start.checked_sub(1)?;
    }
    None
}

/// Whether a comment may stand in the line of `at`, or in the line above.
fn comment_near(text: &str, at: usize) -> bool {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n);
    let mut lines = text.get(..end).unwrap_or_default().rsplit('\n').take(2);
    lines.any(|line| line.contains(" #"))
}

fn first_alias(text: &str) -> Span {
    let at = text
        .match_indices('*')
        .map(|(at, _)| at)
        .find(|at| {
            let before = text.get(..*at).and_then(|head| head.chars().next_back());
            before.is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ','))
        })
        .unwrap_or(0);
    one_char(text, at)
}

fn one_char(text: &str, at: usize) -> Span {
    let at = at.min(text.len());
    let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span::new(at, at + length)
}

fn scan(text: &str, at: usize, kind: &ErrorKind) -> Finding {
    let span = one_char(text, at);
    let about_tab = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
    );
    if let Some(tab) = tab_before(text, at) {
        return tabs(tab);
    }
    if about_tab {
        let below = text.get(at..).and_then(|rest| rest.find('\t')).map_or(at, |n| at + n);
        return tabs(below);
    }
    if *kind == ErrorKind::UnknownAnchor {
        return anchor(text, at);
    }
    let (message, help) = reason(kind);
    let finding = Finding::new(Code::YamlSyntax, span, message);
    let in_brackets = matches!(
        kind,
        ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
    );
    if in_brackets && comment_near(text, at) {
        return finding.help(format!(
            "{help}; a `#` behind a space begins a comment, and the rest of its line is not read: \
             put a text with `#` into quotes"
        ));
    }
    finding.help(help)
}

/// What is wrong, and what to do.
#[expect(clippy::wildcard_enum_match_arm, reason = "the scanner has over a hundred kinds")]
fn reason(kind: &ErrorKind) -> (String, &'static str) {
    let (message, help) = match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a text in quotes is never closed", "write the closing quote")
        }
        ErrorKind::InvalidQuotedScalarIndent => (
            "a text in quotes goes on in a line that is not indented",
            "indent the lines of the text, or write the closing quote in the line before",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "something follows the closing quote",
            "put the whole text into quotes; a quote within single quotes is written twice (`''`)",
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => (
            "an escape within double quotes is not known",
            "write a backslash as `\\\\`, or use single quotes, which know no escapes",
        ),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            ("a bracket is never closed", "write the closing bracket")
        }
        ErrorKind::MismatchedFlowCollectionEnd { .. } | ErrorKind::MisplacedFlowCollectionEnd => (
            "a closing bracket has no opening bracket of its kind",
            "`[` is closed by `]` and `{` by `}`",
        ),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => (
            "a `,` or a closing bracket is missing",
            "separate entries with `,`; put texts with brackets, commas or quotes into quotes",
        ),
        ErrorKind::MappingValueNotAllowed => (
            "a `:` stands where no key can be",
            "put a text that contains `: ` into quotes; else look at the indentation of this line",
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::MappingKeyNotAllowed => (
            "the indentation does not fit the lines above",
            "keys of one mapping, and dashes of one list, begin in the same column",
        ),
        ErrorKind::MissingAnchorOrAliasName => {
            ("a `*` or `&` has no name", "put a text that begins with `*` or `&` into quotes")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a key is not followed by `:`", "write `key: value`")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let message = format!("a text cannot begin with `{}`", character.escape_default());
            return (message, "put the text into quotes");
        }
        other => {
            let message = format!("this is not YAML: {}", shown(&other.to_string()));
            return (message, "look at the indentation, the quotes and the brackets here");
        }
    };
    (message.to_owned(), help)
}
