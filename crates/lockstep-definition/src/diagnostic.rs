//! One finding of the checker.
//!
//! Invariants:
//!
//! * A message is a phrase in lower case without a full stop; an error says in `help` what to do.
//! * Names out of a file are shortened before they enter a message, so a message is short whatever
//!   the file holds.
//!
//! Absent by design: how a finding looks. The command line renders it.

use std::sync::Arc;

use lockstep_expr::Span;
pub(crate) use lockstep_expr::nearest;

use crate::code::{Code, Severity};

/// Longest piece of a file, in characters, that is shown within a message.
const MAX_SHOWN: usize = 60;

/// What the checker found, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// Whether it stops the definitions from being used.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Path of the file.
    pub source: Arc<str>,
    /// The part of the file that is meant.
    pub span: Span,
    /// Line of the first byte of `span`, from 1.
    pub line: u32,
    /// Column of the first byte of `span` in characters, from 1.
    pub column: u32,
    /// What to do.
    pub help: Option<String>,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// A text that would be right in place of `span`.
    pub suggestion: Option<String>,
}

/// A place that matters for a finding, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Path of the file.
    pub source: Arc<str>,
    /// The part of the file.
    pub span: Span,
    /// Why it matters.
    pub message: String,
}

/// A finding whose file is not filled in yet.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// `None` as source means the file of the finding.
    pub(crate) labels: Vec<(Option<Arc<str>>, Span, String)>,
    pub(crate) suggestion: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            help: None,
            labels: Vec::new(),
            suggestion: None,
        }
    }

    /// Moves its place to a file in which the text that it is about begins at `base` bytes.
    pub(crate) fn shifted(mut self, base: usize) -> Self {
        self.span = self.span.shifted(base);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push((None, span, message.into()));
        self
    }

    pub(crate) fn label_in(mut self, source: &Arc<str>, span: Span, message: &str) -> Self {
        self.labels.push((Some(Arc::clone(source)), span, message.to_owned()));
        self
    }

    pub(crate) fn suggest(mut self, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(replacement.into());
        self
    }

    /// Adds "did you mean" and the replacement if there is a candidate, else the `otherwise` help.
    pub(crate) fn mean(self, candidate: Option<&str>, otherwise: impl Into<String>) -> Self {
        match candidate {
            Some(name) => self.help(format!("did you mean `{name}`?")).suggest(name),
            None => self.help(otherwise),
        }
    }
}

/// A piece of a file as it is shown in a message: on one line, shortened.
pub(crate) fn shown(text: &str) -> String {
    let mut out: String =
        text.chars().take(MAX_SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// Names in a message: `` `a`, `b` and `c` ``.
pub(crate) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    const MAX_LISTED: usize = 20;
    let mut rest = names.into_iter();
    let names: Vec<String> =
        rest.by_ref().take(MAX_LISTED).map(|name| format!("`{}`", shown(name.as_ref()))).collect();
    let more = rest.count();
    if more > 0 {
        return format!("{} and {more} more", names.join(", "));
    }
    let Some((last, others)) = names.split_last() else {
        return "none".to_owned();
    };
    if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) }
}
