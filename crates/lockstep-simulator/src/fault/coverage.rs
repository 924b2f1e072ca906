//! Coverage: which situations histories have been in, and how often.

use std::collections::BTreeMap;

/// Counts of situations by name, and of what succeeded.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

/// Situations that a run over many seeds must have been in. A name stands where it is counted.
pub const REQUIRED: &[&str] = &[
    "crash with nothing in flight",
    "crash with a batch in flight that was applied",
    "crash with a batch in flight that was lost",
    "crash of a recovered engine before its first batch",
    "crash while somebody calls outside",
    "flush failed, batch applied",
    "flush failed, batch lost",
    "lock row taken up at a restart",
    "waiter with a ticket taken up at a restart",
    "definitions gone at a restart",
    "definitions back at a restart",
    "definitions replaced while instances run",
    "hold timeout",
    "hold timeout during a call",
    "hold timeout passed while the store judges a commit",
    "waiting timeout",
    "lock waited for and granted",
    "lock busy, failed",
    "deadlock",
    "lock context refused",
    "activity left out",
    "conflict, run again",
    "conflict, failed",
    "unique key refused by the store",
    "conflict refused by the store",
    "commit judged by the store",
    "object deleted",
    "object created anew",
    "call made again after a crash",
    "call tried again",
    "call answered twice",
    "call answered after it was cancelled",
    "call refused for its outdated token",
    "call hangs until its timeout",
    "result of a worker came late",
    "result of a worker taken",
    "signal kept",
    "signal refused",
    "signal taken",
    "signal while the store judges a commit",
    "wait timed out",
    "instance cancelled",
    "cancel while waiting for a lock",
    "cancel while calling",
    "cancel while the store judges a commit",
    "child ended",
    "child cancelled",
    "error caught",
    "activity timed out",
    "read answered after a batch has landed",
    "clock went back at a restart",
    "clock jumped forward",
    "start accepted before its end",
    "instance ended well",
    "instance failed",
    "audit",
    "several keys waited for and granted",
    "waiter for several keys passed",
    "waiter passed by one that it waits for",
    "lock shared by two",
    "read twice under a shared lock",
    "lock granted by priority",
    "lock waited for by too many",
    "lock given back for a wait",
    "lock taken again behind a wait",
    "lock of an ancestor entered",
    "lock of a workflow waited for and granted",
    "lock of a workflow lost",
    "workflow left out",
    "wait that ended while no engine ran",
    "client got its lock",
    "client waited and got its lock",
    "client found its lock busy",
    "client waited too long",
    "client's wait cancelled",
    "client's lock renewed",
    "client's lock released",
    "client's lock ended with its time to live",
    "client's lock taken up at a restart",
    "late or wrong release of a client refused",
    "late renewal of a client refused",
    "lock of an instance broken",
    "lock of a client broken",
    "break while the store judges a commit",
    "break refused: a commit came first",
    "break of what nobody holds refused",
    "write done",
    "write refused for its version",
    "write refused: there is such a one",
    "write judged by the store",
    "write while the store judges its object",
    "change followed",
    "change followed that the store judged",
    "change refused that would be followed",
    "write from outside followed",
    "import followed",
    "chain of changes ended",
];

impl Coverage {
    pub(crate) fn count(&mut self, situation: &'static str) {
        self.add(situation, 1);
    }

    pub(crate) fn add(&mut self, situation: &'static str, times: u64) {
        *self.counts.entry(situation).or_default() += times;
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: &Self) {
        for (situation, times) in &other.counts {
            self.add(situation, *times);
        }
    }

    /// Returns how often a situation occurred.
    pub fn of(&self, situation: &str) -> u64 {
        self.counts.get(situation).copied().unwrap_or(0)
    }

    /// Returns all counts, by name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(situation, times)| (*situation, *times))
    }

    /// Returns the required situations that never occurred.
    pub fn missing(&self) -> Vec<&'static str> {
        REQUIRED.iter().copied().filter(|situation| self.of(situation) == 0).collect()
    }
}
