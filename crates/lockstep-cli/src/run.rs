//! `lockstep run`: instances of a workflow, from their start to their end, in this process.
//!
//! Invariants:
//!
//! * What is unfinished in the store is taken up before anything else is started.
//! * An instance that was started and is not told to have ended is still in the store.
//! * The engine is stopped in an orderly way on every path but a second ctrl-C.

mod progress;
mod results;
mod tally;

use std::sync::Arc;

use lockstep_core::{InstanceId, ObjectKey};
use lockstep_definition::Workflow;
use lockstep_runner::{Clock, Ending, Recovered, Runner, RunnerError, StartError, Started};
use tokio::task::JoinSet;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::input::Inputs;
use crate::outside::OutsideArgs;
use crate::signals::{self, Signals};
use crate::status::Status;
use crate::store::{self, StoreArgs};
use crate::work::{Work, WorkArgs};
use progress::Progress;
use tally::Tally;

/// Most instances that are under way at once.
const MAX_CONCURRENCY: i64 = 100_000;

/// Arguments of `lockstep run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep run workflows/message-reader.yaml --seed workflows/message-reader.seed.jsonl \\\n      \
    --input message=m0\n  \
    lockstep run workflows/message-reader.yaml --seed workflows/message-reader.seed.jsonl \\\n      \
    --input 'message=m{n%100}' --count 1000 --show Message/m0\n\n\
    Ctrl-C and SIGTERM stop it; unfinished instances stay in the store, and the next run on that \
    store goes on with them. A second ctrl-C ends it at once.\n\n\
    Exit status 1 if an instance failed; 130 after ctrl-C, 143 after SIGTERM.")]
pub(crate) struct Args {
    #[command(flatten)]
    work: WorkArgs,
    /// How many instances; 0 only finishes what is unfinished in the store
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    count: u64,
    /// How many of them at once
    #[arg(
        long,
        short,
        value_name = "N",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(1..=MAX_CONCURRENCY)
    )]
    concurrency: u32,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    outside: OutsideArgs,
    /// Prints an object, with its version, after the run
    #[arg(long, value_name = "ENTITY/ID")]
    show: Vec<String>,
    /// Prints each instance as it ends, in one line
    #[arg(long)]
    each: bool,
    /// How results are written; json: one object in each line, the summary of several instances last
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Tells nothing but results and errors
    #[arg(long, short)]
    quiet: bool,
}

/// An instance that has ended, or cannot be followed any more.
struct Ended {
    id: InstanceId,
    is_own: bool,
    ending: Result<Ending, StartError>,
}

/// The work while it goes on, and how it went.
struct Course {
    /// Started and not told to have ended.
    instances: JoinSet<Ended>,
    signals: Signals,
    tally: Tally,
    /// What ended it before its time.
    signal: Option<signals::Caught>,
}

/// What is to be started.
struct Order {
    workflow: Arc<Workflow>,
    inputs: Inputs,
    by: Arc<str>,
}

/// Runs the instances and writes how they ended.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let clock = Clock::start();
    let work = Work::read(&args.work, args.format, args.quiet)?;
    let order = if args.count == 0 {
        None
    } else {
        let (workflow, inputs) = work.inputs(&args.work)?;
        Some(Order { workflow, inputs, by: Arc::clone(&work.by) })
    };
    let shown: Result<Vec<ObjectKey>, CommandError> =
        args.show.iter().map(|text| object_key(text)).collect();
    let session = Session { args, clock, shown: shown?, url: args.store.url()? };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    runtime.block_on(session.run(work, order))
}

fn object_key(text: &str) -> Result<ObjectKey, CommandError> {
    match text.split_once('/') {
        Some((entity, id)) if !entity.is_empty() && !id.is_empty() => {
            Ok(ObjectKey { entity: entity.into(), id: id.into() })
        }
        _ => Err(CommandError::usage_with(
            format!("`--show {text}` names no object"),
            "write `--show ENTITY/ID`, such as `--show Message/m1`",
        )),
    }
}

