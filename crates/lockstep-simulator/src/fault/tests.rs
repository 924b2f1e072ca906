//! The simulator itself: its workloads are correct, its histories repeat.

use super::workload::Workload;
use super::{Mask, Simulator};

#[test]
fn workloads_are_correct() {
    for seed in 0..200 {
        if let Err(violation) = Workload::new(seed) {
            panic!("{}", violation.text);
        }
    }
}

#[test]
fn a_seed_gives_the_same_history_again() {
    for seed in 0..24 {
        let told = Simulator::default().tell(seed, &Mask::default());
        assert_eq!(told, Simulator::default().tell(seed, &Mask::default()), "seed {seed}");
    }
}
