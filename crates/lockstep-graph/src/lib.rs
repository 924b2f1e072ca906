//! Pictures of workflows: activities with their locks and steps, and where each goes on.
//!
//! A workflow becomes boxes and arrows ([`model`]), these get places ([`layout`]) or are written for
//! a program that places them.
//!
//! Absent by design: how far an instance is. Whoever shows that marks the box of the activity.

mod brief;
mod dot;
mod layout;
mod mermaid;
mod model;
mod svg;

use lockstep_definition::Workflow;

use model::Graph;

/// Returns the picture as an SVG document, for light and dark pages. The box of an activity has its
/// name as `data-activity`.
pub fn svg(workflow: &Workflow) -> String {
    svg::svg(&Graph::of(workflow))
}

/// Returns the picture as text for Graphviz.
pub fn dot(workflow: &Workflow) -> String {
    dot::dot(&Graph::of(workflow))
}

/// Returns the picture as text that many Markdown pages show as a picture.
pub fn mermaid(workflow: &Workflow) -> String {
    mermaid::mermaid(&Graph::of(workflow))
}

#[cfg(test)]
mod tests;
