//! An instance: how it is, and what a start is answered with.

use lockstep_core::transition::{InstanceRow, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::moment::Moment;
use crate::plain::Plain;

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Unfinished.
    Running,
    /// Ended well.
    Done,
    /// Ended with an error.
    Failed,
}

/// What a start is answered with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Started {
    /// The instance: a UUID.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Its output, if it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its identity: a UUID, which grows with the time of the start.
    pub id: String,
    /// Its workflow.
    pub workflow: String,
    /// How far it is.
    pub state: State,
    /// Its input.
    pub input: Plain,
    /// Its output, if it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
    /// Its error, if it ended with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The failed instance that it is a retry of, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started_at: Moment,
    /// When it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Moment>,
}

impl From<&InstanceRow> for Instance {
    fn from(row: &InstanceRow) -> Self {
        let (state, output, error, ended_at) = match &row.status {
            Status::Running(_) => (State::Running, None, None, None),
            Status::Done { at, output } => (State::Done, Some(output.into()), None, Some(*at)),
            Status::Failed { at, failure } => {
                (State::Failed, None, Some(failure.into()), Some(*at))
            }
        };
        Self {
            id: row.id.to_string(),
            workflow: row.workflow.to_string(),
            state,
            input: (&row.input).into(),
            output,
            error,
            retry_of: row
                .start_key
                .as_ref()
                .and_then(|key| key.retry_of())
                .map(|id| id.to_string()),
            started_by: row.started_by.to_string(),
            started_at: row.started_at.into(),
            ended_at: ended_at.map(Moment),
        }
    }
}

/// What a cancel may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Why, for people: at most 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
}
