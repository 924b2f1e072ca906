//! How many instances ended in which way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{Failure, InstanceId};
use lockstep_runner::StartError;
use serde_json::{Value as Json, json};

use super::Ended;
use crate::failure_report;

/// Counts of endings, and one example of each error.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) failed: usize,
    /// Started, and neither done nor failed when the engine was stopped.
    pub(super) unfinished: usize,
    /// Of all these, those that an earlier run had left unfinished.
    pub(super) taken_up: usize,
    /// Left unfinished by an earlier run, and not to be taken up.
    pub(super) refused: usize,
    errors: BTreeMap<Arc<str>, Errors>,
    /// The one instance that this command started, if it is one.
    own: Option<Ended>,
}

struct Errors {
    count: usize,
    instance: InstanceId,
    example: Failure,
}

impl Tally {
    pub(super) fn add(&mut self, ended: Ended) {
        match &ended.ending {
            Ok(Ok(_)) => self.done += 1,
            Ok(Err(failure)) | Err(StartError::Rejected(failure)) => {
                self.failed += 1;
                let errors = self.errors.entry(Arc::clone(&failure.code));
                errors
                    .or_insert_with(|| Errors {
                        count: 0,
                        instance: ended.id,
                        example: failure.clone(),
                    })
                    .count += 1;
            }
            Err(_) => self.unfinished += 1,
        }
        if ended.is_own {
            self.own = Some(ended);
        }
    }

    /// Returns the instance that was started last: the only one, if there was one to start.
    pub(super) fn only(&self) -> Option<&Ended> {
        self.own.as_ref()
    }

    fn ended(&self) -> usize {
        self.done + self.failed
    }

    pub(super) fn human(&self, elapsed: Duration) -> String {
        let total = self.ended() + self.unfinished;
        if total == 0 {
            return "nothing was unfinished\n".to_owned();
        }
        let counts = [
            (self.done, "done"),
            (self.failed, "failed"),
            (self.unfinished, "unfinished"),
            (self.taken_up, "of them taken up"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let word = if total == 1 { "instance" } else { "instances" };
        let (counts, rate) = (counts.join(", "), self.rate(elapsed));
        let elapsed = seconds(elapsed);
        let mut out = format!("{total} {word}: {counts}, in {elapsed} ({rate:.0} per second)\n");
        for errors in self.errors.values() {
            let example = failure_report::line(&errors.example);
            writeln!(out, "  {} x {example}", errors.count).expect("a string takes every write");
        }
        out
    }

    pub(super) fn json(&self, elapsed: Duration) -> Json {
        let errors: Vec<Json> = self
            .errors
            .values()
            .map(|errors| {
                json!({
                    "code": &*errors.example.code,
                    "count": errors.count,
                    "example": {
                        "instance": errors.instance.to_string(),
                        "error": failure_report::json(&errors.example),
                    },
                })
            })
            .collect();
        json!({
            "done": self.done,
            "failed": self.failed,
            "unfinished": self.unfinished,
            "taken_up": self.taken_up,
            "refused": self.refused,
            "errors": errors,
            "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "per_second": self.rate(elapsed).round(),
        })
    }

    fn rate(&self, elapsed: Duration) -> f64 {
        let ended = u32::try_from(self.ended()).unwrap_or(u32::MAX);
        let elapsed = elapsed.as_secs_f64();
        if elapsed > 0.0 { f64::from(ended) / elapsed } else { 0.0 }
    }
}

/// Returns a duration as people read it.
pub(super) fn seconds(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{:.2} s", elapsed.as_secs_f64())
    }
}
