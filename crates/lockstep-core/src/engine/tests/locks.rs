//! Locks of activities: several keys, shared, priorities, queues with a limit.

use expect_test::expect;

use super::check;

const BOOKS: &str = r#"
entity: Account
attributes: { balance: { type: int, default: 0 } }
---
workflow: move
input: { from: string, to: string, priority: { type: int, default: 0 } }
activities:
  - activity: move
    exclusive_lock:
      context: "[input.from, input.to]"
      priority: input.priority
      waiting_timeout: 10s
      hold_timeout: 1m
    steps:
      - http: { url: "http://bank/${input.from}${input.to}" }
output: done
---
workflow: one
input: { key: string }
activities:
  - activity: one
    exclusive_lock: { context: input.key, max_waiting: 1 }
    steps:
      - http: { url: "http://bank/${input.key}" }
---
workflow: read
input: { key: string }
activities:
  - activity: read
    exclusive_lock: { context: input.key, mode: shared }
    steps:
      - http: { url: "http://bank/${input.key}" }
---
workflow: skip
input: { key: string }
activities:
  - activity: skip
    exclusive_lock: { context: input.key, on_busy: skip }
    steps:
      - set: { done: true }
output: "done"
"#;

#[test]
fn two_keys_are_taken_together_whatever_their_order() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b move from=y to=x
        start c move from=x to=x
        queues
        ok a
        ok b
        ok c
        locks
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            "x": a Exclusive ([input.from, input.to]); then b, c
            "y": a Exclusive ([input.from, input.to]); then b
            a done: "done"
            b calls GET http://bank/yx, call 1 attempt 1, token #1.2
            b done: "done"
            c calls GET http://bank/xx, call 1 attempt 1, token #1.3
            c done: "done"
            rows [], idle true
        "#]],
    );
}

#[test]
fn one_who_waits_for_two_keys_does_not_keep_others_from_the_free_one() {
    check(
        BOOKS,
        "
        start a one key=x
        start b move from=x to=y
        start c one key=y
        explain b
        ok c
        ok a
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            c calls GET http://bank/y, call 1 attempt 1, token #1.2
            b waits for "x", "y" ([input.from, input.to]) for 10s, 0 ahead
              "x" is held by a for 300s
              "y" is held by c for 300s
            c done: null
            a done: null
            b calls GET http://bank/xy, call 1 attempt 1, token #1.3
            b done: "done"
            rows [], idle true
        "#]],
    );
}

#[test]
fn readers_share_and_a_writer_goes_before_readers_that_come_after_it() {
    check(
        BOOKS,
        "
        start a read key=x
        start b read key=x
        start c one key=x
        start d read key=x
        queues
        ok a
        ok b
        ok c
        ok d
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            b calls GET http://bank/x, call 1 attempt 1, token #1.2
            "x": a Shared (input.key), b Shared (input.key); then c, d
            a done: null
            b done: null
            c calls GET http://bank/x, call 1 attempt 1, token #1.3
            c done: null
            d calls GET http://bank/x, call 1 attempt 1, token #1.4
            d done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn higher_priorities_go_first() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b move from=x to=y
        start c move from=x to=y priority=5
        start d move from=x to=y priority=5
        ok a
        ok c
        ok d
        ok b
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            a done: "done"
            c calls GET http://bank/xy, call 1 attempt 1, token #1.2
            c done: "done"
            d calls GET http://bank/xy, call 1 attempt 1, token #1.3
            d done: "done"
            b calls GET http://bank/xy, call 1 attempt 1, token #1.4
            b done: "done"
        "#]],
    );
}

#[test]
fn a_queue_that_is_full_and_a_lock_that_is_busy_are_told() {
    check(
        BOOKS,
        "
        start a one key=x
        start b one key=x
        start c one key=x
        start d skip key=x
        ok a
        ok b
        locks
        ",
        expect![[r#"
            a calls GET http://bank/x, call 1 attempt 1, token #1.1
            c failed: lock.queue_full: 1 wait for the lock "x" already, 1 may
            d done: "done"
            a done: null
            b calls GET http://bank/x, call 1 attempt 1, token #1.2
            b done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn several_keys_and_shared_holders_outlive_a_crash() {
    check(
        BOOKS,
        "
        start a move from=x to=y
        start b read key=z
        start c read key=z
        start d one key=y
        start e one key=z
        start f read key=z
        locks
        crash
        queues
        ok a
        ok d
        ok b
        ok c
        ok e
        ok f
        locks
        ",
        expect![[r#"
            a calls GET http://bank/xy, call 1 attempt 1, token #1.1
            b calls GET http://bank/z, call 1 attempt 1, token #1.2
            c calls GET http://bank/z, call 1 attempt 1, token #1.3
            rows ["\"x\" by a", "\"y\" by a", "\"z\" by b", "\"z\" by c"], idle false
            crashed
            a calls GET http://bank/xy, call 1 attempt 2, token #2.0
            b calls GET http://bank/z, call 1 attempt 2, token #2.0
            c calls GET http://bank/z, call 1 attempt 2, token #2.0
            "x": a Exclusive ([input.from, input.to]); then 
            "y": a Exclusive ([input.from, input.to]); then d
            "z": b Shared (input.key), c Shared (input.key); then e, f
            a done: "done"
            d calls GET http://bank/y, call 1 attempt 1, token #2.1
            d done: null
            b done: null
            c done: null
            e calls GET http://bank/z, call 1 attempt 1, token #2.2
            e done: null
            f calls GET http://bank/z, call 1 attempt 1, token #2.3
            f done: null
            rows [], idle true
        "#]],
    );
}
