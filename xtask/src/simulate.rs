//! Simulation: histories of the core in a world that fails, by the thousand.
//!
//! The program that runs them is built fast and with the code's own checks (profile `simulation`).

use std::process::Command;

/// Builds the program and runs it with what it was asked.
pub(crate) fn run(asked: &[&str]) -> Result<(), String> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--profile", "simulation"])
        .args(["--package", "lockstep-simulator", "--bin", "simulate", "--"])
        .args(asked)
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err("the simulation has failed".to_owned()) }
}
