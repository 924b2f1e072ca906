//! Runs histories from many seeds on all processors; `cargo xtask simulate` builds and calls this.
//!
//! Invariants:
//!
//! * A history that breaks a law is told, made smaller, with the command that repeats it; the exit
//!   code is 1.
//! * A history that does not end is told with its seed, too.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lockstep_simulator::fault::{
    Coverage, Mask, SEEDS_PER_WORKLOAD, Simulator, Violation, shrink, silence,
};

/// Seeds of a run that names none.
const SEEDS: u64 = 2_000;

/// Fewest seeds of which it can be asked that they cover every situation.
const COVERING: u64 = 2_000;

/// Longest time of one history, in seconds: a thousand times as long as they take.
const HANGS: u64 = 20;

const USAGE: &str = "\
usage: cargo xtask simulate [--seeds N] [--from SEED] [--seconds T] [--coverage]
       cargo xtask simulate --seed SEED";

/// What is asked for.
#[derive(Debug)]
struct Asked {
    seed: Option<u64>,
    seeds: u64,
    from: u64,
    seconds: Option<u64>,
    coverage: bool,
    /// Goes on behind a violation, and tells how often each law was broken.
    all: bool,
}

/// What the threads share.
#[derive(Debug, Default)]
struct Shared {
    next: AtomicU64,
    done: AtomicU64,
    events: AtomicU64,
    stop: AtomicBool,
    found: Mutex<Vec<(u64, Violation)>>,
    coverage: Mutex<Coverage>,
    /// The history that each thread is in: its seed, and when it began, in seconds.
    under_way: Mutex<Vec<(u64, u64)>>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked = match asked(&words) {
        Ok(asked) => asked,
        Err(message) => {
            say(&format!("{message}\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    silence();
    match asked.seed {
        Some(seed) => one(seed),
        None => many(&asked),
    }
}

fn asked(words: &[String]) -> Result<Asked, String> {
    let mut asked =
        Asked { seed: None, seeds: SEEDS, from: 0, seconds: None, coverage: false, all: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--coverage" {
            asked.coverage = true;
            continue;
        }
        if word == "--all" {
            asked.all = true;
            continue;
        }
        let number = words.next().and_then(|word| word.parse().ok());
        let number: u64 = number.ok_or_else(|| format!("{word} needs a number"))?;
        match word.as_str() {
            "--seed" => asked.seed = Some(number),
            "--seeds" => asked.seeds = number,
            "--from" => asked.from = number,
            "--seconds" => asked.seconds = Some(number),
            _ => return Err(format!("{word} is not known")),
        }
    }
    Ok(asked)
}

/// Tells the history of one seed.
fn one(seed: u64) -> ExitCode {
    let mut simulator = Simulator::default();
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
    say(&format!("again: cargo xtask simulate --seed {seed}"));
}

fn many(asked: &Asked) -> ExitCode {
    let began = now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shared = Shared { under_way: Mutex::new(vec![(0, 0); threads]), ..Shared::default() };
    shared.next.store(asked.from / SEEDS_PER_WORKLOAD, Ordering::Relaxed);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let shared = &shared;
            scope.spawn(move || work(thread, asked, shared, began));
        }
        watch(&shared, asked, began);
    });
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    let done = shared.done.load(Ordering::Relaxed);
    let events = shared.events.load(Ordering::Relaxed);
    say(&format!(
        "{done} histories, {events} events in {seconds:.1} s: {:.0} histories/s, {:.0} events/s",
        per(done, seconds),
        per(events, seconds)
    ));
    let mut found = shared.found.into_inner().unwrap_or_default();
    found.sort_by_key(|(seed, _)| *seed);
    if asked.all {
        let mut laws: BTreeMap<&str, Vec<&(u64, Violation)>> = BTreeMap::new();
        for broken in &found {
            laws.entry(broken.1.law).or_default().push(broken);
        }
        for (law, broken) in laws {
            let (times, examples) = (broken.len(), broken.iter().take(4));
            let examples = examples.map(|(seed, found)| format!("\n    {seed}: {}", found.text));
            say(&format!("{times:>6} {law}{}", examples.collect::<String>()));
        }
    } else if let Some((seed, violation)) = found.into_iter().next() {
        tell(&mut Simulator::default(), seed, &violation);
        return ExitCode::FAILURE;
    }
    let coverage = shared.coverage.into_inner().unwrap_or_default();
    if asked.coverage {
        for (situation, times) in coverage.all() {
            say(&format!("{times:>9} {situation}"));
        }
    }
    let missing = coverage.missing();
    let (well, badly) = (coverage.of("instance ended well"), coverage.of("instance failed"));
    if done >= COVERING && (!missing.is_empty() || well < badly) {
        say(&format!("never: {missing:?}; {well} instances ended well, {badly} did not"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs histories, a workload at a time, until nothing is left.
fn work(thread: usize, asked: &Asked, shared: &Shared, began: Instant) {
    let mut simulator = Simulator::default();
    let mask = Mask::default();
    let end = asked.from.saturating_add(asked.seeds);
    'all: while !shared.stop.load(Ordering::Relaxed) {
        let block = shared.next.fetch_add(1, Ordering::Relaxed) * SEEDS_PER_WORKLOAD;
        if block >= end {
            break;
        }
        for seed in block.max(asked.from)..end.min(block + SEEDS_PER_WORKLOAD) {
            let since = began.elapsed().as_secs();
            if let Ok(mut under_way) = shared.under_way.lock()
                && let Some(own) = under_way.get_mut(thread)
            {
                *own = (seed, since);
            }
            let result = simulator.run(seed, &mask);
            shared.done.fetch_add(1, Ordering::Relaxed);
            if let Err(violation) = result {
                if let Ok(mut found) = shared.found.lock() {
                    found.push((seed, violation));
                }
                if !asked.all {
                    shared.stop.store(true, Ordering::Relaxed);
                    break 'all;
                }
            }
        }
    }
    if let Ok(mut under_way) = shared.under_way.lock()
        && let Some(own) = under_way.get_mut(thread)
    {
        *own = (0, u64::MAX);
    }
    shared.events.fetch_add(simulator.events, Ordering::Relaxed);
    if let Ok(mut coverage) = shared.coverage.lock() {
        coverage.merge(&simulator.coverage);
    }
}

/// Looks after the time, and after histories that do not end.
fn watch(shared: &Shared, asked: &Asked, began: Instant) {
    loop {
        let elapsed = began.elapsed().as_secs();
        if asked.seconds.is_some_and(|seconds| elapsed >= seconds) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        let under_way = shared.under_way.lock().map(|under_way| under_way.clone());
        let under_way = under_way.unwrap_or_default();
        if under_way.iter().all(|(_, since)| *since == u64::MAX) {
            return;
        }
        let hanging = under_way.iter().find(|(_, since)| elapsed > since.saturating_add(HANGS));
        if let Some((seed, _)) = hanging {
            say(&format!("seed {seed} does not end\nagain: cargo xtask simulate --seed {seed}"));
            std::process::abort();
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
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
