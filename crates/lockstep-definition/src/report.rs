//! Collects the findings about one file.
//!
//! Invariants:
//!
//! * At most [`MAX_FINDINGS`] findings are kept for a file; one more says that there were others.
//! * A warning is dropped when it is added, if its author allows it: `allow` is read before the parts
//!   of the mapping in which it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::Span;

use crate::allow::Allowance;
use crate::code::{Code, Severity};
use crate::diagnostic::{Diagnostic, Finding, Label};
use crate::source::{Lines, Source};
use crate::workflow::Place;

/// Findings that are kept for one file.
pub(crate) const MAX_FINDINGS: usize = 200;

/// The findings about one file.
#[derive(Debug)]
pub(crate) struct Report<'s> {
    pub(crate) source: &'s Source,
    pub(crate) lines: Lines<'s>,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    allowances: BTreeMap<Code, Vec<Allowance>>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self {
            source,
            lines: Lines::new(&source.text),
            diagnostics: Vec::new(),
            errors: 0,
            allowances: BTreeMap::new(),
        }
    }

    /// Leaves out the warnings that the allowance covers, from here on.
    pub(crate) fn allow(&mut self, code: Code, allowance: Allowance) {
        self.allowances.entry(code).or_default().push(allowance);
    }

    /// Tells allowances that nothing needed; to be called when everything else has been told.
    pub(crate) fn check_allowances(&mut self) {
        let unused = |(code, all): (&Code, &Vec<Allowance>)| -> Vec<Finding> {
            all.iter().filter_map(|allowance| allowance.unused(*code)).collect()
        };
        let own = Code::UnusedAllow;
        let others = self.allowances.iter().filter(|(code, _)| **code != own);
        let findings: Vec<Finding> = others.flat_map(unused).collect();
        for finding in findings {
            self.add(finding);
        }
        // Their places are within what they allow.
        let findings: Vec<Finding> =
            self.allowances.get_key_value(&own).map_or_else(Vec::new, unused);
        for finding in findings {
            self.insert(finding);
        }
    }

    fn is_allowed(&mut self, finding: &Finding) -> bool {
        let mut allowed = false;
        // All that cover it count as needed.
        for allowance in self.allowances.get_mut(&finding.code).into_iter().flatten() {
            allowed |= allowance.covers(finding.span);
        }
        allowed
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        if finding.code.severity() == Severity::Error {
            self.errors += 1;
        } else if self.is_allowed(&finding) {
            return;
        }
        self.insert(finding);
    }

    /// Keeps the finding if there is room.
    fn insert(&mut self, finding: Finding) {
        if self.diagnostics.len() < MAX_FINDINGS {
            self.keep(finding);
        } else if self.diagnostics.len() == MAX_FINDINGS {
            let last = Finding::new(
                Code::TooManyFindings,
                finding.span,
                format!("more than {MAX_FINDINGS} findings in this file"),
            )
            .help("mend the ones above first, then check again");
            self.errors += 1;
            self.keep(last);
        }
    }

    /// Like [`Report::add`], but makes the finding only if it is kept: for findings that are dear to
    /// make. It must be an error.
    pub(crate) fn tell(&mut self, finding: impl FnOnce() -> Finding) {
        if self.diagnostics.len() > MAX_FINDINGS {
            self.errors += 1;
        } else {
            self.add(finding());
        }
    }

    fn keep(&mut self, finding: Finding) {
        let (line, column) = self.lines.position(finding.span.start);
        let own = &self.source.path;
        let labels = finding.labels.into_iter().map(|(source, span, message)| Label {
            source: source.unwrap_or_else(|| Arc::clone(own)),
            span,
            message,
        });
        self.diagnostics.push(Diagnostic {
            code: finding.code,
            severity: finding.code.severity(),
            message: finding.message,
            source: Arc::clone(own),
            span: finding.span,
            line,
            column,
            help: finding.help,
            labels: labels.collect(),
            suggestion: finding.suggestion,
        });
    }

    /// Whether no more findings are kept; one of those that are is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() > MAX_FINDINGS
    }

    /// How many errors were added, those that were not kept included.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        self.lines.place(&self.source.path, span)
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
