//! The picture as Mermaid text.
//!
//! Invariants:
//!
//! * Every letter that is neither a letter of ASCII, a digit nor harmless is written by its number,
//!   so that no text ends its box.

use std::fmt::Write as _;

use crate::dot::plain;
use crate::model::{EdgeKind, Graph, Node, NodeKind};

/// The picture as a Mermaid flowchart.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let mut out = "flowchart TD\n".to_owned();
    for (number, node) in graph.nodes.iter().enumerate() {
        out.push_str(&box_of(number, node));
    }
    for edge in &graph.edges {
        let arrow = match edge.kind {
            EdgeKind::Next | EdgeKind::Stop => "-->",
            EdgeKind::Catch | EdgeKind::Skip => "-.->",
        };
        let label = if edge.label.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", escaped(&edge.label))
        };
        writeln!(out, "  n{} {arrow}{label} n{}", edge.from, edge.to)
            .expect("writing to a text never fails");
    }
    out
}

fn box_of(number: usize, node: &Node) -> String {
    let lines: Vec<String> = node.lines.iter().map(|line| escaped(&plain(line))).collect();
    let text = lines.join("<br/>");
    match node.kind {
        NodeKind::Start | NodeKind::End | NodeKind::Jump => format!("  n{number}([\"{text}\"])\n"),
        NodeKind::Lock => format!("  n{number}(\"{text}\")\n"),
        NodeKind::Activity => format!("  n{number}[\"{text}\"]\n"),
        NodeKind::Handler => format!("  n{number}[[\"{text}\"]]\n"),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " .,_-/:=+!?()*$".contains(c) || !c.is_ascii() {
            out.push(c);
        } else {
            write!(out, "#{};", u32::from(c)).expect("writing to a text never fails");
        }
    }
    out
}
