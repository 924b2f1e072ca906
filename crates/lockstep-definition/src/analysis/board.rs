//! Where the checks write what they find: places of the checked form become parts of files.
//!
//! Invariants:
//!
//! * At most [`MAX_TOLD`] findings of all checks together are told for a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::Span;

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::report::Report;
use crate::workflow::Place;

/// Findings that the checks tell for one file: fewer than a report keeps, so that warnings never
/// become the error of too many findings by themselves.
const MAX_TOLD: usize = 100;

/// Reports of all files.
pub(crate) struct Board<'b, 's> {
    reports: &'b mut [Report<'s>],
    files: BTreeMap<Arc<str>, usize>,
    told: Vec<usize>,
}

/// A finding at a place of the checked form.
#[derive(Debug)]
pub(crate) struct Told {
    code: Code,
    place: Place,
    message: String,
    help: String,
    labels: Vec<(Place, String)>,
}

impl Told {
    pub(crate) fn new(code: Code, place: &Place, message: impl Into<String>) -> Self {
        let place = place.clone();
        Self { code, place, message: message.into(), help: String::new(), labels: Vec::new() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a place that matters; a place that is told already is not told twice.
    pub(crate) fn label(mut self, place: &Place, message: impl Into<String>) -> Self {
        if !self.labels.iter().any(|(told, _)| told == place) {
            self.labels.push((place.clone(), message.into()));
        }
        self
    }
}

impl<'b, 's> Board<'b, 's> {
    pub(crate) fn new(reports: &'b mut [Report<'s>]) -> Self {
        let files = reports
            .iter()
            .enumerate()
            .map(|(number, report)| (Arc::clone(&report.source.path), number))
            .collect();
        let told = vec![0; reports.len()];
        Self { reports, files, told }
    }

    /// Whether no more is told for the file of a place.
    pub(crate) fn is_full(&self, place: &Place) -> bool {
        let told = self.files.get(&place.file).and_then(|number| self.told.get(*number));
        told.is_none_or(|told| *told >= MAX_TOLD)
    }

    pub(crate) fn tell(&mut self, told: Told) {
        let Some(number) = self.files.get(&told.place.file).copied() else { return };
        let Some(count) = self.told.get_mut(number).filter(|count| **count < MAX_TOLD) else {
            return;
        };
        *count += 1;
        let mut finding = Finding::new(told.code, self.span(&told.place), told.message);
        if !told.help.is_empty() {
            finding = finding.help(told.help);
        }
        for (place, message) in told.labels {
            let span = self.span(&place);
            finding = if place.file == told.place.file {
                finding.label(span, message)
            } else {
                finding.label_in(&place.file, span, &message)
            };
        }
        if let Some(report) = self.reports.get_mut(number) {
            report.add(finding);
        }
    }

    /// The part of a file at a place: a key, with its value if that is one word.
    fn span(&self, place: &Place) -> Span {
        let Some(report) = self.files.get(&place.file).and_then(|n| self.reports.get(*n)) else {
            return Span::default();
        };
        let line = usize::try_from(place.line).unwrap_or(usize::MAX);
        let column = usize::try_from(place.column).unwrap_or(usize::MAX);
        let offset = report.lines.offset(line, column);
        let rest = report.source.text.get(offset..).unwrap_or_default();
        // A mapping in braces begins with its brace.
        let inner = rest.trim_start_matches(['{', ' ']);
        let start = offset + (rest.len() - inner.len());
        Span::new(start, start + entry(inner))
    }
}

/// Length of the key at the beginning of a text, with its value if that is one word.
fn entry(text: &str) -> usize {
    let word = |text: &str| {
        text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len())
    };
    let key = word(text);
    let Some(value) = text.get(key..).and_then(|rest| rest.strip_prefix(": ")) else { return key };
    let length = word(value);
    let ends = value
        .get(length..)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r', ',', ' ', '}']));
    if length > 0 && ends { key + 2 + length } else { key }
}
