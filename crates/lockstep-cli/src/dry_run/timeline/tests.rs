//! One report with everything in it that is written in a form of its own.

use std::sync::Arc;

use expect_test::expect;
use lockstep_core::{ObjectKey, Time};
use lockstep_definition::{Source, check};
use lockstep_expr::Map;
use lockstep_simulator::{Mocks, Nothing, Simulation, dry_run};

use super::*;

const DEFINITIONS: &str = r#"
project: p
allowed_programs: [charge]
---
entity: Slot
attributes: { booked: { type: int, default: 0 }, note: { type: string, optional: true } }
---
workflow: book
activities:
  - activity: book
    exclusive_lock: { context: 'ref("Slot", "s1")' }
    steps:
      - load: { entity: Slot, id: s1 }
        as: slot
      - http: { method: POST, url: "http://h/x", headers: { X: "1" }, body: { a: "${slot.id}" } }
        retry: { max_attempts: 2, backoff: 20s }
      - exec: { program: charge, args: ["5"], input: { b: 2 } }
      - update: slot
        set: { booked: "${slot.booked + 1}" }
      - create: Slot
        id: s2
        set: { note: "\e[31mred" }
  - activity: notify
    when: 1 > 2
    steps: [log: "told"]
  - activity: tidy
    steps:
      - log: "done"
      - load: { entity: Slot, id: s9 }
    catch:
      - { error: data.*, steps: [delete: slot] }
output: "${slot.booked}"
"#;

fn report() -> Report {
    let mock = r#"{"url": "http://h/*", "status": 503, "times": 1, "takes": "100ms"}"#;
    simulated(DEFINITIONS, mock)
}

/// Simulates the workflow `book`.
fn simulated(definitions: &str, mock: &str) -> Report {
    let definitions = check(&[Source::new("w.yaml", definitions)]);
    let definitions =
        definitions.definitions.unwrap_or_else(|| panic!("{:?}", definitions.diagnostics));
    let mut mocks = Mocks::default();
    mocks.add(&json::from_json(mock).unwrap()).unwrap();
    dry_run(Simulation {
        definitions: Arc::new(definitions),
        workflow: "book".into(),
        input: Value::Null,
        by: "tester".into(),
        seeds: vec![(ObjectKey { entity: "Slot".into(), id: "s1".into() }, Map::new())],
        mocks,
        background: &mut Nothing,
        began: Time(0),
    })
    .unwrap()
}

/// Returns a report for people; the bar keeps the indentation.
fn timeline(report: &Report) -> String {
    let lines: Vec<String> = human(report).lines().map(|line| format!("|{line}")).collect();
    lines.join("\n")
}

