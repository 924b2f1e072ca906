//! Facts about locks of whole workflows.

use super::{CALL, COUNT, LOAD, LOCK, activity, codes, workflow};
use crate::{Source, check};

const WAIT: &str = "{ wait: { signal: go }, timeout: 1m }";

/// The findings where these activities run under the lock of their workflow.
fn under(lock: &str, activities: &str) -> String {
    let text = workflow(activities);
    codes(&text.replace("activities:", &format!("exclusive_lock: {lock}\nactivities:"))).join(" ")
}

#[test]
fn lock_of_a_workflow_says_what_becomes_of_it_during_a_wait() {
    let lock = "{ context: input.id }";
    let hold = "{ context: input.id, while_waiting: hold }";
    let first = activity("a", "", &["{ log: x }"]);
    let wait = first.clone() + &activity("b", "", &[WAIT]);
    assert_eq!(under(lock, &wait), "wait-under-lock");
    assert_eq!(under(hold, &wait), "");
    assert_eq!(under(hold, &first), "while-waiting-without-wait");
    // The steps of a catch run under it too.
    let handled = activity("a", &format!("catch: {{ error: '*', steps: [{WAIT}] }}"), &[CALL]);
    assert_eq!(under(lock, &handled), "wait-under-lock");
    assert_eq!(under(hold, &handled), "");
    // Each lock speaks for itself.
    let released = LOCK.replace(" }", ", while_waiting: release }");
    assert_eq!(under(lock, &activity("a", &released, &[WAIT])), "wait-under-lock");
    assert_eq!(under(hold, &activity("a", &released, &[WAIT])), "");
}

#[test]
fn lock_of_a_workflow_is_held_as_long_as_its_activities_take() {
    let lock =
        |hold: &str| format!("{{ context: input.id, hold_timeout: {hold}, while_waiting: hold }}");
    let call = "{ http: { url: 'https://a.example/' }, timeout: 5s }";
    let two = activity("a", "", &[call]) + &activity("b", "", &[WAIT]);
    assert_eq!(under(&lock("64s"), &two), "hold-timeout-too-short");
    assert_eq!(under(&lock("65s"), &two), "");
    let endless = activity("a", "", &["{ wait: { signal: go } }"]);
    assert_eq!(under(&lock("1h"), &endless), "hold-timeout-too-short");
    assert_eq!(under(&lock("5s"), &endless.replace("a, ", "a, timeout: 5s, ")), "");
    // The longest way counts, once around: a, c and d.
    let ways = activity("a", "next: { when: input.id == 'x', goto: c }", &[call])
        + &activity("b", "next: { goto: end }", &[call, call])
        + &activity("c", "when: input.id == 'x'", &[call, WAIT])
        + &activity("d", "next: { when: input.id == 'y', goto: a }", &[call]);
    assert_eq!(under(&lock("74s"), &ways), "hold-timeout-too-short");
    assert_eq!(under(&lock("75s"), &ways), "");
}

/// The messages about a text.
fn told(text: &str) -> String {
    let checked = check(&[Source::new("a.yaml", text)]);
    let told: Vec<String> = checked.diagnostics.into_iter().map(|told| told.message).collect();
    told.join("; ")
}

/// A workflow with a lock, and an activity with this key and this step.
fn locked(name: &str, key: &str, activity: &str, step: &str) -> String {
    format!(
        "---\nworkflow: {name}\nexclusive_lock: {{ context: '\"{key}\"' }}\nactivities:\n\
         \x20 - activity: a\n{activity}    steps: [{step}]\n"
    )
}

#[test]
fn locks_of_activities_are_taken_under_that_of_the_workflow() {
    let both = |name: &str, whole: &str, own: &str| {
        let lock = format!("    exclusive_lock: {{ context: '\"{own}\"' }}\n");
        locked(name, whole, &lock, "{ log: x }")
    };
    assert_eq!(
        told(&(both("first", "A", "B") + &both("second", "B", "A"))),
        "`first` holds `\"A\"` and takes `\"B\"`, `second` holds `\"B\"` and takes `\"A\"`: they may wait \
         for each other"
    );
    assert_eq!(told(&(both("first", "A", "B") + &both("second", "A", "B"))), "");
    // A workflow holds its own lock already.
    assert_eq!(told(&both("first", "A", "A")), "");
}

#[test]
fn lock_of_a_called_workflow_is_taken_under_that_of_its_caller() {
    let calls = |name: &str, key: &str, called: &str| {
        locked(name, key, "", &format!("{{ workflow: {{ call: {called} }} }}"))
    };
    let alone = |name: &str, key: &str| locked(name, key, "", "{ log: x }");
    let circle =
        calls("one", "A", "b") + &alone("b", "B") + &calls("two", "B", "a") + &alone("a", "A");
    assert_eq!(
        told(&circle),
        "`one` holds `\"A\"` and takes `\"B\"`, `two` holds `\"B\"` and takes `\"A\"`: they may wait for \
         each other"
    );
    // It enters the locks of its caller.
    assert_eq!(told(&(calls("one", "A", "a") + &alone("a", "A"))), "");
}

#[test]
fn lock_of_a_workflow_that_excludes_nobody_or_everybody() {
    let one = activity("a", "", &["{ log: x }"]);
    assert_eq!(under("{ context: workflow.instance_id }", &one), "lock-nobody-shares");
    assert_eq!(under("{ context: input.id }", &one), "");
    assert_eq!(under("", &one), "lock-without-context");
    assert_eq!(under("{ scope: workflow }", &one), "");
}

#[test]
fn objects_are_read_under_the_lock_of_the_workflow() {
    let read_call_write = activity("a", "", &[LOAD, CALL, COUNT]);
    assert_eq!(under("{ context: input.id }", &read_call_write), "");
    let forced = activity("a", "on_conflict: force", &[LOAD, COUNT]);
    assert_eq!(under("{ context: input.id }", &forced), "");
    // The lock comes before what is read, unless it is about something else.
    let later = activity("a", "", &[LOAD]) + &activity("b", LOCK, &[COUNT]);
    assert_eq!(under("{ context: \"ref('Slot', input.id)\" }", &later), "");
    assert_eq!(under("{ context: \"ref('Other', input.id)\" }", &later), "read-before-lock");
}

#[test]
fn loss_of_the_lock_of_a_workflow_is_never_caught() {
    let caught = |keys: &str| {
        activity("a", &format!("{keys}catch: {{ error: lock.lost, goto: end }}"), &[LOAD, COUNT])
    };
    assert_eq!(under("{ context: input.id }", &caught("")), "catch-never-matches");
    assert_eq!(under("{ context: input.id }", &caught(&format!("{LOCK}, "))), "");
}
