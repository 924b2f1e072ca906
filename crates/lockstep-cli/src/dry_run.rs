//! `lockstep dry-run`: how an instance would go; nothing is called outside, nothing is stored.

mod stored;
mod timeline;

use std::sync::Arc;

use lockstep_runner::Clock;
use lockstep_simulator::{
    Background, Mocks, Nothing, Report, Simulation, SimulationError, dry_run,
};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::status::Status;
use crate::work::{Work, WorkArgs};
use crate::{console, failure_report, given};
use stored::Stored;

/// Arguments of `lockstep dry-run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep dry-run workflows/last-place.yaml --seed workflows/last-place.seed.jsonl \\\n      \
    --input timeslot=monday-9 --input customer=ann --config calendar=http://calendar \\\n      \
    --mock '{\"url\": \"http://calendar/*\", \"body\": {\"id\": \"c1\"}, \"takes\": \"200ms\"}'\n\n\
    A mock has `url` (and `method`, `status`, `headers`, `body`), `program` (and `exit_code`, \
    `output`), `task` (and `output`) or `signal` (and `payload`: what a `wait` for it gets, also the \
    answers to a form of this name); * stands for any text. `takes` is how long the answer takes, on a virtual clock, \
    `times` how often the mock answers, `error` a code to fail with. The first that fits answers; \
    without one, a call is answered with status 200 and {}, and a signal comes at once with null, \
    a form's answers with its defaults.\n\n\
    Exit status 1 if the instance would fail.")]
pub(crate) struct Args {
    #[command(flatten)]
    work: WorkArgs,
    /// Answers in place of outside calls: a JSON object or a list of them, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    mock: Vec<String>,
    /// Reads objects that are no seeds from a store; without it there are none
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How it is written; json: one object
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Tells nothing but the result and errors
    #[arg(long, short)]
    quiet: bool,
}

/// Simulates the instance and writes what would happen.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let work = Work::read(&args.work, args.format, args.quiet)?;
    let (workflow, inputs) = work.inputs(&args.work)?;
    let mut mocks = Mocks::default();
    for text in &args.mock {
        let value = given::json_argument("--mock", text)?;
        mocks.add(&value).map_err(|error| {
            CommandError::usage_with(format!("--mock: {error}"), "see lockstep dry-run --help")
        })?;
    }
    let mut stored = args.store.as_deref().map(Stored::open).transpose()?;
    let background: &mut dyn Background = match &mut stored {
        Some(stored) => stored,
        None => &mut Nothing,
    };
    let report = dry_run(Simulation {
        definitions: Arc::new(work.definitions),
        workflow: Arc::clone(&workflow.name),
        input: inputs.of_instance(0),
        by: work.by,
        seeds: work.seeds,
        mocks,
        background,
        began: Clock::start().now(),
    });
    if let Some(stored) = stored {
        stored.close()?;
    }
    conclude(args, &report.map_err(impossible)?)
}

fn impossible(error: SimulationError) -> CommandError {
    if let SimulationError::Rejected(failure) = error {
        return CommandError::Refused(failure_report::line(&failure));
    }
    unreachable!("{error}")
}

fn conclude(args: &Args, report: &Report) -> Result<Status, CommandError> {
    match args.format {
        Format::Json => console::print(&format!("{}\n", timeline::json(report)))?,
        Format::Human => console::print(&timeline::human(report))?,
    }
    if !args.quiet && args.format == Format::Human {
        console::tell(&advice(report));
    }
    match &report.ending {
        Ok(_) => Ok(Status::Done),
        Err(failure) => {
            if args.format == Format::Human {
                console::tell(&failure_report::human(failure));
            }
            Ok(Status::Failed)
        }
    }
}

fn advice(report: &Report) -> String {
    let mut text = "nothing was called outside, nothing was stored\n".to_owned();
    match report.assumed() {
        0 => {}
        1 => text.push_str("one answer is made up: --mock gives a better one\n"),
        count => {
            let count = count.to_string();
            text.push_str(&count);
            text.push_str(" answers are made up: --mock gives better ones\n");
        }
    }
    text
}
