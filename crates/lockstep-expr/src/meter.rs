//! What one evaluation may still use of time and memory.
//!
//! Invariants:
//! - *Charged first*: work is paid for before it is done, memory before it is taken.
//! - *Deterministic*: units, not clocks: the same expression on the same values always ends alike.

use crate::error::code;
use crate::fault::{Fault, Outcome};

/// Units of work of one evaluation: a node visited, an element compared, 64 bytes looked through.
pub(crate) const MAX_WORK: usize = 1_000_000;
/// Bytes that one evaluation may make, counted when made, never given back.
pub(crate) const MAX_MEMORY: usize = 16 * 1024 * 1024;
/// Bytes that are looked through for one unit of work.
const BYTES_PER_UNIT: usize = 64;

/// What is left.
#[derive(Debug)]
pub(crate) struct Meter {
    work: usize,
    memory: usize,
}

impl Meter {
    /// Returns the full allowance.
    pub(crate) fn new() -> Self {
        Self { work: MAX_WORK, memory: MAX_MEMORY }
    }

    /// Pays for units of work.
    #[inline]
    pub(crate) fn work(&mut self, units: usize) -> Outcome<()> {
        match self.work.checked_sub(units) {
            Some(left) => {
                self.work = left;
                Ok(())
            }
            None => Err(out_of_work()),
        }
    }

    /// Pays for looking through bytes.
    pub(crate) fn look(&mut self, bytes: usize) -> Outcome<()> {
        self.work(bytes / BYTES_PER_UNIT + 1)
    }

    /// Pays for making bytes.
    pub(crate) fn make(&mut self, bytes: usize) -> Outcome<()> {
        self.look(bytes)?;
        match self.memory.checked_sub(bytes) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(Fault::new(
                code::LIMIT,
                format!("the evaluation needs more than {} MiB", MAX_MEMORY / 1024 / 1024),
            )),
        }
    }
}

#[cold]
fn out_of_work() -> Fault {
    Fault::new(code::LIMIT, format!("the evaluation takes more than {MAX_WORK} steps"))
}
