//! Ctrl-C and SIGTERM: the first ends the work in an orderly way, the second ends it at once.

use std::fmt;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;

/// A signal that asks for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caught {
    /// Ctrl-C.
    Interrupt,
    /// What service managers and `kill` send.
    Terminate,
}

impl Caught {
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Interrupt => Status::Interrupted,
            Self::Terminate => Status::Terminated,
        }
    }
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "ctrl-C",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// The signals that ask for the end; from its making on they do not end the process by themselves.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, CommandError> {
        let of = |kind| {
            signal(kind).map_err(|source| CommandError::Machine {
                what: "cannot listen to signals",
                source,
            })
        };
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.interrupt.recv() => Caught::Interrupt,
            _ = self.terminate.recv() => Caught::Terminate,
        }
    }
}

/// From here on the next signal ends the process without waiting for anything. Nothing that was
/// acknowledged is lost by it.
pub(crate) fn end_at_once_at_the_next(quiet: bool) {
    let Ok(mut signals) = Signals::listen() else { return };
    if !quiet {
        console::tell("stopping; once more ends at once\n");
    }
    tokio::spawn(async move {
        let status = signals.next().await.status();
        #[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
        std::process::exit(i32::from(status.number()));
    });
}
