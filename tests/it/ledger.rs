//! Workflows whose effects can be counted to the last one, for processes that are killed and machines
//! that lose power.
//!
//! `ledger/workflows.yaml` has one for each kind of lock. Each instance leaves, with the commit that
//! it tells of, a mark: what it has added to which counter, what it has moved, what it has seen.
//! [`account`] reads a store, and checks that all of it agrees.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

pub(crate) use account::Account;

mod account;

/// Names of the workflows that count, as `kinds` of the project lists them, and how much each has
/// added or moved when it is done.
const KINDS: [(&str, i64); 7] =
    [("once", 1), ("twice", 2), ("move", 1), ("read", 0), ("whole", 1), ("pause", 2), ("audit", 0)];

/// How many kinds there are, and how many of them, the first ones, do not lock the whole system.
pub(crate) const ALL_KINDS: usize = KINDS.len();
pub(crate) const KINDS_WITH_KEYS: usize = ALL_KINDS - 1;

/// The workflow that leaves the counting to one of the others.
const DELEGATE: &str = "any";

/// Counters that the load is spread over: `c0`, `c1` and so on. It has no factor in common with
/// either number of kinds, so each kind comes to each counter.
const COUNTERS: usize = 5;

/// A counter that the load leaves alone.
pub(crate) const KEPT: &str = "kept";

/// Returns the definitions; the calls go to this address.
pub(crate) fn definitions(url: &str) -> String {
    include_str!("ledger/workflows.yaml").replace("SERVER", &format!("\"{url}\""))
}

/// Returns the arguments that choose what a run starts, by the number of the run: every other one
/// so many kinds beside each other, and between them one kind after another, alone.
pub(crate) fn load(run: usize, kinds: usize) -> Vec<String> {
    let alone = (run % 2 == 1).then(|| KINDS[run / 2 % kinds].0);
    let mut args = vec!["--workflow".to_owned(), alone.unwrap_or(DELEGATE).to_owned()];
    args.extend(["--input".to_owned(), format!("counter=c{{n%{COUNTERS}}}")]);
    if alone.is_none() {
        args.extend(["--input".to_owned(), format!("kind={{n%{kinds}}}")]);
    }
    args
}

/// Returns the counters as a file of objects.
pub(crate) fn seed() -> String {
    let names = (0..COUNTERS).map(|n| format!("c{n}")).chain([KEPT.to_owned()]);
    let counter = |id| json!({"entity": "Counter", "id": id}).to_string();
    names.map(counter).collect::<Vec<_>>().join("\n")
}

/// What was told to have ended, and with which output.
pub(crate) type Acknowledged = BTreeMap<String, Json>;

/// Adds the instances that were told to have ended, in whole lines, without the summary.
pub(crate) fn note_ends(told: &str, ends: &mut Acknowledged) {
    // What stands behind the last end of a line was cut off.
    let (whole, _) = told.rsplit_once('\n').unwrap_or_default();
    for line in whole.lines() {
        let line: Json = serde_json::from_str(line).expect("each line is JSON");
        let Some(instance) = line["instance"].as_str() else { continue };
        assert_eq!(line["status"], json!("done"), "no instance fails: {line}");
        ends.insert(instance.to_owned(), line["output"].clone());
    }
}
