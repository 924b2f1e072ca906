//! Regular expressions: `matches`, in the syntax of RE2.
//!
//! A literal pattern is compiled once, on first use, and kept; its calls are counted when the
//! expression is parsed.
//!
//! Invariants: *linear*: a match takes time in proportion to text and pattern; a compiled pattern
//! has at most [`MAX_COMPILED`] bytes.

mod syntax;

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use crate::error::code;
use crate::fault::{Fault, Outcome, shown_text};
use crate::meter::Meter;

/// Bytes of a compiled pattern.
const MAX_COMPILED: usize = 256 * 1024;
/// Deepest nesting of groups in a pattern.
const MAX_NESTING: u32 = 50;
/// Most calls of `matches` in one expression: each may compile one pattern, which takes up to some
/// milliseconds and is paid for only where the pattern is no literal.
pub(crate) const MAX_PATTERNS: usize = 64;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 16 * 1024;
/// Units of work for compiling a pattern.
const COMPILE_WORK: usize = 10_000;
/// Bytes of a pattern that, for each byte of text, cost as much as one.
const PATTERN_BYTES: usize = 4;
/// Units of work for each byte of text if the pattern counts (`a{1,9}`): a short pattern may then
/// have as many states as a compiled one can hold.
const COUNTED_WORK: usize = 8;

/// A compiled pattern, or why there is none.
pub(crate) type Pattern = Result<Regex, String>;

/// Returns whether `pattern` matches a part of `text`.
pub(super) fn is_match(
    text: &str,
    pattern: &str,
    kept: Option<&OnceLock<Pattern>>,
    meter: &mut Meter,
) -> Outcome<bool> {
    if pattern.len() > MAX_PATTERN {
        let message = format!("a pattern has at most {MAX_PATTERN} bytes");
        return Err(Fault::new(code::ARGUMENT, message));
    }
    meter.look(text.len().saturating_mul(pattern.len() / PATTERN_BYTES + 1))?;
    if pattern.contains('{') {
        meter.work(text.len().saturating_mul(COUNTED_WORK))?;
    }
    let compiled;
    let compiled = if let Some(kept) = kept {
        kept.get_or_init(|| compile(pattern))
    } else {
        meter.work(COMPILE_WORK)?;
        compiled = compile(pattern);
        &compiled
    };
    match compiled {
        Ok(regex) => Ok(regex.is_match(text)),
        Err(message) => Err(Fault::new(code::ARGUMENT, message.as_str())),
    }
}

fn compile(pattern: &str) -> Pattern {
    let translated = syntax::translate(pattern)
        .map_err(|reason| format!("{} is not a pattern: {reason}", shown_text(pattern)))?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or("").trim_start_matches("error: ").trim();
                format!("{} is not a pattern: {reason}", shown_text(pattern))
            }
        })
}
