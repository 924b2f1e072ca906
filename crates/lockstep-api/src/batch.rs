//! Batches of starts: lines in, lines out.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::instance::State;
use crate::plain::Plain;

/// A line of a batch: one start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchLine {
    /// The input of the instance.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub input: HashMap<String, Plain>,
    /// A key under which the line can be sent again, as an `Idempotency-Key`: 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub key: Option<String>,
}

/// The answer to a line, if it is not a problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// 200 if the instance has ended, 202 if it goes on.
    pub status: u16,
    /// The instance: a UUID.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Its output, if it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
    /// Whether it had been started under the key before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}
