//! Which store a command works on.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_store::{Store, StoreError};

use crate::command_error::CommandError;

/// The store that ends with its process.
pub(crate) const MEMORY: &str = "sqlite::memory:";

/// Which store.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The store.
    #[arg(
        long,
        value_name = "URL",
        env = "LOCKSTEP_STORE",
        hide_env_values = true,
        help = "The store: sqlite://PATH, a path, or sqlite::memory: for a trial that leaves \
                nothing behind [default: lockstep/lockstep.db under $XDG_DATA_HOME or \
                ~/.local/share]"
    )]
    pub(crate) store: Option<String>,
}

impl StoreArgs {
    /// Returns whether nobody has named a store.
    pub(crate) fn is_default(&self) -> bool {
        self.store.is_none()
    }

    /// Returns the store's name.
    pub(crate) fn url(&self) -> Result<String, CommandError> {
        match &self.store {
            Some(url) => Ok(url.clone()),
            None => default_url(),
        }
    }
}

/// Opens a store; returns whether it is a new one, too.
pub(crate) async fn open(url: &str) -> Result<(Arc<dyn Store>, bool), CommandError> {
    let is_new = is_absent(url).await;
    Ok((lockstep_store::open(url).await?, is_new))
}

/// Returns whether there is no such store.
pub(crate) async fn is_absent(url: &str) -> bool {
    matches!(lockstep_store::open_snapshot(url).await, Err(StoreError::Absent { .. }))
}

fn default_url() -> Result<String, CommandError> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")));
    let Some(data) = data else {
        return Err(CommandError::usage_with(
            "there is no place for the store: neither XDG_DATA_HOME nor HOME is set",
            "name one: --store sqlite://PATH",
        ));
    };
    Ok(format!("sqlite://{}", data.join("lockstep").join("lockstep.db").display()))
}
