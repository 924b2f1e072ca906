//! What the clients of the loads do.

use std::sync::Arc;

use lockstep_expr::{Map, Value};

use super::inputs;
use super::load::{Job, Work};

/// Counters between which the transfers go, and jobs that are made of them before they repeat.
const ACCOUNTS: u32 = 100;
const JOBS: u32 = 1_009;

/// Counters of the mixed load.
const MIXED: u32 = 50;

/// Counts one of some counters.
pub(super) fn count(name: &'static str, workflow: &str, keys: u32, adds: i64) -> Work {
    let job = |input: Value| Job { workflow: workflow.into(), input, adds };
    Work { name, keys, jobs: inputs(keys).into_iter().map(job).collect() }
}

/// Transfers between a hundred accounts, each under two locks.
pub(super) fn transfers() -> Work {
    let mut random = Random::default();
    let mut job = || {
        let from = random.below(ACCOUNTS);
        let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
        let input = input([("from", counter(from)), ("to", counter(to))]);
        Job { workflow: "transfer".into(), input, adds: 0 }
    };
    let jobs = (0..JOBS).map(|_| job()).collect();
    Work { name: "transfers between 100 accounts", keys: ACCOUNTS, jobs }
}

/// Shared and exclusive requests, one in three shared, for one or three of fifty keys.
pub(super) fn mixed() -> Work {
    let mut random = Random::default();
    let mut job = || {
        let count = if random.below(2) == 0 { 1 } else { 3 };
        let (first, apart) = (random.below(MIXED), 1 + random.below(MIXED / 3));
        let keys = (0..count).map(|number| counter((first + number * apart) % MIXED));
        let keys = Value::List(Arc::new(keys.collect()));
        let shared = random.below(3) == 0;
        let workflow = if shared { "look-at-all" } else { "add-to-all" };
        let adds = if shared { 0 } else { i64::from(count) };
        Job { workflow: workflow.into(), input: input([("keys", keys)]), adds }
    };
    let jobs = (0..JOBS).map(|_| job()).collect();
    Work { name: "mixed, 1 or 3 of 50 keys", keys: MIXED, jobs }
}

fn counter(number: u32) -> Value {
    Value::from(format!("counter-{number}"))
}

fn input<const N: usize>(values: [(&str, Value); N]) -> Value {
    let mut input = Map::new();
    for (name, value) in values {
        input.insert(name, value);
    }
    Value::Map(Arc::new(input))
}

/// Numbers that look random and are the same in every run.
///
/// Source: D. Knuth, *The Art of Computer Programming*, vol. 2, 3rd ed. (1997), 3.3.4, multiplier of
/// "MMIX".
#[derive(Debug, Default)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound.max(1))).unwrap_or_default()
    }
}
