//! Dry runs: what each kind of step shows, on what times, and how an instance ends.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use lockstep_core::{CallTarget, Object};
use lockstep_definition::{Source, check};
use lockstep_expr::json;

use super::*;
use crate::{Event, Happened, Nothing};

mod nested;

const BEGAN: Time = Time(1_000_000_000);

/// Definitions of one workflow `w` around activities, beside the entity `Item`.
fn definitions(activities: &str) -> Arc<Definitions> {
    let text = format!(
        "project: p\nallowed_programs: [charge]\n---\n\
         entity: Item\nattributes: {{ n: {{ type: int, default: 0 }}, t: {{ type: string, optional: true }} }}\n\
         unique: [[t]]\n---\n\
         workflow: child\ninput: {{ n: int }}\nactivities:\n  - activity: call\n    steps:\n      \
         - http: {{ url: \"http://child/${{input.n}}\" }}\n        as: answer\noutput: \"${{answer.status}}\"\n---\n\
         workflow: reader\nactivities:\n  - activity: pause\n    steps: [wait: {{ for: 1s }}]\n  \
         - activity: look\n    steps:\n      - load: {{ entity: Item, id: b }}\n        as: b\n      \
         - find: {{ entity: Item }}\n        as: all\n  - activity: close\n    steps: [log: closed]\n---\n\
         workflow: asker\nactivities:\n  - activity: ask\n    steps:\n      \
         - wait: {{ form: g, fields: {{ a: string }} }}\n---\n\
         workflow: w\ninput: {{ id: {{ type: string, default: a }} }}\nactivities:\n{activities}"
    );
    let checked = check(&[Source::new("w.yaml", text)]);
    Arc::new(checked.definitions.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)))
}

fn item(id: &str) -> (ObjectKey, Map) {
    (ObjectKey { entity: "Item".into(), id: id.into() }, Map::new())
}

fn simulate(
    activities: &str,
    mocks: &str,
    background: &mut dyn Background,
) -> Result<Report, SimulationError> {
    let mut given = Mocks::default();
    given.add(&json::from_json(mocks).unwrap()).unwrap();
    dry_run(Simulation {
        definitions: definitions(activities),
        workflow: "w".into(),
        input: Value::Null,
        by: "tester".into(),
        seeds: vec![item("a"), item("b")],
        mocks: given,
        background,
        began: BEGAN,
    })
}

#[track_caller]
fn told(activities: &str, mocks: &str, expected: Expect) {
    told_before(&mut Nothing, activities, mocks, expected);
}

#[track_caller]
fn told_before(background: &mut dyn Background, activities: &str, mocks: &str, expected: Expect) {
    let text = match simulate(activities, mocks, background) {
        Ok(report) => shown(&report),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&text);
}

/// One line for each event: milliseconds, activity, what.
fn shown(report: &Report) -> String {
    let mut out = String::new();
    for event in &report.events {
        let at = event.at.since(BEGAN).as_millis();
        let workflow = event.workflow.as_deref().map_or(String::new(), |name| format!("{name}/"));
        let activity = format!("{workflow}{}", event.activity.as_deref().unwrap_or("-"));
        writeln!(out, "{at} {activity}: {}", what(event)).unwrap();
    }
    let at = report.elapsed.as_millis();
    match &report.ending {
        Ok(output) => writeln!(out, "{at} done {output}").unwrap(),
        Err(failure) => writeln!(out, "{at} {}: {}", failure.code, failure.message).unwrap(),
    }
    out
}

fn what(event: &Event) -> String {
    match &event.what {
        Happened::Called { target, attempt, answer, assumed, .. } => {
            let target = match target {
                CallTarget::Http { method, url, .. } => format!("{method} {url}"),
                CallTarget::Exec { program, args, .. } => format!("{program} {args:?}"),
                CallTarget::Task { kind, input } => format!("task {kind} {input}"),
            };
            let answer = match answer {
                Ok(value) => value.to_string(),
                Err(failure) => failure.code.to_string(),
            };
            let assumed = if *assumed { " (assumed)" } else { "" };
            format!("call {attempt} {target} = {answer}{assumed}")
        }
        Happened::Committed(writes) => {
            let writes: Vec<String> = writes
                .iter()
                .map(|write| {
                    let names: Vec<String> = write
                        .changed
                        .iter()
                        .map(|(name, before, after)| {
                            let text = |value: &Option<Value>| {
                                value.as_ref().map_or("-".to_owned(), ToString::to_string)
                            };
                            format!("{name} {}->{}", text(before), text(after))
                        })
                        .collect();
                    let version = |version: Option<i64>| version.unwrap_or(0);
                    let (before, after) = (version(write.before), version(write.after));
                    format!("{} {before}->{after} {{{}}}", write.key, names.join(", "))
                })
                .collect();
            format!("commit {}", writes.join("; "))
        }
        Happened::LockGranted { context, key, waited, .. } => {
            format!("lock {context:?} {key} after {waited:?}")
        }
        Happened::Skipped
        | Happened::LockWaited { .. }
        | Happened::LockLost { .. }
        | Happened::LockReleased { .. }
        | Happened::Read { .. }
        | Happened::Queried { .. }
        | Happened::CallEnded
        | Happened::Refused(_)
        | Happened::Retried { .. }
        | Happened::Caught { .. }
        | Happened::Logged(_)
        | Happened::Waits { .. }
        | Happened::Signalled { .. }
        | Happened::SignalDropped { .. }
        | Happened::ChildStarted { .. }
        | Happened::ChildEnded { .. }
        | Happened::EachBegan { .. }
        | Happened::ParallelBegan { .. } => format!("{:?}", event.what),
    }
}

