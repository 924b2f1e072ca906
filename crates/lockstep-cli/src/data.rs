//! `lockstep data`: objects, with their versions, at a daemon or on a store.
//!
//! Invariants:
//!
//! * Nobody overwrites or deletes what it has not seen, unless it says so (`--force`).
//! * What is exported can be imported.

mod read;
mod transfer;
mod write;

use lockstep_api::Object;

use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;

/// Arguments of `lockstep data`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep data get Contact c1 --daemon http://localhost:7070\n  \
    lockstep data patch Contact c1 '{\"phone\": \"123\"}'\n  \
    lockstep data put Contact c1 '{\"name\": \"Carol\"}' --version 3\n  \
    lockstep data export Contact > contacts.jsonl\n\n\
    Objects are written as JSON, one in each line: {\"entity\": \"Contact\", \"id\": \"c1\", ..., \
    \"metadata\": {\"version\": 3, ...}}. Changes of a store need that no engine is at work on it.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Shows an object
    Get(read::GetArgs),
    /// Lists the objects of an entity, by their ids
    List(read::ListArgs),
    /// Replaces the attributes of an object, or creates it
    Put(write::PutArgs),
    /// Changes some attributes of an object
    Patch(write::PatchArgs),
    /// Deletes an object
    Delete(write::DeleteArgs),
    /// Creates the objects of a file, unless they are there
    Import(transfer::ImportArgs),
    /// Writes all objects of an entity
    Export(transfer::ExportArgs),
}

/// Does what is asked for.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    match &args.command {
        Command::Get(args) => read::get(args),
        Command::List(args) => read::list(args),
        Command::Put(args) => write::put(args),
        Command::Patch(args) => write::patch(args),
        Command::Delete(args) => write::delete(args),
        Command::Import(args) => transfer::import(args),
        Command::Export(args) => transfer::export(args),
    }
}

/// Writes an object, in one line.
fn print(object: &Object) -> Result<(), CommandError> {
    console::print(&console::json_line(object))
}

/// The path of an object.
fn path_of(entity: &str, id: &str) -> String {
    crate::request::path(&["entities", entity, "objects", id])
}
