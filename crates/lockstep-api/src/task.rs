//! A task: what a worker asks for, is given, and answers; and how tasks are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;
use crate::plain::Plain;

/// What a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Kinds of tasks that it can do: the `type` of the step. 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    pub kinds: Vec<String>,
    /// Who it is, for people: 1 to 200 bytes.
    #[schema(min_length = 1, max_length = 200)]
    pub worker: String,
    /// Most tasks at once.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub max: u32,
    /// How long to wait for a task if there is none: a duration, at most `60s`. Not at all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("20s"))]
    pub wait: Option<String>,
    /// How long it may be silent before another worker gets its tasks: a duration from `1s` to `1h`;
    /// `30s` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("30s"))]
    pub lease: Option<String>,
}

fn one() -> u32 {
    1
}

/// Tasks for a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeasedTasks {
    /// At most as many as it has asked for; none if the wait is over.
    pub tasks: Vec<LeasedTask>,
}

/// A task in the hands of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeasedTask {
    /// Its identity: a UUID.
    pub id: String,
    /// The token under which it is answered: a UUID that is never drawn again.
    pub lease: String,
    /// The `type` of its step.
    pub kind: String,
    /// The `input` of its step.
    pub input: Plain,
    /// The instance on whose behalf it is done.
    pub instance: String,
    /// Its workflow.
    pub workflow: String,
    /// The activity in which the step stands.
    pub activity: String,
    /// From 1: grows when the engine asks again, after an error or a crash.
    #[schema(minimum = 1)]
    pub attempt: u32,
    /// The same for every attempt of this task, different from every other's.
    pub idempotency_key: String,
    /// The token of the lock under which it is done: it only grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fencing_token: Option<i64>,
    /// When another worker gets it, unless there is an answer or a heartbeat.
    pub lease_until: Moment,
    /// When the engine does not wait for it any more.
    pub deadline: Moment,
}

/// A task as it is shown to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Its identity: a UUID.
    pub id: String,
    /// The `type` of its step.
    pub kind: String,
    /// The instance on whose behalf it is done.
    pub instance: String,
    /// Its workflow.
    pub workflow: String,
    /// The activity in which the step stands.
    pub activity: String,
    /// From 1: grows when the engine asks again, after an error or a crash.
    #[schema(minimum = 1)]
    pub attempt: u32,
    /// Since when it waits, or is worked on.
    pub since: Moment,
    /// When the engine does not wait for it any more.
    pub deadline: Moment,
    /// Who works on it; not there if nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// When another worker gets it, unless there is an answer or a heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Moment>,
}

/// That a task is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTask {
    /// The token under which the worker has the task.
    pub lease: String,
    /// The result of the step; null if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
}

/// That a task cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailTask {
    /// The token under which the worker has the task.
    pub lease: String,
    /// Words with dots, which the workflow can catch; not `cancelled` and nothing under `lock.`.
    #[schema(examples("mail.rejected"))]
    pub code: String,
    /// What people read: at most 10,000 bytes.
    #[schema(max_length = 10000)]
    pub message: String,
    /// More, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, Plain>>)]
    pub details: Option<Plain>,
    /// Whether the `retry` of the step, or of its activity, may try again; true if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
}

/// That a worker is still at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The token under which the worker has the task.
    pub lease: String,
    /// How long the lease lasts from now on, `1s` to `1h`; as long as it was asked for if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("30s"))]
    pub extend: Option<String>,
}

/// How a lease is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// When another worker gets the task, unless there is an answer or a heartbeat.
    pub lease_until: Moment,
    /// Nobody waits for the result any more: stop.
    pub cancelled: bool,
}

/// Answers to several tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTasks {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    pub tasks: Vec<TaskAnswer>,
}

/// The answer to one of several tasks: its output, or its error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskAnswer {
    /// The task.
    pub id: String,
    /// The token under which the worker has the task.
    pub lease: String,
    /// The result of the step; null if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Plain)]
    pub output: Option<Plain>,
    /// In place of an output: why it cannot be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
}

/// Why a task cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskError {
    /// Words with dots, which the workflow can catch; not `cancelled` and nothing under `lock.`.
    #[schema(examples("mail.rejected"))]
    pub code: String,
    /// What people read: at most 10,000 bytes.
    #[schema(max_length = 10000)]
    pub message: String,
    /// More, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, Plain>>)]
    pub details: Option<Plain>,
    /// Whether the `retry` of the step, or of its activity, may try again; true if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
}

/// What became of several answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskReceipts {
    /// In the order of the answers.
    pub tasks: Vec<TaskReceipt>,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskReceipt {
    /// The task.
    pub id: String,
    /// Whether the result was taken, durably.
    pub taken: bool,
    /// Why not: `task.lease_lost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}
