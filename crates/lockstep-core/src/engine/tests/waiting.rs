//! `wait`: moments, signals, forms.

use expect_test::expect;

use lockstep_expr::{Map, Value};

use super::super::rig::Rig;
use super::check;
use crate::transition::Status;

const WAITING: &str = r#"
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

#[test]
fn a_signal_that_no_step_waits_for_is_refused_and_those_that_are_known_are_told() {
    let both = "
workflow: both
activities:
  - activity: one
    steps:
      - for_each: '${[1]}'
        steps:
          - when: false
            wait: { signal: paid }
      - wait: { for: 5s }
    catch:
      - error: '*'
        steps:
          - wait: { form: agreed, fields: { by: string } }
---
";
    check(
        &format!("{both}{WAITING}"),
        r#"
        start a both
        signal a agred {}
        signal a Paid 1
        signal a zzzzzzzz 1
        signal a paid 1
        start n nap
        signal n paid 1
        journal a
        "#,
        expect![[r#"
            signal 1 is refused: signal.unknown: workflow `both` waits for no signal `agred`; it waits for `agreed`, `paid`
            signal 2 is refused: signal.unknown: workflow `both` waits for no signal `Paid`; it waits for `paid`, `agreed`
            signal 3 is refused: signal.unknown: workflow `both` waits for no signal `zzzzzzzz`; it waits for `agreed`, `paid`
            signal 4 is kept
            signal 5 is refused: signal.unknown: workflow `nap` waits for no signal and no form
            a: Started
            a: EachBegan { items: 1 }
            a: Waited { signal: None, title: None, until: Some(1000000005000000) }
            a: Signalled { name: "paid", by: "somebody" }
        "#]],
    );
}

#[test]
fn an_inbox_takes_a_thousand_signals_and_no_more() {
    let mut rig = Rig::new(
        "
workflow: late
activities:
  - activity: late
    steps:
      - wait: { for: 1h }
      - wait: { signal: x }
",
    );
    rig.run("start a late");
    for _ in 0..1000 {
        assert!(rig.run("signal a x 1").contains("is kept"));
    }
    expect![[r#"
        signal 1001 is refused: signal.limit: 1000 signals wait already for the instance to take them
        crashed
        signal 1002 is refused: signal.limit: 1000 signals wait already for the instance to take them
    "#]].assert_eq(&rig.run("signal a x 1\ncrash\nsignal a x 1"));
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

/// An activity that takes a signal and then fails.
const RETAKEN: &str = r#"
workflow: retaken
activities:
  - activity: retaken
    retry: { max_attempts: 2, backoff: 1s }
    steps:
      - wait: { signal: go }
        as: go
      - http: { url: "http://outside" }
    catch:
      - error: "http.*"
        goto: again
    next: [{ goto: done }]
  - activity: again
    steps:
      - wait: { signal: go }
        as: again
  - activity: done
    steps:
      - set: { ended: true }
output: "${again}"
"#;

#[test]
fn a_retry_takes_the_same_signal_again_and_a_handled_failure_does_not() {
    check(
        RETAKEN,
        "
        start a retaken
        signal a go one
        error a http.status
        +1000
        error a http.status
        crash
        signal a go two
        ",
        expect![[r#"
            signal 1 is kept
            a calls GET http://outside, call 1 attempt 1, token -
            a calls GET http://outside, call 2 attempt 1, token -
            crashed
            signal 2 is kept
            a done: "two"
        "#]],
    );
}

const JUDGED: &str = r#"
entity: Seat
attributes: { number: int }
unique: [[number]]
---
workflow: seat
input: { number: int, many: { type: list<int>, default: [] } }
activities:
  - activity: seat
    steps:
      - create: Seat
        set: { number: "${input.number}" }
      - set: { seated: true }
    catch:
      - error: data.unique
        steps:
          - set: { seated: false }
  - activity: wait
    steps:
      - wait: { signal: go }
        as: go
output: "${seated ? input.number : 0 - input.number}"
"#;

/// Goal: no row tells of a commit that the store may still refuse.
///
/// Method: n's batch keeps the store busy, so that b's commit and the signal come into one batch;
/// the engine crashes behind each batch.
#[test]
fn a_signal_that_comes_while_the_store_judges_waits_for_the_judgement() {
    let run = |crash_after: Option<usize>| {
        let mut rig = Rig::new(JUDGED);
        rig.crash_after = crash_after;
        rig.run("start a seat number=1");
        rig.run("hold\nstart n seat number=2\nstart b seat number=1\nsignal b go early\nland");
        for name in ["a", "n", "b"] {
            if !rig.rows.contains_key(&rig.id(name)) {
                rig.run(&format!("start {name} seat number={}", if name == "n" { 2 } else { 1 }));
            }
            if rig.is_unfinished(name) {
                rig.run(&format!("signal {name} go late"));
            }
        }
        let output = |name: &str| match &rig.rows.get(&rig.id(name)).map(|row| &row.status) {
            Some(Status::Done { output, .. }) => output.to_string(),
            other => panic!("crash {crash_after:?}: {name} is {other:?}"),
        };
        (["a", "n", "b"].map(output), rig.batches)
    };
    let (seats, batches) = run(None);
    assert_eq!(seats, ["1", "2", "-1"]);
    for crash_after in 2..=batches {
        assert_eq!(run(Some(crash_after)).0, seats, "a crash behind batch {crash_after}");
    }
}

/// Goal: what is written once is not lost with a commit that the store refuses.
#[test]
fn a_part_is_never_lost_with_a_refused_commit() {
    let mut rig = Rig::new(JUDGED);
    rig.run("start a seat number=1");
    let many = Value::List((0..2000).map(Value::Int).collect::<Vec<_>>().into());
    let input = Map::from_iter([("number", Value::Int(1)), ("many", many)]);
    rig.start_with("b", "seat", Value::from(input));
    rig.settle();
    expect![[r#"
        crashed
        signal 1 is kept
        b done: -1
    "#]]
    .assert_eq(&rig.run("crash\nsignal b go now"));
}
