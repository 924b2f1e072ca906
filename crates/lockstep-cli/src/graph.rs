//! `lockstep graph`: a picture of a workflow.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use lockstep_definition::{Definitions, Workflow, check};

use crate::command_error::CommandError;
use crate::status::Status;
use crate::{console, sources};

/// Arguments of `lockstep graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep graph workflows/last-place.yaml > last-place.svg\n\n\
    It shows activities with their locks and steps, and where each goes on: behind it, by `next`, \
    and after errors.")]
pub(crate) struct Args {
    /// Files with definitions, and folders whose *.yaml and *.yml files are read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The workflow; needed if there are several
    #[arg(long, short, value_name = "NAME")]
    workflow: Option<String>,
    /// How the picture is written
    #[arg(long, value_enum, default_value = "svg")]
    format: Format,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture that browsers show, for light and dark pages
    Svg,
    /// Text for Graphviz
    Dot,
    /// Text that many Markdown pages show as a picture
    Mermaid,
}

/// Writes the picture.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let sources = sources::read(&args.files)?;
    let checked = check(&sources);
    let Some(definitions) = &checked.definitions else {
        let text = crate::render::human(&checked.diagnostics, &sources, true);
        console::tell(&text);
        return Err(CommandError::Invalid(
            "the definitions have errors, so there is no picture".to_owned(),
        ));
    };
    let workflow = chosen(definitions, args.workflow.as_deref())?;
    let text = match args.format {
        Format::Svg => lockstep_graph::svg(&workflow),
        Format::Dot => lockstep_graph::dot(&workflow),
        Format::Mermaid => lockstep_graph::mermaid(&workflow),
    };
    console::print(&text)?;
    Ok(Status::Done)
}

fn chosen(definitions: &Definitions, name: Option<&str>) -> Result<Arc<Workflow>, CommandError> {
    let workflows = &definitions.workflows;
    let found = match name {
        Some(name) => workflows.get(name),
        None if workflows.len() == 1 => workflows.values().next(),
        None => None,
    };
    let names: Vec<&str> = workflows.keys().map(|name| &**name).collect();
    let known = format!("there are: {}", names.join(", "));
    found.cloned().ok_or_else(|| match name {
        Some(name) => CommandError::usage_with(format!("no workflow is called `{name}`"), known),
        None if names.is_empty() => CommandError::usage("the files hold no workflow"),
        None => CommandError::usage_with(
            "there are several workflows",
            format!("choose one with --workflow NAME; {known}"),
        ),
    })
}
