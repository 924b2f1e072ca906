//! Drives the core on a virtual clock: dry runs, and histories in a world that fails ([`fault`]).
//!
//! A dry run: the real core, a store in memory, answers that are made up instead of outside calls,
//! and a clock that jumps to whatever comes next. What happened is read from the effects and the
//! transitions of the core, which knows nothing of it.
//!
//! Absent by design: sockets, processes, files, clocks, threads. The same simulation gives the same
//! report.

mod background;
mod course;
mod dry_run;
pub mod fault;
mod form;
mod mock;
mod ready;
mod recorder;
mod report;
mod standing;

pub use background::{Background, Nothing};
pub use dry_run::{MAX_TURNS, Simulation, SimulationError, dry_run};
pub use mock::{Mock, MockError, Mocks};
pub use report::{Event, Happened, Report, Write};
