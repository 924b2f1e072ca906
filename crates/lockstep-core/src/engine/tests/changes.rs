//! Triggers that changes of objects meet: an instance for each, together with the change.

use expect_test::expect;
use lockstep_expr::{Map, Value};

use super::super::rig::Rig;
use super::check;
use crate::event::Event;
use crate::transition::Status;
use crate::trigger::MAX_CHAIN;
use crate::{ObjectKey, Time};

const STOCK: &str = r#"
entity: Item
attributes: { left: int }
---
entity: Mark
attributes: { tag: string }
unique: [[tag]]
---
workflow: put
input: { id: string, left: int }
activities:
  - activity: put
    steps:
      - load: { entity: Item, id: "${input.id}", optional: true }
        as: item
      - create: Item
        id: "${input.id}"
        set: { left: "${input.left}" }
        when: item == null
      - update: item
        set: { left: "${input.left}" }
        when: item != null
---
workflow: drop
input: { id: string }
activities:
  - activity: drop
    steps:
      - load: { entity: Item, id: "${input.id}" }
        as: item
      - delete: item
---
workflow: mark
input: { id: string, tag: string }
activities:
  - activity: mark
    steps:
      - create: Mark
        id: "${input.id}"
        set: { tag: "${input.tag}" }
---
workflow: order-more
input: { item: string, kind: string, left: int, was: { type: int, default: -1 } }
on:
  - change: { entity: Item, kinds: [create], when: change.object.left < 5 }
    input: { item: "${change.object.id}", kind: "${change.kind}", left: "${change.object.left}" }
  - change: { entity: Item, kinds: [update, delete], when: change.object.left < 5 }
    input:
      item: "${change.object.id}"
      kind: "${change.kind}"
      left: "${change.object.left}"
      was: "${change.before.left}"
activities:
  - activity: order
    steps:
      - http: { method: POST, url: "http://outside/${input.kind}/${input.item}/${input.was}" }
        as: answer
output: "${input.left}"
---
workflow: tell
input: { tag: string }
on:
  - change: { entity: Mark, kinds: [create] }
    input: { tag: "${change.object.tag}" }
activities:
  - activity: tell
    steps:
      - task: { type: tell, input: "${input.tag}" }
"#;

