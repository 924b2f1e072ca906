//! Drives the core for real: durable commits, outside calls, timers, recovery.
//!
//! One task owns the core and hands it one event after another; everything slow (the store, HTTP,
//! processes) runs in tasks of its own, which answer with events.
//!
//! Absent by design: decisions about instances, locks and commits, which are the core's, and SQL,
//! which is the store's.

mod call;
mod clock;
mod definition_text;
mod driver;
mod error;
mod lock;
mod processes;
mod read;
mod recover;
mod retry;
mod runner;
mod start;
mod stats;
mod task;
mod task_board;
mod worker;
mod write;

pub use call::Secrets;
pub use clock::Clock;
pub use definition_text::DefinitionText;
pub use error::{RunnerError, StartError};
pub use lock::Wanted;
pub use processes::Processes;
pub use runner::{Ending, Import, Limits, Options, Recovered, Runner, Started};
pub use start::{Begun, BegunOnce, Once};
pub use stats::Stats;
pub use task::{Task, Tasks};
pub use task_board::{Heartbeat, LeasedTask, PostedTask, TaskDetails};
pub use worker::{MAX_POLLERS, Poll, TaskBatch};
