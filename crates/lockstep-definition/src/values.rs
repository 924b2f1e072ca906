//! Single values of a definition: texts, names, numbers, durations, choices, error codes.
//!
//! Invariants:
//!
//! * A value that is not as expected gives a finding, and `None`.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Span;

use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::duration::{DurationError, duration};
use crate::fields::wrong_kind;
use crate::name::{NameKind, is_error_code, is_reserved};
use crate::report::Report;
use crate::workflow::ErrorPattern;
use crate::yaml::node::{Node, Value};

/// A text; `what` is a sentence in lower case without its end: "a description is a text".
pub(crate) fn text<'n>(report: &mut Report<'_>, node: &'n Node, what: &str) -> Option<&'n str> {
    if let Value::Text(text) = &node.value {
        return Some(text);
    }
    report.add(wrong_kind(node, what));
    None
}

pub(crate) fn description(report: &mut Report<'_>, node: Option<&Node>) -> Option<String> {
    text(report, node?, "a description is a text").map(str::to_owned)
}

/// A name as it is given to something.
pub(crate) fn name(
    report: &mut Report<'_>,
    node: &Node,
    what: &str,
    kind: NameKind,
) -> Option<Arc<str>> {
    let text = text(report, node, &format!("{what} is a text"))?;
    checked_name(report, text, node.span, what, kind)
}

/// Checks the form of a name.
pub(crate) fn checked_name(
    report: &mut Report<'_>,
    text: &str,
    span: Span,
    what: &str,
    kind: NameKind,
) -> Option<Arc<str>> {
    if kind.fits(text) {
        return Some(Arc::from(text));
    }
    let message = format!("`{}` cannot be {what}", shown(text));
    report.add(Finding::new(Code::InvalidName, span, message).help(kind.rule()));
    None
}

/// A name that a value is bound to.
pub(crate) fn bound_name(report: &mut Report<'_>, text: &str, span: Span) -> Option<Arc<str>> {
    let name = checked_name(report, text, span, "the name of a value", NameKind::Identifier)?;
    if is_reserved(&name) {
        report.add(
            Finding::new(
                Code::ReservedName,
                span,
                format!("`{name}` has a meaning of its own in expressions"),
            )
            .help("choose another name")
            .suggest(format!("{name}_")),
        );
        return None;
    }
    Some(name)
}

pub(crate) fn boolean(report: &mut Report<'_>, node: &Node, key: &str) -> Option<bool> {
    if let Value::Bool(value) = node.value {
        return Some(value);
    }
    report.add(wrong_kind(node, &format!("`{key}` is `true` or `false`")));
    None
}

/// An integer from `least` to `most`, both allowed.
pub(crate) fn integer(
    report: &mut Report<'_>,
    node: &Node,
    key: &str,
    least: u32,
    most: u32,
) -> Option<u32> {
    let Value::Int(value) = node.value else {
        report.add(wrong_kind(node, &format!("`{key}` is an integer from {least} to {most}")));
        return None;
    };
    let fitting = u32::try_from(value).ok().filter(|value| (least..=most).contains(value));
    if fitting.is_none() {
        report.add(
            Finding::new(
                Code::InvalidValue,
                node.span,
                format!("`{key}` is {value}, but it is from {least} to {most}"),
            )
            .help(format!("write a number from {least} to {most}")),
        );
    }
    fitting
}

/// One of the texts of a table.
pub(crate) fn choice<T: Copy>(
    report: &mut Report<'_>,
    node: &Node,
    key: &str,
    table: &[(&str, T)],
) -> Option<T> {
    let names = || table.iter().map(|(name, _)| *name);
    let written: String = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Null
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => {
            report.add(wrong_kind(node, &format!("`{key}` is one of {}", listed(names()))));
            return None;
        }
    };
    let found = table.iter().find(|(name, _)| *name == written).map(|(_, value)| *value);
    if found.is_none() {
        report.add(
            Finding::new(
                Code::InvalidValue,
                node.span,
                format!("`{key}` cannot be `{}`", shown(&written)),
            )
            .mean(nearest(&written, names()), format!("write {}", either(table))),
        );
    }
    found
}

fn either<T>(table: &[(&str, T)]) -> String {
    let names: Vec<String> = table.iter().map(|(name, _)| format!("`{name}`")).collect();
    names.join(" or ")
}

