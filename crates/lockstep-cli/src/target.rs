//! Where a command does its work: at a daemon, or on the file of a store.
//!
//! Invariants:
//!
//! * A flag counts more than a variable of the environment. Two flags, or two variables and no flag,
//!   are refused: nothing is done at a place that was not meant.

use std::path::PathBuf;

use crate::client::{Client, Token};
use crate::command_error::CommandError;
use crate::given;
use crate::store::StoreArgs;

/// Largest file of a token, in bytes.
const MAX_TOKEN: u64 = 4096;

/// Where.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// The store, if no daemon is to be asked.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "daemon",
        help = "The store, if no daemon is to be asked: sqlite://PATH or a path [env: \
                LOCKSTEP_STORE] [default: lockstep/lockstep.db under $XDG_DATA_HOME or \
                ~/.local/share]"
    )]
    store: Option<String>,
    /// The daemon.
    #[arg(
        long,
        value_name = "URL",
        help = "The daemon, such as http://localhost:7070 [env: LOCKSTEP_DAEMON]"
    )]
    daemon: Option<String>,
    /// A file with the token for the daemon.
    #[arg(
        long,
        value_name = "FILE",
        help = "A file with the token for the daemon [default: the variable LOCKSTEP_TOKEN]"
    )]
    token_file: Option<PathBuf>,
}

/// A place.
#[derive(Debug)]
pub(crate) enum Target {
    /// A daemon.
    Daemon(Client),
    /// A store, by its name.
    File(String),
}

impl TargetArgs {
    /// Returns the place that is meant.
    pub(crate) fn target(&self) -> Result<Target, CommandError> {
        let (store, daemon) = (variable("LOCKSTEP_STORE")?, variable("LOCKSTEP_DAEMON")?);
        let (store, daemon) = match (&self.store, &self.daemon) {
            (None, None) if store.is_some() && daemon.is_some() => {
                return Err(CommandError::usage_with(
                    "both LOCKSTEP_STORE and LOCKSTEP_DAEMON are set",
                    "say which one is meant: --store or --daemon",
                ));
            }
            (None, None) => (store, daemon),
            (store, daemon) => (store.clone(), daemon.clone()),
        };
        let Some(daemon) = daemon else {
            if self.token_file.is_some() {
                let help = "name the daemon: --daemon http://localhost:7070";
                return Err(CommandError::usage_with("a store takes no token", help));
            }
            return Ok(Target::File(StoreArgs { store }.url()?));
        };
        Ok(Target::Daemon(Client::new(&daemon, self.token()?)?))
    }

    fn token(&self) -> Result<Option<Token>, CommandError> {
        let (token, from) = match &self.token_file {
            Some(path) => {
                (Some(given::file(path, MAX_TOKEN)?), format!("the file {}", path.display()))
            }
            None => (variable("LOCKSTEP_TOKEN")?, "the variable LOCKSTEP_TOKEN".to_owned()),
        };
        let text = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        Ok(text.map(|text| Token { text, from }))
    }
}

/// Reads a variable of the environment; an empty one says nothing.
fn variable(name: &str) -> Result<Option<String>, CommandError> {
    let Some(text) = std::env::var_os(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.into_string();
    text.map(Some).map_err(|_| CommandError::usage(format!("{name} is not UTF-8")))
}
