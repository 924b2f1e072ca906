//! The engine as a library: workflows, locks and data in a program of your own.
//!
//! An [`Engine`] is made by its [`Builder`]: where it keeps what it does, the definitions that it
//! runs, and functions for `task` steps. Inputs and outputs are plain JSON.
//!
//! ```
//! use lockstep::{Engine, Failure, Task};
//! use serde_json::json;
//!
//! const GREET: &str = r#"
//! workflow: greet
//! input: { name: string }
//! activities:
//!   - activity: greet
//!     steps:
//!       - task: { type: shout, input: "${input.name}" }
//!         as: shouted
//! output: "Hello ${shouted}"
//! "#;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), lockstep::Error> {
//! let engine = Engine::builder()
//!     .store("sqlite::memory:") // or a file: sqlite://shop.db
//!     .source("greet.yaml", GREET) // or .definitions("workflows"), a folder
//!     .activity("shout", |task: Task| async move {
//!         let name: String = task.input()?;
//!         Ok(json!(name.to_uppercase()))
//!     })
//!     .start()
//!     .await?;
//! let instance = engine.start("greet", json!({ "name": "Ann" })).await?;
//! assert_eq!(instance.output().await?, "Hello ANN");
//! engine.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! What it promises is what the daemon promises: a start is durable when [`Engine::start`] returns,
//! an end when [`Instance::output`] does; an unfinished instance goes on when an engine is started
//! on the same store; a function is called at least once for its task, always under the same
//! idempotency key.
//!
//! Absent by design: HTTP, a command line, and everything that is seldom needed: whoever needs more
//! takes the crate `lockstep-runner`, which this one is made of.

mod activity;
mod builder;
mod engine;
mod error;
mod plain;

pub use activity::Task;
pub use builder::Builder;
pub use engine::{Engine, Instance, State};
pub use error::{Error, Failure};
pub use lockstep_core::InstanceId;
