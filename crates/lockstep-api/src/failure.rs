//! The error of an instance.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::plain::Plain;

/// The error of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Words with dots: what programs can rely on.
    #[schema(examples("timeslot.full"))]
    pub code: String,
    /// What people read.
    pub message: String,
    /// More, by name; null if there is no more.
    pub details: Plain,
    /// The activity in which it happened; empty if in none.
    pub activity: String,
    /// The file in which the step stands, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Its column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl From<&lockstep_core::Failure> for Failure {
    fn from(failure: &lockstep_core::Failure) -> Self {
        let place = failure.place.as_ref();
        Self {
            code: failure.code.to_string(),
            message: failure.message.clone(),
            details: (&failure.details).into(),
            activity: failure.activity.to_string(),
            file: place.map(|place| place.file.to_string()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
        }
    }
}
