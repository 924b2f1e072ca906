//! Units of work without a lock: conflicts, and what becomes of them.

use expect_test::expect;

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

/// A unit of work over two activities, with a pause between reading and committing.
const ACROSS: &str = r#"
entity: Counter
attributes: { value: { type: int, default: 0 } }
---
workflow: make
input: { id: string }
activities:
  - activity: make
    steps:
      - create: Counter
        id: "${input.id}"
---
workflow: across
activities:
  - activity: one
    auto_commit: false
    steps:
      - set: { result: counted }
      - load: { entity: Counter, id: x }
        as: counter
      - require: counter.value < 1
        else: { error: counter.full }
      - update: counter
        set: { value: "${counter.value + 1}" }
    catch:
      - error: counter.full
        steps:
          - set: { result: full }
  - activity: two
    steps:
      - find: { entity: Counter }
        as: all
output: "${result}"
---
workflow: bump
activities:
  - activity: bump
    steps:
      - load: { entity: Counter, id: x }
        as: counter
      - update: counter
        set: { value: "${counter.value + 1}" }
"#;

#[test]
fn a_unit_run_anew_fails_and_is_caught_as_if_it_ran_for_the_first_time() {
    check(
        ACROSS,
        "
        start n make id=x
        hold
        start m make id=y
        start a across
        start b bump
        land
        show Counter/x
        ",
        expect![[r#"
            n done: null
            m done: null
            b done: null
            a done: "full"
            Counter/x: v2 {"value":1}
        "#]],
    );
}
