//! Diagnostics for people and for programs.
//!
//! Invariants:
//!
//! * No control character of a file or of a message reaches the terminal.
//! * Only the lines around a place are shown, whatever the size of the file.

mod github;
mod region;
mod sarif;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use lockstep_definition::{Diagnostic, Severity, Source, Span};
use serde_json::json;

pub(crate) use self::github::github;
use self::region::Region;
pub(crate) use self::sarif::sarif;

/// Longest excerpt in bytes; a finding whose lines are longer is shown without an excerpt.
const MAX_EXCERPT: usize = 16 * 1024;

/// The diagnostics as people read them: message, excerpt with the place marked, what to do.
///
/// An empty line separates two diagnostics; the text ends with a line break unless it is empty.
pub(crate) fn human(diagnostics: &[Diagnostic], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let parts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&groups(diagnostic, sources)) + "\n")
        .collect();
    parts.join("\n")
}

/// The diagnostics as JSON, one object in each line.
///
/// An object has `code`, `severity` (`error` or `warning`), `message`, `file`, `line` and `column`
/// (from 1, in characters), `end_line` and `end_column` (the place behind the last character),
/// `start` and `end` (bytes from 0, the end not included), `help` and `suggestion` (a text that
/// would be right in place of these bytes; either may be null), and `labels`: other places, each with
/// `message`, `file` and the same numbers.
pub(crate) fn json(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let labels: Vec<serde_json::Value> = diagnostic
            .labels
            .iter()
            .map(|label| {
                let region = Region::of(&label.source, label.span, sources);
                json!({
                    "message": label.message,
                    "file": &*label.source,
                    "line": region.start.0,
                    "column": region.start.1,
                    "end_line": region.end.0,
                    "end_column": region.end.1,
                    "start": label.span.start,
                    "end": label.span.end,
                })
            })
            .collect();
        let region = Region::of(&diagnostic.source, diagnostic.span, sources);
        let object = json!({
            "code": diagnostic.code.as_str(),
            "severity": diagnostic.severity.as_str(),
            "message": diagnostic.message,
            "file": &*diagnostic.source,
            "line": diagnostic.line,
            "column": diagnostic.column,
            "end_line": region.end.0,
            "end_column": region.end.1,
            "start": diagnostic.span.start,
            "end": diagnostic.span.end,
            "help": diagnostic.help,
            "suggestion": diagnostic.suggestion,
            "labels": labels,
        });
        out.push_str(&object.to_string());
        out.push('\n');
    }
    out
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = normalize_untrusted_str(&diagnostic.source);
    let title = level
        .primary_title(normalize_untrusted_str(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let excerpt = Excerpt::of(diagnostic, sources);
    let mut primary = Group::with_title(title);
    if let Some(excerpt) = &excerpt {
        let own = diagnostic.labels.iter().filter(|label| label.source == diagnostic.source);
        let marks = own.map(|label| {
            let label_text = normalize_untrusted_str(&label.message);
            AnnotationKind::Context.span(excerpt.range(label.span)).label(label_text)
        });
        primary = primary.element(
            excerpt
                .snippet(&path)
                .annotation(AnnotationKind::Primary.span(excerpt.range(diagnostic.span)))
                .annotations(marks),
        );
    } else {
        let (line, column) = (size(diagnostic.line), size(diagnostic.column));
        primary = primary.element(Origin::path(path.clone()).line(line).char_column(column));
    }
    let mut groups = vec![primary];
    groups.extend(elsewhere(diagnostic, sources));
    let help = diagnostic.help.as_deref().map(normalize_untrusted_str);
    match (help, &diagnostic.suggestion, &excerpt) {
        (Some(help), Some(text), Some(excerpt)) => {
            let patch = Patch::new(excerpt.range(diagnostic.span), normalize_untrusted_str(text));
            let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).patch(patch);
            groups.push(Level::HELP.secondary_title(help).element(snippet));
        }
        (Some(help), _, _) => groups.push(Group::with_title(Level::HELP.secondary_title(help))),
        (None, _, _) => {}
    }
    groups
}

/// Places in other files.
fn elsewhere<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Vec<Group<'a>> {
    let others = diagnostic.labels.iter().filter(|label| label.source != diagnostic.source);
    others
        .map(|label| {
            let title = Level::NOTE.secondary_title(normalize_untrusted_str(&label.message));
            let path = normalize_untrusted_str(&label.source);
            let source = sources.iter().find(|source| source.path == label.source);
            match source.and_then(|source| Excerpt::around(source, [label.span].into_iter())) {
                Some(excerpt) => title.element(
                    excerpt
                        .snippet(&path)
                        .annotation(AnnotationKind::Primary.span(excerpt.range(label.span))),
                ),
                None => title.element(Origin::path(path)),
            }
        })
        .collect()
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Some lines of a file.
struct Excerpt<'s> {
    text: &'s str,
    /// Offset of the first byte in the file.
    start: usize,
    /// Line of the first byte, from 1.
    line: usize,
}

impl<'s> Excerpt<'s> {
    /// The lines of a diagnostic and of its labels in the same file.
    fn of(diagnostic: &Diagnostic, sources: &'s [Source]) -> Option<Self> {
        let source = sources.iter().find(|source| source.path == diagnostic.source)?;
        let own = diagnostic.labels.iter().filter(|label| label.source == diagnostic.source);
        let labels = own.map(|label| label.span);
        Self::around(source, labels.chain([diagnostic.span]))
    }

    fn around(source: &'s Source, spans: impl Iterator<Item = Span> + Clone) -> Option<Self> {
        let text: &str = &source.text;
        let first = spans.clone().map(|span| span.start).min()?.min(text.len());
        let last = spans.map(|span| span.end).max()?.min(text.len());
        let start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
        let end = text.get(last..)?.find('\n').map_or(text.len(), |at| last + at);
        if end - start > MAX_EXCERPT {
            return None;
        }
        let line = size(source.position(start).0);
        Some(Self { text: text.get(start..end)?, start, line })
    }

    fn snippet<T: Clone>(&self, path: &str) -> Snippet<'s, T> {
        Snippet::source(self.text).line_start(self.line).path(path.to_owned())
    }

    /// A part of the file as a part of the excerpt.
    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let within = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        within(span.start)..within(span.end)
    }
}

#[cfg(test)]
mod tests;
