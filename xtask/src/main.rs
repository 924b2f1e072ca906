//! `cargo xtask TASK`: tasks of the project that are more than one command.
//!
//! Absent by design: dependencies; whoever wants the project's tests builds this first.

mod fuzz;
mod simulate;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

tasks:
  fuzz [--seconds N]   builds the fuzz targets and runs all of them at once, N seconds long
                       (default 60); what makes one fail is kept under fuzz/artifacts/
  simulate [--seeds N] [--from SEED] [--seconds T] [--coverage]
                       runs N histories of the core in a world that fails (default 2000)
  simulate --seed SEED [--bug NAME]
                       runs one, and tells what happened in it
  simulate --bugs [--seeds N], simulate --bug NAME [--seeds N]
                       plants each bug, or one, and counts the seeds until it is found
                       (default: within 40000)";

/// Tells people something.
#[expect(clippy::print_stderr, reason = "this program talks to people, on its standard error")]
fn say(message: &str) {
    eprintln!("{message}");
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["fuzz"] => fuzz::run(fuzz::DEFAULT_SECONDS),
        ["fuzz", "--seconds", seconds] => match seconds.parse() {
            Ok(seconds) => fuzz::run(seconds),
            Err(_) => Err(format!("`{seconds}` is not a number of seconds\n\n{USAGE}")),
        },
        ["simulate", asked @ ..] => simulate::run(asked),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}