#[test]
fn each_kind_of_change_is_followed_if_its_condition_holds() {
    check(
        STOCK,
        "
        start a put id=x left=7
        start b put id=x left=4
        start c put id=y left=1
        start d drop id=x
        journal b
        journal b/order-more
        ",
        expect![[r#"
            a done: null
            b done: null
            b/order-more calls POST http://outside/update/x/7, call 1 attempt 1, token -
            c done: null
            c/order-more calls POST http://outside/create/y/-1, call 1 attempt 1, token -
            d done: null
            d/order-more calls POST http://outside/delete/x/4, call 1 attempt 1, token -
            b: Started
            b: Committed([("Item/x", 2)])
            b: ChildStarted { instance: "b/order-more", workflow: "order-more", awaited: false }
            b: Finished
            b/order-more: Started
            b/order-more: Called { key: "b/order-more:1", attempt: 1 }
        "#]],
    );
}

#[test]
fn change_that_the_store_refuses_is_not_followed() {
    check(
        STOCK,
        "
        hold
        start a mark id=m1 tag=x
        start b mark id=m2 tag=x
        start c mark id=m3 tag=y
        land
        journal b
        ",
        expect![[r#"
            a done: null
            a/tell calls task tell "x", call 1 attempt 1, token -
            b failed: data.unique: Mark/m2 has the same tag as Mark/m1: ["x"]
            c done: null
            c/tell calls task tell "y", call 1 attempt 1, token -
            b: Started
            b: Failed { error: "data.unique", message: "Mark/m2 has the same tag as Mark/m1: [\"x\"]" }
        "#]],
    );
}

#[test]
fn change_is_followed_when_it_is_durable_and_not_before() {
    check(
        STOCK,
        "
        hold
        start a put id=x left=1
        next
        start b mark id=m1 tag=x
        next
        next
        ",
        expect![[r#"
            a done: null
             calls POST http://outside/create/x/-1, call 1 attempt 1, token -
            b done: null
             calls task tell "x", call 1 attempt 1, token -
        "#]],
    );
}

/// Goal: wherever a crash cuts a history, each change has one instance that follows from it, and a
/// change that is not there has none.
#[test]
fn change_and_what_follows_from_it_survive_a_crash_together() {
    let run = |crash_after: Option<usize>| {
        let mut rig = Rig::new(STOCK);
        rig.crash_after = crash_after;
        for (name, workflow, input) in [
            ("a", "put", ["id=x", "left=1"].as_slice()),
            ("b", "mark", &["id=m1", "tag=x"]),
            ("c", "put", &["id=x", "left=2"]),
            ("d", "mark", &["id=m2", "tag=y"]),
            ("e", "mark", &["id=m3", "tag=y"]),
            ("f", "put", &["id=x", "left=9"]),
        ] {
            rig.start(name, workflow, input);
            rig.settle();
        }
        for _ in 0..10 {
            rig.answer_all("fine");
        }
        let (mut followers, mut unfinished) = (Vec::new(), 0);
        for row in rig.rows.values() {
            unfinished += usize::from(matches!(row.status, Status::Running(_)));
            if row.started_by.contains(" of ") {
                let by = row.started_by.split(" by ").next().expect("who").to_owned();
                followers.push(format!("{} {by} {}", row.workflow, row.input));
            }
        }
        followers.sort();
        assert_eq!(unfinished, 0, "all of them go on");
        (followers, rig.batches)
    };
    let (followers, batches) = run(None);
    assert_eq!(followers.len(), 4, "two puts of little, two marks: {followers:#?}");
    assert!(batches > 8, "the history has places to cut");
    for crash_after in 1..=batches {
        assert_eq!(run(Some(crash_after)).0, followers, "a crash behind batch {crash_after}");
    }
}

#[test]
fn import_is_followed() {
    let mut rig = Rig::new(STOCK);
    let key = |id: &str| ObjectKey { entity: "Item".into(), id: id.into() };
    let left = |left: i64| Map::from_iter([("left", Value::Int(left))]);
    let objects = vec![(key("x"), left(1)), (key("y"), left(8))];
    let event = Event::Import { by: "seed".into(), objects: objects.clone() };
    rig.engine.handle(Time(1_000_000_000_000_000), event);
    rig.settle();
    let again = Event::Import { by: "seed".into(), objects };
    rig.engine.handle(Time(1_000_000_000_000_000), again);
    rig.settle();
    rig.answer_all("fine");
    let told: Vec<String> = rig
        .rows
        .values()
        .map(|row| format!("{} {} {}", row.workflow, row.started_by, row.input))
        .collect();
    assert_eq!(told.len(), 1, "one of the two is little, and is there already: {told:?}");
    assert!(told[0].starts_with("order-more create of Item/x by seed"), "{told:?}");
}

#[test]
fn write_from_outside_is_followed() {
    check(
        STOCK,
        r#"
        write create Item/x {"left": 1}
        write patch Item/x v1 {"left": 3}
        write delete Item/x v2
        hold
        write create Mark/m1 {"tag": "x"}
        write create Mark/m2 {"tag": "x"}
        land
        "#,
        expect![[r#"
            w1: Item/x v1 {"left":1} by w1
             calls POST http://outside/create/x/-1, call 1 attempt 1, token -
            w2: Item/x v2 {"left":3} by w2
             calls POST http://outside/update/x/1, call 1 attempt 1, token -
            w3: deleted
             calls POST http://outside/delete/x/3, call 1 attempt 1, token -
            w5: data.unique: Mark/m2 has the same tag as Mark/m1: ["x"]
            w4: Mark/m1 v1 {"tag":"x"} by w4
             calls task tell "x", call 1 attempt 1, token -
        "#]],
    );
}

#[test]
fn trigger_that_fails_hinders_no_change() {
    check(
        r#"
entity: Item
attributes: { left: int }
---
workflow: put
input: { left: int }
activities:
  - activity: put
    steps:
      - create: Item
        id: x
        set: { left: "${input.left}" }
---
workflow: condition
on:
  - change: { entity: Item, when: 10 / change.object.left > 1 }
activities:
  - activity: log
    steps:
      - log: never
---
workflow: input
input: { name: string }
on:
  - change: { entity: Item }
    input: { name: "${dyn(change.object.left)}" }
activities:
  - activity: log
    steps:
      - log: never
"#,
        "
        start a put left=0
        show Item/x
        journal a
        journal a/condition
        journal a/input
        crash
        ",
        expect![[r#"
            a done: null
            Item/x: v1 {"left":0}
            a: Started
            a: Committed([("Item/x", 1)])
            a: ChildStarted { instance: "a/condition", workflow: "condition", awaited: false }
            a: ChildStarted { instance: "a/input", workflow: "input", awaited: false }
            a: Finished
            a/condition: Started
            a/condition: Failed { error: "expr.divide_by_zero", message: "division of 10 by zero (in `10 / change.object.left > 1`, at `10 / change.object.left`, column 1)" }
            a/input: Started
            a/input: Failed { error: "data.invalid", message: "input `name` must be of type string, it is of type int" }
            crashed
        "#]],
    );
}

#[test]
fn chain_of_changes_ends() {
    let mut rig = Rig::new(
        r#"
entity: Counter
attributes: { n: int }
---
workflow: begin
activities:
  - activity: begin
    steps:
      - create: Counter
        id: x
        set: { n: 0 }
---
workflow: again
on:
  - change: { entity: Counter }
activities:
  - activity: count
    steps:
      - load: { entity: Counter, id: x }
        as: counter
      - workflow: { call: count }
---
workflow: count
activities:
  - activity: count
    steps:
      - load: { entity: Counter, id: x }
        as: counter
      - update: counter
        set: { n: "${counter.n + 1}" }
"#,
    );
    rig.run("start a begin\ncrash");
    let failed: Vec<String> = rig
        .rows
        .values()
        .filter_map(|row| match &row.status {
            Status::Failed { failure, .. } => Some(format!("{} {}", row.workflow, failure.code)),
            Status::Running(_) | Status::Done { .. } => None,
        })
        .collect();
    assert_eq!(failed, ["again trigger.chain"]);
    let counter = rig.objects.values().next().expect("there is one");
    let n = counter.attributes.get("n").cloned();
    assert_eq!(n, Some(Value::Int(i64::from(MAX_CHAIN))), "the changes stay");
}

#[test]
fn changes_that_an_instance_makes_after_a_restart_meet_its_own_triggers() {
    check(
        r#"
entity: Item
attributes: { left: { type: int, default: 0 } }
---
workflow: slow
activities:
  - activity: put
    steps:
      - wait: { for: 1s }
      - create: Item
        id: x
---
workflow: follow
on:
  - change: { entity: Item }
activities:
  - activity: follow
    steps:
      - http: { url: "http://outside/follow" }
"#,
        "
        start a slow
        sleep 2000
        crash
        ",
        expect![[r#"
            crashed
            a done: null
            a/follow calls GET http://outside/follow, call 1 attempt 1, token -
        "#]],
    );
}
