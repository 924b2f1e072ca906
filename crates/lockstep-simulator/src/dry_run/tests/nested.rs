//! Waits, tasks, nested steps and other instances in a dry run.

use super::*;

#[test]
fn time_passes_at_once_and_signals_come_as_mocked_or_made_up() {
    told(
        r#"
  - activity: wait
    steps:
      - wait: { for: 2h }
      - wait: { signal: mocked }
        as: mocked
      - wait: { signal: plain }
        as: plain
      - wait:
          form: ask
          title: "Well?"
          fields: { yes: bool, many: list<int>, why: { type: string, optional: true }, n: { type: int, default: 7 } }
        timeout: 1h
        as: answers
      - log: "${mocked.by}, ${plain == null}, ${string(answers.n)}"
"#,
        r#"{"signal": "mock*", "payload": {"by": "ann"}, "takes": "90m"}"#,
        expect![[r#"
            0 wait: Waits { signal: None, title: None, limit: Some(7200s) }
            7200000 wait: Waits { signal: Some("mocked"), title: None, limit: None }
            12600000 wait: Signalled { name: "mocked", payload: Map({String("by"): String("ann")}), assumed: false }
            12600000 wait: Waits { signal: Some("plain"), title: None, limit: None }
            12600000 wait: Signalled { name: "plain", payload: Null, assumed: true }
            12600000 wait: Waits { signal: Some("ask"), title: Some("Well?"), limit: Some(3600s) }
            12600000 wait: Signalled { name: "ask", payload: Map({String("yes"): Bool(false), String("many"): List([]), String("why"): Null, String("n"): Int(7)}), assumed: true }
            12600000 wait: Logged("ann, true, 7")
            12600000 done null
        "#]],
    );
}

#[test]
fn a_signal_that_takes_longer_than_the_wait_comes_too_late() {
    told(
        r#"
  - activity: wait
    steps:
      - wait: { signal: late }
        timeout: 5s
    catch:
      - error: wait.timeout
        steps:
          - log: "too late"
"#,
        r#"{"signal": "late", "takes": "6s"}"#,
        expect![[r#"
            0 wait: Waits { signal: Some("late"), title: None, limit: Some(5s) }
            5000 wait: Caught { error: "wait.timeout" }
            5000 wait: Logged("too late")
            5000 done null
        "#]],
    );
}

#[test]
fn tasks_are_mocked_and_steps_nest() {
    told(
        r#"
  - activity: nest
    steps:
      - for_each: "${[1, 2]}"
        max_parallel: 2
        steps:
          - task: { type: count, input: "${item}" }
            as: counted
        collect: "${counted}"
        as: all
      - parallel:
          one:
            - task: { type: other }
          two:
            - log: "${size(all)}"
"#,
        r#"[{"task": "count", "output": 1, "takes": "10ms"}]"#,
        expect![[r#"
            0 nest: EachBegan { items: 2 }
            0 nest: call 1 task count 1 = 1
            0 nest: call 1 task count 2 = 1
            10 nest: ParallelBegan { branches: ["one", "two"] }
            10 nest: Logged("2")
            10 nest: call 1 task other null = {} (assumed)
            10 done null
        "#]],
    );
}

#[test]
fn other_instances_run_in_the_same_dry_run() {
    told(
        r#"
  - activity: call
    steps:
      - workflow: { call: child, input: { n: 1 } }
        as: status
      - workflow: { call: child, input: { n: 2 } }
        as: status
    catch:
      - error: workflow.failed
        steps:
          - log: "${error.details.code}"
"#,
        r#"{"url": "http://child/2", "status": 500}"#,
        expect![[r#"
            0 call: ChildStarted { workflow: "child", awaited: true }
            0 child/call: call 1 GET http://child/1 = {"status": 200, "headers": {}, "body": {}} (assumed)
            0 call: ChildEnded { error: None }
            0 call: ChildStarted { workflow: "child", awaited: true }
            0 child/call: call 1 GET http://child/2 = http.status
            0 call: ChildEnded { error: Some("http.status") }
            0 call: Caught { error: "workflow.failed" }
            0 call: Logged("http.status")
            0 done null
        "#]],
    );
}

#[test]
fn read_belongs_to_the_instance_and_activity_that_asked() {
    told(
        r#"
  - activity: both
    steps:
      - parallel:
          one:
            - workflow: { call: reader }
          two:
            - workflow: { start: reader }
          three:
            - wait: { for: 1s }
            - load: { entity: Item, id: a }
              as: a
  - activity: later
    steps:
      - log: "later"
"#,
        "[]",
        expect![[r#"
            0 both: ParallelBegan { branches: ["one", "two", "three"] }
            0 both: ChildStarted { workflow: "reader", awaited: true }
            0 both: ChildStarted { workflow: "reader", awaited: false }
            0 both: Waits { signal: None, title: None, limit: Some(1s) }
            0 reader/pause: Waits { signal: None, title: None, limit: Some(1s) }
            0 reader/pause: Waits { signal: None, title: None, limit: Some(1s) }
            1000 both: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
            1000 reader/look: Read { key: ObjectKey { entity: "Item", id: "b" }, version: Some(1) }
            1000 reader/look: Queried { entity: "Item", count: 2 }
            1000 reader/look: Queried { entity: "Item", count: 2 }
            1000 reader/close: Logged("closed")
            1000 both: ChildEnded { error: None }
            1000 later: Logged("later")
            1000 reader/close: Logged("closed")
            1000 done null
        "#]],
    );
}

#[test]
fn answers_that_do_not_fit_the_form_leave_the_instance_waiting() {
    told(
        r#"
  - activity: ask
    steps:
      - wait: { form: f, title: "Well?", fields: { a: string } }
  - activity: later
    steps: [commit]
"#,
        r#"{"signal": "f", "payload": {"a": 5}}"#,
        expect![[r#"
            0 ask: Waits { signal: Some("f"), title: Some("Well?"), limit: None }
            0 ask: SignalDropped { name: "f", error: "field `a` must be of type string, it is of type int" }
            0 simulation.waits: still waits for the form `f` (what came for it was dropped: field `a` must be of type string, it is of type int); nothing that is simulated comes any more
        "#]],
    );
}

#[test]
fn instance_that_another_one_waits_for_is_told_to_wait() {
    told(
        r#"
  - activity: call
    steps:
      - workflow: { call: asker }
"#,
        r#"{"signal": "g", "payload": 7}"#,
        expect![[r#"
            0 call: ChildStarted { workflow: "asker", awaited: true }
            0 asker/ask: Waits { signal: Some("g"), title: None, limit: None }
            0 asker/ask: SignalDropped { name: "g", error: "form `g` takes a map, this is of type int" }
            0 simulation.waits: an instance of `asker` still waits for the form `g` (what came for it was dropped: form `g` takes a map, this is of type int); nothing that is simulated comes any more
        "#]],
    );
}

#[test]
fn wait_that_an_error_ended_is_not_told_to_stand() {
    told(
        r#"
  - activity: ask
    steps:
      - parallel:
          one:
            - wait: { signal: never }
          two:
            - task: { type: fails }
    catch:
      - error: broken
        steps:
          - wait: { form: f, fields: { a: string } }
"#,
        r#"[{"signal": "never", "takes": "1h"}, {"task": "fails", "error": "broken", "takes": "1s"},
            {"signal": "f", "payload": {"a": 5}}]"#,
        expect![[r#"
            0 ask: ParallelBegan { branches: ["one", "two"] }
            0 ask: Waits { signal: Some("never"), title: None, limit: None }
            0 ask: call 1 task fails null = broken
            1000 ask: Caught { error: "broken" }
            1000 ask: Waits { signal: Some("f"), title: None, limit: None }
            1000 ask: SignalDropped { name: "f", error: "field `a` must be of type string, it is of type int" }
            3600000 simulation.waits: still waits for the form `f` (what came for it was dropped: field `a` must be of type string, it is of type int); nothing that is simulated comes any more
        "#]],
    );
}
