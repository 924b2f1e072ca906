//! Dry runs: how a report is made and written down, and what every one of them has.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use lockstep_core::CallTarget;
use lockstep_definition::{Source, check};
use lockstep_expr::json;

use super::*;
use crate::{Event, Happened, Nothing};

mod background;
mod calls;
mod nested;
mod steps;

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
