//! The HTTP API of a runner, under `/v1`, its [`web_page`], and its state of health.
//!
//! A request goes through these rooms in this order: [`listen`] takes its connection, within limits
//! of number and time; [`gate`] refuses what a browser sends on behalf of another site ([`origin`])
//! and what comes too often ([`rate`]), and says who asks ([`credential`], [`token`]); [`verb`] reads
//! what is to be done off its path; [`access`] looks up which role the route takes, and refuses who
//! has another one; then the room of the route does its work. What is refused or fails is told as a
//! [`problem`], and what is refused stands in the log ([`refusal`]). A process that owns a store asks
//! without a network, [`local`]: it comes to the same table.
//!
//! Invariants:
//!
//! * There is no route beside the table of [`access`].
//! * An answer tells what is durable.
//!
//! Absent by design: decisions about instances and locks, which are the core's; TLS, which is the
//! reverse proxy's.

mod access;
mod answer;
mod batch;
mod body;
mod caller;
mod catalog;
mod connection;
mod credential;
mod cut;
mod definitions;
mod document;
mod events;
mod extract;
mod gate;
mod health;
mod history;
mod instances;
mod listen;
mod local;
mod locks;
mod metrics;
mod monitor;
mod objects;
mod origin;
mod overview;
mod page;
mod problem;
mod rate;
mod refusal;
mod share;
mod tasks;
mod token;
mod triggers;
mod verb;
mod wait;
mod web_page;

use std::sync::Arc;

use lockstep_runner::Runner;
use monitor::Monitor;
use wait::Waits;

pub use access::Role;
pub use catalog::{Catalog, Origin, PublishError};
pub use listen::{Server, ServerError, ServerOptions};
pub use local::Local;
pub use token::{Token, TokenError, TokenFile, TokenFileError};

/// What the rooms of the routes work on.
#[derive(Clone, Debug)]
struct App {
    runner: Arc<Runner>,
    catalog: Arc<Catalog>,
    monitor: Arc<Monitor>,
    waits: Waits,
    /// The `OpenAPI` document.
    document: Arc<str>,
}
