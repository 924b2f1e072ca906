//! The definitions of a file and their parts.

use super::outline::{Entry, Node};
use super::{File, Symbol, SymbolKind};

/// Most parts of one definition that are told.
const MAX_PARTS: usize = 2_000;

/// The definitions of a file, in order.
pub(super) fn symbols(file: &File) -> Vec<Symbol> {
    file.documents.iter().filter_map(|document| definition(&document.node, file)).collect()
}

fn definition(root: &Node, file: &File) -> Option<Symbol> {
    let head = root.entries().first()?;
    let (kind, parts) = match head.key.as_str() {
        "workflow" => (SymbolKind::Workflow, activities(root, file)),
        "entity" => (SymbolKind::Entity, attributes(root)),
        "project" => (SymbolKind::Project, Vec::new()),
        _ => return None,
    };
    Some(named(kind, root, head, file, parts))
}

fn named(kind: SymbolKind, node: &Node, head: &Entry, file: &File, parts: Vec<Symbol>) -> Symbol {
    let name = head.value.text(&file.source.text).filter(|name| !name.is_empty());
    Symbol {
        name: name.unwrap_or("?").to_owned(),
        kind,
        span: node.span,
        name_span: head.value.scalar().unwrap_or(head.key_span),
        parts,
    }
}

fn activities(root: &Node, file: &File) -> Vec<Symbol> {
    let items = root.get("activities").map_or(&[][..], Node::items);
    let activity = |node: &Node| {
        let head = node.entry("activity")?;
        Some(named(SymbolKind::Activity, node, head, file, Vec::new()))
    };
    items.iter().filter_map(activity).take(MAX_PARTS).collect()
}

fn attributes(root: &Node) -> Vec<Symbol> {
    let entries = root.get("attributes").map_or(&[][..], Node::entries);
    entries
        .iter()
        .take(MAX_PARTS)
        .map(|entry| Symbol {
            name: entry.key.clone(),
            kind: SymbolKind::Attribute,
            span: lockstep_expr::Span::new(
                entry.key_span.start,
                entry.value.span.end.max(entry.key_span.end),
            ),
            name_span: entry.key_span,
            parts: Vec::new(),
        })
        .collect()
}
