//! The figures of a benchmark, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::floor::Floor;
use super::latency::Latency;
use super::lateness::{Late, Lateness};
use super::load::{Load, count};
use super::locks::{Handing, Locks};
use super::waiting::Waiting;

/// How figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Tables for people.
    Human,
    /// One JSON object.
    Json,
}

/// All figures.
#[derive(Debug, Default)]
pub(crate) struct Report {
    in_flight: u32,
    pub(crate) start: Duration,
    pub(crate) latency: Latency,
    pub(crate) loads: Vec<Load>,
    pub(crate) floors: Vec<Floor>,
    pub(crate) expressions: Duration,
    pub(crate) peak_memory: u64,
    pub(crate) waiting: Waiting,
    pub(crate) lateness: Lateness,
    pub(crate) locks: Locks,
}

impl Report {
    pub(crate) fn new(in_flight: u32) -> Self {
        Self { in_flight, ..Self::default() }
    }

    /// Returns the figures as text.
    pub(crate) fn text(&self, format: Format) -> String {
        match format {
            Format::Human => self.human(),
            Format::Json => self.json(),
        }
    }

    fn floor(&self, load: &Load) -> Option<&Floor> {
        self.floors.iter().find(|floor| floor.name == load.name)
    }

    fn human(&self) -> String {
        let mut text = String::new();
        self.write_human(&mut text).expect("a string takes everything");
        text
    }

    fn write_human(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "start, empty store to first durable answer  {:>10.1?}", self.start)?;
        let Latency { instance, instance_p99, flush } = self.latency;
        writeln!(
            to,
            "one client: median {instance:.1?}, p99 {instance_p99:.1?}; one bare flush: median {flush:.1?}"
        )?;
        writeln!(to, "\n{} in flight", self.in_flight)?;
        writeln!(
            to,
            "{:<31} {:>11} {:>7} {:>8} | {:>6} {:>7} {:>8} {:>6} {:>6} | {:>11}",
            "",
            "instances/s",
            "batch",
            "memory",
            "expr",
            "core",
            "encoding",
            "db",
            "flush",
            "floor"
        )?;
        for load in &self.loads {
            let floor = self.floor(load).map_or_else(String::new, |floor| {
                let ratio = load.per_second() / floor.store_per_second;
                format!("{:>6.0} {ratio:.2}", floor.store_per_second)
            });
            writeln!(
                to,
                "{:<31} {:>11.0} {:>7} {:>5.1} MB | {:>5.1}% {:>6.1}% {:>7.1}% {:>5.1}% {:>5.1}% | {:>11}",
                load.name,
                load.per_second(),
                load.transitions_in_a_batch,
                megabytes(load.memory),
                100.0 * self.expressions.as_secs_f64() * load.per_second(),
                share(load.core, load),
                share(load.encode, load),
                share(load.database, load),
                share(load.flush, load),
                floor,
            )?;
        }
        writeln!(
            to,
            "shares are of the elapsed time; the core (expressions included) works beside the store\n\
             floor: the same rows in the same batches through the same store code, and the ratio to it"
        )?;
        for floor in &self.floors {
            writeln!(
                to,
                "the core alone, {}: {:.0} instances/s",
                floor.name, floor.core_per_second
            )?;
        }
        writeln!(to, "expressions of one instance: {:.0?}", self.expressions)?;
        writeln!(
            to,
            "peak memory of the first three loads: {:.1} MB",
            megabytes(self.peak_memory)
        )?;
        writeln!(
            to,
            "{} waiting instances: {:.1} MB, {} bytes each",
            self.waiting.instances,
            megabytes(self.waiting.with),
            self.waiting.each()
        )?;
        self.write_lateness(to)?;
        self.write_locks(to)
    }

    fn write_lateness(&self, to: &mut String) -> std::fmt::Result {
        let Lateness { waiters, waiting, hold } = &self.lateness;
        writeln!(to, "\nlateness of timeouts, {waiters} instances wait")?;
        for (name, late) in [("waiting", waiting), ("hold", hold)] {
            let Late { timeout, median, p99, most } = late;
            let allowed = late.allowed();
            writeln!(
                to,
                "{name} timeout of {timeout:?}: median {median:.1?}, p99 {p99:.1?}, at most {most:.1?} \
                 ({allowed:?} asked)"
            )?;
        }
        Ok(())
    }

    fn write_locks(&self, to: &mut String) -> std::fmt::Result {
        let Locks { locked, unlocked, lock, queues, bytes_each } = &self.locks;
        writeln!(to, "\nlocks, without a store")?;
        writeln!(
            to,
            "an instance under a free lock: {locked:.2?}, without a lock: {unlocked:.2?}, \
             difference: {lock:.2?}"
        )?;
        for Handing { waiters, turn } in queues {
            writeln!(to, "{waiters} waiters: hand-over, step and end of an instance {turn:.2?}")?;
        }
        writeln!(to, "memory of the core for each that waits: {bytes_each} bytes (2 KB asked)")
    }

    fn json(&self) -> String {
        let loads: Vec<_> = self
            .loads
            .iter()
            .map(|load| {
                json!({
                    "name": load.name,
                    "keys": load.keys,
                    "instances_per_second": load.per_second(),
                    "transitions_in_a_batch": load.transitions_in_a_batch,
                    "memory_bytes": load.memory,
                    "core_share": share(load.core, load) / 100.0,
                    "encoding_share": share(load.encode, load) / 100.0,
                    "database_share": share(load.database, load) / 100.0,
                    "flush_share": share(load.flush, load) / 100.0,
                    "floor_per_second": self.floor(load).map(|floor| floor.store_per_second),
                    "core_alone_per_second": self.floor(load).map(|floor| floor.core_per_second),
                })
            })
            .collect();
        json!({
            "in_flight": self.in_flight,
            "start_micros": micros(self.start),
            "one_client_median_micros": micros(self.latency.instance),
            "one_client_p99_micros": micros(self.latency.instance_p99),
            "bare_flush_median_micros": micros(self.latency.flush),
            "loads": loads,
            "expressions_nanos": nanos(self.expressions),
            "peak_memory_bytes": self.peak_memory,
            "waiting_instances": self.waiting.instances,
            "waiting_bytes_each": self.waiting.each(),
            "lateness": {
                "waiters": self.lateness.waiters,
                "waiting": late_json(&self.lateness.waiting),
                "hold": late_json(&self.lateness.hold),
            },
            "locks": locks_json(&self.locks),
        })
        .to_string()
    }
}

fn late_json(late: &Late) -> serde_json::Value {
    json!({
        "timeout_micros": micros(late.timeout),
        "median_micros": micros(late.median),
        "p99_micros": micros(late.p99),
        "most_micros": micros(late.most),
    })
}

fn locks_json(locks: &Locks) -> serde_json::Value {
    let queue = |queue: &Handing| {
        json!({
            "waiters": queue.waiters,
            "turn_nanos": nanos(queue.turn),
        })
    };
    json!({
        "instance_locked_nanos": nanos(locks.locked),
        "instance_unlocked_nanos": nanos(locks.unlocked),
        "lock_nanos": nanos(locks.lock),
        "bytes_each": locks.bytes_each,
        "queues": locks.queues.iter().map(queue).collect::<Vec<_>>(),
    })
}

fn share(part: Duration, load: &Load) -> f64 {
    100.0 * part.as_secs_f64() / load.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn megabytes(bytes: u64) -> f64 {
    count(bytes) / 1_000_000.0
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
