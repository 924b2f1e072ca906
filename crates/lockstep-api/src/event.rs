//! An event: something that happened to an instance or to a client's lock, and is durable.

use lockstep_core::Happening;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;
use crate::plain::Plain;

/// Something that happened, as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// To whom: the instance, or the client's lock; a UUID.
    pub instance: String,
    /// The workflow of the instance; not there for a client's lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The activity in which it happened, if it was in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// When.
    pub at: Moment,
    /// What: the name of its kind, or an object whose only key is that name.
    #[serde(rename = "event")]
    #[schema(value_type = Plain)]
    pub what: Happening,
}
