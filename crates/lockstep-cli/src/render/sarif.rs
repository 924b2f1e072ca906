//! Diagnostics as one SARIF 2.1.0 log, for services that show the findings of checkers.
//!
//! Invariants:
//!
//! * Paths that are not absolute become relative URIs below `%SRCROOT%`, the folder of the check.
//! * A rule is listed for each code that occurs, once, in the order of the codes.
//!
//! Source: OASIS, *Static Analysis Results Interchange Format (SARIF) Version 2.1.0* (2020).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lockstep_definition::{Code, Diagnostic, Severity, Source, Span};
use serde_json::{Value, json};

use crate::pages;
use crate::render::region::Region;

/// What relative URIs are relative to.
const ROOT: &str = "%SRCROOT%";

/// The diagnostics as one JSON document.
pub(crate) fn sarif(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> =
        diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lockstep",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "the folder in which the check ran" } },
            },
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let level = level(code.severity());
    let page = code.page();
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": pages::summary(page) },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level },
    })
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn result(diagnostic: &Diagnostic, codes: &[Code], sources: &[Source]) -> Value {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str("; ");
        text.push_str(help);
    }
    let related: Vec<Value> = diagnostic
        .labels
        .iter()
        .zip(1..)
        .map(|(label, id): (_, u32)| {
            let mut location = location(&label.source, label.span, sources);
            if let Some(location) = location.as_object_mut() {
                location.insert("id".to_owned(), json!(id));
                location.insert("message".to_owned(), json!({ "text": label.message }));
            }
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or(0),
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": [location(&diagnostic.source, diagnostic.span, sources)],
    });
    if let Some(result) = result.as_object_mut() {
        if !related.is_empty() {
            result.insert("relatedLocations".to_owned(), related.into());
        }
        if let Some(suggestion) = &diagnostic.suggestion {
            result.insert("fixes".to_owned(), fixes(diagnostic, suggestion, sources));
        }
    }
    result
}

fn fixes(diagnostic: &Diagnostic, suggestion: &str, sources: &[Source]) -> Value {
    let help = diagnostic.help.as_deref().unwrap_or("replace it");
    json!([{
        "description": { "text": help },
        "artifactChanges": [{
            "artifactLocation": artifact(&diagnostic.source),
            "replacements": [{
                "deletedRegion": region(&diagnostic.source, diagnostic.span, sources, false),
                "insertedContent": { "text": suggestion },
            }],
        }],
    }])
}

fn location(path: &str, span: Span, sources: &[Source]) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(path),
        "region": region(path, span, sources, true),
    }})
}

fn region(path: &str, span: Span, sources: &[Source], snippet: bool) -> Value {
    let region = Region::of(path, span, sources);
    let mut value = json!({
        "startLine": region.start.0,
        "startColumn": region.start.1,
        "endLine": region.end.0,
        "endColumn": region.end.1,
    });
    if let (true, Some(text), Some(value)) = (snippet, region.text, value.as_object_mut()) {
        value.insert("snippet".to_owned(), json!({ "text": text }));
    }
    value
}

fn artifact(path: &str) -> Value {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return json!({ "uri": format!("file://{}", encoded(&path)) });
    }
    let relative = path.trim_start_matches("./");
    json!({ "uri": encoded(relative), "uriBaseId": ROOT })
}

/// A path in which every byte that has a meaning in URIs is escaped.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a text never fails");
        }
    }
    out
}
