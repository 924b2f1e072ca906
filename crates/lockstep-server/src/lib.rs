//! The HTTP API of a runner, under `/v1`, and its state of health.
//!
//! A request goes through these rooms in this order: [`listen`] takes its connection, within limits
//! of number and time; [`origin`] refuses what a browser sends on behalf of another site;
//! [`verb`] reads what is to be done off its path; [`access`] looks up which role the route takes, and refuses who has another one; then the room of
//! the route does its work. What is refused or fails is told as a [`problem`].
//!
//! Invariants:
//!
//! * There is no route beside the table of [`access`].
//! * An answer tells what is durable.
//!
//! Absent by design: decisions about instances and locks, which are the core's; tokens, so that it
//! listens to this machine alone.

mod access;
mod answer;
mod body;
mod document;
mod events;
mod health;
mod instances;
mod listen;
mod metrics;
mod monitor;
mod origin;
mod overview;
mod problem;
mod verb;
mod wait;

use std::sync::Arc;

use lockstep_runner::Runner;
use monitor::Monitor;

pub use listen::{Server, ServerError};

/// What the rooms of the routes work on.
#[derive(Clone, Debug)]
struct App {
    runner: Arc<Runner>,
    monitor: Arc<Monitor>,
    /// The `OpenAPI` document.
    document: Arc<str>,
}
