//! The checked form of what starts a workflow besides a request.

use std::sync::Arc;

use lockstep_expr::Expression;

use super::{Payload, Place};

/// Something that starts a workflow.
#[derive(Debug)]
pub struct Trigger {
    /// What it is.
    pub source: TriggerSource,
    /// The input of the instance.
    pub input: Vec<(Arc<str>, Payload)>,
    /// Where it was written.
    pub place: Place,
}

/// What a trigger listens to.
#[derive(Debug)]
pub enum TriggerSource {
    /// Times; `schedule.time` is in scope of the input.
    Schedule {
        /// Five fields (minute, hour, day of month, month, day of week), or six with seconds first.
        cron: Arc<str>,
        /// Name of the time zone in the IANA database. Default `UTC`.
        time_zone: Arc<str>,
        /// What happens to times that passed while nothing ran.
        missed: Missed,
    },
    /// Committed changes of objects; `change` {kind, object, before} is in scope of the condition
    /// and of the input.
    Change {
        /// The entity.
        entity: Arc<str>,
        /// Which changes; all if empty.
        kinds: Vec<ChangeKind>,
        /// Only changes for which it is true.
        when: Option<Expression>,
    },
    /// HTTP requests with a signature; `request` {headers, body} is in scope of the input.
    Webhook {
        /// Last part of the path.
        name: Arc<str>,
        /// Name of the secret with which requests are signed.
        secret: Arc<str>,
    },
}

/// What happens to scheduled times that passed while nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// One instance for all of them.
    #[default]
    Once,
    /// Nothing.
    Skip,
    /// One instance for each.
    All,
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Create,
    /// It was updated.
    Update,
    /// It was deleted.
    Delete,
}

impl Missed {
    /// Returns its word in definitions.
    pub fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
            Self::All => "all",
        }
    }
}

impl ChangeKind {
    /// Returns its word in definitions.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}
