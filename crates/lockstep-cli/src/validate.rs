//! `lockstep validate`: findings about files with definitions, all checked together.

use std::path::PathBuf;

use lockstep_definition::{Severity, check};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::status::Status;
use crate::{console, sources};

/// Arguments of `lockstep validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep validate workflows/\n\n\
    Exit status 1 if there is an error (or a warning, with --deny-warnings).")]
pub(crate) struct Args {
    /// Files, and folders whose *.yaml and *.yml files are checked; all documents together
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How findings are written; json: one object in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Takes warnings for errors
    #[arg(long)]
    deny_warnings: bool,
}

/// Checks the files and writes the findings.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let sources = sources::read(&args.paths)?;
    let checked = check(&sources);
    let told = &checked.diagnostics;
    console::print(&sources::findings(told, &sources, args.format))?;
    if args.format == Format::Human {
        let (files, counts) = (sources::number(sources.len(), "file"), sources::counted(told));
        let gap = if told.is_empty() { "" } else { "\n" };
        console::tell(&format!("{gap}checked {files}: {counts}\n"));
    }
    let fails =
        told.iter().any(|finding| args.deny_warnings || finding.severity == Severity::Error);
    Ok(if fails { Status::Failed } else { Status::Done })
}
