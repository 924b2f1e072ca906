//! A caller: who asks, and what they may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who asks, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Caller {
    /// Their name, which stands in what they start, change and break.
    pub name: String,
    /// Their role.
    #[schema(examples("viewer"))]
    pub role: String,
    /// What they may do: the `operationId`s of this document, sorted.
    pub may: Vec<String>,
}
