//! `allow`: warnings that an author has decided to live with, and why.
//!
//! Invariants:
//!
//! * Only warnings can be silenced, only within the mapping that says so, and never without a reason.

use lockstep_expr::Span;

use crate::code::{Code, Severity};
use crate::diagnostic::{Finding, nearest, shown};
use crate::fields::{Field, Fields, entries, wrong_kind};
use crate::report::Report;
use crate::yaml::node::{Node, Value};

/// Leave to leave out the warnings of one code in a part of a file.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// The part, as it is written; behind an alias, the alias too.
    within: [Span; 2],
    /// The code in the file.
    key_span: Span,
    used: bool,
}

impl Allowance {
    /// Whether the place is in the part; then the allowance is one that is needed.
    pub(crate) fn covers(&mut self, place: Span) -> bool {
        let inside = |part: &Span| part.start <= place.start && place.end <= part.end;
        let covers = self.within.iter().any(inside);
        self.used |= covers;
        covers
    }

    /// The finding for an allowance that nothing needed.
    pub(crate) fn unused(&self, code: Code) -> Option<Finding> {
        let finding =
            || Finding::new(Code::UnusedAllow, self.key_span, format!("there is no `{code}` here"));
        (!self.used)
            .then(|| finding().help("remove it: it would hide the next mistake of this kind"))
    }
}

/// Reads the `allow` of the mapping `node`, whose key, if it has one, begins at `from`.
pub(crate) fn allow(report: &mut Report<'_>, fields: &Fields<'_>, node: &Node, from: Option<Span>) {
    let Some(value) = fields.value("allow") else { return };
    if !matches!(value.value, Value::Map(_)) {
        let finding = wrong_kind(value, "`allow` is a mapping of codes to reasons");
        report.add(finding.help("write `allow: { CODE: \"why this is as it should be\" }`"));
        return;
    }
    let extent = from.map_or(node.extent, |key| node.extent.to(key));
    for field in entries(report, value, "`allow`").unwrap_or_default() {
        reason(report, field);
        if let Some(code) = silenced(report, field) {
            let within = [extent, node.span];
            report.allow(code, Allowance { within, key_span: field.key_span, used: false });
        }
    }
}

fn reason(report: &mut Report<'_>, field: Field<'_>) {
    let finding = match &field.value.value {
        Value::Text(text) if !text.trim().is_empty() => return,
        Value::Text(_) | Value::Null => Finding::new(
            Code::AllowWithoutReason,
            field.key_span,
            format!("`allow` says no reason for `{}`", shown(field.key)),
        ),
        Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => wrong_kind(field.value, "a reason is a text"),
    };
    report.add(finding.help("write why it is as it should be, for whoever reads this next"));
}

fn silenced(report: &mut Report<'_>, field: Field<'_>) -> Option<Code> {
    let warnings = || Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == field.key) else {
        let message = format!("no finding has the code `{}`", shown(field.key));
        report.add(Finding::new(Code::AllowUnknownCode, field.key_span, message).mean(
            nearest(field.key, warnings().map(|code| code.as_str())),
            "write the code that `validate` shows in brackets: `warning[CODE]`",
        ));
        return None;
    };
    if code.severity() == Severity::Error {
        report.add(
            Finding::new(
                Code::NotAllowed,
                field.key_span,
                format!("`{code}` is an error: it cannot be silenced"),
            )
            .help("mend what it tells; only warnings can be left as they are"),
        );
        return None;
    }
    Some(*code)
}
