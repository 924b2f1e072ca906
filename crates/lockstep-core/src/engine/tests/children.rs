//! `workflow`: instances that run others.

use expect_test::expect;

use super::check;

const FAMILY: &str = r#"
workflow: parent
input: { order: { type: string, default: o1 } }
activities:
  - activity: ship
    steps:
      - workflow: { call: ship, input: { order: "${input.order}" } }
        timeout: 10s
        as: shipped
output: "${shipped}"
---
workflow: ship
input: { order: string }
activities:
  - activity: ship
    steps:
      - http: { url: "http://outside/${input.order}" }
        as: answer
output: { answer: "${answer}", by: "${workflow.started_by}" }
---
workflow: catching
activities:
  - activity: ship
    retry: { max_attempts: 2, backoff: 1s }
    steps:
      - workflow: { call: ship, input: { order: o2 } }
        as: shipped
    catch:
      - error: workflow.failed
        steps:
          - set: { shipped: "${error.details}" }
output: "${shipped}"
---
workflow: starting
activities:
  - activity: start
    steps:
      - workflow: { start: ship, input: { order: o3 } }
        as: started
      - http: { url: "http://outside/own" }
output: "${started.instance_id}"
---
workflow: wrong
activities:
  - activity: wrong
    steps:
      - workflow: { call: ship, input: { order: "${dyn([1])}" } }
---
workflow: endless
input: { again: { type: bool, default: true } }
activities:
  - activity: again
    steps:
      - workflow: { call: endless }
        when: input.again
---
workflow: grandparent
activities:
  - activity: family
    steps:
      - parallel:
          one:
            - workflow: { call: parent, input: { order: p1 } }
              as: one
          two:
            - workflow: { call: parent, input: { order: p2 } }
              as: two
output: "${[one, two]}"
"#;

