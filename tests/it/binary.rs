//! The real binary, built by the same cargo into the same folder as the tests.
//!
//! Cargo tells a test the path of a binary of its own package only, and this one is of another.

use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tokio::process::Command;

use crate::patience::soon;

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// What a command wrote, and its exit status.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    /// Reads the standard output as JSON, one value in each line.
    pub(crate) fn lines(&self) -> Vec<Json> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }
}

/// Returns where the binary is.
pub(crate) fn path() -> &'static Path {
    BINARY
        .get_or_init(|| build(&["--package", "lockstep-cli", "--bin", "lockstep"]).join("lockstep"))
}

/// Builds an example of the crate `lockstep`; returns where it is.
pub(crate) fn example(name: &str) -> PathBuf {
    build(&["--package", "lockstep", "--example", name]).join("examples").join(name)
}

/// Returns a command of `lockstep`, which is killed when it is dropped.
pub(crate) fn lockstep(args: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(args);
    prepare(&mut command);
    command
}

fn prepare(command: &mut Command) {
    command
        .env_remove("LOCKSTEP_STORE")
        .env_remove("LOCKSTEP_DAEMON")
        .env_remove("LOCKSTEP_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
}

/// Runs `lockstep` to its end.
pub(crate) async fn run(args: &[&str]) -> Told {
    finish(lockstep(args)).await
}

/// Runs a command to its end, without what the environment says of stores and daemons.
pub(crate) async fn finish(mut command: Command) -> Told {
    prepare(&mut command);
    end(command).await
}

/// Runs a command of `lockstep` to its end, with what its environment says.
pub(crate) async fn end(mut command: Command) -> Told {
    let output = soon("the end of a process", command.output()).await;
    let output = output.expect("the program can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    Told { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Builds a program; returns the folder of its profile.
fn build(what: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its path");
    // TARGET/PROFILE/deps/it-0123456789abcdef
    let profile = test.ancestors().nth(2).expect("it lies in the target folder");
    let target = profile.parent().expect("it lies in the target folder");
    let mut cargo = Blocking::new(env!("CARGO"));
    cargo
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["build", "--quiet"])
        .args(what)
        .arg("--target-dir")
        .arg(target);
    // What cargo tells a running test about its package; a build script that looks at it would run
    // anew at every change between the tests' build and this one.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "the binary can be built: {status}");
    profile.to_owned()
}
