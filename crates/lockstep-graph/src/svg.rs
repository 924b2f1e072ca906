//! The picture as SVG.
//!
//! Invariants:
//!
//! * Every text is escaped; there are no scripts, links or outside resources.
//! * Texts are measured as wider than they are, so that they stay within their boxes.
//! * Colours follow the page: light or dark.

use std::fmt::Write as _;

use crate::layout::{Layout, Link, Rect, Route, Size, layers, layout};
use crate::model::{Edge, EdgeKind, Graph, Line, Node, NodeKind, Sign};

/// Width of a character of ASCII, in pixels; others count as [`WIDE`]. The font is monospaced, 13
/// pixels high.
const NARROW: i64 = 8;
const WIDE: i64 = 14;
/// The same for titles and labels.
const TITLE: i64 = 9;
const LABEL: i64 = 7;
/// Height of a line, and of a label.
const LINE: i64 = 19;
const LABEL_LINE: i64 = 18;
/// Between the border of a box and its text.
const PADDING: i64 = 14;
/// Room for the sign before a line.
const SIGN: i64 = 20;
/// Most layers that an arrow passes; a longer one ends at a small box with the name of its target.
const MAX_LAYERS: usize = 8;

const STYLE: &str = "\
svg{background:#fff;font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}\
.box{fill:#fff;stroke:#64748b;stroke-width:1.2}.handler{fill:#fef6f5;stroke:#c2685c}\
.locked{fill:#f6f8fc;stroke:#3b5b92;stroke-width:1.6}\
.round{fill:#334155;stroke:none}.jump{fill:#f1f5f9;stroke:#94a3b8;stroke-dasharray:3 2}\
.rule{stroke:#cbd5e1}.text{fill:#1e293b}.title{fill:#0f172a;font-weight:700;font-size:14px}\
.on{fill:#fff;font-weight:700}.note{fill:#64748b}.lock{fill:#1d4ed8}\
.sign{fill:none;stroke:#475569;stroke-width:1.3}.key{fill:none;stroke:#1d4ed8;stroke-width:1.5}\
.edge{fill:none;stroke:#475569;stroke-width:1.4}.tip{fill:#475569}\
.catch{stroke:#b4463a}.catch-tip{fill:#b4463a}.skip{stroke:#94a3b8;stroke-dasharray:5 4}\
.skip-tip{fill:#94a3b8}.label{fill:#334155;font-size:11.5px}.behind{fill:#fff}\
@media(prefers-color-scheme:dark){svg{background:#0f172a}.box{fill:#1e293b;stroke:#94a3b8}\
.handler{fill:#2e2224;stroke:#e0897d}.locked{fill:#1b2a44;stroke:#7ea3e6}\
.round{fill:#cbd5e1;stroke:none}.jump{fill:#1e293b;stroke:#64748b}.rule{stroke:#475569}\
.text{fill:#e2e8f0}.title{fill:#f8fafc}.on{fill:#0f172a}.note{fill:#94a3b8}.lock{fill:#93b4f5}\
.sign{stroke:#cbd5e1}.key{stroke:#93b4f5}.edge{stroke:#94a3b8}.tip{fill:#94a3b8}\
.catch{stroke:#e0897d}.catch-tip{fill:#e0897d}.skip{stroke:#64748b}.skip-tip{fill:#64748b}\
.label{fill:#cbd5e1}.behind{fill:#0f172a}}";

/// The picture as an SVG document.
pub(crate) fn svg(graph: &Graph) -> String {
    let (nodes, edges) = cut(graph);
    let sizes: Vec<Size> = nodes.iter().map(node_size).collect();
    let placed = layout(&sizes, &links(&edges));
    let Layout { size, boxes, routes } = &placed;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" \
         viewBox=\"0 0 {0} {1}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">Workflow {2}</title>\n<desc id=\"desc\">{3}</desc>\n\
         <style>{STYLE}</style>\n",
        size.width,
        size.height,
        escaped(&graph.title),
        escaped(&description(graph)),
    );
    for (edge, route) in edges.iter().zip(routes) {
        draw_edge(&mut out, edge, route);
    }
    for (node, rect) in nodes.iter().zip(boxes) {
        draw_node(&mut out, node, *rect);
    }
    out.push_str("</svg>\n");
    out
}