/// A duration that is longer than nothing unless `zero` is allowed.
pub(crate) fn length_of_time(
    report: &mut Report<'_>,
    node: &Node,
    key: &str,
    zero: bool,
) -> Option<Duration> {
    let finding = match &node.value {
        Value::Int(number) => no_unit(node.span, key, &number.to_string()),
        Value::Double(number) => no_unit(node.span, key, &number.to_string()),
        Value::Text(text) => match duration(text) {
            Ok(time) if time.is_zero() && !zero => Finding::new(
                Code::InvalidDuration,
                node.span,
                format!("`{key}` must be longer than nothing"),
            )
            .help("write a duration such as `5s`"),
            Ok(time) => return Some(time),
            Err(DurationError::NoUnit) => no_unit(node.span, key, text),
            Err(DurationError::Form) => Finding::new(
                Code::InvalidDuration,
                node.span,
                format!("`{}` is not a duration", shown(text)),
            )
            .help(if text.contains("${") {
                "write a fixed length such as `5s`: an expression cannot stand here"
            } else {
                "write numbers with units (`h`, `m`, `s`, `ms`), such as `5s` or `1m30s`; a day is \
                 `24h`"
            }),
            Err(DurationError::Range) => Finding::new(
                Code::InvalidDuration,
                node.span,
                format!("`{}` is out of range", shown(text)),
            )
            .help("a duration is from zero to ten years (`87600h`)"),
        },
        Value::Null
        | Value::Bool(_)
        | Value::LargeInt
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => wrong_kind(node, &format!("`{key}` is a duration such as `5s`")),
    };
    report.add(finding);
    None
}

fn no_unit(span: Span, key: &str, number: &str) -> Finding {
    let finding =
        Finding::new(Code::InvalidDuration, span, format!("`{key}` is a number without a unit"));
    let number = shown(number.trim());
    finding
        .help(format!("write a unit: `{number}s` for seconds, `{number}ms` for milliseconds"))
        .suggest(format!("{number}s"))
}

/// A list; one value alone counts as a list of one if `single`.
pub(crate) fn list<'n>(
    report: &mut Report<'_>,
    node: &'n Node,
    what: &str,
    single: bool,
) -> Option<&'n [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        Value::Text(_) if single => Some(std::slice::from_ref(node)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::Tagged(_) => {
            report.add(wrong_kind(node, &format!("{what} is a list")));
            None
        }
    }
}

pub(crate) fn error_code(report: &mut Report<'_>, node: &Node) -> Option<Arc<str>> {
    let code = text(report, node, "an error code is a text")?;
    if is_error_code(code) {
        return Some(Arc::from(code));
    }
    report.add(
        Finding::new(
            Code::InvalidErrorCode,
            node.span,
            format!("`{}` is not an error code", shown(code)),
        )
        .help("write words with dots, such as `timeslot.full`"),
    );
    None
}

/// Patterns of error codes: one, or a list.
pub(crate) fn error_patterns(report: &mut Report<'_>, node: &Node) -> Vec<ErrorPattern> {
    let Some(items) = list(report, node, "error patterns", true) else { return Vec::new() };
    if items.is_empty() {
        report.add(
            Finding::new(Code::InvalidErrorCode, node.span, "the list of error patterns is empty")
                .help("write a code (`timeslot.full`), a prefix (`timeslot.*`) or `\"*\"` for all"),
        );
    }
    items.iter().filter_map(|item| error_pattern(report, item)).collect()
}

fn error_pattern(report: &mut Report<'_>, node: &Node) -> Option<ErrorPattern> {
    let pattern = text(report, node, "an error pattern is a text")?;
    if let Some(prefix) = pattern.strip_suffix('*') {
        let word = prefix.strip_suffix('.').unwrap_or(prefix);
        if prefix.is_empty() || is_error_code(word) {
            return Some(ErrorPattern::Prefix(Arc::from(prefix)));
        }
    } else if is_error_code(pattern) {
        return Some(ErrorPattern::Exact(Arc::from(pattern)));
    }
    report.add(
        Finding::new(
            Code::InvalidErrorCode,
            node.span,
            format!("`{}` is not an error pattern", shown(pattern)),
        )
        .help("write a code (`timeslot.full`), a prefix (`timeslot.*`) or `\"*\"` for all"),
    );
    None
}
