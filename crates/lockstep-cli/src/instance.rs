//! Commands about instances, at a daemon or on a store: starting one, telling how one is, listing
//! them, sending signals, ending one, starting one anew.
//!
//! Invariants:
//!
//! * A command that only looks at a store looks beside whoever owns it, and changes nothing.
//! * What one prints on its standard output is the same at a daemon and on a store.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;
mod outcome;
pub(crate) mod retry;
pub(crate) mod signal;
pub(crate) mod start;
mod words;

use lockstep_api::Instance;
use lockstep_store::StoredInstance;

use crate::command_error::CommandError;

/// Returns the form of an instance of a store.
pub(crate) fn form(stored: StoredInstance) -> Result<Instance, CommandError> {
    let id = stored.id;
    let row = stored.row.map_err(|corrupt| {
        CommandError::failed_with(
            format!("instance {id} cannot be read: {corrupt}"),
            "all others are not concerned; `lockstep journal` may tell what it did",
        )
    })?;
    Ok(Instance::from(&row))
}
