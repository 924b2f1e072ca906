//! Runs histories from many seeds on all processors; `cargo xtask simulate` builds and calls this.
//!
//! Invariants:
//!
//! * A history that breaks a law is told, made smaller, with the command that repeats it; the exit
//!   code is 1.
//! * A history that does not end is told with its seed, too.

mod asked;
#[cfg(feature = "planted-bugs")]
mod bugs;
mod herd;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use asked::{Asked, Bugs};
use herd::{Done, Herd, Seeds};
use lockstep_core::Planted;
use lockstep_simulator::fault::{Coverage, Mask, Simulator, Violation, shrink, silence};

/// Fewest seeds of which it can be asked that they cover every situation.
const COVERING: u64 = 20_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked = match Asked::read(&words) {
        Ok(asked) => asked,
        Err(message) => {
            say(&format!("{message}\n{}", asked::USAGE));
            return ExitCode::from(2);
        }
    };
    silence();
    match (&asked.bugs, asked.seed) {
        (Bugs::None, Some(seed)) => one(Simulator::default(), seed),
        (Bugs::None, None) => many(&asked),
        (Bugs::All | Bugs::One(_), _) => with_bugs(&asked),
    }
}

#[cfg(feature = "planted-bugs")]
fn with_bugs(asked: &Asked) -> ExitCode {
    bugs::run(asked)
}

#[cfg(not(feature = "planted-bugs"))]
fn with_bugs(_: &Asked) -> ExitCode {
    say("this program is built without the feature `planted-bugs`: use `cargo xtask simulate`");
    ExitCode::from(2)
}

/// Tells the history of one seed.
fn one(mut simulator: Simulator, seed: u64) -> ExitCode {
    let mask = Mask::default();
    let (result, story) = simulator.tell(seed, &mask);
    let Err(violation) = result else {
        say(&format!("{}\n{story}seed {seed}: no law is broken", simulator.definitions(seed)));
        return ExitCode::SUCCESS;
    };
    tell(&mut simulator, seed, &violation);
    ExitCode::FAILURE
}

/// Makes a history that breaks a law smaller, and tells it.
fn tell(simulator: &mut Simulator, seed: u64, violation: &Violation) {
    let shrunk = shrink(simulator, seed, &Mask::default(), violation);
    let (result, story) = simulator.tell(seed, &shrunk.mask);
    let Violation { law, text } = result.err().unwrap_or(shrunk.violation);
    say(&format!("{}\n{story}", simulator.definitions(seed)));
    say(&format!("left out: {:?}", shrunk.mask));
    say(&format!("seed {seed} breaks `{law}`: {text}"));
    let words: Vec<String> = std::env::args().skip(1).collect();
    let bug = words.iter().skip_while(|word| *word != "--bug").nth(1);
    let bug = bug.map(|bug| format!(" --bug {bug}")).unwrap_or_default();
    say(&format!("again: cargo xtask simulate --seed {seed}{bug}"));
}

fn many(asked: &Asked) -> ExitCode {
    let began = now();
    let Asked { from, seeds: count, all, .. } = *asked;
    let herd = Herd::new(Seeds { from, count, all, planted: Planted::default() });
    let Done { histories, events, found, coverage } = herd.run(asked.seconds);
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    say(&format!(
        "{histories} histories, {events} events in {seconds:.1} s: {:.0} histories/s, {:.0} events/s",
        per(histories, seconds),
        per(events, seconds)
    ));
    if asked.all {
        tell_laws(&found);
    } else if let Some((seed, violation)) = found.into_iter().next() {
        tell(&mut Simulator::default(), seed, &violation);
        return ExitCode::FAILURE;
    }
    check_coverage(asked, histories, &coverage)
}

/// Tells how often each law was broken, with examples.
fn tell_laws(found: &[(u64, Violation)]) {
    let mut laws: BTreeMap<&str, Vec<&(u64, Violation)>> = BTreeMap::new();
    for broken in found {
        laws.entry(broken.1.law).or_default().push(broken);
    }
    for (law, broken) in laws {
        let (times, examples) = (broken.len(), broken.iter().take(4));
        let examples = examples.map(|(seed, found)| format!("\n    {seed}: {}", found.text));
        say(&format!("{times:>6} {law}{}", examples.collect::<String>()));
    }
}

fn check_coverage(asked: &Asked, histories: u64, coverage: &Coverage) -> ExitCode {
    if asked.coverage {
        for (situation, times) in coverage.all() {
            say(&format!("{times:>9} {situation}"));
        }
    }
    let missing = coverage.missing();
    let (well, badly) = (coverage.of("instance ended well"), coverage.of("instance failed"));
    if histories >= COVERING && (!missing.is_empty() || well < badly) {
        say(&format!("never: {missing:?}; {well} instances ended well, {badly} did not"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a figure for people")]
fn per(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

#[expect(clippy::disallowed_methods, reason = "tells how fast it is; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

fn say(text: &str) {
    // Whoever does not listen any more needs not be told.
    drop(writeln!(std::io::stdout(), "{text}"));
}
