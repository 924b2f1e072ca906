//! Who is overtaken, how often, and what it costs.

use std::collections::BTreeMap;

use expect_test::expect;

use super::{Script, owner};
use crate::lock::{LockTable, MAX_OVERTAKEN};

/// Returns a script after which `w`, which is kept at `y`, is overtaken at `x` no more.
fn reserved() -> Script {
    let (lineages, output) = (BTreeMap::new(), String::new());
    let mut played = Script { table: LockTable::new(1), lineages, output };
    played.play("h wants y");
    played.play("w wants x y");
    for _ in 0..MAX_OVERTAKEN {
        played.play("a wants x");
        played.play("a drops x");
    }
    assert!(!played.output.contains("a wants x: waits"), "{}", played.output);
    played.output.clear();
    played
}

#[test]
fn a_waiter_is_overtaken_so_often_and_no_more() {
    let mut played = reserved();
    for line in ["a wants x", "b wants z", "h drops y", "w drops x y"] {
        played.play(line);
    }
    expect![[r#"
        a wants x: waits, ticket 2, 1 ahead
        b wants z: b has z as 18
        h drops y: w has x+y as 19
        w drops x y: a has x as 20
    "#]]
    .assert_eq(&played.output);
}

#[test]
fn a_reserved_waiter_that_leaves_lets_those_behind_it_go() {
    let mut played = reserved();
    for line in ["a wants x", "a asks", "w leaves"] {
        played.play(line);
    }
    expect![[r#"
        a wants x: waits, ticket 2, 1 ahead
        a asks: x behind w (1)
        w leaves: a has x as 18
    "#]]
    .assert_eq(&played.output);
}

#[test]
fn a_grant_past_one_who_is_reserved_is_charged_to_the_next() {
    let mut played = reserved();
    for line in ["g wants q", "u wants x q", "h runs c", "c wants x"] {
        played.play(line);
    }
    expect![[r#"
        g wants q: g has q as 18
        u wants x q: waits, ticket 2, 1 ahead
        h runs c: -
        c wants x: c has x as 19
    "#]]
    .assert_eq(&played.output);
    let overtaken = |who| played.table.waiter(owner(who)).map(|waiter| waiter.overtaken);
    assert_eq!((overtaken("w"), overtaken("u")), (Some(MAX_OVERTAKEN), Some(1)));
}

#[test]
fn who_is_awaited_while_it_waits_goes_before_one_who_waits_for_its_parent() {
    let mut played = reserved();
    for line in ["a wants x", "h runs a"] {
        played.play(line);
    }
    expect![[r#"
        a wants x: waits, ticket 2, 1 ahead
        h runs a: a has x as 18
    "#]]
    .assert_eq(&played.output);
}

#[test]
fn a_reader_who_is_reserved_keeps_writers_and_no_readers() {
    let (lineages, output) = (BTreeMap::new(), String::new());
    let mut played = Script { table: LockTable::new(1), lineages, output };
    played.play("h wants y");
    played.play("w wants x y shared");
    for _ in 0..MAX_OVERTAKEN {
        played.play("a wants x");
        played.play("a drops x");
    }
    played.output.clear();
    for line in ["b wants x shared", "b drops x", "a wants x"] {
        played.play(line);
    }
    expect![[r#"
        b wants x shared: b has x as 18
        b drops x: -
        a wants x: waits, ticket 2, 1 ahead
    "#]]
    .assert_eq(&played.output);
}
