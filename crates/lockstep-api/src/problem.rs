//! What went wrong with a request: problem details as in RFC 9457, with a code of the engine's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::plain::Plain;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code tells more.
    #[serde(rename = "type")]
    pub kind: String,
    /// The words of the status.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Words with dots: what programs can rely on.
    #[schema(examples("lock.busy"))]
    pub code: String,
    /// What is wrong, and what to do, for people.
    pub detail: String,
    /// More, by name, of the error of a workflow or an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub details: Option<Plain>,
    /// The path of the instance that ended with this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}
