//! Outside calls: what the core asks its driver to call.
//!
//! Invariants:
//!
//! * A secret is named here, never held: the driver puts its value in at the moment of the call. A
//!   value that an instance has computed is a text, whatever it looks like.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Value;

use crate::id::{FencingToken, InstanceId};

/// An outside call.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// On whose behalf.
    pub instance: InstanceId,
    /// Name of its workflow, for people.
    pub workflow: Arc<str>,
    /// Where in the workflow, for people.
    pub activity: Arc<str>,
    /// The same for every attempt of this call, different from every other call's.
    pub idempotency_key: String,
    /// From 1; grows with every attempt, also across restarts.
    pub attempt: u32,
    /// Token of the lock under which the call is made, the latest one if there are several.
    pub fencing_token: Option<FencingToken>,
    /// Longest time that the attempt may take.
    pub timeout: Duration,
    /// What is called.
    pub target: CallTarget,
}

/// What an outside call goes to.
#[derive(Clone, Debug)]
pub enum CallTarget {
    /// An HTTP server.
    Http {
        /// Upper case.
        method: Arc<str>,
        /// Absolute URL.
        url: String,
        /// Header names and values.
        headers: Vec<(String, Vec<TextPart>)>,
        /// Sent as JSON if present.
        body: Option<Value>,
    },
    /// A program.
    Exec {
        /// Its name or path.
        program: Arc<str>,
        /// Its arguments.
        args: Vec<String>,
        /// Sent to its standard input as JSON if present.
        input: Option<Value>,
        /// Environment variables.
        env: Vec<(String, Vec<TextPart>)>,
    },
    /// A worker, or a function of the embedding program.
    Task {
        /// What kind of work.
        kind: Arc<str>,
        /// What the worker is given.
        input: Value,
    },
}

/// A part of a text that may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Characters as they are.
    Text(String),
    /// The value of the secret with this name.
    Secret(Arc<str>),
}

/// As authors write it: a secret stands as its name.
impl fmt::Display for TextPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(name) => write!(f, "${{secret.{name}}}"),
        }
    }
}
