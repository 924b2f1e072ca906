//! `wait`: moments, signals, forms.

use expect_test::expect;

use super::check;

pub(super) const WAITING: &str = r#"
workflow: nap
input: { text: { type: string, default: "5s" } }
activities:
  - activity: nap
    steps:
      - wait: { for: "${input.text}" }
      - wait: { for: 1s }
      - wait: { until: workflow.started_at + duration("4s") }
      - wait: { until: workflow.started_at + duration("10s") }
---
workflow: approve
activities:
  - activity: approve
    steps:
      - wait: { signal: approved }
        timeout: 10s
        as: first
      - wait: { signal: approved }
        as: second
output: { first: "${first}", second: "${second}" }
---
workflow: ask
input: { order: { type: string, default: o7 } }
activities:
  - activity: ask
    steps:
      - http: { url: "http://outside/before" }
      - wait:
          form: approval
          title: "Approve ${input.order}?"
          fields: { approved: bool, comment: { type: string, optional: true } }
        timeout: 1h
        as: answer
output: "${answer}"
"#;

#[test]
fn a_wait_survives_a_restart_and_ends_when_it_was_to_end() {
    check(
        WAITING,
        "
        start a nap
        +3000
        crash
        +1999
        crash
        +1
        crash
        +4999
        +1
        journal a
        ",
        expect![[r#"
            crashed
            crashed
            crashed
            a done: null
            a: Started
            a: Waited { signal: None, title: None, until: Some(1000000005000000) }
            a: Waited { signal: None, title: None, until: Some(1000000006000000) }
            a: Waited { signal: None, title: None, until: Some(1000000010000000) }
            a: Finished
        "#]],
    );
}

#[test]
fn a_signal_that_comes_early_is_kept_and_the_oldest_is_taken_first() {
    check(
        WAITING,
        r#"
        start a approve
        signal a other 1
        signal a approved {"n":1}
        signal a approved {"n":2}
        start b approve
        crash
        signal b approved one
        crash
        +100000
        signal b approved two
        signal c approved nobody
        "#,
        expect![[r#"
            signal 1 is refused: signal.unknown: workflow `approve` waits for no signal `other`; it waits for `approved`
            signal 2 is kept
            signal 3 is kept
            a done: {"first": {"n": 1}, "second": {"n": 2}}
            crashed
            signal 4 is kept
            crashed
            signal 5 is kept
            b done: {"first": "one", "second": "two"}
            signal 6 is refused: data.not_found: there is no unfinished instance c
        "#]],
    );
}

#[test]
fn a_signal_is_acknowledged_when_it_is_durable() {
    check(
        WAITING,
        "
        start a approve
        hold
        signal a approved one
        signal a approved two
        crash
        signal a approved three
        signal a approved four
        ",
        expect![[r#"
            crashed
            signal 3 is kept
            signal 4 is kept
            a done: {"first": "three", "second": "four"}
        "#]],
    );
}

#[test]
fn a_wait_that_takes_too_long_is_an_error_even_behind_a_restart() {
    check(
        WAITING,
        "
        start a approve
        +9000
        crash
        +1000
        ",
        expect![[r#"
            crashed
            a failed: wait.timeout: `approved` has not come in time
        "#]],
    );
}

#[test]
fn answers_to_a_form_are_checked_when_they_come_or_when_they_are_taken() {
    check(
        WAITING,
        r#"
        start a ask
        signal a approval {"approved":"yes"}
        signal a approval nonsense
        ok a
        signal a approval {"comment":"why?"}
        signal a approval {"approved":true,"other":1}
        signal a approval {"approved":true}
        journal a
        "#,
        expect![[r#"
            a calls GET http://outside/before, call 1 attempt 1, token -
            signal 1 is kept
            signal 2 is kept
            signal 3 is refused: data.invalid: field `approved` is missing
            signal 4 is refused: data.invalid: form `approval` has no field "other"; its fields are: approved, comment
            signal 5 is kept
            a done: {"approved": true, "comment": null}
            a: Started
            a: Called { key: "a:1", attempt: 1 }
            a: Signalled { name: "approval", by: "somebody" }
            a: Signalled { name: "approval", by: "somebody" }
            a: Returned { key: "a:1", error: None }
            a: SignalDropped { name: "approval", by: "somebody", error: "field `approved` must be of type bool, it is of type string" }
            a: SignalDropped { name: "approval", by: "somebody", error: "form `approval` takes a map, this is of type string" }
            a: Waited { signal: Some("approval"), title: Some("Approve o7?"), until: Some(1000003600000000) }
            a: Signalled { name: "approval", by: "somebody" }
            a: SignalTaken { name: "approval", by: "somebody" }
            a: Finished
        "#]],
    );
}

/// A timeout of the wait in one strand while another waits, and one that calls.
const SIDE_BY_SIDE: &str = r#"
workflow: side
activities:
  - activity: side
    exclusive_lock: { context: '"hall"', hold_timeout: 20s, while_waiting: hold }
    steps:
      - parallel:
          signal:
            - wait: { signal: go }
              timeout: 10s
              as: go
          nap:
            - wait: { for: 5s }
            - set: { napped: true }
          call:
            - http: { url: "http://outside/call" }
              as: called
output: { go: "${go}", called: "${called}" }
"#;

#[test]
fn waits_go_on_side_by_side_under_a_lock() {
    check(
        SIDE_BY_SIDE,
        "
        start a side
        locks
        +5000
        signal a go now
        crash
        ok a fine
        locks
        start b side
        +10000
        locks
        ",
        expect![[r#"
            a calls GET http://outside/call, call 1 attempt 1, token #1.1
            rows ["\"hall\" by a"], idle false
            signal 1 is kept
            crashed
            a calls GET http://outside/call, call 1 attempt 2, token #2.0
            a done: {"go": "now", "called": "fine"}
            rows [], idle true
            b calls GET http://outside/call, call 1 attempt 1, token #2.1
            b's call 1 is cancelled
            b failed: wait.timeout: `go` has not come in time
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_lock_whose_hold_timeout_ends_during_a_wait_is_lost_with_all_strands() {
    check(
        &SIDE_BY_SIDE.replace("timeout: 10s", "timeout: 10h"),
        "
        start a side
        start b side
        +20000
        signal a go now
        locks
        ",
        expect![[r#"
            a calls GET http://outside/call, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            b calls GET http://outside/call, call 1 attempt 1, token #1.2
            a failed: lock.lost: the lock "hall" was taken away after 20s: its hold timeout has ended; uncommitted changes are dropped
            signal 1 is refused: data.not_found: there is no unfinished instance a
            rows ["\"hall\" by b"], idle false
        "#]],
    );
}
