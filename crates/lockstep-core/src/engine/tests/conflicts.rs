//! Units of work without a lock: conflicts, and what becomes of them.

use expect_test::expect;

use super::super::rig::{Rig, id};
use super::{CALLING, check};

/// Reads, calls outside, writes; without a lock.
fn unlocked(on_conflict: &str) -> String {
    CALLING.replace(
        "exclusive_lock: { context: input.key, waiting_timeout: 5s, hold_timeout: 2s }",
        &format!("on_conflict: {on_conflict}"),
    )
}

/// Two that read what z has made, before either of them writes.
const CONFLICT: &str = "
start z count key=x
ok z
start a count key=x
start b count key=x
ok b
ok a
show Counter/x
";

#[test]
fn without_a_lock_the_second_to_commit_is_told_of_the_conflict() {
    check(
        &unlocked("retry"),
        CONFLICT,
        expect![[r#"
            z calls POST http://outside/x, call 1 attempt 1, token -
            z done: 1
            a calls POST http://outside/x, call 1 attempt 1, token -
            b calls POST http://outside/x, call 1 attempt 1, token -
            b done: 2
            a failed: data.conflict: Counter/x is expected at version 1, but tester changed it to version 2 at 2001-09-09T01:46:40Z
            Counter/x: v2 {"value":2}
        "#]],
    );
}

#[test]
fn force_writes_over_what_another_has_written() {
    check(
        &unlocked("force"),
        CONFLICT,
        expect![[r#"
            z calls POST http://outside/x, call 1 attempt 1, token -
            z done: 1
            a calls POST http://outside/x, call 1 attempt 1, token -
            b calls POST http://outside/x, call 1 attempt 1, token -
            b done: 2
            a done: 2
            Counter/x: v3 {"value":2}
        "#]],
    );
}

/// Adds tallies, and workflows that make one and add one to it.
pub(super) fn with_tallies(workflows: &str) -> String {
    let tallies = r#"
entity: Tally
attributes: { n: { type: int, default: 0 } }
---
workflow: make
input: { id: string }
activities:
  - activity: make
    steps:
      - create: Tally
        id: "${input.id}"
---
workflow: add
input: { id: string }
activities:
  - activity: add
    steps:
      - load: { entity: Tally, id: "${input.id}" }
        as: tally
      - update: tally
        set: { n: "${tally.n + 1}" }
---
"#;
    format!("{}{}", tallies.trim_start(), workflows.trim_start())
}

/// A unit of work over two activities, with a pause between reading and committing.
const ACROSS: &str = r#"
workflow: across
activities:
  - activity: one
    auto_commit: false
    steps:
      - set: { result: counted }
      - load: { entity: Tally, id: x }
        as: tally
      - require: tally.n < 1
        else: { error: tally.full }
      - update: tally
        set: { n: "${tally.n + 1}" }
    catch:
      - error: tally.full
        steps:
          - set: { result: full }
  - activity: two
    steps:
      - find: { entity: Tally }
        as: all
output: "${result}"
"#;

#[test]
fn a_unit_run_anew_fails_and_is_caught_as_if_it_ran_for_the_first_time() {
    check(
        &with_tallies(ACROSS),
        "
        start n make id=x
        hold
        start m make id=y
        start a across
        start b add id=x
        land
        show Tally/x
        ",
        expect![[r#"
            n done: null
            m done: null
            b done: null
            a done: "full"
            Tally/x: v2 {"n":1}
        "#]],
    );
}

/// What a unit of work reads, checks, changes, deletes and makes anew.
const TOUCHED: &str = r#"
workflow: anew
input: { id: string }
activities:
  - activity: anew
    steps:
      - load: { entity: Tally, id: "${input.id}" }
        as: tally
      - delete: tally
      - commit
      - create: Tally
        id: "${input.id}"
        set: { n: 50 }
---
workflow: replace
input: { id: string }
activities:
  - activity: replace
    steps:
      - load: { entity: Tally, id: "${input.id}" }
        as: tally
      - delete: tally
      - create: Tally
        id: "${input.id}"
        set: { n: 50 }
---
workflow: nothing
activities:
  - activity: nothing
    steps:
      - create: Tally
        id: new
        as: tally
      - update: tally
        set: { n: 1 }
      - delete: tally
---
workflow: use
activities:
  - activity: use
    steps:
      - load: { entity: Tally, id: looked-at }
        as: _looked_at
      - load: { entity: Tally, id: checked, for: update }
        as: _checked
      - load: { entity: Tally, id: y }
        as: tally
      - update: tally
        set: { n: 10 }
      - http: { url: "http://outside" }
"#;

fn with_tallies_made() -> Rig {
    let mut rig = Rig::new(&with_tallies(TOUCHED));
    rig.run("start l make id=looked-at\nstart m make id=checked\nstart n make id=y");
    rig
}

#[test]
fn what_was_read_for_update_is_checked_and_what_was_looked_at_is_not() {
    let mut rig = with_tallies_made();
    rig.run("start a use\nstart b use");
    let explained = rig.engine.explain(id("a")).expect("it calls");
    assert_eq!(
        explained.uncommitted.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Tally/y"]
    );
    expect![[r#"
        c done: null
        a done: null
        d done: null
        b failed: data.conflict: Tally/checked is expected at version 1, but tester changed it to version 2 at 2001-09-09T01:46:40Z
    "#]]
        .assert_eq(&rig.run("start c add id=looked-at\nok a\nstart d add id=checked\nok b"));
}

#[test]
fn an_object_that_was_made_anew_is_another_one_even_at_the_same_version() {
    let mut rig = with_tallies_made();
    expect![[r#"
        a calls GET http://outside, call 1 attempt 1, token -
        b done: null
        Tally/y: v1 {"n":50}
        a failed: data.conflict: Tally/y is expected at version 1, but tester changed it to version 1 at 2001-09-09T01:46:40Z
    "#]].assert_eq(&rig.run("start a use\nstart b anew id=y\nshow Tally/y\nok a"));
}

#[test]
fn what_is_deleted_and_made_in_one_unit_is_one_change_or_none() {
    check(
        &with_tallies(TOUCHED),
        "
        start m make id=x
        start a replace id=x
        show Tally/x
        start b nothing
        show Tally/new
        journal b
        ",
        expect![[r#"
            m done: null
            a done: null
            Tally/x: v2 {"n":50}
            b done: null
            Tally/new: absent
            b: Started
            b: Finished
        "#]],
    );
}