#[test]
fn lock_read_and_commit_are_told_in_order() {
    told(
        r#"
  - activity: count
    exclusive_lock: { context: 'ref("Item", input.id)' }
    steps:
      - load: { entity: Item, id: "${input.id}" }
        as: item
      - log: "it is ${item.n}"
      - update: item
        set: { n: "${item.n + 1}" }
  - activity: left-out
    when: item.n > 1
    steps: [commit]
  - activity: make
    steps:
      - create: Item
        id: c
        set: { n: 7 }
        as: made
      - delete: item
output: { n: "${item.n}", made: "${made.metadata.version}" }
"#,
        "[]",
        expect![[r#"
            0 count: lock Some("ref(\"Item\", input.id)") Item/a after 0ns
            0 count: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
            0 count: Logged("it is 0")
            0 count: commit Item/a 1->2 {n 0->1}
            0 left-out: Skipped
            0 make: Read { key: ObjectKey { entity: "Item", id: "c" }, version: None }
            0 make: commit Item/c 0->1 {n -->7, t -->null}; Item/a 2->0 {n 1->-, t null->-}
            0 done {"n": 1, "made": 1}
        "#]],
    );
}

#[test]
fn answers_take_their_time_on_the_virtual_clock() {
    let activities = r#"
  - activity: call
    steps:
      - http: { method: POST, url: "http://h/x", body: { a: 1 } }
        as: remote
        retry: { max_attempts: 3, backoff: 1s, factor: 2 }
      - exec: { program: charge, args: ["${remote.body.id}"] }
        as: charged
output: "${charged.output}"
"#;
    let mocks = r#"[
        {"url": "http://h/*", "status": 503, "times": 1, "takes": "100ms"},
        {"url": "http://h/*", "method": "GET", "error": "never"},
        {"url": "http://h/*", "error": "http.refused", "message": "no route", "times": 1},
        {"url": "http://h/*", "body": {"id": "r1"}, "takes": "5s"},
        {"program": "charge", "output": {"paid": true}}
    ]"#;
    told(
        activities,
        mocks,
        expect![[r#"
        0 call: call 1 POST http://h/x = http.status
        1100 call: call 2 POST http://h/x = http.refused
        3100 call: call 3 POST http://h/x = {"status": 200, "headers": {}, "body": {"id": "r1"}}
        8100 call: call 1 charge ["r1"] = {"exit_code": 0, "output": {"paid": true}}
        8100 done {"paid": true}
    "#]],
    );
    told(
        activities,
        "[]",
        expect![[r#"
        0 call: call 1 POST http://h/x = {"status": 200, "headers": {}, "body": {}} (assumed)
        0 expr.no_such_key: the map has no key `id` (in `remote.body.id`)
    "#]],
    );
}

#[test]
fn call_that_outlives_the_hold_timeout_loses_the_lock() {
    let activities = r#"
  - activity: slow
    exclusive_lock: { context: '"k"', hold_timeout: 2s }
    steps:
      - load: { entity: Item, id: a }
        as: item
      - http: { url: "http://h/" }
      - update: item
        set: { n: 1 }
    catch:
      - error: lock.lost
        steps:
          - log: "lost: ${error.code}"
"#;
    told(
        activities,
        r#"[{"url": "*", "takes": "3s"}]"#,
        expect![[r#"
            0 slow: lock Some("\"k\"") "k" after 0ns
            0 slow: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
            0 slow: call 1 GET http://h/ = {"status": 200, "headers": {}, "body": {}}
            2000 slow: CallEnded
            2000 slow: LockLost { key: "\"k\"" }
            2000 slow: Caught { error: "lock.lost" }
            2000 slow: Logged("lost: lock.lost")
            2000 done null
        "#]],
    );
    told(
        activities,
        r#"[{"url": "*", "takes": "1999ms"}]"#,
        expect![[r#"
        0 slow: lock Some("\"k\"") "k" after 0ns
        0 slow: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
        0 slow: call 1 GET http://h/ = {"status": 200, "headers": {}, "body": {}}
        1999 slow: commit Item/a 1->2 {n 0->1}
        1999 done null
    "#]],
    );
}

#[test]
fn call_that_takes_longer_than_it_may_is_a_timeout() {
    told(
        r#"
  - activity: slow
    steps:
      - http: { url: "http://h/" }
        timeout: 1s
    retry: { max_attempts: 2, backoff: 10s }
"#,
        r#"[{"url": "*", "takes": "1h"}]"#,
        expect![[r#"
            0 slow: call 1 GET http://h/ = http.timeout
            1000 slow: Retried { error: "http.timeout" }
            11000 slow: call 1 GET http://h/ = http.timeout
            12000 http.timeout: http://h/ has not answered within 1s
        "#]],
    );
}

#[test]
fn unique_constraint_refuses_the_commit() {
    told(
        r#"
  - activity: twice
    auto_commit: each_step
    steps:
      - create: Item
        set: { t: same }
      - create: Item
        id: z
        set: { t: same }
"#,
        "[]",
        expect![[r#"
            0 twice: commit Item/0000000f-4240-7e41-ab08-7439611e6c57 0->1 {n -->0, t -->"same"}
            0 twice: Read { key: ObjectKey { entity: "Item", id: "z" }, version: None }
            0 twice: Refused("Item/z has the same t as 0000000f-4240-7e41-ab08-7439611e6c57: [\"same\"]")
            0 data.unique: Item/z has the same t as Item/0000000f-4240-7e41-ab08-7439611e6c57: ["same"]
        "#]],
    );
}

#[test]
fn instance_without_an_end_is_told_to_be_endless() {
    for step in
        ["log: x", "set: { x: 1 }", "load: { entity: Item, id: a }", "http: { url: \"http://h\" }"]
    {
        let activities = format!(
            "  - activity: around\n    steps: [{{ {step} }}]\n    next: [{{ goto: around }}]\n"
        );
        let report = simulate(&activities, "[]", &mut Nothing).unwrap();
        let failure = report.ending.unwrap_err();
        assert_eq!(&*failure.code, "simulation.endless", "{step}: {}", failure.message);
    }
}

#[test]
fn wrong_input_and_wrong_seed_have_no_report() {
    let simulation = |input: Value, seeds| {
        dry_run(Simulation {
            definitions: definitions("  - activity: a\n    steps: [commit]\n"),
            workflow: "w".into(),
            input,
            by: "tester".into(),
            seeds,
            mocks: Mocks::default(),
            background: &mut Nothing,
            began: BEGAN,
        })
    };
    let input = Value::from(Map::from_iter([("idd", Value::Null)]));
    let error = simulation(input, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("has no input \"idd\""), "{error}");
    let key = ObjectKey { entity: "Item".into(), id: "a".into() };
    let attributes = Map::from_iter([("n", Value::from("x"))]);
    let error = simulation(Value::Null, vec![(key, attributes)]).unwrap_err().to_string();
    assert!(error.contains("Item.n must be of type int"), "{error}");
}

#[test]
fn same_simulation_gives_the_same_report() {
    let activities = "  - activity: a\n    steps:\n      - create: Item\n        as: made\noutput: \"${made.id}\"\n";
    let report = || format!("{:?}", simulate(activities, "[]", &mut Nothing).unwrap());
    assert_eq!(report(), report());
}

/// A background with one item, `a` at version 5, that counts what it is asked.
#[derive(Default)]
struct Five {
    asked: Vec<String>,
}

impl Background for Five {
    fn load(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, Failure> {
        self.asked.push(key.to_string());
        Ok((&*key.id == "a").then(five))
    }

    fn query(&mut self, entity: &Arc<str>) -> Result<Vec<Arc<Object>>, Failure> {
        self.asked.push(entity.to_string());
        Ok(vec![five()])
    }
}

fn five() -> Arc<Object> {
    Arc::new(Object {
        key: item("a").0,
        version: 5,
        stamp: 77,
        created_at: BEGAN,
        created_by: "them".into(),
        modified_at: BEGAN,
        modified_by: "them".into(),
        attributes: Map::from_iter([("n", Value::Int(40)), ("t", Value::Null)]),
    })
}

#[test]
fn object_of_the_background_is_read_once_and_wins_over_a_seed() {
    let mut background = Five::default();
    told_before(
        &mut background,
        r#"
  - activity: change
    steps:
      - load: { entity: Item, id: a }
        as: item
      - update: item
        set: { n: "${item.n + 2}" }
      - load: { entity: Item, id: x, optional: true }
        as: nothing
  - activity: again
    steps:
      - find: { entity: Item }
        as: items
      - delete: item
  - activity: at-last
    steps:
      - find: { entity: Item }
        as: left
output: { before: "${items.map(i, i.id)}", left: "${left.map(i, i.id)}", nothing: "${nothing}" }
"#,
        "[]",
        expect![[r#"
            0 change: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(5) }
            0 change: Read { key: ObjectKey { entity: "Item", id: "x" }, version: None }
            0 change: commit Item/a 5->6 {n 40->42}
            0 again: Queried { entity: "Item", count: 2 }
            0 again: commit Item/a 6->0 {n 42->-, t null->-}
            0 at-last: Queried { entity: "Item", count: 1 }
            0 done {"before": ["a", "b"], "left": ["b"], "nothing": null}
        "#]],
    );
    expect!["Item/a Item/b Item/a Item/x Item"].assert_eq(&background.asked.join(" "));
}
