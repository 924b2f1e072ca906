//! What the checker and the index say, in the types of the protocol.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_definition::index::{Completion, CompletionKind, Symbol, SymbolKind};
use lockstep_definition::{Diagnostic, Severity};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, DiagnosticRelatedInformation,
    DiagnosticSeverity, DocumentSymbol, Documentation, Location, MarkupContent, MarkupKind,
    NumberOrString, TextEdit, Uri,
};

use super::position::Lines;
use super::workspace::Workspace;

/// The path that a URI names; a URI of another kind stands for itself.
pub(super) fn path(uri: &Uri) -> Arc<str> {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else { return Arc::from(text) };
    let rest = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest);
    Arc::from(decoded(rest).unwrap_or_else(|| text.to_owned()))
}

pub(super) fn folder(uri: &Uri) -> Option<PathBuf> {
    let path = path(uri);
    path.starts_with('/').then(|| Path::new(&*path).to_path_buf())
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The URI of a path.
pub(super) fn uri(path: &str) -> Option<Uri> {
    if !path.starts_with('/') {
        return path.parse().ok();
    }
    let mut text = "file://".to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let escaped = format!("%{byte:02X}");
            text.push_str(&escaped);
        }
    }
    text.parse().ok()
}

pub(super) fn markdown(text: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value: text }
}

/// A finding.
pub(super) fn diagnostic(
    finding: &Diagnostic,
    lines: &Lines<'_>,
    workspace: &Workspace,
) -> lsp_types::Diagnostic {
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
    };
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let related = finding.labels.iter().filter_map(|label| {
        let range = workspace.lines(&label.source)?.range(label.span);
        let location = Location { uri: uri(&label.source)?, range };
        Some(DiagnosticRelatedInformation { location, message: label.message.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    lsp_types::Diagnostic {
        range: lines.range(finding.span),
        severity: Some(severity),
        code: Some(NumberOrString::String(finding.code.as_str().to_owned())),
        source: Some("lockstep".to_owned()),
        message,
        related_information: Some(related).filter(|related| !related.is_empty()),
        ..lsp_types::Diagnostic::default()
    }
}

/// A proposal; `number` keeps the order.
pub(super) fn completion(found: Completion, lines: &Lines<'_>, number: usize) -> CompletionItem {
    let kind = match found.kind {
        CompletionKind::Key => CompletionItemKind::PROPERTY,
        CompletionKind::Value => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Name => CompletionItemKind::VARIABLE,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
    };
    let edit = TextEdit { range: lines.range(found.replace), new_text: found.insert };
    CompletionItem {
        label: found.label,
        kind: Some(kind),
        detail: Some(found.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(found.doc)
            .filter(|doc| !doc.is_empty())
            .map(|doc| Documentation::MarkupContent(markdown(doc))),
        sort_text: Some(format!("{number:04}")),
        text_edit: Some(CompletionTextEdit::Edit(edit)),
        ..CompletionItem::default()
    }
}

/// A definition with its parts.
pub(super) fn symbol(found: Symbol, lines: &Lines<'_>) -> DocumentSymbol {
    let kind = match found.kind {
        SymbolKind::Workflow => lsp_types::SymbolKind::MODULE,
        SymbolKind::Activity => lsp_types::SymbolKind::FUNCTION,
        SymbolKind::Entity => lsp_types::SymbolKind::STRUCT,
        SymbolKind::Attribute => lsp_types::SymbolKind::FIELD,
        SymbolKind::Project => lsp_types::SymbolKind::PACKAGE,
    };
    let parts: Vec<DocumentSymbol> =
        found.parts.into_iter().map(|part| symbol(part, lines)).collect();
    #[expect(deprecated, reason = "the type has a field that nobody should use any more")]
    DocumentSymbol {
        name: found.name,
        detail: None,
        kind,
        tags: None,
        deprecated: None,
        range: lines.range(found.span),
        selection_range: lines.range(found.name_span),
        children: Some(parts).filter(|parts| !parts.is_empty()),
    }
}
