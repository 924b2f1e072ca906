//! The picture as text for Graphviz.
//!
//! Invariants:
//!
//! * Every text is quoted: none ends its attribute.

use crate::model::{Edge, EdgeKind, Graph, Line, Node, NodeKind, Sign};

/// The picture in the DOT language.
pub(crate) fn dot(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.title));
    out.push_str("  node [shape=box, fontname=\"monospace\"];\n");
    for (number, node) in graph.nodes.iter().enumerate() {
        out.push_str(&box_of(number, node));
    }
    for edge in &graph.edges {
        out.push_str(&arrow(edge));
    }
    out.push_str("}\n");
    out
}

fn box_of(number: usize, node: &Node) -> String {
    let shape = match node.kind {
        NodeKind::Start | NodeKind::End | NodeKind::Jump => ", shape=oval",
        NodeKind::Handler => ", color=\"#b4463a\"",
        NodeKind::Lock => ", style=rounded",
        NodeKind::Activity => "",
    };
    let many = node.lines.len() > 1;
    let lines: Vec<String> = node.lines.iter().map(line).collect();
    // `\l` ends a line that begins at the left.
    let text = lines.join(if many { "\\l" } else { "" }) + if many { "\\l" } else { "" };
    format!("  n{number} [label=\"{text}\"{shape}];\n")
}

/// The text of a line, with a word or sign in place of a drawing.
pub(crate) fn plain(line: &Line) -> String {
    match line.sign {
        Sign::Lock => format!("🔒 {}", line.text),
        Sign::Wait => line.text.replacen("wait", "⏳ wait", 1),
        Sign::Title | Sign::Condition | Sign::Note | Sign::Step | Sign::Outside | Sign::Child => {
            line.text.clone()
        }
    }
}

fn line(line: &Line) -> String {
    escaped(&plain(line))
}

fn arrow(edge: &Edge) -> String {
    let style = match edge.kind {
        EdgeKind::Next | EdgeKind::Stop => "",
        EdgeKind::Catch => ", color=\"#b4463a\"",
        EdgeKind::Skip => ", style=dashed",
    };
    format!("  n{} -> n{} [label={}{style}];\n", edge.from, edge.to, quoted(&edge.label))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
