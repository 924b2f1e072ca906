//! Signals: which are taken, how many, and what becomes of them when a unit of work does not hold.

use expect_test::expect;

use lockstep_expr::{Map, Value};

use super::super::rig::Rig;
use super::check;
use super::waiting::WAITING;
use crate::transition::Status;

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