/// Returns the events of a report in JSON, one in a line.
fn events(told: &serde_json::Value) -> String {
    let events = told["events"].as_array().unwrap();
    let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Everything that waits, nests, or is another instance; a secret among it.
const NESTED: &str = r#"
project: p
secrets: [token]
---
entity: Slot
attributes: { booked: { type: int, default: 0 } }
---
workflow: book
activities:
  - activity: ask
    steps:
      - wait: { for: 5m }
      - wait: { form: approve, title: "Well?", fields: { yes: bool } }
        timeout: 1h
        as: answer
      - for_each: "${[1, 2]}"
        steps:
          - task: { type: count, input: "${item}" }
      - parallel:
          one:
            - workflow: { call: other }
          two:
            - workflow: { start: other }
output: "${answer.yes}"
---
workflow: other
activities:
  - activity: call
    steps:
      - http: { url: "http://h/x", headers: { authorization: "Bearer ${secret.token}" } }
"#;

#[test]
fn timeline_tells_of_waits_nested_steps_and_other_instances() {
    let report = simulated(NESTED, r#"{"signal": "approve", "payload": {"yes": true}}"#);
    expect![[r#"
        |     0 ms  activity ask
        |             wait    300.0 s
        |  300.0 s    wait    for the form approve: Well?, at most 3600.0 s
        |             signal  approve = {"yes":true}
        |             items   2, for each of them
        |             task    count
        |                     1
        |                   = {} (made up)
        |             task    count
        |                     2
        |                   = {} (made up)
        |             branch  one, two
        |             call    other
        |             start   other
        |           activity call of workflow other
        |             http    GET http://h/x
        |                     authorization: Bearer ${secret.token}
        |                   = {"status":200,"headers":{},"body":{}} (made up)
        |           activity call of workflow other
        |             http    GET http://h/x
        |                     authorization: Bearer ${secret.token}
        |                   = {"status":200,"headers":{},"body":{}} (made up)
        |           activity ask
        |             return  done
        |           done: true"#]]
    .assert_eq(&timeline(&report));
    let told = json(&report);
    expect![[r#"
        {"at_us":1,"activity":"ask","event":"waits","signal":null,"title":null,"limit_us":300000000}
        {"at_us":300000001,"activity":"ask","event":"waits","signal":"approve","title":"Well?","limit_us":3600000000}
        {"at_us":300000002,"activity":"ask","event":"signalled","name":"approve","payload":{"yes":true},"made_up":false}
        {"at_us":300000002,"activity":"ask","event":"each_began","items":2}
        {"at_us":300000003,"activity":"ask","event":"called","call":{"task":"count","input":1},"attempt":1,"answer":{},"error":null,"takes_us":0,"made_up":true}
        {"at_us":300000005,"activity":"ask","event":"called","call":{"task":"count","input":2},"attempt":1,"answer":{},"error":null,"takes_us":0,"made_up":true}
        {"at_us":300000006,"activity":"ask","event":"parallel_began","branches":["one","two"]}
        {"at_us":300000006,"activity":"ask","event":"child_started","started":"other","awaited":true}
        {"at_us":300000006,"activity":"ask","event":"child_started","started":"other","awaited":false}
        {"at_us":300000007,"instance":"00000004-93e0-7530-86d2-2d5867d1d4c2","workflow":"other","activity":"call","event":"called","call":{"method":"GET","url":"http://h/x","headers":[["authorization","Bearer ${secret.token}"]],"body":null},"attempt":1,"answer":{"status":200,"headers":{},"body":{}},"error":null,"takes_us":0,"made_up":true}
        {"at_us":300000007,"instance":"00000004-93e0-7ed2-8770-4908e3c99570","workflow":"other","activity":"call","event":"called","call":{"method":"GET","url":"http://h/x","headers":[["authorization","Bearer ${secret.token}"]],"body":null},"attempt":1,"answer":{"status":200,"headers":{},"body":{}},"error":null,"takes_us":0,"made_up":true}
        {"at_us":300000008,"activity":"ask","event":"child_ended","error":null}"#]].assert_eq(&events(&told));
}

#[test]
fn timeline_tells_what_would_happen() {
    let report = report();
    expect![[r#"
        |     0 ms  activity book
        |             lock    ref("Slot", "s1") is Slot/s1: granted, token 2199023255553
        |             read    Slot/s1, version 1
        |             http    POST http://h/x
        |                     X: 1
        |                     {"a":"s1"}
        |                   = http.status: http://h/x answered 503: {} after 100 ms
        |   20.1 s    http    POST http://h/x, attempt 2
        |                     X: 1
        |                     {"a":"s1"}
        |                   = {"status":200,"headers":{},"body":{}} (made up)
        |             exec    charge 5
        |                     {"b":2}
        |                   = {"exit_code":0,"output":{}} (made up)
        |             read    Slot/s2: there is none
        |             commit
        |                     Slot/s1, version 1 -> 2
        |                       booked: 0 -> 1
        |                     Slot/s2 is created, version 1
        |                       booked: 0
        |                       note: "\u001b[31mred"
        |           activity notify
        |             is left out
        |           activity tidy
        |             log     done
        |             read    Slot/s9: there is none
        |             catch   data.not_found
        |             commit
        |                     Slot/s1 is deleted
        |           done: 1"#]]
    .assert_eq(&timeline(&report));
}

#[test]
fn json_tells_the_same() {
    let told = json(&report());
    expect![[r#"
        {"at_us":1,"activity":"book","event":"lock_granted","context":"ref(\"Slot\", \"s1\")","key":"Slot/s1","token":2199023255553,"waited_us":0}
        {"at_us":1,"activity":"book","event":"read","entity":"Slot","id":"s1","version":1}
        {"at_us":3,"activity":"book","event":"called","call":{"method":"POST","url":"http://h/x","headers":[["X","1"]],"body":{"a":"s1"}},"attempt":1,"answer":null,"error":{"code":"http.status","message":"http://h/x answered 503: {}","details":{"status":503,"headers":{},"body":{}},"activity":null,"file":null,"line":null,"column":null},"takes_us":100000,"made_up":false}
        {"at_us":20100004,"activity":"book","event":"called","call":{"method":"POST","url":"http://h/x","headers":[["X","1"]],"body":{"a":"s1"}},"attempt":2,"answer":{"status":200,"headers":{},"body":{}},"error":null,"takes_us":0,"made_up":true}
        {"at_us":20100006,"activity":"book","event":"called","call":{"program":"charge","args":["5"],"input":{"b":2},"env":[]},"attempt":1,"answer":{"exit_code":0,"output":{}},"error":null,"takes_us":0,"made_up":true}
        {"at_us":20100007,"activity":"book","event":"read","entity":"Slot","id":"s2","version":null}
        {"at_us":20100008,"activity":"book","event":"committed","objects":[{"entity":"Slot","id":"s1","before":1,"after":2,"changed":[{"attribute":"booked","before":0,"after":1}]},{"entity":"Slot","id":"s2","before":null,"after":1,"changed":[{"attribute":"booked","before":null,"after":0},{"attribute":"note","before":null,"after":"\u001b[31mred"}]}]}
        {"at_us":20100008,"activity":"notify","event":"skipped"}
        {"at_us":20100008,"activity":"tidy","event":"logged","text":"done"}
        {"at_us":20100008,"activity":"tidy","event":"read","entity":"Slot","id":"s9","version":null}
        {"at_us":20100009,"activity":"tidy","event":"caught","error":"data.not_found"}
        {"at_us":20100009,"activity":"tidy","event":"committed","objects":[{"entity":"Slot","id":"s1","before":2,"after":null,"changed":[{"attribute":"booked","before":1,"after":null},{"attribute":"note","before":null,"after":null}]}]}"#]].assert_eq(&events(&told));
    assert_eq!(told["status"], "done");
    assert_eq!(told["output"], 1);
    assert_eq!(told["made_up_answers"], 2);
}

const ASKS: &str = r#"
project: p
---
entity: Slot
attributes: { booked: { type: int, default: 0 } }
---
workflow: book
activities:
  - activity: ask
    steps:
      - wait: { form: f, fields: { a: string } }
"#;

#[test]
fn answers_that_do_not_fit_the_form_are_told_with_the_wait_that_stands() {
    let report = simulated(ASKS, r#"{"signal": "f", "payload": {"a": 5}}"#);
    expect![[r#"
        |     0 ms  activity ask
        |             wait    for f
        |             signal  f is dropped: field `a` must be of type string, it is of type int
        |           still waits for the form `f` (what came for it was dropped: field `a` must be of type string, it is of type int); nothing that is simulated comes any more"#]].assert_eq(&timeline(&report));
    let told = json(&report);
    assert_eq!(told["status"], "failed");
    assert_eq!(told["error"]["code"], "simulation.waits");
}
