//! All steps of a list, those within others included.
//!
//! Invariants:
//!
//! * Steps come in the order of the text; a step comes before those within it.

use crate::workflow::{Handler, Step};

/// A step and what is around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked<'w> {
    pub(crate) step: &'w Step,
    /// Whether it stands within another step.
    pub(crate) inner: bool,
}

/// Returns the steps of a list and all within them.
pub(crate) fn all(steps: &[Step]) -> Vec<Walked<'_>> {
    let mut out = Vec::with_capacity(steps.len());
    let mut open: Vec<Walked<'_>> =
        steps.iter().rev().map(|step| Walked { step, inner: false }).collect();
    while let Some(walked) = open.pop() {
        out.push(walked);
        let inner = |step| Walked { step, inner: true };
        let lists = walked.step.operation.inner();
        open.extend(lists.into_iter().flatten().rev().map(inner));
    }
    out
}

/// The steps of a handler of errors.
pub(crate) fn handled(handler: &Handler) -> &[Step] {
    match handler {
        Handler::Goto(_) => &[],
        Handler::Steps(steps) => steps,
    }
}
