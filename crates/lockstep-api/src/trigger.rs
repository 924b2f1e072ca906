//! A trigger: what starts a workflow besides a request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;

/// What starts a workflow besides a request: a schedule, changes of objects, or a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TriggerState {
    /// The workflow.
    pub workflow: String,
    /// Times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleTrigger>,
    /// Changes of objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeTrigger>,
    /// Signed requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookTrigger>,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduleTrigger {
    /// Its pattern.
    pub cron: String,
    /// Its time zone.
    pub time_zone: String,
    /// What happens to times that passed while nothing ran: `once`, `skip` or `all`.
    pub missed: String,
    /// Its next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Moment>,
    /// Up to when its times are handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled: Option<Moment>,
    /// What it has started last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<ScheduledStart>,
    /// Why its last start was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A start by a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledStart {
    /// The time of the schedule.
    pub time: Moment,
    /// The instance: a UUID.
    pub instance: String,
}

/// Changes of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeTrigger {
    /// Whose objects.
    pub entity: String,
    /// Which changes: `create`, `update`, `delete`.
    pub kinds: Vec<String>,
    /// The condition, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookTrigger {
    /// Its name.
    pub name: String,
    /// Where requests go.
    pub path: String,
}
