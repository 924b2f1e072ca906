//! Simulation: histories of the core in a world that fails, by the thousand.
//!
//! The program that runs them is built fast and with the code's own checks (profile `simulation`).
//!
//! Invariants:
//!
//! * Bugs can be planted only where that is asked for: otherwise the core is built without them, as
//!   it is in production.

use std::process::Command;

/// Builds the program and runs it with what it was asked.
pub(crate) fn run(asked: &[&str]) -> Result<(), String> {
    let plants = asked.iter().any(|word| matches!(*word, "--bug" | "--bugs"));
    let features: &[&str] = if plants { &["--features", "planted-bugs"] } else { &[] };
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--profile", "simulation"])
        .args(["--package", "lockstep-simulator", "--bin", "simulate"])
        .args(features)
        .arg("--")
        .args(asked)
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err("the simulation has failed".to_owned()) }
}
