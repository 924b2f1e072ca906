//! Crashes behind every batch, for every step that waits or nests.
//!
//! Method: one run without a crash counts the batches; then one run for every batch, with a crash
//! behind it. Calls are answered, signals sent and time lets pass until everyone has ended.

use std::collections::BTreeMap;

use super::super::rig::Rig;
use super::CALLING;
use crate::transition::Status;

/// Everyone has ended, and no lock is left of them.
#[track_caller]
pub(super) fn assert_nothing_is_left(rig: &Rig) {
    assert!(rig.locks.is_empty(), "release: a lock row is left");
    assert!(rig.engine.locks_are_idle(), "release: a lock is stuck");
    assert_eq!(rig.engine.unfinished(), 0, "progress: an instance is stuck");
    assert_eq!(rig.engine.next_deadline(), None, "release: a timer is left");
}

/// Goal: wherever a crash cuts a history, the end is the same and nothing is applied twice.
#[test]
fn a_crash_behind_any_batch_changes_nothing() {
    let run = |crash_after: Option<usize>| {
        let mut rig = Rig::new(CALLING);
        rig.crash_after = crash_after;
        for name in ["a", "b", "c", "d"] {
            rig.start(name, "count", &["key=x"]);
            rig.settle();
        }
        for _ in 0..20 {
            rig.answer_all("fine");
        }
        let ended =
            rig.rows.values().filter(|row| matches!(row.status, Status::Done { .. })).count();
        let counters: BTreeMap<String, String> = rig
            .objects
            .iter()
            .map(|(key, object)| (key.to_string(), format!("{:?}", object.attributes.get("value"))))
            .collect();
        assert_nothing_is_left(&rig);
        (ended, counters, rig.batches)
    };
    let (ended, counters, batches) = run(None);
    assert_eq!(ended, 4, "exactly-once: all four end");
    assert_eq!(counters["Counter/x"], "Some(Int(4))", "exactly-once: four counts");
    assert!(batches > 4, "the history has places to cut");
    for crash_after in 1..=batches {
        let (ended_now, counters_now, _) = run(Some(crash_after));
        assert_eq!(ended_now, ended, "a crash behind batch {crash_after}: all accepted end");
        assert_eq!(counters_now, counters, "a crash behind batch {crash_after}: exactly once");
    }
}

/// Everything at once, under a lock, with changes that must be made once.
const ALL: &str = r#"
entity: Log
attributes: { n: { type: int, default: 0 }, by: { type: string, optional: true } }
---
workflow: all
input: { name: string }
activities:
  - activity: first
    exclusive_lock: { context: '"hall"', hold_timeout: 1h, while_waiting: hold }
    steps:
      - load: { entity: Log, id: sum }
        as: log
      - for_each: "${[1, 2, 3]}"
        item: n
        steps:
          - http: { url: "http://outside/${n}" }
            as: answer
          - update: log
            set: { n: "${log.n + n}" }
        collect: "${dyn(answer) + string(n)}"
        as: all
      - parallel:
          calls:
            - for_each: "${[1, 2, 3, 4]}"
              item: n
              max_parallel: 2
              steps:
                - task: { type: work, input: "${n}" }
                  as: done
                - create: Log
                  id: "${input.name}-${n}"
                  set: { n: "${n}" }
              collect: "${done}"
              as: many
          child:
            - workflow: { call: child, input: { name: "${input.name}" } }
              as: child
          nap:
            - wait: { for: 5s }
          signal:
            - wait: { signal: go }
              as: go
      - update: log
        set: { n: "${log.n + 100}", by: "${input.name}" }
  - activity: second
    steps:
      - wait: { signal: go }
        as: again
      - workflow: { start: child, input: { name: "${input.name}-2" } }
output: { all: "${all}", many: "${many}", child: "${child}", go: "${go}", again: "${again}" }
---
workflow: make
activities:
  - activity: make
    steps:
      - create: Log
        id: sum
---
workflow: child
input: { name: string }
activities:
  - activity: note
    steps:
      - create: Log
        id: "child-${input.name}"
  - activity: call
    steps:
      - http: { url: "http://outside/child" }
        as: answer
      - load: { entity: Log, id: "child-${input.name}" }
        as: note
      - update: note
        set: { n: "${note.n + 1}" }
output: "${answer}"
"#;

