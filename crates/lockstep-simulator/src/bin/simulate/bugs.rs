//! Planted bugs: each is to be found by some law within so many seeds.
//!
//! Invariants:
//!
//! * The exit code is 1 if one is not found.
//! * The table is the same on every machine.

use std::process::ExitCode;

use lockstep_core::{Bug, Planted};
use lockstep_simulator::fault::Simulator;

use super::asked::{Asked, Bugs};
use super::herd::{Herd, Seeds};
use super::{one, say};

/// Plants the bugs that are asked for, one after another, and tells what found them.
pub(crate) fn run(asked: &Asked) -> ExitCode {
    let named = |bug: &&Bug| match &asked.bugs {
        Bugs::None => false,
        Bugs::All => true,
        Bugs::One(name) => bug.name() == name,
    };
    let bugs: Vec<Bug> = Bug::ALL.iter().filter(named).copied().collect();
    if let (Some(seed), [bug]) = (asked.seed, bugs.as_slice()) {
        let planted = Planted::one(*bug);
        return one(Simulator::with(planted), seed);
    }
    if bugs.is_empty() || asked.seed.is_some() {
        let names = Bug::ALL.iter().map(|bug| bug.name());
        say(&format!("one of: {}", names.collect::<Vec<_>>().join(" ")));
        return ExitCode::from(2);
    }
    say("| bug | found by | seeds it took |\n| --- | --- | --- |");
    let mut found = 0;
    for bug in &bugs {
        let planted = Planted::one(*bug);
        let Asked { from, seeds: count, .. } = *asked;
        let herd = Herd::new(Seeds { from, count, all: false, planted });
        match herd.run(None).found.first() {
            Some((seed, violation)) => {
                found += 1;
                let seeds = seed - asked.from + 1;
                say(&format!("| {} | {} | {seeds} |", bug.name(), violation.law));
            }
            None => say(&format!("| {} | **not found** | {} |", bug.name(), asked.seeds)),
        }
    }
    say(&format!("\n{found} of {} planted bugs are found", bugs.len()));
    if found == bugs.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
