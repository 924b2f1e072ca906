//! Fuzzing: the targets in `fuzz/`, built with coverage and an address sanitizer, run for a while.
//!
//! The stable toolchain is told to take the switches that its coverage-guided fuzzing needs
//! (`RUSTC_BOOTSTRAP`); there is no other toolchain, and no other program is installed for it.
//!
//! Invariants:
//!
//! * A run ends by itself: every target has its seconds, a limit for one input and one of memory.
//! * The inputs that exist in the project (definitions, test cases) are where a target begins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::say;

/// How long each target runs unless told otherwise.
pub(crate) const DEFAULT_SECONDS: u32 = 60;
/// Longest time for one input, in seconds: more counts as a hang. The targets are slowed about
/// tenfold by the sanitizer and the counters.
const SECONDS_FOR_ONE: u32 = 10;
/// Most memory of a target, in MiB, the sanitizer's own included.
const MAX_MEMORY: u32 = 2048;
/// Longest input, in bytes.
const MAX_INPUT: u32 = 16 * 1024;

/// A target, and the folders with files to begin from.
struct Target {
    name: &'static str,
    seeds: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { name: "yaml", seeds: &["workflows", "tests/cases"] },
    Target { name: "expression", seeds: &["fuzz/seeds/expression"] },
];

/// What the compiler is told: counters on every edge, comparisons traced, memory errors found.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Zsanitizer=address",
];

/// Builds all targets and runs them at once.
pub(crate) fn run(seconds: u32) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the project has no folder")?;
    let programs = build(root)?;
    let mut running: Vec<(&Target, Child)> = Vec::new();
    for target in TARGETS {
        running.push((target, start(root, &programs, target, seconds)?));
    }
    let mut failed = Vec::new();
    for (target, mut child) in running {
        let status = child.wait().map_err(|error| format!("{}: {error}", target.name))?;
        if !status.success() {
            failed.push(target.name);
        }
        let log = root.join("fuzz/artifacts").join(format!("{}.log", target.name));
        say(&format!("{}: {}", target.name, summary(&log, status.success())));
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "failed: {}; the input is kept under fuzz/artifacts/: make it a test",
        failed.join(", ")
    ))
}

/// Returns the folder with the built programs.
fn build(root: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder).join("fuzz"),
        None => root.join("target/fuzz"),
    };
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--target", &host, "--manifest-path"])
        .arg(root.join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !status.success() {
        return Err("the fuzz targets cannot be built; a C++ compiler is needed \
                    (on Debian the package g++)"
            .to_owned());
    }
    Ok(folder.join(host).join("release"))
}

/// Returns the name of this machine's kind, as the compiler calls it.
fn host() -> Result<String, String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its host".to_owned())
}

fn start(root: &Path, programs: &Path, target: &Target, seconds: u32) -> Result<Child, String> {
    let name = target.name;
    let wrong = |what: &str, error: std::io::Error| format!("{name}: {what}: {error}");
    let artifacts = root.join("fuzz/artifacts");
    let corpus = root.join("fuzz/corpus").join(name);
    fs::create_dir_all(&artifacts).map_err(|error| wrong("artifacts", error))?;
    fs::create_dir_all(&corpus).map_err(|error| wrong("corpus", error))?;
    for seeds in target.seeds {
        collect(&root.join(seeds), &corpus).map_err(|error| wrong(seeds, error))?;
    }
    let log = fs::File::create(artifacts.join(format!("{name}.log")))
        .map_err(|error| wrong("log", error))?;
    Command::new(programs.join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={SECONDS_FOR_ONE}"))
        .arg(format!("-rss_limit_mb={MAX_MEMORY}"))
        .arg(format!("-max_len={MAX_INPUT}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/{name}-", artifacts.display()))
        .arg(&corpus)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| wrong("cannot be started", error))
}

/// Copies the texts of a folder, and of the folders in it, to one folder, under names that tell
/// where they come from.
fn collect(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut open = vec![from.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(inside) = path.strip_prefix(from) {
                let name = inside.to_string_lossy().replace(['/', '\\'], "-");
                fs::copy(&path, to.join(name))?;
            }
        }
    }
    Ok(())
}

/// Returns what a run says of itself: how many inputs it tried, or how it failed.
fn summary(log: &Path, well: bool) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    if !well {
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(40);
        return lines.get(from..).unwrap_or_default().join("\n");
    }
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", |rest| rest.trim_start_matches(':').trim()).to_owned()
    };
    let runs = of("stat::number_of_executed_units");
    let peak = of("stat::peak_rss_mb");
    format!("no failure in {runs} inputs, at most {peak} MiB")
}
