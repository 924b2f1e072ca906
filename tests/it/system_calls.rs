//! What only looks at definitions opens no socket and starts no process: the system calls are
//! traced.
//!
//! `strace` is needed; `.ci/run` installs it. Where it is not there, these tests tell so, unless
//! `CI` is set: then they fail.

use tokio::process::Command;

use crate::binary;

const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.yaml");
const SEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.seed.jsonl");

/// System calls that reach others or start a process; threads of its own are not meant.
const TRACED: &str = "socket,socketpair,connect,bind,listen,accept,accept4,sendto,sendmsg,fork,vfork,execve,execveat,clone,clone3";

/// Runs `lockstep` and returns the system calls of this kind that it made; `None` without strace.
async fn calls(args: &[&str]) -> Option<(Option<i32>, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command.arg("-f").arg("-qq").arg("-e").arg(format!("trace={TRACED}")).arg("-o").arg(&trace);
    command.arg(binary::path()).args(args);
    let is_there = Command::new("strace").arg("-V").output().await.is_ok();
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "strace is to be there");
        println!("strace is not there: nothing is known about system calls");
        return None;
    }
    let told = binary::finish(command).await;
    let calls = std::fs::read_to_string(&trace).expect("strace writes it");
    Some((told.status, calls.lines().map(str::to_owned).collect()))
}

/// Returns whether a line of the trace is the start of the program itself, or of a thread in it.
fn is_own(line: &str, program: &str) -> bool {
    line.contains("CLONE_THREAD")
        || (line.contains("execve(") && line.contains(program))
        || line.contains("resumed>")
        || line.contains("+++ exited")
}

#[tokio::test]
async fn validate_and_dry_run_open_no_socket_and_start_no_process() {
    let program = binary::path().display().to_string();
    for args in [
        &["validate", ORDER][..],
        &[
            "dry-run",
            ORDER,
            "--seed",
            SEED,
            "--input",
            "timeslot=monday-9",
            "--input",
            "customer=ann",
        ],
        &["graph", ORDER],
        &["eval", "1 + 1"],
    ] {
        let Some((status, calls)) = calls(args).await else { return };
        assert_eq!(status, Some(0), "{args:?}");
        assert!(calls.iter().any(|line| line.contains("execve(")), "it was traced: {calls:?}");
        let others: Vec<&String> = calls.iter().filter(|line| !is_own(line, &program)).collect();
        assert!(others.is_empty(), "{args:?}: {others:?}");
    }
}

#[tokio::test]
async fn what_reaches_outside_is_seen_by_the_trace() {
    let store = "sqlite::memory:";
    let input = ["--input", "timeslot=monday-9", "--input", "customer=ann"];
    let run = ["run", ORDER, "--seed", SEED, "--store", store, "--allow-host", "127.0.0.1"];
    let config = ["--config", "calendar=http://127.0.0.1:9"];
    let Some((_, calls)) = calls(&[&run[..], &input, &config].concat()).await else { return };
    assert!(calls.iter().any(|line| line.contains("connect(")), "{calls:?}");
}
