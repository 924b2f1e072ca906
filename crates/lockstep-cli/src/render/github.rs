//! Diagnostics as commands of GitHub's workflow log: each becomes a mark in the changed file.
//!
//! Invariants:
//!
//! * No text of a file or of a message ends a command or a property of it.

use lockstep_definition::{Diagnostic, Severity, Source};

use crate::render::region::Region;

/// The diagnostics, one command in each line.
pub(crate) fn github(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources) + "\n").collect()
}

fn command(diagnostic: &Diagnostic, sources: &[Source]) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let region = Region::of(&diagnostic.source, diagnostic.span, sources);
    let mut properties = vec![
        ("file", property(diagnostic.source.trim_start_matches("./"))),
        ("line", region.start.0.to_string()),
        ("endLine", region.end.0.to_string()),
        ("col", region.start.1.to_string()),
    ];
    // An end column belongs to the first line: GitHub refuses it for a place of several lines.
    if region.start.0 == region.end.0 {
        properties.push(("endColumn", region.end.1.to_string()));
    }
    properties.push(("title", property(diagnostic.code.as_str())));
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    for label in &diagnostic.labels {
        let (line, _) = Region::of(&label.source, label.span, sources).start;
        let note = format!("\nnote: {} ({}:{line})", label.message, label.source);
        message.push_str(&note);
    }
    format!("::{word} {}::{}", properties.join(","), data(&message))
}

/// A text behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which also ends at `,` and `:`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