#[test]
fn a_child_is_called_and_its_output_comes_back_across_restarts() {
    check(
        FAMILY,
        "
        start a parent
        crash
        ok a/ship fine
        ",
        expect![[r#"
            a/ship calls GET http://outside/o1, call 1 attempt 1, token -
            crashed
            a/ship calls GET http://outside/o1, call 1 attempt 2, token -
            a/ship done: {"answer": "fine", "by": "instance a"}
            a done: {"answer": "fine", "by": "instance a"}
        "#]],
    );
}

#[test]
fn parent_and_child_are_in_one_batch_at_the_start_and_at_the_end() {
    check(
        FAMILY,
        "
        hold
        start a parent
        crash
        start a parent
        hold
        ok a/ship fine
        crash
        ok a/ship fine
        ",
        expect![[r#"
            crashed
            a/ship calls GET http://outside/o1, call 1 attempt 1, token -
            crashed
            a/ship calls GET http://outside/o1, call 1 attempt 2, token -
            a/ship done: {"answer": "fine", "by": "instance a"}
            a done: {"answer": "fine", "by": "instance a"}
        "#]],
    );
}

#[test]
fn the_failure_of_a_child_reaches_its_parent_and_a_retry_calls_anew() {
    check(
        FAMILY,
        "
        start a catching
        error a/ship http.status
        +1000
        crash
        error a/ship2 http.status
        start b parent
        cancel b/ship
        start c wrong
        ",
        expect![[r#"
            a/ship calls GET http://outside/o2, call 1 attempt 1, token -
            a/ship failed: http.status: it failed
            a/ship2 calls GET http://outside/o2, call 1 attempt 1, token -
            crashed
            a/ship2 calls GET http://outside/o2, call 1 attempt 2, token -
            a/ship2 failed: http.status: it failed
            a done: {"workflow": "ship", "instance_id": "a/ship2", "code": "http.status", "message": "it failed"}
            b/ship calls GET http://outside/o1, call 1 attempt 1, token -
            b/ship's call 1 is cancelled
            b/ship failed: cancelled: by hand
            b failed: workflow.failed: workflow `ship`, instance b/ship, failed with cancelled: by hand
            c failed: data.invalid: input `order` must be of type string, it is of type list
        "#]],
    );
}

#[test]
fn whoever_is_not_awaited_any_more_is_cancelled_and_whoever_was_started_is_not() {
    check(
        FAMILY,
        "
        start a grandparent
        cancel a
        start b parent
        +10000
        start c starting
        cancel c
        ok c/ship fine
        start d grandparent
        error d/parent/ship http.status
        ",
        expect![[r#"
            a/parent/ship calls GET http://outside/p1, call 1 attempt 1, token -
            a/parent2/ship calls GET http://outside/p2, call 1 attempt 1, token -
            a/parent2/ship's call 1 is cancelled
            a/parent/ship's call 1 is cancelled
            a failed: cancelled: by hand
            a/parent2 failed: cancelled: instance a does not wait for it any more
            a/parent failed: cancelled: instance a does not wait for it any more
            a/parent2/ship failed: cancelled: instance a/parent2 does not wait for it any more
            a/parent/ship failed: cancelled: instance a/parent does not wait for it any more
            b/ship calls GET http://outside/o1, call 1 attempt 1, token -
            b/ship's call 1 is cancelled
            b failed: workflow.timeout: workflow `ship` has not ended within 10s
            b/ship failed: cancelled: instance b does not wait for it any more
            c calls GET http://outside/own, call 2 attempt 1, token -
            c/ship calls GET http://outside/o3, call 1 attempt 1, token -
            c's call 2 is cancelled
            c failed: cancelled: by hand
            c/ship done: {"answer": "fine", "by": "instance c"}
            d/parent/ship calls GET http://outside/p1, call 1 attempt 1, token -
            d/parent2/ship calls GET http://outside/p2, call 1 attempt 1, token -
            d/parent2/ship's call 1 is cancelled
            d/parent/ship failed: http.status: it failed
            d/parent failed: workflow.failed: workflow `ship`, instance d/parent/ship, failed with http.status: it failed
            d failed: workflow.failed: workflow `parent`, instance d/parent, failed with workflow.failed: workflow `ship`, instance d/parent/ship, failed with http.status: it failed
            d/parent2 failed: cancelled: instance d does not wait for it any more
            d/parent2/ship failed: cancelled: instance d/parent2 does not wait for it any more
        "#]],
    );
}

#[test]
fn started_instances_go_on_by_themselves() {
    check(
        FAMILY,
        "
        start a starting
        crash
        ok a/ship fine
        ok a
        ",
        expect![[r#"
            a calls GET http://outside/own, call 2 attempt 1, token -
            a/ship calls GET http://outside/o3, call 1 attempt 1, token -
            crashed
            a/ship calls GET http://outside/o3, call 1 attempt 2, token -
            a calls GET http://outside/own, call 2 attempt 2, token -
            a/ship done: {"answer": "fine", "by": "instance a"}
            a done: "a/ship"
        "#]],
    );
}

#[test]
fn workflows_run_one_another_thirty_two_deep() {
    let mut rig = super::super::rig::Rig::new(FAMILY);
    let log = rig.run("start a endless");
    assert_eq!(log.matches("step.limit").count(), 33, "{log}");
    assert_eq!(rig.rows.len(), 33, "the first one and 32 below it");
    assert_eq!(rig.engine.unfinished(), 0);
}

/// Workflows that hold one key while one that they call takes another.
const LOCKING: &str = r#"
workflow: outer
input: { key: string, other: string }
activities:
  - activity: outer
    exclusive_lock: { context: input.key, while_waiting: hold }
    steps:
      - http: { url: "http://outside/${input.key}" }
      - workflow: { call: inner, input: { key: "${input.other}" } }
---
workflow: inner
input: { key: string }
activities:
  - activity: inner
    exclusive_lock: { context: input.key }
    steps:
      - http: { url: "http://outside/inner" }
"#;

#[test]
fn a_child_that_wants_what_its_parent_holds_enters() {
    check(
        LOCKING,
        "
        start a outer key=x other=x
        ok a
        crash
        ok a/inner
        locks
        ",
        expect![[r#"
            a calls GET http://outside/x, call 1 attempt 1, token #1.1
            a/inner calls GET http://outside/inner, call 1 attempt 1, token #1.2
            crashed
            a/inner calls GET http://outside/inner, call 1 attempt 2, token #2.0
            a/inner done: null
            a done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn callers_whose_children_want_what_the_other_holds_close_a_cycle() {
    check(
        LOCKING,
        "
        start a outer key=x other=y
        start b outer key=y other=x
        ok a
        ok b
        ok a/inner
        locks
        ",
        expect![[r#"
            a calls GET http://outside/x, call 1 attempt 1, token #1.1
            b calls GET http://outside/y, call 1 attempt 1, token #1.2
            b/inner failed: lock.deadlock: b/inner waits for "x", a waits for the end of a/inner, a/inner waits for "y", b waits for the end of b/inner
            b failed: workflow.failed: workflow `inner`, instance b/inner, failed with lock.deadlock: b/inner waits for "x", a waits for the end of a/inner, a/inner waits for "y", b waits for the end of b/inner
            a/inner calls GET http://outside/inner, call 1 attempt 1, token #1.3
            a/inner done: null
            a done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_child_whose_row_cannot_be_read_is_told_to_its_parent_as_failed() {
    let mut rig = super::super::rig::Rig::new(FAMILY);
    rig.run("start a parent");
    let child = rig.id("a/ship");
    rig.rows.get_mut(&child).expect("it has a row").status =
        crate::transition::Status::Running("nonsense".into());
    expect![[r#"
        a/ship cannot go on: stored value is not readable: expected ident at line 1 column 2
        crashed
        a failed: workflow.failed: workflow `ship`, instance a/ship, failed with instance.lost: it could not be taken up after a restart
    "#]].assert_eq(&rig.run("crash"));
}

/// A parent that waits for an object while its child begins, or ends.
const READING: &str = r#"
entity: Note
attributes: { text: string }
---
workflow: calling
activities:
  - activity: both
    steps:
      - parallel:
          child:
            - workflow: { call: child }
              as: child
          read:
            - http: { url: "http://outside/own" }
            - load: { entity: Note, id: n, optional: true }
              as: note
output: "${child}"
---
workflow: starting
activities:
  - activity: start
    steps:
      - http: { url: "http://outside/own" }
      - workflow: { start: child }
        as: started
      - load: { entity: Note, id: "${started.instance_id}", optional: true }
        as: note
output: "${note == null}"
---
workflow: child
activities:
  - activity: call
    steps:
      - http: { url: "http://outside/child" }
        as: answer
output: "${answer}"
"#;

#[test]
fn what_a_parent_has_of_its_child_is_stored_with_it_whatever_else_it_waits_for() {
    check(
        READING,
        "
        start a calling
        blind
        ok a
        ok a/child fine
        crash
        start b starting
        blind
        ok b
        +10
        crash
        ok b/child
        ",
        expect![[r#"
            a calls GET http://outside/own, call 2 attempt 1, token -
            a/child calls GET http://outside/child, call 1 attempt 1, token -
            a/child done: "fine"
            crashed
            a done: "fine"
            b calls GET http://outside/own, call 1 attempt 1, token -
            b/child calls GET http://outside/child, call 1 attempt 1, token -
            crashed
            b/child calls GET http://outside/child, call 1 attempt 2, token -
            b done: true
            b/child done: ""
        "#]],
    );
}
