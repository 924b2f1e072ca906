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
const ROUNDS: usize = 15;
const OPERATIONS: u32 = 4_000;

fn wish(owner: u32, keys: &Arc<[Arc<str>]>) -> Wish {
    let owner = InstanceId(Uuid::from_u128(u128::from(owner)));
    let (mode, lineage) = (LockMode::Exclusive, Arc::from([]));
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

/// Prints the median of the rounds, per operation.
fn report(what: &str, mut round: impl FnMut() -> Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round() / OPERATIONS).collect();
    times.sort_unstable();
    println!("{what:<60} {:>8.2?}", times[ROUNDS / 2]);
}

/// Takes and gives back keys that nobody else wants, while `others` hold keys of their own.
fn uncontended(what: &str, names: &[&str], others: u32) {
    let mut table = LockTable::new(1);
    for other in 1..=others {
        take(&mut table, &wish(other, &keys(&[&format!("Account/{other}")])));
    }
    let keys = keys(names);
    let wish = wish(0, &keys);
    report(what, || {
        let begin = Instant::now();
        for _ in 0..OPERATIONS {
            let token = take(&mut table, &wish);
            table.release(&keys, token, NOW);
        }
        begin.elapsed()
    });
}

/// Hands keys over to the next of `waiters`; each that gave them back waits again at the end.
fn handed_over(what: &str, names: &[&str], waiters: u32) {
    let mut table = LockTable::new(1);
    let keys = keys(names);
    let mut holder = 0;
    let mut token = take(&mut table, &wish(0, &keys));
    for waiter in 1..=waiters {
        table.wait(wish(waiter, &keys), NOW);
    }
    report(what, || {
        let mut spent = Duration::ZERO;
        for _ in 0..OPERATIONS {
            let begin = Instant::now();
            let (was_held, grants) = table.release(&keys, token, NOW);
            spent += begin.elapsed();
            assert!(was_held && grants.len() == 1, "one is next");
            table.wait(wish(holder, &keys), NOW);
            token = grants[0].token;
            holder = u32::try_from(grants[0].owner.0.as_u128()).expect("owners are numbered");
        }
        spent
    });
}

fn main() {
    let three = ["Account/a", "Account/b", "Account/c"];
    uncontended("take and give back, one key", &["Account/a"], 0);
    uncontended("take and give back, one key, 10,000 others are held", &["Account/a"], 10_000);
    uncontended("take and give back, three keys", &three, 0);
    for waiters in [10_000, 100_000] {
        handed_over(&format!("hand over, one key, {waiters} wait"), &["Account/a"], waiters);
        handed_over(&format!("hand over, three keys, {waiters} wait"), &three, waiters);
    }
}
