//! How fast the lock table is: `cargo run --release --manifest-path benches/lock/Cargo.toml`.
//!
//! Each figure is the median over rounds of the mean time of an operation within a round.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_core::lock::{Answer, LockTable, Wish};
use lockstep_core::{FencingToken, InstanceId, Time};
use lockstep_definition::LockMode;
use uuid::Uuid;

const NOW: Time = Time(0);
const ROUNDS: usize = 31;
const OPERATIONS: u32 = 4_000;

fn wish(owner: u32, keys: &Arc<[Arc<str>]>) -> Wish {
    let owner = InstanceId(Uuid::from_u128(u128::from(owner)));
    let (mode, lineage) = (LockMode::Exclusive, Arc::default());
    Wish { owner, keys: Arc::clone(keys), mode, priority: 0, lineage }
}

fn keys(names: &[&str]) -> Arc<[Arc<str>]> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn take(table: &mut LockTable, wish: &Wish) -> FencingToken {
    match table.request(wish, NOW) {
        Answer::Granted(grant) => grant.token,
        other @ (Answer::Held(_) | Answer::Busy) => panic!("{other:?}"),
    }
}

/// Returns the one in the middle of the figures of all rounds.
fn median<T: PartialOrd + Copy>(figures: impl Iterator<Item = T>) -> T {
    let mut figures: Vec<T> = figures.collect();
    figures.sort_by(|one, other| one.partial_cmp(other).expect("figures can be compared"));
    figures[ROUNDS / 2]
}

fn per_operation(rounds: impl Iterator<Item = Duration>) -> Duration {
    median(rounds.map(|round| round / OPERATIONS))
}

/// Takes and gives back keys that nobody else wants, while `others` hold keys of their own.
fn uncontended(what: &str, names: &[&str], others: u32) {
    let mut table = LockTable::new(1);
    for other in 1..=others {
        take(&mut table, &wish(other, &keys(&[&format!("Account/{other}")])));
    }
    let keys = keys(names);
    let wish = wish(0, &keys);
    let rounds = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        for _ in 0..OPERATIONS {
            let token = take(&mut table, &wish);
            table.release(&keys, token, NOW);
        }
        begin.elapsed()
    });
    println!("{what:<60} {:>8.2?}", per_operation(rounds));
}

/// A table in which keys are handed over from one of many to the next.
struct Queue {
    table: LockTable,
    keys: Arc<[Arc<str>]>,
    holder: u32,
    token: FencingToken,
}

impl Queue {
    fn new(keys: &Arc<[Arc<str>]>, waiters: u32) -> Self {
        let mut table = LockTable::new(1);
        let token = take(&mut table, &wish(0, keys));
        for waiter in 1..=waiters {
            table.wait(wish(waiter, keys), NOW);
        }
        Self { table, keys: Arc::clone(keys), holder: 0, token }
    }

    /// Hands over, in so many operations; each that gave the keys back waits again at the end,
    /// which is not counted.
    fn round(&mut self) -> Duration {
        let mut spent = Duration::ZERO;
        for _ in 0..OPERATIONS {
            let begin = Instant::now();
            let (was_held, grants) = self.table.release(&self.keys, self.token, NOW);
            spent += begin.elapsed();
            assert!(was_held && grants.len() == 1, "one is next");
            self.table.wait(wish(self.holder, &self.keys), NOW);
            self.token = grants[0].token;
            self.holder = u32::try_from(grants[0].owner.0.as_u128()).expect("owners are numbered");
        }
        spent
    }
}

/// Hands keys over to the next of few and of many in turns, so that both meet the same machine.
fn handed_over(what: &str, names: &[&str], few: u32, many: u32) {
    let keys = keys(names);
    let (mut short, mut long) = (Queue::new(&keys, few), Queue::new(&keys, many));
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (short.round(), long.round())).collect();
    let of_few = rounds.iter().map(|(few, _)| *few);
    let of_many = rounds.iter().map(|(_, many)| *many);
    let ratios = rounds.iter().map(|(few, many)| many.as_secs_f64() / few.as_secs_f64());
    println!("{:<60} {:>8.2?}", format!("{what}, {few} wait"), per_operation(of_few));
    println!("{:<60} {:>8.2?}", format!("{what}, {many} wait"), per_operation(of_many));
    println!("{:<60} {:>8.2}", format!("{what}, ratio"), median(ratios));
}

fn main() {
    let three = ["Account/a", "Account/b", "Account/c"];
    uncontended("take and give back, one key", &["Account/a"], 0);
    uncontended("take and give back, one key, 10,000 others are held", &["Account/a"], 10_000);
    uncontended("take and give back, three keys", &three, 0);
    handed_over("hand over, one key", &["Account/a"], 10_000, 100_000);
    handed_over("hand over, three keys", &three, 10_000, 100_000);
}
