//! `lockstep validate`: findings about files with definitions, all checked together.

use std::path::PathBuf;

use clap::ValueEnum;
use lockstep_definition::{Diagnostic, Severity, Source, check};

use crate::command_error::CommandError;
use crate::status::Status;
use crate::{console, render, sources};

/// Arguments of `lockstep validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep validate workflows/\n\n\
    Exit status 1 if there is an error (or a warning, with --deny-warnings).")]
pub(crate) struct Args {
    /// Files, and folders whose *.yaml and *.yml files are checked; all documents together
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Takes warnings for errors
    #[arg(long)]
    deny_warnings: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON object in each line
    Json,
    /// One SARIF 2.1.0 log, for code scanning
    Sarif,
    /// Commands of GitHub's workflow log
    Github,
}

/// Checks the files and writes the findings.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let sources = sources::read(&args.paths)?;
    let checked = check(&sources);
    let told = &checked.diagnostics;
    console::print(&findings(told, &sources, args.format))?;
    if args.format == Format::Human {
        let (files, counts) = (sources::number(sources.len(), "file"), sources::counted(told));
        let gap = if told.is_empty() { "" } else { "\n" };
        console::tell(&format!("{gap}checked {files}: {counts}\n"));
    }
    let fails =
        told.iter().any(|finding| args.deny_warnings || finding.severity == Severity::Error);
    Ok(if fails { Status::Failed } else { Status::Done })
}

fn findings(diagnostics: &[Diagnostic], sources: &[Source], format: Format) -> String {
    match format {
        // The console takes the colours away where they do not belong.
        Format::Human => render::human(diagnostics, sources, true),
        Format::Json => render::json(diagnostics, sources),
        Format::Sarif => render::sarif(diagnostics, sources),
        Format::Github => render::github(diagnostics, sources),
    }
}
