//! Problem 5: an activity that runs alone in the entire system numbers invoices without a gap.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockstep_store::Memory;
use serde_json::json;

use crate::engine::{Engine, Written, split};

const INVOICES: usize = 100;

/// Writes invoices, 32 at once; returns the numbers that were given out, and how many failed because
/// their number had been.
async fn numbers(written: &Written) -> (Vec<i64>, usize) {
    let engine = Engine::start(Arc::new(Memory::new()), written).await;
    let inputs = vec![json!({"customer": "ann"}); INVOICES];
    let endings = engine.run_all("one-at-a-time", inputs, 32).await;
    let (_, refused) = split(&endings, "data.unique");
    let mut numbers: Vec<i64> =
        endings.iter().flatten().map(|output| output["number"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    (numbers, refused)
}

#[tokio::test]
async fn invoices_are_numbered_without_a_gap() {
    let given = numbers(&Written::workflow("one-at-a-time.yaml")).await;
    assert_eq!(given, ((1..=100).collect(), 0), "mutual exclusion: each number once, none refused");
}

#[tokio::test]
async fn without_the_lock_the_same_number_is_chosen_twice_and_one_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/one-at-a-time.yaml");
    let text = fs::read_to_string(path).expect("the file can be read");
    let unlocked = text.replace("    exclusive_lock: {}\n", "");
    assert_ne!(text, unlocked, "the lock is found");
    let (given, refused) = numbers(&Written::text(&unlocked)).await;
    assert!(refused > 0, "the test above could not fail");
    let without_gap: Vec<i64> = (1..).take(given.len()).collect();
    assert_eq!(given, without_gap, "the last line of defence: no number is given out twice");
}
