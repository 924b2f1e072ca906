//! `retry`: when and how often something that failed is tried again.

use std::time::Duration;

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Fields, Keys, wrong_kind};
use crate::part::Part;
use crate::report::Report;
use crate::values::{error_patterns, integer, length_of_time};
use crate::workflow::Retry;
use crate::yaml::node::{Node, Value};

const RETRY: Keys =
    Keys { what: "`retry`", known: &["max_attempts", "backoff", "factor", "max_backoff", "on"] };
/// Most attempts, the first included.
const MAX_ATTEMPTS: u32 = 1_000_000;
/// Most by which a pause may grow with each attempt.
const MAX_FACTOR: f64 = 1_000.0;
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
const FACTOR: f64 = 2.0;

/// Reads the value of `retry`.
pub(crate) fn retry(report: &mut Report<'_>, node: &Node) -> Option<Retry> {
    if let Value::Int(number) = node.value {
        let help = format!("write `retry: {{ max_attempts: {number} }}`");
        report.add(wrong_kind(node, "`retry` is a mapping").help(help));
        return None;
    }
    let fields = Fields::read(report, node, RETRY)?;
    let max_attempts = fields
        .required(report, "max_attempts", "max_attempts: 3")
        .and_then(|node| integer(report, node, "max_attempts", 1, MAX_ATTEMPTS));
    let backoff =
        Part::read(fields.value("backoff"), |node| length_of_time(report, node, "backoff", true));
    let max_backoff = Part::read(fields.value("max_backoff"), |node| {
        length_of_time(report, node, "max_backoff", true)
    });
    let factor = Part::read(fields.value("factor"), |node| factor(report, node));
    // YAML 1.1 reads a bare `on` as a bool; this reader does not, so the key needs no quotes.
    let on = fields.value("on").map(|node| error_patterns(report, node)).unwrap_or_default();
    let backoff = backoff.or(BACKOFF)?;
    Some(Retry {
        max_attempts: max_attempts?,
        backoff,
        factor: factor.or(FACTOR)?,
        max_backoff: max_backoff.known().ok()?.unwrap_or_else(|| MAX_BACKOFF.max(backoff)),
        on,
    })
}

fn factor(report: &mut Report<'_>, node: &Node) -> Option<f64> {
    let number = match node.value {
        Value::Int(number) => i32::try_from(number).ok().map(f64::from),
        Value::Double(number) => Some(number),
        Value::Null
        | Value::Bool(_)
        | Value::LargeInt
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => {
            report.add(wrong_kind(node, "`factor` is a number from 1"));
            return None;
        }
    };
    let fitting = number.filter(|number| (1.0..=MAX_FACTOR).contains(number));
    if fitting.is_none() {
        report.add(
            Finding::new(
                Code::InvalidValue,
                node.span,
                format!("`factor` is from 1 to {MAX_FACTOR}"),
            )
            .help("write how many times longer each pause is than the one before, such as 2"),
        );
    }
    fitting
}
