//! What comes while the store judges a commit, and what is left of a commit that it refuses.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;

/// Commits that only the store can judge, because of a unique constraint.
const MARKS: &str = r#"
entity: Mark
attributes: { tag: string }
unique: [[tag]]
---
workflow: one
input: { tag: string }
activities:
  - activity: one
    exclusive_lock: { context: input.tag, hold_timeout: 1s }
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
---
workflow: several
input: { tag: string }
activities:
  - activity: several
    exclusive_lock: { context: input.tag, hold_timeout: 1s }
    steps:
      - for_each: "${[1, 2, 3]}"
        item: n
        steps:
          - create: Mark
            id: "${input.tag + string(n)}"
            set: { tag: "${input.tag + string(n)}" }
          - commit
---
workflow: timed
input: { tag: string }
activities:
  - activity: timed
    timeout: 1s
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
      - commit
      - create: Mark
        id: "${input.tag}2"
        set: { tag: "${input.tag}2" }
        when: input.tag == "x"
---
workflow: heard
input: { tag: string }
activities:
  - activity: heard
    retry: { max_attempts: 2, backoff: 1s, on: [data.unique] }
    steps:
      - wait: { signal: go }
        as: word
      - create: Mark
        set: { tag: "${input.tag}" }
output: "${word}"
---
workflow: wipe
input: { tag: string }
activities:
  - activity: wipe
    steps:
      - load: { entity: Mark, id: "${input.tag}" }
        as: mark
      - delete: mark
---
workflow: change
input: { tag: string }
activities:
  - activity: change
    steps:
      - load: { entity: Mark, id: "${input.tag}" }
        as: mark
      - update: mark
        set: { tag: "${mark.tag + 'a'}" }
"#;

#[test]
fn a_break_during_the_last_commit_under_a_lock_comes_too_late() {
    check(
        MARKS,
        r#"
        hold
        start a one tag=x
        break "x" because
        land
        show Mark/x
        journal a
        locks
        "#,
        expect![[r#"
            breaker: data.not_found: the lock was given back before it could be broken
            a done: null
            Mark/x: v1 {"tag":"x"}
            a: Started
            a: LockGranted { key: "\"x\"", token: 1099511627777, waited: 0 }
            a: Committed([("Mark/x", 1)])
            a: Finished
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_break_during_a_commit_takes_the_lock_away_before_the_next_one() {
    check(
        MARKS,
        r#"
        hold
        start a several tag=x
        break "x" because
        land
        show Mark/x1
        show Mark/x2
        locks
        "#,
        expect![[r#"
            breaker: done
            a failed: lock.lost: the lock "x" was taken away after 0ns: operator broke it: because; uncommitted changes are dropped
            Mark/x1: v1 {"tag":"x1"}
            Mark/x2: absent
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_hold_timeout_during_a_commit_ends_the_lock_before_the_next_one() {
    check(
        MARKS,
        "
        hold
        start a several tag=x
        start b one tag=y
        +1000
        land
        show Mark/x1
        show Mark/x2
        locks
        ",
        expect![[r#"
            a failed: lock.lost: the lock "x" was taken away after 1s: its hold timeout has ended; uncommitted changes are dropped
            b done: null
            Mark/x1: v1 {"tag":"x1"}
            Mark/x2: absent
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_cancel_or_timeout_during_the_last_commit_comes_too_late() {
    check(
        MARKS,
        "
        hold
        start a one tag=w
        start b several tag=x
        cancel a
        cancel b
        land
        show Mark/w
        show Mark/x1
        show Mark/x2
        hold
        start c timed tag=x
        start d timed tag=y
        +1000
        land
        show Mark/x
        show Mark/x2
        show Mark/y
        locks
        ",
        expect![[r#"
            a done: null
            b failed: cancelled: by hand
            Mark/w: v1 {"tag":"w"}
            Mark/x1: v1 {"tag":"x1"}
            Mark/x2: absent
            c failed: activity.timeout: the activity has taken too long
            d done: null
            Mark/x: v1 {"tag":"x"}
            Mark/x2: absent
            Mark/y: v1 {"tag":"y"}
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_signal_that_was_taken_for_a_refused_commit_is_given_back() {
    check(
        MARKS,
        "
        start a one tag=x
        start b heard tag=x
        signal b go hello
        start c wipe tag=x
        crash
        +1000
        ",
        expect![[r#"
            a done: null
            signal 1 is kept
            c done: null
            crashed
            b done: "hello"
        "#]],
    );
}

#[test]
fn a_commit_that_the_store_refuses_again_and_again_is_not_run_for_ever() {
    let mut rig = Rig::new(MARKS);
    rig.run("start a one tag=x\nhold\nstart b change tag=x");
    let mut refused = 0;
    while rig.engine.unfinished() > 0 {
        refused += 1;
        assert!(refused <= 101, "it runs and runs");
        rig.run("refuse");
    }
    expect![[r#"
        b failed: data.conflict: Mark/x is expected at version 1, but tester changed it to version 1 at 2001-09-09T01:46:40Z
    "#]]
    .assert_eq(&rig.run("land"));
}
