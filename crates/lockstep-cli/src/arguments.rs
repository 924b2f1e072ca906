//! What is written behind `lockstep`.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    bench, completions, console, data, dry_run, eval, explain, graph, instance, journal, lock,
    locks, run, schema, serve, token, validate,
};

/// Workflows that must not race: activities under exclusive locks, on a durable store.
#[derive(Debug, Parser)]
#[command(
    name = "lockstep",
    version,
    after_help = "Example:\n  \
        lockstep run workflows/message-reader.yaml --seed workflows/message-reader.seed.jsonl \\\n      \
        --input message=m0\n\n\
        Exit status: 0 done; 1 the work failed (an invalid definition, a failed instance); 2 wrong \
        usage; 3 the store or the engine failed; 70 a bug; 130 and 143 ended by a signal."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Traces the engine to the standard error: `debug`, `lockstep_runner=trace`
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "LOCKSTEP_LOG",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub(crate) log: Option<String>,
    /// How the trace is written
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Format::Human,
        env = "LOCKSTEP_LOG_FORMAT",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub(crate) log_format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks files with definitions
    Validate(validate::Args),
    /// Starts an instance
    Start(Box<instance::start::Args>),
    /// Tells how an instance is
    Get(instance::get::Args),
    /// Lists instances
    List(instance::list::Args),
    /// Sends a signal, or a person's answers to a form
    Signal(Box<instance::signal::Args>),
    /// Ends an instance
    Cancel(Box<instance::cancel::Args>),
    /// Starts an instance that failed anew
    Retry(Box<instance::retry::Args>),
    /// Explains what an instance waits for, or a code of a finding
    Explain(explain::Args),
    /// Shows who holds which lock, and who waits for it
    Locks(locks::Args),
    /// Shows live what an engine does: throughput, instances, locks, failures
    #[cfg(feature = "top")]
    Top(crate::top::Args),
    /// Takes, renews, releases and breaks locks
    Lock(lock::Args),
    /// Shows and changes objects
    Data(data::Args),
    /// Tells the history of an instance
    Journal(journal::Args),
    /// Draws a workflow
    Graph(graph::Args),
    /// Helps editors while definitions are written
    #[cfg(feature = "lsp")]
    Lsp(crate::lsp::Args),
    /// Writes the JSON Schema of definitions, for editors
    Schema(schema::Args),
    /// Runs instances of a workflow to their end, in this process
    Run(Box<run::Args>),
    /// Runs instances for others: a daemon with an HTTP API
    Serve(Box<serve::Args>),
    /// Makes, lists and revokes the tokens of a daemon
    Token(token::Args),
    /// Shows how an instance would go; nothing is called outside, nothing is stored
    DryRun(Box<dry_run::Args>),
    /// Evaluates an expression
    Eval(eval::Args),
    /// Measures how fast the engine is on a store
    Bench(bench::Args),
    /// Writes the completions for a shell
    Completions(completions::Args),
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs: JSON, one object in each line.
    Json,
}

/// Writes the help that was asked for, or what is wrong with the arguments.
pub(crate) fn tell(told: &clap::Error) -> ExitCode {
    let text = told.render().ansi().to_string();
    if told.use_stderr() {
        console::tell(&text);
    } else if let Err(error) = console::print(&text) {
        console::tell(&error.report());
        return error.status().into();
    }
    ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2))
}
