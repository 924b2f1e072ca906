//! What a hand-over costs, in waiters that are looked at: however many wait, only a few.

use std::collections::BTreeMap;

use super::Script;
use crate::lock::LockTable;

/// Returns how many waiters are looked at when the last line is played, with so many waiters that
/// each play the line in the middle, in which `#` is their number.
fn looks(first: &[&str], each: &str, last: &str, waiters: u32) -> u64 {
    let (lineages, output) = (BTreeMap::new(), String::new());
    let mut played = Script { table: LockTable::new(1), lineages, output };
    for line in first {
        played.play(line);
    }
    for number in 0..waiters {
        played.play(&each.replace('#', &number.to_string()));
    }
    let before = played.table.looks;
    played.play(last);
    played.table.looks - before
}

#[test]
fn a_hand_over_looks_at_as_many_of_a_hundred_as_of_ten() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["h wants x"], "w# wants x", "h drops x"),
        (&["h wants x y z"], "w# wants x y z", "h drops x y z"),
        (&["h wants x shared", "g wants x shared", "v wants x"], "w# wants x shared", "g drops x"),
        (&["h wants x", "v wants x"], "w# wants x shared", "h drops x"),
        (&["h wants *"], "w# wants *", "h drops *"),
        (&["h wants *", "v wants *"], "w# wants x", "h drops *"),
        (&["h wants x", "g wants y", "v wants *"], "w# wants *", "h drops x"),
        (&["h wants x", "h runs c", "c wants y"], "w# wants x", "h drops x"),
        (&["h wants x", "g wants y", "h runs c", "c wants y"], "w# wants x", "h drops x"),
    ];
    for (first, each, last) in cases {
        let (of_ten, of_hundred) = (looks(first, each, last, 10), looks(first, each, last, 100));
        assert_eq!(of_ten, of_hundred, "{first:?}, {each}, {last}");
        assert!(of_ten <= 3, "{first:?}, {each}, {last}: {of_ten}");
    }
}