fn description(graph: &Graph) -> String {
    let count = |kind| graph.nodes.iter().filter(|node| node.kind == kind).count();
    let activities = graph.nodes.iter().filter(|node| node.kind == NodeKind::Activity);
    let locked = activities.filter(|node| is_locked(node)).count();
    let whole = if count(NodeKind::Lock) > 0 { " A lock is held to the end." } else { "" };
    let counted = format!(
        "{} activities, {locked} of them under an exclusive lock.{whole}",
        count(NodeKind::Activity)
    );
    if graph.description.is_empty() { counted } else { format!("{} {counted}", graph.description) }
}

/// Arrows that go far, or to their own box, end at a box of their own that names the target.
fn cut(graph: &Graph) -> (Vec<Node>, Vec<Edge>) {
    let mut nodes = graph.nodes.clone();
    let links: Vec<Link> = links(&graph.edges);
    let layers = layers(nodes.len(), &links);
    let layer = |number: usize| layers.get(number).copied().unwrap_or(0);
    let mut edges = Vec::with_capacity(graph.edges.len());
    for edge in &graph.edges {
        let mut edge = edge.clone();
        let far = layer(edge.from).abs_diff(layer(edge.to)) > MAX_LAYERS;
        if far || edge.from == edge.to {
            let title = graph.nodes.get(edge.to).and_then(|node| node.lines.first());
            let title = title.map(|line| line.text.as_str()).unwrap_or_default();
            let sign = if edge.to > edge.from { '↓' } else { '↑' };
            let lines = vec![Line::new(Sign::Title, format!("{sign} {title}"))];
            edge.to = nodes.len();
            nodes.push(Node { kind: NodeKind::Jump, activity: None, lines });
        }
        edges.push(edge);
    }
    (nodes, edges)
}

fn links(edges: &[Edge]) -> Vec<Link> {
    let link = |edge: &Edge| {
        let label = if edge.label.is_empty() {
            Size::default()
        } else {
            Size { width: width(&edge.label, LABEL) + 8, height: LABEL_LINE }
        };
        Link { from: edge.from, to: edge.to, label }
    };
    edges.iter().map(link).collect()
}

fn width(text: &str, narrow: i64) -> i64 {
    text.chars().map(|c| if c.is_ascii() { narrow } else { WIDE }).sum()
}

fn node_size(node: &Node) -> Size {
    let title = node.lines.first().map_or(0, |line| width(&line.text, TITLE));
    let rest = node.lines.iter().skip(1);
    let widest = rest.map(|line| width(&line.text, NARROW) + SIGN).max().unwrap_or(0);
    let lines = i64::try_from(node.lines.len()).unwrap_or(i64::MAX);
    let rule = if lines > 1 { 8 } else { 0 };
    match node.kind {
        NodeKind::Start | NodeKind::End => Size { width: title + 36, height: 30 },
        NodeKind::Jump => Size { width: title + 24, height: 26 },
        NodeKind::Lock | NodeKind::Activity | NodeKind::Handler => {
            Size { width: title.max(widest) + 2 * PADDING, height: lines * LINE + rule + 18 }
        }
    }
}

fn is_locked(node: &Node) -> bool {
    node.lines.iter().any(|line| line.sign == Sign::Lock)
}

fn draw_node(out: &mut String, node: &Node, rect: Rect) {
    let class = match node.kind {
        NodeKind::Start | NodeKind::End => "round",
        NodeKind::Jump => "box jump",
        NodeKind::Handler => "box handler",
        NodeKind::Lock => "box locked",
        NodeKind::Activity if is_locked(node) => "box locked",
        NodeKind::Activity => "box",
    };
    let radius = match node.kind {
        NodeKind::Start | NodeKind::End | NodeKind::Jump => rect.height / 2,
        NodeKind::Lock => 14,
        NodeKind::Activity | NodeKind::Handler => 6,
    };
    match &node.activity {
        Some(name) => write(out, format_args!("<g data-activity=\"{}\">", escaped(name))),
        None => out.push_str("<g>"),
    }
    write(
        out,
        format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\"/>",
            rect.x, rect.y, rect.width, rect.height
        ),
    );
    let mut lines = node.lines.iter();
    let Some(title) = lines.next() else { return };
    let round = matches!(node.kind, NodeKind::Start | NodeKind::End);
    let middle = rect.x + rect.width / 2;
    let single = node.lines.len() == 1;
    let mut y = if single { rect.y + rect.height / 2 + 5 } else { rect.y + 23 };
    let class = if round { "on" } else { "title" };
    text(out, class, middle, y, true, &title.text);
    if single {
        out.push_str("</g>\n");
        return;
    }
    y += 9;
    let right = rect.x + rect.width;
    write(out, format_args!("<path class=\"rule\" d=\"M{} {y}H{right}\"/>", rect.x));
    for line in lines {
        y += LINE;
        draw_line(out, line, rect.x + PADDING, y);
    }
    out.push_str("</g>\n");
}

