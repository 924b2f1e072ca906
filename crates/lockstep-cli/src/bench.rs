//! `lockstep bench`: the engine's own benchmark, on a store file of its own.
//!
//! Closed loops of clients start instances and wait for their durable answers; every loop ends with
//! a look at the data, so that a fast wrong answer is an error. Beside the whole it measures the
//! parts: the *floor* (the same rows in the same batches through the same store code, and nothing
//! else), the core without a store, its locks, the expressions alone, one bare flush.
//!
//! Invariants:
//!
//! * Nothing is simulated: the store is a file, every commit is flushed.
//! * Figures are printed, never judged: machines differ.

mod floor;
mod latency;
mod lateness;
mod load;
mod locks;
mod memory;
mod report;
mod waiting;
mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ObjectKey;
use lockstep_definition::{Definitions, Source, check};
use lockstep_expr::{Map, Value};
use lockstep_runner::{Clock, Options, Runner};

use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;
use report::{Format, Report};

const DEFINITIONS: &str = include_str!("../../../benches/count.yaml");

/// Arguments of `lockstep bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  lockstep bench --dir /var/lib/lockstep --seconds 10")]
pub(crate) struct Args {
    /// Folder on the disk to measure; a folder is made in it and removed at the end
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// How long each load lasts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Instances in flight in the loads
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    in_flight: u32,
    /// Instances that wait for one lock, to see what a waiting one costs
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    waiting: u32,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Anything that ends the benchmark.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// What all parts of the benchmark share.
struct Bench {
    definitions: Arc<Definitions>,
    folder: PathBuf,
    clock: Clock,
    seconds: u64,
}

/// Runs the benchmark.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    let report = runtime
        .block_on(measure(args))
        .map_err(|error| CommandError::Refused(format!("the benchmark has failed: {error}")))?;
    console::print(&report.text(args.format))?;
    Ok(Status::Done)
}

async fn measure(args: &Args) -> Result<Report, Error> {
    let clock = Clock::start();
    let folder = args.dir.join(format!("lockstep-bench-{}", std::process::id()));
    // Only the last part: a folder that is not there is a mistake in the argument.
    std::fs::create_dir(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let source = Source::new("count.yaml", DEFINITIONS);
    let definitions = check(&[source]).definitions.ok_or("its workflows are not valid")?;
    let definitions = Arc::new(definitions);
    let bench = Bench { definitions, folder: folder.clone(), clock, seconds: args.seconds };
    let result = bench.all(args).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

impl Bench {
    async fn all(&self, args: &Args) -> Result<Report, Error> {
        let mut report = Report::new(args.in_flight);
        report.start = self.first_step().await?;
        report.latency = self.latency().await?;
        for (name, workflow, keys, adds) in [
            ("one hot key", "count", 1, 1),
            ("1,000 keys", "count", 1000, 1),
            ("three activities, one hot key", "count-thrice", 1, 3),
        ] {
            let work = work::count(name, workflow, keys, adds);
            report.loads.push(self.load(work, args.in_flight).await?);
        }
        report.peak_memory = memory::peak();
        report.loads.push(self.load(work::transfers(), args.in_flight).await?);
        report.loads.push(self.load(work::mixed(), args.in_flight).await?);
        tell("floor");
        for load in report.loads.iter().take(2) {
            let floor = self.floor(load.name, load.keys, load.transitions_in_a_batch).await?;
            report.floors.push(floor);
        }
        report.expressions = self.expressions()?;
        tell("waiting instances");
        report.waiting = self.waiting(args.waiting).await?;
        report.lateness = self.lateness(args.waiting).await?;
        report.locks = self.locks()?;
        Ok(report)
    }

    fn store_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.db", name.replace([' ', ','], "-")))
    }

    /// Opens a store and starts a runner with the benchmark's workflows and counters on it.
    async fn runner(&self, path: &Path, keys: u32) -> Result<Runner, Error> {
        let store = lockstep_store::open(&path.to_string_lossy()).await?;
        let options = Options { allowed_programs: vec!["sleep".to_owned()], ..Options::default() };
        let (runner, _) = Runner::start(store, options).await?;
        runner.publish("bench".into(), "[]".to_owned(), Arc::clone(&self.definitions)).await?;
        runner.import("bench".into(), counters(keys)).await?;
        Ok(runner)
    }
}

fn counters(keys: u32) -> Vec<(ObjectKey, Map)> {
    (0..keys)
        .map(|key| {
            let mut attributes = Map::new();
            attributes.insert("limit", Value::Int(i64::MAX));
            let id = format!("counter-{key}").into();
            (ObjectKey { entity: "Counter".into(), id }, attributes)
        })
        .collect()
}

fn inputs(keys: u32) -> Vec<Value> {
    (0..keys)
        .map(|key| {
            let mut input = Map::new();
            input.insert("key", Value::from(format!("counter-{key}")));
            Value::Map(Arc::new(input))
        })
        .collect()
}

fn tell(what: &str) {
    console::tell(&format!("measuring: {what}\n"));
}
