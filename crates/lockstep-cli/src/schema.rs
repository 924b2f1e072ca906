//! `lockstep schema`: the JSON Schema of definitions.

use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;

/// Arguments of `lockstep schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep schema > workflow.schema.json\n\n\
    Editors with a YAML extension complete keys and show what they mean by it. A first line of a \
    file tells them:\n  # yaml-language-server: $schema=workflow.schema.json")]
pub(crate) struct Args;

/// Writes the schema.
pub(crate) fn run(_: &Args) -> Result<Status, CommandError> {
    console::print(&format!("{:#}\n", lockstep_definition::schema()))?;
    Ok(Status::Done)
}
