//! Facts about locks that are given back during a wait.

use super::{COUNT, LOAD, LOOK, activity, codes, finds, silent, workflow};
use crate::Code;

const WAIT: &str = "{ wait: { signal: go } }";
const RELEASE: &str =
    "exclusive_lock: { context: \"ref('Slot', input.id)\", while_waiting: release }";

/// An activity that waits, and gives its lock back meanwhile.
fn released(steps: &[&str]) -> String {
    activity("a", RELEASE, steps)
}

#[test]
fn nothing_is_uncommitted_when_a_lock_is_given_back() {
    let some = "{ update: s, set: { n: 1 }, when: s.n == 0 }";
    let round = |steps: &str| format!("{{ for_each: [1, 2], steps: [{steps}] }}");
    finds(
        Code::UncommittedAtRelease,
        &[
            &released(&[LOAD, COUNT, WAIT]),
            &released(&["{ create: Slot }", WAIT]),
            &released(&[LOAD, "{ delete: s }", WAIT]),
            &released(&[LOAD, some, WAIT]),
            &released(&[LOAD, COUNT, "{ commit: , when: s.n > 3 }", WAIT]),
            &released(&[LOAD, COUNT, "{ wait: { for: 5s } }"]),
            // The wait comes behind the change of the round before.
            &released(&[&round(&format!("{WAIT}, {{ create: Slot }}"))]),
            &released(&[&round("{ create: Slot }"), WAIT]),
        ],
    );
    let hold = RELEASE.replace("release", "hold, hold_timeout: 2h");
    silent(&[
        &released(&[LOAD, COUNT, "commit", WAIT]),
        &released(&[WAIT, LOAD, COUNT]),
        &released(&[LOOK, "{ load: { entity: Slot, id: x, for: update } }", WAIT]),
        &released(&[&round(&format!("{WAIT}, {{ create: Slot }}, commit"))]),
        &activity("a", &format!("{RELEASE}, auto_commit: each_step"), &[LOAD, COUNT, WAIT]),
        &activity("a", &hold, &[LOAD, COUNT, "{ wait: { signal: go }, timeout: 1h }"]),
    ]);
}

#[test]
fn changes_from_before_are_not_committed_either() {
    let keep = activity("z", "auto_commit: false", &["{ create: Slot }"]);
    finds(Code::UncommittedAtRelease, &[&(keep + &released(&[WAIT]))]);
}

#[test]
fn nothing_else_runs_when_a_lock_is_given_back() {
    let each = |keys: &str| format!("{{ for_each: [1, 2]{keys}, steps: [{WAIT}] }}");
    finds(
        Code::ReleaseAtOnce,
        &[
            &released(&[&format!("{{ parallel: {{ a: [{WAIT}], b: [{{ log: x }}] }} }}")]),
            &released(&[&each(", max_parallel: 2")]),
        ],
    );
    silent(&[&released(&[&each("")])]);
}

#[test]
fn object_is_loaded_again_behind_the_wait() {
    let all = "{ find: { entity: Slot }, as: all }";
    let items = |steps: &str| format!("{{ for_each: '${{all}}', item: s, steps: [{steps}] }}");
    finds(
        Code::StaleAfterRelease,
        &[
            &released(&[LOAD, WAIT, COUNT]),
            &released(&[LOAD, WAIT, "{ delete: s }"]),
            &released(&[LOAD, "{ wait: { for: 1s }, when: s.n > 0 }", COUNT]),
            &released(&["{ create: Slot, as: s }", "commit", WAIT, COUNT]),
            &released(&[LOAD, COUNT, "commit", WAIT, COUNT]),
            &released(&[all, WAIT, &items(COUNT)]),
            // The items of later rounds were found before the wait.
            &released(&[all, &items(&format!("{COUNT}, commit, {WAIT}"))]),
        ],
    );
    let expected = "{ update: s, set: { n: 1 }, expect: { version: '${s.metadata.version}' } }";
    silent(&[
        &released(&[LOAD, WAIT, LOAD, COUNT]),
        &released(&[LOAD, WAIT, "{ log: '${s.n}' }"]),
        &released(&[LOAD, WAIT, expected]),
        &released(&[WAIT, all, &items(COUNT)]),
    ]);
}

#[test]
fn what_counts_is_the_time_from_one_wait_to_the_next() {
    let call = "{ http: { url: 'https://a.example/' }, timeout: 4s }";
    let under = |hold: &str, steps: &[&str]| {
        activity("a", &RELEASE.replace("release", &format!("release, hold_timeout: {hold}")), steps)
    };
    let maybe = "{ wait: { signal: go }, when: input.id == 'x' }";
    finds(
        Code::HoldTimeoutTooShort,
        &[&under("7s", &[call, call, WAIT]), &under("7s", &[call, maybe, call])],
    );
    silent(&[
        &under("4s", &[call, WAIT, call, WAIT, call]),
        &under("8s", &[call, maybe, call]),
        &under("1s", &["{ wait: { for: 1h } }"]),
    ]);
}

#[test]
fn call_of_a_workflow_keeps_the_lock() {
    let child =
        "---\nworkflow: child\nactivities: [{ activity: a, steps: [{ wait: { for: 1h } }] }]\n";
    let call = "{ workflow: { call: child } }";
    finds(Code::ChildWaitsUnderLock, &[&(released(&[call, WAIT]) + child)]);
    finds(Code::WhileWaitingWithoutWait, &[&released(&["{ log: x }"])]);
    let found = codes(&workflow(&(released(&[call]) + child)));
    assert_eq!(found, ["while-waiting-without-wait", "child-waits-under-lock"]);
}

#[test]
fn errors_of_a_lock_depend_on_its_keys() {
    let caught = |code: &str, keys: &str, step: &str| {
        let lock = format!("exclusive_lock: {{ context: input.id{keys} }}");
        activity("a", &format!("{lock}, catch: {{ error: {code}, goto: end }}"), &[step])
    };
    let timed = "{ wait: { for: 1h } }";
    silent(&[
        &caught("lock.uncommitted", ", while_waiting: release", timed),
        &caught("lock.queue_full", ", max_waiting: 3", "{ log: x }"),
    ]);
    let hold = ", while_waiting: hold, hold_timeout: 2h";
    finds(
        Code::CatchNeverMatches,
        &[
            &caught("lock.uncommitted", hold, timed),
            &caught("lock.queue_full", "", "{ log: x }"),
            &caught("lock.queue_full", ", on_busy: fail", "{ log: x }"),
        ],
    );
}

#[test]
fn large_activity_is_checked_soon() {
    let mut steps: Vec<String> = Vec::new();
    for n in 0..3_000 {
        steps.push(format!("{{ load: {{ entity: Slot, id: x }}, as: _s{n} }}"));
    }
    for _ in 0..1_000 {
        steps.push(format!("{{ for_each: [1], steps: [{WAIT}, {{ create: Slot }}, commit] }}"));
    }
    let mut nested = vec![COUNT; 500].join(", ") + ", commit, " + WAIT;
    for _ in 0..8 {
        nested = format!("{{ for_each: [1, 2], steps: [{nested}] }}");
    }
    let steps = format!("{LOAD}, {}, {nested}", steps.join(", "));
    let text = workflow(&activity("a", RELEASE, &[&steps]));
    assert_eq!(codes(&text).first().copied(), Some("stale-after-release"));
}
