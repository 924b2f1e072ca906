//! Why a command did not do its work, and what to do about it.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use lockstep_runner::{RunnerError, StartError};
use lockstep_server::{PublishError, ServerError};
use lockstep_store::StoreError;

use crate::status::Status;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It was called in a wrong way; nothing was done.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// What it was given is wrong, and that has been told.
    #[error("{0}")]
    Invalid(String),
    /// The work failed.
    #[error("{message}")]
    Failed {
        /// What failed.
        message: String,
        /// What to do.
        help: String,
    },
    /// The work was refused.
    #[error("{0}")]
    Refused(String),
    /// The daemon cannot be reached, or cannot serve.
    #[error("{message}")]
    Daemon {
        /// What is in the way.
        message: String,
        /// What to do.
        help: String,
    },
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process owns the store, for longer than a moment.
    #[error(transparent)]
    Owned(StoreError),
    /// There is no server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The engine has stopped.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The machine does not give what is needed: no threads, no output.
    #[error("{what}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl CommandError {
    /// Wrong usage without help.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// Wrong usage, and what to do.
    pub(crate) fn usage_with(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// Work that failed, and what to do.
    pub(crate) fn failed_with(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: help.into() }
    }

    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Usage { .. }
            | Self::Store(StoreError::Address { .. })
            | Self::Server(ServerError::NotLoopback(_) | ServerError::Host(_)) => Status::Usage,
            Self::Failed { .. } | Self::Invalid(_) | Self::Refused(_) => Status::Failed,
            Self::Store(_)
            | Self::Owned(_)
            | Self::Daemon { .. }
            | Self::Server(_)
            | Self::Runner(_)
            | Self::Machine { .. } => Status::Unavailable,
        }
    }

    /// Returns the error, what caused it and what to do, one in each line.
    pub(crate) fn report(&self) -> String {
        let mut out = format!("error: {self}\n");
        let mut cause = self.source();
        while let Some(error) = cause {
            writeln!(out, "caused by: {error}").expect("a string takes every write");
            cause = error.source();
        }
        if let Some(help) = self.help() {
            writeln!(out, "help: {help}").expect("a string takes every write");
        }
        out
    }

    fn help(&self) -> Option<&str> {
        match self {
            Self::Usage { help, .. } => help.as_deref(),
            Self::Failed { help, .. } | Self::Daemon { help, .. } => Some(help),
            Self::Runner(RunnerError::Store(_) | RunnerError::Diverged(..)) => Some(
                "what was acknowledged is in the store; when the cause is gone, the same command \
                 goes on with the instances that are unfinished",
            ),
            Self::Owned(_) => Some(
                "if a daemon is at work there, ask it: --daemon http://localhost:7070; while \
                 `lockstep run` is, nothing can be changed there, and `lockstep get`, `list`, \
                 `explain`, `journal` and `locks` can look",
            ),
            Self::Server(ServerError::NotLoopback(_)) => Some(
                "make one with `lockstep token new --name ME --role admin --file tokens`, and \
                     start with --tokens tokens; or listen on this machine alone: \
                     --listen 127.0.0.1:7070",
            ),
            Self::Server(ServerError::Tokens(_)) => Some(
                "`lockstep token new` makes the file; `lockstep token list` tells whether it is right",
            ),
            Self::Server(ServerError::Host(_)) => Some("a name alone, without scheme and port"),
            Self::Server(_) => Some("is another daemon there? choose another port with --listen"),
            Self::Store(StoreError::Address { .. }) => {
                Some("for a trial that leaves nothing behind: --store sqlite::memory:")
            }
            Self::Invalid(_)
            | Self::Refused(_)
            | Self::Store(_)
            | Self::Runner(_)
            | Self::Machine { .. } => None,
        }
    }
}

impl From<PublishError> for CommandError {
    fn from(error: PublishError) -> Self {
        let told = error.to_string();
        match error {
            PublishError::Runner(error) => error.into(),
            PublishError::FromApi(_) => Self::failed_with(
                told,
                "without --workflows they are what counts; at a daemon that is started so, \
                 GET /v1/definitions/NAME tells a text, to be saved as a file, and DELETE takes it \
                 out",
            ),
            PublishError::Invalid(_) | _ => Self::Invalid(told),
        }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        if let StartError::Runner(error) = error {
            return Self::Runner(error);
        }
        Self::Refused(error.to_string())
    }
}
