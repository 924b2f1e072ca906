//! Shrinking: less and less is done in a history that breaks a law, as long as it breaks the same.

use super::plan::{Fault, Mask};
use super::{Simulator, Violation};

/// Instances that a plan may have.
const MOST_STARTS: usize = 16;

/// Clients that a plan may have.
const MOST_CLIENTS: usize = 48;

/// Writers that a plan may have.
const MOST_WRITERS: usize = 24;

/// A history that breaks a law, made smaller.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What is left out of it.
    pub mask: Mask,
    /// The law that it breaks.
    pub violation: Violation,
}

/// Makes the history of a seed smaller that has broken a law under a mask.
pub fn shrink(simulator: &mut Simulator, seed: u64, mask: &Mask, violation: &Violation) -> Shrunk {
    let mut best = Shrunk { mask: mask.clone(), violation: violation.clone() };
    loop {
        let before = best.mask.clone();
        for fault in Fault::ALL.into_iter().filter(|fault| !before.faults.contains(fault)) {
            let mut mask = best.mask.clone();
            mask.faults.push(fault);
            accept(simulator, seed, mask, &mut best);
        }
        for start in (0..MOST_STARTS).filter(|start| !before.starts.contains(start)) {
            let mut mask = best.mask.clone();
            mask.starts.push(start);
            accept(simulator, seed, mask, &mut best);
        }
        for client in (0..MOST_CLIENTS).filter(|client| !before.clients.contains(client)) {
            let mut mask = best.mask.clone();
            mask.clients.push(client);
            accept(simulator, seed, mask, &mut best);
        }
        for writer in (0..MOST_WRITERS).filter(|writer| !before.writers.contains(writer)) {
            let mut mask = best.mask.clone();
            mask.writers.push(writer);
            accept(simulator, seed, mask, &mut best);
        }
        for divisor in [2, 4, 8] {
            let mut mask = best.mask.clone();
            mask.events -= mask.events / divisor;
            accept(simulator, seed, mask, &mut best);
        }
        if best.mask == before {
            return best;
        }
    }
}

fn accept(simulator: &mut Simulator, seed: u64, mask: Mask, best: &mut Shrunk) {
    if let Err(violation) = simulator.run(seed, &mask)
        && violation.law == best.violation.law
    {
        *best = Shrunk { mask, violation };
    }
}
