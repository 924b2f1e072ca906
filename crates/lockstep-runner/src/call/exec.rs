//! Programs: a process in a group of its own, JSON in and out.
//!
//! Invariants:
//!
//! * Whatever way the call ends, its process group is killed: nothing that it started outlives it.
//! * The program sees no environment but `PATH`, what the step gives it, and whose call it is.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use lockstep_core::{CallRequest, Failure};
use lockstep_expr::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::processes::Processes;

/// Longest standard output that is taken, in bytes.
const MAX_OUTPUT: u64 = 1024 * 1024;

/// Longest standard error that is told, in bytes.
const MAX_ERROR: u64 = 4096;

/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is run.
pub(super) struct Program<'a> {
    pub(super) name: &'a str,
    pub(super) args: &'a [String],
    pub(super) input: Option<&'a Value>,
    pub(super) env: &'a [(String, String)],
}

/// Kills a process group when it is dropped.
struct Group(Option<Processes>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            group.kill();
        }
    }
}

pub(super) async fn run(request: &CallRequest, program: &Program<'_>) -> Result<Value, Failure> {
    let name = program.name;
    let mut command = Command::new(name);
    command
        .args(program.args)
        .env_clear()
        .env("PATH", PATH)
        .env("LOCKSTEP_INSTANCE", request.instance.to_string())
        .env("LOCKSTEP_IDEMPOTENCY_KEY", &request.idempotency_key)
        .env("LOCKSTEP_ATTEMPT", request.attempt.to_string())
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(token) = request.fencing_token {
        command.env("LOCKSTEP_FENCING_TOKEN", token.to_string());
    }
    let child = command.spawn().map_err(|error| {
        let hint = "is it installed, and on the path?";
        Failure::new("exec.refused", format!("cannot start `{name}`: {error}; {hint}"))
    })?;
    let group = Group(child.id().and_then(Processes::led_by));
    let ended = tokio::time::timeout(request.timeout, converse(child, program.input)).await;
    drop(group);
    match ended {
        Err(_) => Err(timed_out(name, request.timeout)),
        Ok(Err(error)) => {
            Err(Failure::new("exec.exit", format!("cannot talk to `{name}`: {error}")))
        }
        Ok(Ok((status, output, error))) => judge(name, status, &output, &error),
    }
}

async fn converse(
    mut child: Child,
    input: Option<&Value>,
) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let stdin = child.stdin.take();
    let text = input.map(json::to_json).unwrap_or_default();
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input closes the pipe, which is its right.
            drop(stdin.write_all(text.as_bytes()).await);
            drop(stdin.shutdown().await);
        }
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ((), output, error) =
        tokio::join!(write, read(stdout, MAX_OUTPUT), read(stderr, MAX_ERROR));
    let status = child.wait().await?;
    Ok((status, output?, error?))
}

/// Reads all of a pipe and keeps its first `limit` bytes and one more if there are more.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(limit + 1).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

fn judge(name: &str, status: ExitStatus, output: &[u8], error: &[u8]) -> Result<Value, Failure> {
    let code = status.code().map_or(-1, i64::from);
    if !status.success() {
        let said = String::from_utf8_lossy(error).trim().to_owned();
        let message = format!("`{name}` ended with {status}: {said}");
        let mut details = Map::new();
        details.insert("exit_code", Value::Int(code));
        details.insert("stderr", Value::from(said));
        let details = Value::Map(details.into());
        return Err(Failure::new("exec.exit", message).with_details(details));
    }
    if u64::try_from(output.len()).unwrap_or(u64::MAX) > MAX_OUTPUT {
        let message = format!("`{name}` wrote more than {MAX_OUTPUT} bytes to its output");
        return Err(Failure::new("exec.output", message));
    }
    let text = String::from_utf8_lossy(output);
    let mut result = Map::new();
    result.insert("exit_code", Value::Int(code));
    let output = json::from_json(&text).unwrap_or_else(|_| Value::from(text.trim_end()));
    result.insert("output", output);
    Ok(Value::Map(result.into()))
}

fn timed_out(name: &str, timeout: Duration) -> Failure {
    Failure::new("exec.timeout", format!("`{name}` has not ended within {timeout:?}"))
}
