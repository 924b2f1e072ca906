//! Facts about locks that a workflow and those that it runs want.

use expect_test::expect;

use super::across_files::{calls, takes, tells, told};

/// A workflow that holds a lock, starts another workflow, and waits.
fn starts(lock: &str, wait: &str) -> String {
    calls("parent", lock, "child")
        .replace("call: child", "start: child")
        .replace(" }\n    steps:", ", hold_timeout: 2h, while_waiting: hold }\n    steps:")
        + &format!("      - wait: {wait}\n        timeout: 1h\n")
            .replace("1h }\n        timeout: 1h", "1h }")
}

#[test]
fn called_workflow_enters_the_locks_of_its_callers() {
    let order = "'ref(\"Order\", input.id)'";
    let child = takes("child", order);
    let parent = calls("parent", order, "child");
    tells(&[("parent.yaml", &parent), ("child.yaml", &child)], expect![[""]]);
    // Over a workflow in between, which only passes the value on.
    let middle = calls("middle", "input.id", "child")
        .replace("    exclusive_lock: { context: input.id }\n", "");
    let outer = calls("parent", order, "middle");
    tells(
        &[("parent.yaml", &outer), ("middle.yaml", &middle), ("child.yaml", &child)],
        expect![[""]],
    );
    // Whoever has the lock of the whole system has every other.
    let whole =
        parent.replace(&format!("exclusive_lock: {{ context: {order} }}"), "exclusive_lock:");
    tells(
        &[("parent.yaml", &whole), ("child.yaml", &child)],
        expect![[r#"
        lock-without-context parent.yaml:5:5 this lock has no context: it excludes every other exclusive lock in the system
    "#]],
    );
    // Another one of the kind is another lock.
    let other = parent
        .replace("id: string }", "id: string, other: string }")
        .replace("${input.id}\" }", "${input.other}\" }");
    tells(
        &[("parent.yaml", &other), ("child.yaml", &child)],
        expect![[r#"
        lock-order parent.yaml:7:9 `child` takes a lock of `Order` while `parent` holds another: two instances of `parent` with the same two in different order wait for each other
          parent.yaml:5:5 `exclusive_lock` holds the lock `ref("Order", input.id)` from here
          child.yaml:5:5 `exclusive_lock` takes the other here
    "#]],
    );
    // Held shared it is not held alone.
    let shared = parent.replace("context:", "mode: shared, context:");
    tells(
        &[("parent.yaml", &shared), ("child.yaml", &child)],
        expect![[r#"
        lock-order parent.yaml:7:9 `child` takes the lock `ref("Order", input.id)` alone while `parent` holds it shared: two instances that hold it shared wait for each other
          parent.yaml:5:5 `exclusive_lock` it is held shared from here
          child.yaml:5:5 `exclusive_lock` it is taken alone here
    "#]],
    );
    let both = child.replace("context:", "mode: shared, context:");
    tells(&[("parent.yaml", &shared), ("child.yaml", &both)], expect![[""]]);
}

#[test]
fn started_workflow_waits_for_the_lock_of_one_that_waits() {
    let order = "'ref(\"Order\", input.id)'";
    let child = takes("child", order);
    let parent = starts(order, "{ signal: done }");
    tells(
        &[("parent.yaml", &parent), ("child.yaml", &child)],
        expect![[r#"
        child-may-wait-for-parent parent.yaml:7:9 `child` waits for the lock `ref("Order", input.id)`, which `parent` holds while it waits: if that is for `child`, each waits for the other
          parent.yaml:5:5 `exclusive_lock` `parent` holds the lock from here
          parent.yaml:8:9 `wait` `parent` waits here
          child.yaml:5:5 `exclusive_lock` `take` waits for the lock here
    "#]],
    );
    for parent in [
        // Who does not wait for somebody ends some time.
        calls("parent", order, "child").replace("call: child", "start: child"),
        starts(order, "{ for: 1h }"),
        starts("'ref(\"Customer\", input.id)'", "{ signal: done }"),
        // A called workflow enters the lock.
        starts(order, "{ signal: done }")
            .replace("start: child", "call: child")
            .replace("      - wait", "        timeout: 30m\n      - wait"),
    ] {
        assert_eq!(told(&[("parent.yaml", &parent), ("child.yaml", &child)]), "");
    }
    let shared = |text: &str| text.replace("context:", "mode: shared, context:");
    assert_eq!(told(&[("parent.yaml", &shared(&parent)), ("child.yaml", &shared(&child))]), "");
}