fn run(crash_after: Option<usize>) -> (Vec<String>, BTreeMap<String, String>, usize) {
    let mut rig = Rig::new(ALL);
    rig.run("start m make");
    rig.crash_after = crash_after;
    for name in ["a", "b"] {
        rig.start(name, "all", &[&format!("name={name}")]);
        rig.settle();
    }
    for _ in 0..2 {
        rig.run("signal a go now\nsignal b go now");
    }
    for _ in 0..30 {
        rig.answer_all("fine");
        rig.run("+1000");
    }
    assert_nothing_is_left(&rig);
    let ended = rig.rows.values().map(|row| match &row.status {
        Status::Done { output, .. } => format!("{}: {output}", row.workflow),
        Status::Failed { failure, .. } => format!("{}: {failure:?}", row.workflow),
        Status::Running(_) => "running".to_owned(),
    });
    let mut ended: Vec<String> = ended.collect();
    ended.sort();
    let objects = rig.objects.iter();
    let objects = objects.map(|(key, object)| {
        (key.to_string(), format!("v{} {:?}", object.version, object.attributes.get("n")))
    });
    let objects = objects.collect();
    (ended, objects, rig.batches)
}

#[test]
fn a_crash_behind_any_batch_changes_nothing_in_nested_steps_waits_and_children() {
    let (ended, objects, batches) = run(None);
    assert_eq!(ended.len(), 7, "the first, then two, and two children each: {ended:#?}");
    assert!(ended.iter().all(|ended| !ended.contains("Failure")), "{ended:#?}");
    assert_eq!(objects["Log/sum"], "v3 Some(Int(212))");
    assert!(batches > 25, "the history has places to cut: {batches}");
    for crash_after in 2..=batches {
        let (ended_now, objects_now, _) = run(Some(crash_after));
        assert_eq!(ended_now, ended, "a crash behind batch {crash_after}");
        assert_eq!(objects_now, objects, "a crash behind batch {crash_after}");
    }
}

fn large(steps: &str) -> String {
    format!(
        r#"
workflow: large
input: {{ items: list<int> }}
activities:
  - activity: large
    steps:
      - for_each: "${{input.items}}"
{steps}
output: "${{all}}"
"#
    )
}

/// Runs 10,000 items with a call each, and a crash now and then; returns the bytes of all states
/// that were written.
fn ten_thousand(yaml: &str, crashes: &[usize]) -> usize {
    use lockstep_expr::{Map, Value};
    let mut rig = Rig::new(yaml);
    let items: Vec<Value> = (0..10_000).map(Value::Int).collect();
    let mut input = Map::new();
    input.insert("items", Value::List(items.clone().into()));
    rig.start_with("a", "large", Value::Map(input.into()));
    rig.settle();
    for number in 0..items.len() {
        if crashes.contains(&number) {
            rig.run("crash");
        }
        rig.come_back("a", Ok(Value::Int(1)));
        rig.settle();
    }
    let row = &rig.rows[&super::super::rig::id("a")];
    let Status::Done { output, .. } = &row.status else { panic!("it has not ended: {row:?}") };
    if let Value::List(all) = output {
        assert_eq!(all.len(), items.len());
        assert!(all.iter().zip(1..).all(|(value, expected)| *value == Value::Int(expected)));
    }
    assert!(rig.parts.values().all(BTreeMap::is_empty), "a part is left");
    rig.written
}

const ONE_AFTER_ANOTHER: &str = r#"
        steps:
          - http: { url: "http://outside" }
            as: one
"#;

const COLLECTING: &str = r#"
        steps:
          - http: { url: "http://outside" }
            as: one
        collect: "${item + dyn(one)}"
        as: all
"#;

#[test]
fn ten_thousand_items_resume_where_they_were() {
    let plain = ONE_AFTER_ANOTHER.trim_end().to_owned() + "\n      - set: { all: null }";
    let without = ten_thousand(&large(&plain), &[1, 777, 778, 5000, 9999]);
    let with = ten_thousand(&large(COLLECTING), &[1, 777, 778, 5000, 9999]);
    println!("bytes of states: {without} without collect, {with} with");
    // With the list and the results written anew with every call it would be 494 and 740 MB.
    assert!(without < 10_000_000, "{without} bytes of states without collect");
    assert!(with < 25_000_000, "{with} bytes of states with collect");
}

/// Strands of which each makes 125 moves when its child has ended, so that the instance gives way,
/// after a thousand moves, when the ninth has just got its turn.
const WIDE: &str = r#"
workflow: wide
activities:
  - activity: wide
    steps:
      - for_each: "${[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}"
        item: n
        max_parallel: 10
        steps:
          - workflow: { call: child, input: { n: "${n}" } }
            as: child
          - for_each: "${LIST}"
            item: i
            steps:
              - set: { a: 1 }
        collect: "${child}"
        as: all
output: "${all}"
---
workflow: child
input: { n: int }
activities:
  - activity: child
    steps:
      - wait: { for: 1s }
output: "${input.n}"
"#;

#[test]
fn who_gives_way_keeps_what_has_arrived() {
    let list: Vec<String> = (0..61).map(|number| number.to_string()).collect();
    let mut rig = Rig::new(&WIDE.replace("LIST", &format!("[{}]", list.join(", "))));
    let log = rig.run("start a wide\n+1000\n+1");
    assert!(log.ends_with("a done: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"), "{log}");
    assert_eq!(rig.rows.len(), 11, "no child was run twice");
}
