//! Histories of the real core in a world that fails, each from a seed.
//!
//! A history has a workload (definitions that were made up, instances that are started), faults
//! (crashes, failing flushes, calls that hang, clocks that jump), and laws that are looked after at
//! every step. One that breaks a law is made smaller, told, and can be repeated from its seed.
//!
//! Invariants:
//!
//! * The same seed gives the same history.
//! * Single-threaded: histories share nothing.
//!
//! Absent by design: clocks, threads, files, and any change of the core: what runs here is what
//! runs in production, but for the bugs that the feature `planted-bugs` can plant.

mod coverage;
mod law;
mod outside;
mod panics;
mod plan;
mod random;
mod shrink;
mod story;
mod trial;
mod workload;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use lockstep_core::Planted;

pub use coverage::{Coverage, REQUIRED};
pub use law::Violation;
pub use panics::silence;
pub use plan::{Fault, Mask};
pub use shrink::{Shrunk, shrink};

use plan::Plan;
use story::Story;
use trial::Trial;
use workload::Workload;

/// Seeds that share one workload: checking definitions takes longer than a history.
pub const SEEDS_PER_WORKLOAD: u64 = 16;

/// Runs histories one after another.
#[derive(Debug, Default)]
pub struct Simulator {
    workload: Option<(u64, Rc<Workload>)>,
    /// What the histories so far have covered.
    pub coverage: Coverage,
    /// Events in the histories so far.
    pub events: u64,
    planted: Planted,
}

impl Simulator {
    /// Returns one whose core makes a mistake, if the feature `planted-bugs` plants one.
    pub fn with(planted: Planted) -> Self {
        Self { planted, ..Self::default() }
    }

    /// Runs the history of a seed.
    ///
    /// # Errors
    ///
    /// [`Violation`] of the first law that is broken; a panic is one, too.
    pub fn run(&mut self, seed: u64, mask: &Mask) -> Result<(), Violation> {
        self.run_with(seed, mask, Story::default()).0
    }

    /// Runs the history of a seed and returns what happened, for people.
    pub fn tell(&mut self, seed: u64, mask: &Mask) -> (Result<(), Violation>, String) {
        let (result, story) = self.run_with(seed, mask, Story::told());
        (result, story.text())
    }

    /// Returns the definitions of a seed, as YAML.
    pub fn definitions(&mut self, seed: u64) -> String {
        let workload = self.workload(seed);
        let version = workload.as_ref().ok().and_then(|workload| workload.versions.first());
        version.map_or_else(String::new, |version| version.text.clone())
    }

    fn workload(&mut self, seed: u64) -> Result<Rc<Workload>, Violation> {
        let number = seed / SEEDS_PER_WORKLOAD;
        if let Some((present, workload)) = &self.workload
            && *present == number
        {
            return Ok(Rc::clone(workload));
        }
        let workload = Rc::new(Workload::new(number)?);
        self.workload = Some((number, Rc::clone(&workload)));
        Ok(workload)
    }

    fn run_with(&mut self, seed: u64, mask: &Mask, story: Story) -> (Result<(), Violation>, Story) {
        let workload = match self.workload(seed) {
            Ok(workload) => workload,
            Err(violation) => return (Err(violation), story),
        };
        let mut plan = Plan::new(seed, mask, workload.workflows.len(), workload.keys);
        plan.planted = self.planted;
        let mut trial = Trial::new(seed, plan, &workload, &mut self.coverage, story);
        let result = panics::caught(|| trial.run());
        self.events += trial.events;
        (result, std::mem::take(&mut trial.story))
    }
}
