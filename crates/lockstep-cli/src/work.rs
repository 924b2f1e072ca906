//! What `run` and `dry-run` have in common: definitions, a workflow, inputs, objects to begin with.
//!
//! Invariants:
//!
//! * Everything that is given is checked before a store is opened: what is wrong changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_definition::{Definitions, Workflow};
use lockstep_expr::Value;
use lockstep_runner::DefinitionText;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::input::{InputArgs, Inputs};
use crate::meant::{self, Kind};
use crate::seed::{self, Seed};
use crate::{console, given, sources};

/// What is to be run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WorkArgs {
    /// Files with definitions, and folders whose *.yaml and *.yml files are read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The workflow; needed if there are several
    #[arg(long, short, value_name = "NAME")]
    workflow: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    /// Objects to create unless they are there: JSON lines such as {"entity": "Message", "id":
    /// "m1", "text": "hello"}, or one JSON array of them
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
    /// Replaces a value of the project's `config`; JSON or a text
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
    /// Who starts it, for the metadata of objects
    #[arg(
        long,
        value_name = "WHO",
        env = "USER",
        hide_env = true,
        default_value = "anonymous",
        hide_default_value = true
    )]
    by: String,
}

/// What is to be run, checked.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) text: DefinitionText,
    pub(crate) definitions: Definitions,
    pub(crate) seeds: Vec<Seed>,
    pub(crate) by: Arc<str>,
}

impl Work {
    /// Reads and checks the definitions and the objects; tells what is found.
    pub(crate) fn read(args: &WorkArgs, format: Format, quiet: bool) -> Result<Self, CommandError> {
        let (text, definitions) = definitions(&args.files, &args.config, format, quiet)?;
        let seeds = seed::read(&args.seed, &definitions)?;
        Ok(Self { text, definitions, seeds, by: args.by.as_str().into() })
    }

    /// Finds the workflow, and reads its inputs.
    pub(crate) fn inputs(&self, args: &WorkArgs) -> Result<(Arc<Workflow>, Inputs), CommandError> {
        let workflow = self.workflow(args.workflow.as_deref())?;
        let inputs = Inputs::read(&args.input, workflow)?;
        Ok((Arc::clone(workflow), inputs))
    }

    fn workflow(&self, name: Option<&str>) -> Result<&Arc<Workflow>, CommandError> {
        let workflows = &self.definitions.workflows;
        let names: Vec<&str> = workflows.keys().map(|name| &**name).collect();
        if workflows.is_empty() {
            let message = "the files hold no workflow";
            return Err(CommandError::usage_with(
                message,
                "name a file with a `workflow:` document",
            ));
        }
        match name {
            Some(name) => workflows.get(name).ok_or_else(|| {
                let help = meant::help(Kind::Workflow, name, names).unwrap_or_default();
                CommandError::usage_with(format!("there is no workflow `{name}`"), help)
            }),
            None if workflows.len() == 1 => Ok(workflows.values().next().expect("there is one")),
            None => Err(CommandError::usage_with(
                "there are several workflows",
                format!("choose one with --workflow; there are: {}", names.join(", ")),
            )),
        }
    }
}

/// Reads and checks definitions, with `NAME=VALUE` in the place of values of their configuration;
/// tells what is found.
pub(crate) fn definitions(
    files: &[PathBuf],
    config: &[String],
    format: Format,
    quiet: bool,
) -> Result<(DefinitionText, Definitions), CommandError> {
    let config = self::config(config)?;
    let text = DefinitionText { sources: sources::read(files)?, config };
    let plain = DefinitionText { config: Vec::new(), ..text.clone() }.check();
    let told = &plain.diagnostics;
    let wrong = plain.definitions.is_none();
    if wrong || !quiet {
        console::tell(&sources::findings(told, &text.sources, format));
        if format == Format::Human && !told.is_empty() {
            console::tell("\n");
        }
    }
    let Some(written) = plain.definitions else {
        let counts = sources::counted(told);
        return Err(CommandError::Invalid(format!("the definitions have {counts}")));
    };
    known_config(&text, &written)?;
    let definitions = text.check().definitions.expect("they were free of errors just now");
    Ok((text, definitions))
}

/// Reads `NAME=VALUE`s that stand in place of values of the configuration.
pub(crate) fn config(given: &[String]) -> Result<Vec<(Arc<str>, Value)>, CommandError> {
    let pair = |text: &String| {
        let pair = given::pair("--config", text);
        let (name, value) = pair.map_err(|error| match Path::new(text).extension() {
            Some(end) if end == "toml" => {
                CommandError::usage_with(error.to_string(), "--settings names a file of settings")
            }
            Some(_) | None => error,
        })?;
        Ok((name.into(), given::json_or_text(value)))
    };
    given.iter().map(pair).collect()
}

/// A name that is given but not in the project is a slip, unless there is no configuration at all.
fn known_config(text: &DefinitionText, written: &Definitions) -> Result<(), CommandError> {
    let known = &written.project.config;
    let unknown =
        text.config.iter().find(|(name, _)| known.iter().all(|(present, _)| present != name));
    match unknown {
        Some((name, _)) if !known.is_empty() => {
            let names: Vec<&str> = known.iter().map(|(name, _)| &**name).collect();
            Err(CommandError::usage_with(
                format!("the project's `config` has no `{name}`"),
                format!("it has: {}", names.join(", ")),
            ))
        }
        _ => Ok(()),
    }
}
