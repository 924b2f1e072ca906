//! A command that runs under a lock.
//!
//! Invariants:
//!
//! * It leads a process group of its own, which is killed as a whole; so it cannot read a terminal,
//!   and finds an empty input instead. In the foreground it shares the group, and the terminal, of
//!   this process, and only it itself is killed.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use lockstep_core::ClientLock;
use lockstep_runner::Processes;
use tokio::process::Child;

use crate::signals::Caught;

/// What a shell says of a program that is not there, and of one that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// A command that has been started.
#[derive(Debug)]
pub(super) struct Command {
    child: Child,
    processes: Option<Processes>,
    is_in_foreground: bool,
}

impl Command {
    /// Starts a program with its arguments; or returns what is wrong, and the exit status for it.
    pub(super) fn start(
        words: &[OsString],
        lock: &ClientLock,
        is_in_foreground: bool,
    ) -> Result<Self, (u8, String)> {
        let [program, args @ ..] = words else {
            return Err((NOT_FOUND, "there is no command".to_owned()));
        };
        let mut command = tokio::process::Command::new(program);
        command
            .args(args)
            .env("LOCKSTEP_LOCK", lock.lock.to_string())
            .env("LOCKSTEP_FENCING_TOKEN", lock.token.to_string());
        if !is_in_foreground {
            command.process_group(0);
            if io::stdin().is_terminal() {
                command.stdin(Stdio::null());
            }
        }
        let child = command.spawn().map_err(|error| {
            let status =
                if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
            (status, format!("cannot start {}: {error}", program.display()))
        })?;
        let of = if is_in_foreground { Processes::only } else { Processes::led_by };
        let processes = child.id().and_then(of);
        Ok(Self { child, processes, is_in_foreground })
    }

    /// Waits for its end; returns its exit status as a shell would.
    pub(super) async fn end(&mut self) -> io::Result<u8> {
        self.child.wait().await.map(number)
    }

    /// Passes a signal on.
    pub(super) fn pass_on(&self, signal: Caught) {
        match (self.processes, signal) {
            (Some(processes), Caught::Terminate) => processes.terminate(),
            // In the foreground the terminal has told it already.
            (Some(processes), Caught::Interrupt) if !self.is_in_foreground => processes.interrupt(),
            (_, Caught::Interrupt | Caught::Terminate) => {}
        }
    }

    /// Kills it, and what it has started.
    pub(super) fn kill(&self) {
        if let Some(processes) = self.processes {
            processes.kill();
        }
    }
}

fn number(status: ExitStatus) -> u8 {
    let of_signal = || status.signal().map_or(1, |signal| signal.saturating_add(128));
    u8::try_from(status.code().unwrap_or_else(of_signal)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_that_of_a_shell() {
        for (raw, expected) in [(0, 0), (3 << 8, 3), (255 << 8, 255), (2, 130), (15, 143)] {
            assert_eq!(number(ExitStatus::from_raw(raw)), expected);
        }
    }
}