struct Session<'a> {
    args: &'a Args,
    clock: Clock,
    shown: Vec<ObjectKey>,
    url: String,
}

impl Session<'_> {
    async fn run(&self, work: Work, order: Option<Order>) -> Result<Status, CommandError> {
        let mut course = Course {
            instances: JoinSet::new(),
            signals: Signals::listen()?,
            tally: Tally::default(),
            signal: None,
        };
        let (store, is_new) = store::open(&self.url).await?;
        if is_new {
            self.tell(&format!("the store is {}, a new one\n", self.url));
        } else if self.args.store.is_default() {
            self.tell(&format!("the store is {}\n", self.url));
        }
        let (runner, recovered) =
            Runner::start(Arc::clone(&store), self.args.outside.options()).await?;
        self.take_up(recovered, &mut course);
        let worked = self.work(&runner, work, order, &mut course).await;
        let shown = if worked.is_ok() && course.signal.is_none() {
            self.objects(&store).await
        } else {
            Ok(Vec::new())
        };
        let stopped = runner.stop().await;
        match (worked, stopped) {
            // Why the engine stopped says more than that it is gone.
            (Err(CommandError::Runner(RunnerError::Stopped)) | Ok(()), Err(error)) => {
                return Err(error.into());
            }
            (worked, _) => worked?,
        }
        // What ended while the engine was being stopped has ended all the same.
        while let Some(Ok(ended)) = course.instances.join_next().await {
            course.tally.add(ended);
        }
        self.conclude(&course, shown?)
    }

    async fn work(
        &self,
        runner: &Runner,
        work: Work,
        order: Option<Order>,
        course: &mut Course,
    ) -> Result<(), CommandError> {
        let id = work.text.id();
        runner.publish(id, work.text.encode(), Arc::new(work.definitions)).await?;
        if !work.seeds.is_empty() {
            let (created, existing) = runner.import(work.by, work.seeds).await?;
            self.tell(&format!("{created} objects created, {existing} were there already\n"));
        }
        let at_once = usize::try_from(self.args.concurrency).unwrap_or(usize::MAX);
        let mut progress = Progress::new(self.args.count, self.args.quiet);
        let mut next = 0;
        loop {
            while let Some(order) = &order
                && next < self.args.count
                && course.instances.len() < at_once
            {
                let name = Arc::clone(&order.workflow.name);
                let input = order.inputs.of_instance(next);
                let started = runner.start_instance(name, input, Arc::clone(&order.by)).await?;
                follow(&mut course.instances, started, true);
                next += 1;
            }
            let ended = tokio::select! {
                biased;
                signal = course.signals.next() => {
                    course.signal = Some(signal);
                    signals::end_at_once_at_the_next(self.args.quiet);
                    return Ok(());
                }
                ended = course.instances.join_next() => ended,
            };
            let Some(ended) = ended else { return Ok(()) };
            let ended = ended.map_err(|_| RunnerError::Stopped)?;
            if let Err(StartError::Runner(error)) = ended.ending {
                return Err(error.into());
            }
            progress.advance(&ended);
            if self.args.each {
                let line = self.line(&ended);
                progress.suspended(|| console::print(&line))?;
            }
            course.tally.add(ended);
        }
    }

    fn take_up(&self, recovered: Recovered, course: &mut Course) {
        let count = recovered.instances.len();
        if count > 0 {
            let word = if count == 1 { "instance" } else { "instances" };
            self.tell(&format!("taking up {count} unfinished {word}\n"));
        }
        course.tally.taken_up = count;
        for started in recovered.instances {
            follow(&mut course.instances, started, false);
        }
        for (id, why) in recovered.refused {
            console::tell(&format!(
                "warning: instance {id} cannot go on and stays as it is: {why}\n"
            ));
            course.tally.refused += 1;
        }
    }

    fn tell(&self, text: &str) {
        if !self.args.quiet {
            console::tell(text);
        }
    }
}

fn follow(instances: &mut JoinSet<Ended>, started: Started, is_own: bool) {
    let id = started.id;
    instances.spawn(async move { Ended { id, is_own, ending: started.ending().await } });
}
