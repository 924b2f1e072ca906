//! The forms of the API: what is sent and received, as types.
//!
//! A server writes them, a client reads them, and the `OpenAPI` document is made of them; each noun
//! has a file.
//!
//! Invariants:
//!
//! * A form is plain data that can be read back from the JSON which it is written as.
//! * A form that comes from outside has no unknown fields.
//!
//! Absent by design: HTTP, stores, and decisions.

mod batch;
mod caller;
mod definition;
mod event;
mod explanation;
mod failure;
mod instance;
mod journal;
mod lock;
mod moment;
mod object;
mod overview;
mod page;
mod plain;
mod problem;
mod task;
mod trigger;
pub mod words;

pub use batch::{BatchAnswer, BatchLine};
pub use caller::Caller;
pub use definition::{
    DefinitionSource, Definitions, Entity, Field, Finding, Origin, Picture, Publication, Trigger,
    Workflow,
};
pub use event::Event;
pub use explanation::{
    Awaits, CallSince, ClientEnded, ClientHeld, ClientWaiting, Doing, Ended, Explanation,
    LAST_ENTRIES, LockWait, ObjectName, Obstacle, Place, Refused, Running, TaskKnown, TaskWait,
    Unfinished,
};
pub use failure::Failure;
pub use instance::{Cancel, Instance, Started, State};
pub use journal::{Activities, Entry, HappeningForm};
pub use lock::{Acquire, Break, ClientHold, HeldLock, Holder, Lock, Mode, Release, Renew, Waiter};
pub use moment::Moment;
pub use object::{Metadata, Object, ObjectChange};
pub use overview::{Counts, HotLock, LockCounts, Overview, Point};
pub use page::Page;
pub use plain::Plain;
pub use problem::Problem;
pub use task::{
    CompleteTask, CompleteTasks, FailTask, Heartbeat, Lease, LeasedTask, LeasedTasks, Poll, Task,
    TaskAnswer, TaskError, TaskReceipt, TaskReceipts,
};
pub use trigger::{ChangeTrigger, ScheduleTrigger, ScheduledStart, TriggerState, WebhookTrigger};
