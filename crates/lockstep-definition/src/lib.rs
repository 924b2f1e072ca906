//! YAML text to checked workflow definitions, with diagnostics.
//!
//! The way of a text: [`Source`], its YAML values with their places, the documents, the checked form
//! ([`Definitions`]) and beside it what each workflow does with names and values, whose types are
//! checked at the end. Every step adds what it finds to one report for each file, and goes on.
//!
//! Invariants:
//!
//! * *Total*: checking ends for every input, with bounded memory, and never panics.
//! * *Pure*: the result depends on the sources alone.
//!
//! Absent by design: reading files, running anything, the look of diagnostics.

mod activity;
mod allow;
mod analysis;
mod catalog;
mod check;
mod code;
mod conform;
mod definition;
mod diagnostic;
mod duration;
mod entity;
mod fields;
mod flow;
mod given;
mod grammar;
pub mod index;
mod input;
mod invariant;
mod lock;
mod name;
mod part;
mod payload;
mod project;
mod reader;
mod remedy;
mod report;
mod retry;
mod schedule;
mod schema;
mod setting;
mod source;
mod step;
mod trigger;
mod typing;
mod values;
mod workflow;
mod yaml;

pub use check::{Checked, check, inspect};
pub use code::{Code, Severity};
pub use conform::{Mismatch, conform};
pub use diagnostic::{Diagnostic, Label};
pub use duration::{DurationError, MAX_DURATION, duration};
pub use lockstep_expr::Span;
pub use name::{MAX_NAME, is_error_code};
pub use schedule::Schedule;
pub use schema::schema;
pub use source::Source;
pub use typing::{BoundName, Inspection};
pub use workflow::*;
pub use yaml::{MAX_DEPTH, MAX_FILE_BYTES, MAX_VALUES};
