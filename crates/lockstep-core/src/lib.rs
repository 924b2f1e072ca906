//! The engine as a pure state machine: events in, effects out.
//!
//! The core holds instances, the lock table, units of work and timers in memory. A driver hands it
//! events together with the time, carries out the effects that it returns, and takes from it the
//! transitions that a store must make durable.
//!
//! Absent by design: clocks, files, sockets, threads, random numbers. The same events at the same
//! times give the same effects, whatever drives it.

mod client_lock;
pub mod codec;
mod commit;
pub mod conformity;
pub mod durations;
mod engine;
mod event;
pub mod explain;
mod failure;
mod id;
mod import;
mod instance;
mod journal;
mod kin;
mod landing;
mod load;
pub mod lock;
mod object;
mod object_cache;
mod outbox;
mod outside;
mod payload;
mod planted;
mod recovery;
mod retry;
mod returned;
mod run;
mod signal;
mod step;
mod time;
mod timer;
pub mod transition;
pub mod trigger;
mod unique;
mod unit_of_work;
mod world;
mod write;

pub use client_lock::{MAX_CLIENT_LOCKS, MAX_NOTE_BYTES, MAX_OWNER_BYTES, MAX_TIME_TO_LIVE};
pub use engine::{Config, Engine};
pub use event::{
    Batch, BreakLock, CallId, ClientLock, Effect, Event, LockRequest, ReadId, Reader, RequestId,
    Start,
};
pub use failure::Failure;
pub use id::{FencingToken, InstanceId, Serial, Ticket, TransitionNumber};
pub use journal::{Entry, Happening};
pub use load::Load;
pub use object::{Object, ObjectKey};
pub use outside::{CallRequest, CallTarget, TextPart};
pub use planted::{Bug, Planted};
pub use recovery::DefinitionsById;
pub use time::Time;
pub use write::{Edit, MAX_WRITES, Write};
