//! How fast the language is: `cargo run --release --manifest-path benches/language/Cargo.toml`.
//!
//! Three figures: one evaluation of a typical rule, beside the public `cel` crate in the same run;
//! `lockstep validate` of a thousand files; the language server's answer to a keystroke. The latter
//! two run the program that `cargo build --release` has made, or the one named by `LOCKSTEP`.

mod evaluation;
mod language_server;
mod validate;

use std::path::PathBuf;
use std::time::Duration;

/// Returns the median of some times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns the program to measure.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("LOCKSTEP") {
        return program.into();
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = root.join("target/release/lockstep");
    assert!(
        program.exists(),
        "{} is not there: run `cargo build --release`, or name the program in LOCKSTEP",
        program.display()
    );
    program
}

fn main() {
    evaluation::measure();
    let program = program();
    validate::measure(&program);
    language_server::measure(&program);
}