fn draw_line(out: &mut String, line: &Line, x: i64, y: i64) {
    let class = match line.sign {
        Sign::Lock => "lock",
        Sign::Note | Sign::Condition => "note",
        Sign::Title | Sign::Step | Sign::Outside | Sign::Wait | Sign::Child => "text",
    };
    let indent = line.text.len() - line.text.trim_start().len();
    let indent = i64::try_from(indent).unwrap_or(0) * NARROW;
    let sign = match line.sign {
        // A padlock, a clock, an arrow outwards, a box in a box.
        Sign::Lock => Some(("key", "M1 6h10v7H1zM3 6V4a3 3 0 0 1 6 0v2")),
        Sign::Wait => {
            Some(("sign", "M6 1.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M6 4v3.2l2.4 1.4"))
        }
        Sign::Outside => Some(("sign", "M4.5 3H1v10h10V9.5M6.5 1.5H12.5V7.5M12.5 1.5L6 8")),
        Sign::Child => Some(("sign", "M1 2h11v10h-11zM4 5h5v4h-5z")),
        Sign::Title | Sign::Condition | Sign::Note | Sign::Step => None,
    };
    if let Some((class, path)) = sign {
        write(
            out,
            format_args!(
                "<path class=\"{class}\" transform=\"translate({} {})\" d=\"{path}\"/>",
                x + indent,
                y - 11
            ),
        );
    }
    text(out, class, x + SIGN + indent, y, false, line.text.trim_start());
}

fn text(out: &mut String, class: &str, x: i64, y: i64, middle: bool, text: &str) {
    let anchor = if middle { " text-anchor=\"middle\"" } else { "" };
    let text = escaped(text);
    write(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"));
}

fn draw_edge(out: &mut String, edge: &Edge, route: &Route) {
    let (class, tip) = match edge.kind {
        EdgeKind::Next | EdgeKind::Stop => ("edge", "tip"),
        EdgeKind::Catch => ("edge catch", "catch-tip"),
        EdgeKind::Skip => ("edge skip", "skip-tip"),
    };
    let mut path = String::new();
    let mut last = None;
    for (number, (x, y)) in route.points.iter().enumerate() {
        match (last, number % 2 == 0) {
            (None, _) => write(&mut path, format_args!("M{x} {y}")),
            (Some(_), false) => write(&mut path, format_args!("V{y}")),
            (Some((from, _)), true) if from == *x => write(&mut path, format_args!("V{y}")),
            (Some((from_x, from_y)), true) => {
                let half = i64::midpoint(from_y, *y);
                write(&mut path, format_args!("C{from_x} {half} {x} {half} {x} {y}"));
            }
        }
        last = Some((*x, *y));
    }
    write(out, format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
    if let [.., (_, before), (x, y)] = route.points.as_slice() {
        let up = edge.from > edge.to || before > y;
        let back = if up { y + 8 } else { y - 8 };
        let (left, right) = (x - 4, x + 4);
        write(out, format_args!("<path class=\"{tip}\" d=\"M{x} {y}L{left} {back}H{right}z\"/>"));
    }
    if !edge.label.is_empty() {
        let Rect { x, y, width, height } = route.label;
        write(
            out,
            format_args!(
                "<rect class=\"behind\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
            ),
        );
        text(out, "label", x + width / 2, y + 13, true, &edge.label);
    }
    out.push('\n');
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a text never fails");
}

/// A text in which nothing has a meaning for XML, and no character is one that XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
